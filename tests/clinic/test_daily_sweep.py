"""A sweep looks only when a row has aged and reads little; a whole replay comes to the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from patient_facts import RULES

from rehabctl.clinic.alert_history import advance
from rehabctl.clinic.alert_rules import exercise_days
from rehabctl.clinic.simulation import SimulatedPatient, simulate
from rehabctl.clinic.triage import Refreshed
from rehabctl.domain.facts import AlertState, ExerciseRecord, PatientFacts, SessionFact

START = date(2026, 1, 5)
DAYS = 70
COHORT = simulate(12, seed=21, start=START, days=DAYS, setback_share=0.5)


def with_form(facts: PatientFacts) -> PatientFacts:
    """Give the sessions of one exercise scores, low ones at first: rules read the newest only."""
    ordered = sorted(facts.sessions, key=lambda s: s.at)
    return replace(
        facts,
        sessions=tuple(
            s._replace(exercises=(ExerciseRecord("clamshell", form_score=40.0 + n),))
            for n, s in enumerate(ordered)
        ),
    )


def read_since(facts: PatientFacts, moment: datetime) -> PatientFacts:
    """Return the facts as a sweep reads them: nothing of what was done in old sessions."""

    def read(session: SessionFact) -> SessionFact:
        return session if session.at >= moment else session._replace(exercises=())

    return replace(facts, sessions=tuple(read(s) for s in facts.sessions))


def swept(facts: PatientFacts, hours: int, until: datetime) -> Refreshed:
    moment = datetime(2026, 1, 5, 6, tzinfo=UTC)
    alerts: tuple[AlertState, ...] = ()
    since: datetime | None = None
    next_change_at: datetime | None = None
    while True:
        from_moment = (since or moment) - timedelta(days=exercise_days(RULES) + 2)
        read = facts if since is None else read_since(facts, from_moment)
        step = advance(read, alerts, since, moment, RULES, next_change_at)
        if moment == until:
            return step
        alerts, since, next_change_at = step.alerts, moment, step.row.next_change_at
        moment = min(moment + timedelta(hours=hours), until)


@pytest.mark.parametrize("hours", [11, 24, 65])
@pytest.mark.parametrize("patient", COHORT, ids=lambda p: p.facts.patient_id)
def test_sweeps_come_to_what_a_replay_comes_to(patient: SimulatedPatient, hours: int) -> None:
    facts = with_form(patient.facts)
    until = datetime(2026, 3, 16, 13, tzinfo=UTC)
    known = facts.known_at(until)
    replayed = advance(known, (), None, until, RULES)
    done = swept(known, hours, until)
    assert done.alerts == replayed.alerts
    assert done.row == replayed.row


READ = ("FORM_LOW", "PROGRESSION_MET", "ACTIVITY_DECLINE")


def test_what_was_done_is_read_as_long_as_any_rule_asks_for_it() -> None:
    read = {code: RULES.in_force(START)[code] for code in READ}
    assert exercise_days(RULES) == max(row.days("within_days") for row in read.values())
