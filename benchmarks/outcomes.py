"""A cohort report of 10,000 patients beside the bare query, on an encrypted file, in one run.

Run `python benchmarks/outcomes.py [--patients N] [--days D] [--rounds R]`. Simulated patients are
stored with sessions, schedule and questionnaires. The bare query fetches what the report is made of
(courses, scores, counts of sessions, schedule, visits, goals) and keeps nothing; the report also
judges, sums and hides small groups. Best of several rounds, CPU time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from rehabctl.reference.rules import load_rules
from rehabctl.services import cohorts, synthetic
from rehabctl.services.cohorts import CohortRequest
from rehabctl.services.settings import Paths, Settings
from rehabctl.services.wiring import open_store
from rehabctl.store.repositories.outcomes import Windows
from rehabctl.store.store import Store

NOW = datetime(2026, 12, 20, 12, tzinfo=UTC)
RULES = load_rules()


def best(act: Callable[[], object], rounds: int) -> float:
    """Return the least CPU seconds of several calls."""
    times: list[float] = []
    for _ in range(rounds):
        started = time.process_time()
        act()
        times.append(time.process_time() - started)
    return min(times)


def bare(store: Store) -> int:
    """Run the statements of the report and fetch every row."""
    with store.transaction() as uow:
        windows = Windows(90, 14, 14, 30, 1)
        query, _ = cohorts._query(CohortRequest(year=2026), NOW.date())
        statements = uow.outcomes.statements(query, windows, NOW.date())
        return sum(len(uow.connection.execute(s).all()) for s in statements)


def main() -> None:
    """Print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=56)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(Paths(home, home / "cache", home / "key"), None, None, None, None, NOW)
        # the worklist is not part of the question, and would take most of the time
        with patch.object(synthetic.triage, "refresh"), open_store(settings) as store:
            synthetic.seed(
                store, RULES, patients=options.patients, seed_number=1, days=options.days,
                report=lambda *_: None, outcomes=True,
            )  # fmt: skip
            rows = bare(store)
            query_s = best(lambda: bare(store), options.rounds)
            report_s = best(
                lambda: cohorts.report(store, RULES, CohortRequest(year=2026)), options.rounds
            )
    print(f"patients: {options.patients}, {rows} rows read")
    print(f"bare query: {query_s:.2f} s")
    print(f"report: {report_s:.2f} s, {report_s / query_s:.2f} x the bare query")


if __name__ == "__main__":
    main()
