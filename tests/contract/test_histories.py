"""Whatever happens, in whatever order: running alerts and rows are what the events say."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rehabctl.domain.episode import Episode, GoalStatus, GoalTerm
from rehabctl.domain.errors import FindingsError, UsageError
from rehabctl.domain.patient import Side
from rehabctl.domain.programme import ProgrammeStatus
from rehabctl.domain.session import JournalEntry
from rehabctl.domain.visit import Channel, VisitKind
from rehabctl.reference.compact_states import load_compact
from rehabctl.reference.rules import load_rules
from rehabctl.services import (
    alerts,
    episodes,
    exercise_sessions,
    messages,
    prescribing,
    prom_records,
    triage,
    visits,
)
from rehabctl.services.library import open_library
from rehabctl.services.settings import Settings
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient

RULES = load_rules()
COMPACT = load_compact()
pytestmark = pytest.mark.usefixtures("licensed")
PROTOCOL = "total-knee-replacement"
KINDS = (
    "session", "late_session", "journal", "red_flag", "acknowledge", "snooze", "undo", "assign",
    "hold", "resume", "prom", "surgery", "goal", "goal_met", "visit", "message", "look",
)  # fmt: skip
EVENTS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 4), st.integers(0, 10)),
    min_size=3,
    max_size=12,
)


class Course:
    """One patient to whom things happen."""

    def __init__(self, store: Store, settings: Settings, mrn: str) -> None:
        self.store, self.settings, self.mrn, self.count = store, settings, mrn, 0
        with store.transaction() as uow:
            self.ref = add_patient(uow, mrn)
            day = store.clock().date()
            self.episode = Episode(
                uow.new_id(), self.ref, day, condition="TKR", surgery_date=day - timedelta(days=9),
                side=Side.LEFT, plan_ends_on=day + timedelta(days=20),
            )  # fmt: skip
            uow.episodes.add([self.episode])
            triage.refresh(uow, [self.ref], RULES)

    def happen(self, kind: str, moment: datetime, number: int) -> None:
        self.count += 1
        self.store = at(self.store, moment)
        act: Callable[[int], object] = getattr(self, kind)
        act(number)

    def session(self, pain: int, days_ago: int = 0) -> None:
        ended = self.store.clock() - timedelta(days=days_ago)
        upload: dict[str, Any] = {
            "id": f"s{self.count}",
            "started_at": (ended - timedelta(minutes=20)).isoformat(),
            "completed_at": ended.isoformat(),
            "pain_before": 1,
            "pain_after": pain,
        }
        library = open_library(self.settings)
        exercise_sessions.log(self.store, library, RULES, self.mrn, upload, by="patient")

    def late_session(self, pain: int) -> None:
        self.session(pain, days_ago=6)

    def journal(self, pain: int, red_flags: tuple[str, ...] = ()) -> None:
        with self.store.transaction() as uow:
            entry = JournalEntry(
                id=uow.new_id(), patient=self.ref, external_id=f"j{self.count}",
                day=uow.now.date(), recorded_at=uow.now, entered_by="patient", pain=float(pain),
                red_flags=red_flags,
            )  # fmt: skip
            uow.sessions.add_journal(entry)
            triage.refresh(uow, [self.ref], RULES)

    def red_flag(self, pain: int) -> None:
        self.journal(pain, ("chest_pain",))

    def _open(self) -> list[str]:
        found = alerts.of_patient(self.store, RULES, self.mrn)
        return [str(one.alert.id) for one in found]

    def acknowledge(self, number: int) -> None:
        if ids := self._open():
            alerts.acknowledge(self.store, RULES, ids, "seen")

    def snooze(self, days: int) -> None:
        if ids := self._open():
            until = self.store.clock() + timedelta(days=days, hours=1)
            alerts.snooze(self.store, RULES, ids, until)

    def undo(self, number: int) -> None:
        if ids := self._open():
            with suppress(UsageError):  # there is nothing to take back
                alerts.undo(self.store, RULES, [ids[number % len(ids)]])

    def assign(self, days: int) -> None:
        """A start up to nine days in the past, or tomorrow."""
        start = self.store.clock().date() + timedelta(days=1 - days)
        with suppress(FindingsError):  # a running programme that starts later is not replaced
            prescribing.assign(
                self.store, self.settings, RULES, PROTOCOL, self.mrn, start, replace=True
            )

    def hold(self, days: int) -> None:
        with self.store.transaction() as uow:
            running = uow.programmes.active(self.ref.id)
            if running is not None and running.status is ProgrammeStatus.ACTIVE:
                day = uow.now.date() - timedelta(days=days // 4)
                uow.programmes.hold(running, day, "ill")
                triage.refresh(uow, [self.ref], RULES)

    def resume(self, number: int) -> None:
        with self.store.transaction() as uow:
            running = uow.programmes.active(self.ref.id)
            if running is not None and running.status is ProgrammeStatus.HELD:
                uow.programmes.resume(running, uow.now.date() + timedelta(days=3))
                triage.refresh(uow, [self.ref], RULES)

    def prom(self, number: int) -> None:
        answers = [min(4, number // 2)] * 7
        prom_records.record(self.store, RULES, "koos-jr", self.mrn, answers, by="patient")

    def surgery(self, days: int) -> None:
        day = self.episode.started_on - timedelta(days=5 + 3 * days)
        episodes.edit(self.store, RULES, str(self.episode.id), {"surgery_date": day})

    def goal(self, number: int) -> None:
        episodes.add_goal(
            self.store, RULES, str(self.episode.id), description="less pain",
            term=GoalTerm.SHORT, measure="pain", baseline=9.0, target=float(number) / 2,
        )  # fmt: skip

    def goal_met(self, number: int) -> None:
        with self.store.transaction() as uow:
            goals = uow.episodes.goals(self.ref.id)
        if goals:
            goal = str(goals[number % len(goals)].id)
            episodes.settle_goal(self.store, RULES, goal, GoalStatus.MET, self.mrn)

    def visit(self, number: int) -> None:
        now = self.store.clock()
        try:
            planned = visits.add(
                self.store,
                COMPACT,
                self.mrn,
                kind=VisitKind.TREATMENT,
                start_at=now,
                minutes=30,
            )
        except FindingsError:  # the provider is with the patient of another history
            return
        visits.start(
            self.store, COMPACT, str(planned.id), channel=Channel.VIDEO, patient_state="CO"
        )
        visits.stop(self.store, RULES, str(planned.id))

    def message(self, number: int) -> None:
        messages.receive(self.store, self.mrn, "words", by="patient")

    def look(self, number: int) -> None:
        triage.worklist(self.store, RULES, limit=5)


@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=EVENTS)
def test_a_rebuild_after_any_history_finds_nothing(
    store: Store, settings: Settings, events: list[tuple[str, int, int]]
) -> None:
    with store.transaction() as uow:
        mrn = str(uow.patients.count() + 1)
    moment = NOW
    course = Course(at(store, moment), settings, mrn)
    for kind, days, number in events:
        moment += timedelta(days=days, hours=1)
        course.happen(kind, moment, number)
    report = triage.rebuild(course.store, RULES, check=True)
    assert report.different == 0, events


def test_every_kind_of_event_happens(store: Store, settings: Settings) -> None:
    course = Course(store, settings, "1")
    for n, kind in enumerate(("assign", *KINDS)):
        course.happen(kind, NOW + timedelta(hours=5 * n), 8)
    assert triage.rebuild(course.store, RULES, check=True).different == 0
    with course.store.transaction() as uow:
        assert len(uow.prom.of_patient(course.ref.id)) == 1
        assert len(uow.visits.of_patient(course.ref.id)) == 1


def test_a_programme_that_begins_in_the_past_is_judged_as_a_rebuild_does(
    store: Store, settings: Settings
) -> None:
    """Its missed days open the alert on the day on which they were missed."""
    course = Course(store, settings, "1")
    course.happen("look", NOW + timedelta(days=10), 0)
    course.happen("assign", NOW + timedelta(days=10, hours=1), 10)
    (missed,) = [
        one.alert.state
        for one in alerts.of_patient(course.store, RULES, "1")
        if one.alert.state.code == "MISSED"
    ]
    assert missed.opened_at < NOW + timedelta(days=9)
    assert triage.rebuild(course.store, RULES, check=True).different == 0


def test_taking_back_one_action_takes_no_other_alert_away(store: Store, settings: Settings) -> None:
    course = Course(store, settings, "1")
    for day, kind, number in ((1, "prom", 0), (5, "prom", 8), (6, "session", 9)):
        course.happen(kind, NOW + timedelta(days=day), number)

    def known() -> dict[str, str]:
        found = alerts.of_patient(course.store, RULES, "1")
        return {one.alert.state.code: str(one.alert.id) for one in found}

    before = known()
    assert {"PROM_WORSE", "PAIN_SEVERE"} <= before.keys()
    alerts.acknowledge(course.store, RULES, [before["PAIN_SEVERE"]], "seen")
    alerts.undo(course.store, RULES, [before["PAIN_SEVERE"]])
    assert known().keys() == before.keys()
    worse = next(
        e for e in alerts.evidence(course.store, RULES, "1") if e.state.code == "PROM_WORSE"
    )
    assert worse.verdict == "met"
    assert triage.rebuild(course.store, RULES, check=True).different == 0
