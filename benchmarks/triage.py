"""Sweep of many patients: full refresh (rules, alerts, row) beside a bare loop over the same facts.

Run `python benchmarks/triage.py [--patients N] [--sweep M]`. N distinct patients are simulated and
visited until M visits are done, so that memory stays small. Both loops run in one process, in turn;
the ratio is the median over the rounds. CPU time
is used, since wall time on a shared machine says little.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, date, datetime, timedelta
from statistics import mean, median, quantiles

from rehabctl.clinic.simulation import simulate
from rehabctl.clinic.triage import refresh
from rehabctl.domain.facts import PatientFacts
from rehabctl.reference.rules import load_rules

START = date(2026, 1, 5)
DAYS = 90
AS_OF = datetime(2026, 4, 4, 13, tzinfo=UTC)


def bare_loop(facts: list[PatientFacts]) -> int:
    """Visit every event of every patient once and read its time."""
    recent = 0
    limit = AS_OF - timedelta(days=28)
    for patient in facts:
        for events in (
            patient.sessions,
            patient.journal,
            patient.measurements,
            patient.symmetry,
            patient.scores,
            patient.reviews,
        ):
            for event in events:
                recent += event.at > limit
    return recent


def main() -> None:
    """Print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--sweep", type=int, default=20_000)
    options = parser.parse_args()
    rules = load_rules()
    made = simulate(options.patients, seed=1, start=START, days=DAYS)
    facts = [patient.facts.known_at(AS_OF) for patient in made]
    before = [refresh(f, (), AS_OF - timedelta(days=1), rules).alerts for f in facts]
    events = mean(
        len(f.sessions) + len(f.journal) + len(f.measurements) + len(f.scores) for f in facts
    )
    ratios: list[float] = []
    single_ms: list[float] = []
    sweep_s: list[float] = []
    for _ in range(max(1, options.sweep // options.patients)):
        started = time.process_time()
        bare_loop(facts)
        bare_s = time.process_time() - started
        started = previous = time.process_time()
        for patient, alerts in zip(facts, before, strict=True):
            refresh(patient, alerts, AS_OF, rules)
            now = time.process_time()
            single_ms.append(1000 * (now - previous))
            previous = now
        sweep_s.append(previous - started)
        ratios.append(sweep_s[-1] / bare_s)
    rows = [refresh(f, a, AS_OF, rules).row for f, a in zip(facts, before, strict=True)]
    tomorrow = AS_OF + timedelta(days=1)
    swept = sum(r.next_change_at is not None and r.next_change_at <= tomorrow for r in rows)
    per_patient_ms = 1000 * median(sweep_s) / len(facts)
    print(f"patients: {len(facts)} distinct, {events:.0f} events each on average")
    print(f"refresh: {per_patient_ms:.3f} ms a patient (limit 0.6)")
    print(f"one patient, 95th percentile: {quantiles(single_ms, n=20)[-1]:.3f} ms (limit 10)")
    print(f"100,000 patients: {100 * per_patient_ms:.1f} s (limit 60)")
    print(f"ratio to a bare loop over the facts: {median(ratios):.0f}")
    print(f"patients that a sweep has to visit within a day: {100 * swept / len(rows):.0f} %")


if __name__ == "__main__":
    main()
