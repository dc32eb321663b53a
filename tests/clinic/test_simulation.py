"""Synthetic patients are the same every time, look like patients, and the rules find the setbacks.

The limits of the rules are the reference's; what was left open (days until an alert closes, when it
comes back) was settled on seeds 1 to 4. Seeds 11 to 15 were looked at only afterwards: they judge.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from statistics import mean

import pytest
from patient_facts import RULES

from rehabctl.clinic.alert_history import advance
from rehabctl.clinic.alerts import ChangeKind
from rehabctl.clinic.simulated_clinic import ClinicReport, run_clinic
from rehabctl.clinic.simulation import AdherenceType, SetbackKind, SimulatedPatient, simulate
from rehabctl.domain.facts import PatientFacts
from rehabctl.reference.rules import load_rules

START = date(2026, 1, 5)
DAYS = 90


def cohort(count: int, seed: int, share: float = 0.2) -> tuple[SimulatedPatient, ...]:
    return simulate(count, seed=seed, start=START, days=DAYS, setback_share=share)


def test_the_same_seed_gives_the_same_patients_however_many() -> None:
    assert cohort(6, 3) == cohort(20, 3)[:6]
    assert cohort(6, 3) != cohort(6, 4)


def test_events_lie_in_the_span_and_are_known_after_they_happened() -> None:
    for made in cohort(40, 5):
        facts = made.facts
        for events in (facts.sessions, facts.journal, facts.measurements, facts.scores):
            assert len({event.id for event in events}) == len(events)
            assert all(event.recorded_at >= event.at for event in events)
        for rating in (s.pain for s in facts.sessions):
            assert rating is not None
            assert rating in range(11)


def test_kinds_of_patients_keep_to_their_programmes_as_they_are_said_to() -> None:
    shares: dict[AdherenceType, list[float]] = {kind: [] for kind in AdherenceType}
    for made in cohort(200, 6, share=0.0):
        past = [day for day in made.facts.due_on if day < START + timedelta(days=DAYS)]
        shares[made.adherence_type].append(len(made.facts.sessions) / len(past))
    steady, usual, irregular = (
        mean(shares[kind])
        for kind in (AdherenceType.STEADY, AdherenceType.USUAL, AdherenceType.IRREGULAR)
    )
    assert steady == pytest.approx(0.94, abs=0.03)
    assert usual == pytest.approx(0.83, abs=0.03)
    assert irregular == pytest.approx(0.62, abs=0.06)


def test_a_setback_is_in_the_events_that_tell_of_it() -> None:
    flares = [
        m
        for m in cohort(150, 7, share=1.0)
        if m.setback and m.setback.kind is SetbackKind.PAIN_FLARE
    ]
    assert len(flares) > 30

    def pain(facts: PatientFacts, first: date, last: date) -> list[float]:
        return [
            s.pain for s in facts.sessions if s.pain is not None and first <= s.at.date() <= last
        ]

    rises = []
    for made in flares:
        assert made.setback is not None
        onset, until = made.setback.onset, made.setback.until
        before = pain(made.facts, onset - timedelta(days=14), onset - timedelta(days=1))
        during = pain(made.facts, onset, until)
        if before and during:
            rises.append(mean(during) - mean(before))
    assert mean(rises) == pytest.approx(4.4, abs=0.5)  # drawn from 3.5 to 5.5, less what passes 10


def told(report: ClinicReport) -> str:
    missed = [s for s in report.setbacks if not s.within_a_day]
    return (
        f"{report.found_share:.3f} of {len(report.setbacks)} setbacks in time, "
        f"{report.false_alerts_per_patient_month:.2f} false alerts a patient-month "
        f"{dict(report.false_alerts)}, late or never: {Counter(s.kind.value for s in missed)}"
    )


@pytest.mark.slow
def test_the_worklist_shows_the_right_patients_in_time() -> None:
    report = run_clinic(cohort(500, 11), RULES, start=START, days=DAYS)
    assert len(report.setbacks) > 60
    assert report.found_share >= 0.95, told(report)
    assert report.false_alerts_per_patient_month <= 1.0, told(report)


@pytest.mark.nightly
def test_the_worklist_shows_the_right_patients_in_time_over_all_judging_seeds() -> None:
    reports = [run_clinic(cohort(500, s), RULES, start=START, days=DAYS) for s in range(11, 16)]
    setbacks = [setback for report in reports for setback in report.setbacks]
    found = sum(setback.within_a_day for setback in setbacks) / len(setbacks)
    assert found >= 0.95, [told(report) for report in reports]
    assert max(r.false_alerts_per_patient_month for r in reports) <= 1.0


def test_deaf_rules_fail_the_same_judgement() -> None:
    deaf = load_rules(
        "".join(
            f'[[rule]]\ncode = "{code}"\neffective_from = 2025-01-01\nsource = "test"\n'
            "enabled = false\n"
            for code in ("PAIN_INCREASE", "PAIN_SEVERE", "PAIN_SESSION", "ROM_DECLINE", "MISSED")
        )
    )
    patients = [m for m in cohort(150, 11, share=1.0) if m.setback is not None][:40]
    hearing = run_clinic(patients, RULES, start=START, days=DAYS)
    assert run_clinic(patients, deaf, start=START, days=DAYS).found_share < 0.5
    assert hearing.found_share > 0.9


def test_alerts_of_simulated_patients_do_not_flap() -> None:
    """No clinical alert opens twice within a week, in patients whose course is only noisy."""
    end = datetime(2026, 1, 5, 15, tzinfo=UTC) + timedelta(days=DAYS)
    for made in cohort(25, 8, share=0.0):
        opened: dict[tuple[str, str], datetime] = {}
        for change in advance(made.facts, (), None, end, RULES).changes:
            alert = change.alert
            if change.kind is ChangeKind.OPENED and alert.group == "clinical":
                last = opened.get((alert.code, alert.key))
                assert last is None or alert.opened_at - last > timedelta(days=7)
                opened[alert.code, alert.key] = alert.opened_at
