"""What becomes of alerts over time: no flapping, no silence as recovery, nothing new is hidden."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from patient_facts import RULES, at, journal, on, patient, review, session, sessions

from rehabctl.clinic.alert_history import advance
from rehabctl.clinic.alerts import ChangeKind, apply_action, evaluate, reconcile
from rehabctl.clinic.triage import Refreshed, refresh
from rehabctl.domain.facts import (
    AlertAction,
    AlertActionKind,
    AlertSeverity,
    AlertState,
    AlertStatus,
    PatientFacts,
)
from rehabctl.reference.rules import load_rules

BEFORE = [(1, 3), (3, 3), (5, 4)]


def act(
    alerts: tuple[AlertState, ...],
    moment: datetime,
    kind: AlertActionKind = AlertActionKind.ACKNOWLEDGE,
    until: datetime | None = None,
) -> tuple[AlertState, ...]:
    for alert in alerts:
        action = AlertAction(moment, kind, alert.code, alert.key, "t1", until)
        alerts = apply_action(alerts, action)
    return alerts


def look(facts: PatientFacts, before: Refreshed | None, day: int, hour: int = 13) -> Refreshed:
    return refresh(facts, before.alerts if before else (), at(day, hour), RULES)


def statuses(refreshed: Refreshed) -> dict[str, str]:
    return {alert.code: alert.status.value for alert in refreshed.alerts}


def kinds(refreshed: Refreshed) -> list[tuple[str, str]]:
    return [(change.alert.code, change.kind.value) for change in refreshed.changes]


def test_an_alert_opens_at_the_fact_and_not_at_the_look() -> None:
    first = look(patient(sessions=sessions([(19, 9)])), None, 20)
    assert [(a.code, a.opened_at, a.status) for a in first.alerts] == [
        ("PAIN_SEVERE", at(19), AlertStatus.OPEN)
    ]
    assert kinds(first) == [("PAIN_SEVERE", "opened")]
    again = look(patient(sessions=sessions([(19, 9)])), first, 20)
    assert again.alerts == first.alerts
    assert again.changes == ()


def test_an_alert_closes_after_seven_days_of_better_facts() -> None:
    facts = patient(sessions=sessions([(10, 9)]))
    opened = look(facts, None, 10)
    better = patient(sessions=sessions([(10, 9), (12, 3)]))
    settled = look(better, opened, 12)
    assert statuses(settled) == {"PAIN_SEVERE": "open"}
    assert statuses(look(better, settled, 19, 12)) == {"PAIN_SEVERE": "open"}
    closed = look(better, settled, 19, 13)
    assert statuses(closed) == {"PAIN_SEVERE": "closed"}
    assert kinds(closed) == [("PAIN_SEVERE", "closed")]
    late = look(better, settled, 25)
    assert late.alerts[0].closed_at == at(19, 13), "closes when it was due to, whoever looks when"


def test_silence_does_not_close_an_alert() -> None:
    facts = patient(sessions=sessions([(10, 9)]))
    state = look(facts, None, 10)
    for day in (12, 20, 40, 90):
        state = look(facts, state, day)
        assert statuses(state) == {"PAIN_SEVERE": "open"}


def test_a_red_flag_stays_until_a_person_acts() -> None:
    flagged = patient(journal=(journal(10, 2.0, "fall"),))
    state = look(flagged, None, 10, 20)
    calm = patient(journal=(journal(10, 2.0, "fall"), journal(30, 1.0)))
    for day in (30, 60, 120):
        state = look(calm, state, day)
        assert statuses(state)["RED_FLAG"] == "open"
    done = replace(state, alerts=act(state.alerts, at(120, 14)))
    assert statuses(look(calm, done, 121))["RED_FLAG"] == "acknowledged"


def test_what_is_acknowledged_stays_away_until_it_goes_further() -> None:
    rising = [*BEFORE, (15, 5), (17, 6), (19, 6)]
    state = look(patient(sessions=sessions(rising)), None, 19)
    assert statuses(state) == {"PAIN_INCREASE": "open"}
    state = replace(state, alerts=act(state.alerts, at(19, 14)))
    same = patient(sessions=sessions([*rising, (20, 5)]))  # 5.67 again
    assert statuses(look(same, state, 20)) == {"PAIN_INCREASE": "acknowledged"}
    worse = patient(sessions=sessions([*rising, (20, 7)]))  # 6.33
    assert kinds(look(worse, state, 20)) == [("PAIN_INCREASE", "reopened")]


def test_a_higher_severity_comes_back_at_once() -> None:
    due = tuple(on(day) for day in (2, 4, 6, 8))
    facts = patient(due_on=due, sessions=(session(1),))
    state = look(facts, None, 6)
    assert [a.severity for a in state.alerts] == [AlertSeverity.MEDIUM]
    state = replace(state, alerts=act(state.alerts, at(6, 14)))
    assert statuses(look(facts, state, 9)) == {"MISSED": "acknowledged"}
    later = look(facts, state, 10)
    assert kinds(later) == [("MISSED", "reopened")]
    assert later.alerts[0].unreviewed_since == at(10, 0)
    assert later.alerts[0].opened_at == at(6, 0)


def test_a_new_severe_rating_is_news_even_when_it_is_no_higher() -> None:
    state = look(patient(sessions=sessions([(10, 9)])), None, 10)
    state = replace(state, alerts=act(state.alerts, at(10, 14)))
    again = look(patient(sessions=sessions([(10, 9), (11, 8)])), state, 11)
    assert ("PAIN_SEVERE", "reopened") in kinds(again)


def test_an_old_session_that_arrives_late_is_news() -> None:
    state = look(patient(sessions=sessions([(10, 8)])), None, 10)
    state = replace(state, alerts=act(state.alerts, at(10, 14)))
    # it was done an hour after the first one, before the acknowledgement, and uploaded after it
    late = session(10, 9, hour=13, recorded_at=at(10, 20))
    facts = patient(sessions=(session(10, 8), late))
    assert ("PAIN_SEVERE", "reopened") in kinds(look(facts, state, 10, 21))


def test_acknowledging_one_question_does_not_hide_another() -> None:
    state = look(patient(journal=(journal(10, None, "fall"),)), None, 10, 20)
    state = replace(state, alerts=act(state.alerts, at(10, 21)))
    both = patient(journal=(journal(10, None, "fall"), journal(11, None, "chest_pain")))
    after = look(both, state, 11, 20)
    assert [(a.key, a.status.value) for a in after.alerts] == [
        ("chest_pain", "open"),
        ("fall", "acknowledged"),
    ]


def test_a_snooze_ends_and_gives_way_to_worse() -> None:
    facts = patient(sessions=sessions([*BEFORE, (15, 5), (17, 6), (19, 6)]))
    state = look(facts, None, 19)
    until = at(21, 9)
    state = replace(state, alerts=act(state.alerts, at(19, 14), AlertActionKind.SNOOZE, until))
    hidden = look(facts, state, 20)
    assert statuses(hidden) == {"PAIN_INCREASE": "snoozed"}
    assert hidden.row.open_alerts == 0
    assert hidden.row.next_change_at <= until
    awake = look(facts, state, 21, 9)
    assert kinds(awake) == [("PAIN_INCREASE", "awoke")]
    worse = patient(sessions=sessions([*BEFORE, (15, 5), (17, 6), (19, 6), (20, 9)]))
    assert ("PAIN_INCREASE", "reopened") in kinds(look(worse, state, 20))


def test_a_closed_alert_opens_anew_on_new_facts() -> None:
    first = [(10, 9), (12, 3), (14, 3)]
    state = look(patient(sessions=sessions(first[:1])), None, 10)
    state = look(patient(sessions=sessions(first)), state, 14)
    state = look(patient(sessions=sessions(first)), state, 22)
    again = look(patient(sessions=sessions([*first, (23, 9)])), state, 23)
    assert [(a.status.value, a.opened_at) for a in again.alerts] == [
        ("closed", at(10)),
        ("open", at(23)),
    ]


def test_a_reviewed_recording_closes_its_alert_at_once() -> None:
    state = look(patient(reviews=(review(10, confidence=0.3),)), None, 10)
    assert statuses(state) == {"LOW_CONFIDENCE": "open"}
    done = patient(reviews=(review(10, confidence=0.3, reviewed_at=at(11)),))
    assert statuses(look(done, state, 11)) == {"LOW_CONFIDENCE": "closed"}


def test_an_alert_of_a_rule_that_is_switched_off_settles() -> None:
    off = load_rules(
        '[[rule]]\ncode = "PAIN_SEVERE"\neffective_from = 2026-03-12\nsource = "x"\nenabled = false'
    )
    facts = patient(sessions=sessions([(10, 9)]))
    alerts = refresh(facts, (), at(10), off).alerts
    assert alerts[0].status is AlertStatus.OPEN
    alerts = refresh(facts, alerts, at(12), off).alerts
    assert refresh(facts, alerts, at(19), off).alerts[0].status is AlertStatus.CLOSED


def test_assigning_changes_nothing_else() -> None:
    state = look(patient(sessions=sessions([(10, 9)])), None, 10)
    (alert,) = state.alerts
    action = AlertAction(
        at(10, 14), AlertActionKind.ASSIGN, alert.code, alert.key, "t1", assignee="t2"
    )
    assert apply_action(state.alerts, action) == (replace(alert, assigned_to="t2"),)


def test_without_word_on_what_was_judged_every_other_rule_counts_as_not_met() -> None:
    opened = reconcile((), evaluate(patient(sessions=sessions([(10, 9)])), at(10), RULES), at(10))
    later = reconcile(opened.alerts, [], at(11))
    assert reconcile(later.alerts, [], at(18)).alerts[0].status is AlertStatus.CLOSED


hovering = st.lists(st.sampled_from([3.0, 4.0, 5.0, 6.0, 7.0]), min_size=40, max_size=60)


@settings(deadline=None)
@given(hovering)
def test_alerts_do_not_flap(ratings: list[float]) -> None:
    """A clinical alert never closes within 7 days nor opens twice in them, whatever is rated."""
    opened: dict[str, datetime] = {}
    alerts: tuple[AlertState, ...] = ()
    for day in range(1, len(ratings) + 1):
        facts = patient(sessions=sessions(enumerate(ratings[:day], start=1)))
        step = refresh(facts, alerts, at(day, 13), RULES)
        alerts = step.alerts
        for change in step.changes:
            if change.alert.group != "clinical":
                continue
            if change.kind is ChangeKind.OPENED:
                last = opened.get(change.alert.code)
                assert last is None or at(day, 13) - last >= timedelta(days=7)
                opened[change.alert.code] = at(day, 13)
            if change.kind is ChangeKind.CLOSED:
                assert at(day, 13) - opened[change.alert.code] >= timedelta(days=7)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 10), min_size=8, max_size=24),
    st.lists(st.integers(0, 23), max_size=4),
    st.integers(1, 10),
)
def test_acknowledging_never_hides_a_fact_that_goes_further(
    ratings: list[int], acknowledged_on: list[int], last: int
) -> None:
    """After any acknowledgements: the newest rating opens what it makes worse than was seen."""
    alerts: tuple[AlertState, ...] = ()
    days = len(ratings)
    for day in range(1, days + 1):
        facts = patient(sessions=sessions(enumerate(ratings[:day], start=1)))
        alerts = refresh(facts, alerts, at(day, 13), RULES).alerts
        if day in acknowledged_on or day == days:
            alerts = act(alerts, at(day, 14))
    seen = {alert.code: alert for alert in alerts}
    facts = patient(sessions=sessions(enumerate([*ratings, last], start=1)))
    found = {f.code: f for f in evaluate(facts, at(days + 1, 13), RULES)}
    after = {
        a.code: a
        for a in refresh(facts, alerts, at(days + 1, 13), RULES).alerts
        if a.status is AlertStatus.OPEN
    }
    for code, finding in found.items():
        old = seen.get(code)
        further = (
            old is None
            or old.status is AlertStatus.CLOSED
            or finding.severity.rank > old.severity.rank
            or (finding.reopens_on == "new" and finding.known_at == at(days + 1))
            or finding.level > (old.handled_level or 0.0)
        )
        if further and finding.known_at > at(days, 14):
            assert code in after


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 10)), min_size=5, max_size=20),
    st.lists(st.integers(1, 45), max_size=3, unique=True),
    st.lists(st.integers(1, 44), max_size=5, unique=True),
)
def test_alerts_are_a_function_of_the_events_and_not_of_who_looked_when(
    rated: list[tuple[int, int]], acknowledged_on: list[int], looks: list[int]
) -> None:
    made = tuple(
        session(day, pain, id=f"s{n}", recorded_at=at(day) + timedelta(hours=7 * (n % 9)))
        for n, (day, pain) in enumerate(rated)
    )
    actions = tuple(
        AlertAction(at(day, 15), AlertActionKind.ACKNOWLEDGE, code, "", "t1")
        for day in acknowledged_on
        for code in ("PAIN_SEVERE", "PAIN_INCREASE")
    )
    due = tuple(on(day) for day in range(1, 40, 3))
    facts = patient(sessions=made, due_on=due, alert_actions=actions, known_since=at(1, 0))
    end = at(46)
    replayed = advance(facts, (), None, end, RULES)
    alerts: tuple[AlertState, ...] = ()
    since: datetime | None = None
    ages_at: datetime | None = None
    for moment in (*(at(day, 17) for day in sorted(looks)), end):
        step = advance(facts, alerts, since, moment, RULES, ages_at)
        alerts, since, ages_at = step.alerts, moment, step.row.next_change_at
    assert alerts == replayed.alerts
    assert step.row == replayed.row
