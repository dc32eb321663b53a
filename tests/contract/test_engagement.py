"""Contact between visits on both engines: once, at the right time, and not on a bad day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rehabctl.clinic import engagement as pure
from rehabctl.clinic.engagement import ContactKind
from rehabctl.clinic.milestones import streak
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import FindingsError, NotPermittedError, UsageError
from rehabctl.domain.message import OutboxItem, OutboxState
from rehabctl.domain.patient import PatientRef, Side
from rehabctl.domain.programme import Programme
from rehabctl.domain.session import ExerciseSession, JournalEntry, SessionSource
from rehabctl.reference.education.items import load_education
from rehabctl.reference.prom_followup import load_pathways
from rehabctl.reference.rules import load_rules
from rehabctl.services import alerts, engagement, messages, synthetic, triage
from rehabctl.store.store import Store
from tests.clinic.patient_facts import at as march
from tests.clinic.patient_facts import on, patient, session
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient

RULES = load_rules()
TODAY = date(2026, 3, 2)  # NOW is 15:00 UTC; the clinic of the tests lives in UTC


def quiet(*_: object) -> None:
    return


@pytest.fixture
def knee(store: Store) -> PatientRef:
    """Two weeks after a knee replacement, exercising every day at 17:00 UTC until yesterday."""
    with store.transaction() as uow:
        ref = add_patient(uow, "1", time_zone="UTC", language="en")
        start = TODAY - timedelta(days=14)
        episode = Episode(
            uow.new_id(), ref, start, condition="TKR", surgery_date=start, side=Side.LEFT
        )
        uow.episodes.add([episode])
        programme = Programme(id=uow.new_id(), patient=ref, started_on=start)
        uow.programmes.add(programme)
        days = [start + timedelta(days=n) for n in range(30)]
        uow.programmes.set_schedule(programme, start, days)
        for day in days[:14]:
            began = datetime(day.year, day.month, day.day, 17, tzinfo=UTC)
            uow.sessions.add(
                ExerciseSession(
                    uow.new_id(), ref, SessionSource.IMPORT, f"s{day}", "test", began,
                    completed_at=began + timedelta(minutes=20), pain_after=2.0,
                )
            )  # fmt: skip
        triage.refresh(uow, [ref], RULES)
    return ref


def queued(store: Store, ref: PatientRef) -> list[OutboxItem]:
    with store.transaction() as uow:
        return [i for i in uow.outbox.of_patient(ref.id) if i.state is OutboxState.QUEUED]


def of_kind(items: list[OutboxItem], kind: ContactKind) -> list[OutboxItem]:
    return [item for item in items if item.template == kind]


def hurt(store: Store, ref: PatientRef, *flags: str) -> None:
    """The patient reports pain of 9, which opens a high alert, or answers a red flag with yes."""
    with store.transaction() as uow:
        entry = JournalEntry(
            uow.new_id(), ref, f"j{len(flags)}", TODAY, uow.now, "patient", pain=9.0,
            red_flags=flags,
        )  # fmt: skip
        uow.sessions.add_journal(entry)
        triage.refresh(uow, [ref], RULES)


def test_a_reminder_before_the_usual_time_and_one_word_of_praise(
    store: Store, knee: PatientRef
) -> None:
    lines = engagement.run(store, RULES)
    assert [line.kind for line in lines] == ["reminder", "reminder", "milestone"]
    first, second, praise = queued(store, knee)
    assert [first.not_before, second.not_before] == [
        datetime(2026, 3, 2, 16, 30, tzinfo=UTC), datetime(2026, 3, 3, 16, 30, tzinfo=UTC),
    ]  # fmt: skip
    assert praise.not_before == NOW
    assert praise.payload["text"].startswith("Well done: ")


def test_nothing_is_queued_twice_and_a_rehearsal_keeps_nothing(
    store: Store, knee: PatientRef
) -> None:
    planned = engagement.run(store, RULES, rehearsal=True)
    assert queued(store, knee) == []
    assert [line.key for line in engagement.run(store, RULES)] == [line.key for line in planned]
    assert engagement.run(store, RULES) == []
    assert engagement.run(store, RULES, "1") == []
    assert len(queued(store, knee)) == len(planned) == 3


def test_praise_waits_for_a_better_day(store: Store, knee: PatientRef) -> None:
    hurt(store, knee)
    kinds = {line.kind for line in engagement.run(store, RULES)}
    assert kinds == {ContactKind.REMINDER}
    assert engagement.status(store, RULES, "1").paused
    hurt(store, knee, "calf_swelling")  # holds the programme too: not even a reminder
    assert {line.not_before for line in engagement.run(store, RULES)} == {None}
    assert queued(store, knee) == []


def test_praise_that_was_queued_is_withdrawn_and_told_later(store: Store, knee: PatientRef) -> None:
    engagement.run(store, RULES)
    (praise,) = of_kind(queued(store, knee), ContactKind.MILESTONE)
    with store.transaction() as uow:
        assert engagement.may_deliver(uow, RULES, praise)
    hurt(store, knee)
    with store.transaction() as uow:
        assert not engagement.may_deliver(uow, RULES, praise)
    withdrawn = engagement.run(store, RULES)
    assert [(line.kind, line.not_before) for line in withdrawn] == [("milestone", None)]
    assert of_kind(queued(store, knee), ContactKind.MILESTONE) == []
    ids = [str(found.alert.id) for found in alerts.of_patient(store, RULES, "1")]
    alerts.acknowledge(store, RULES, ids, "called")
    assert engagement.run(store, RULES) == [], "not on the same day"
    tomorrow = at(store, NOW + timedelta(days=1))
    kinds = [line.kind for line in engagement.run(tomorrow, RULES)]
    assert ContactKind.MILESTONE in kinds


def test_a_reminder_of_what_is_done_is_withdrawn(store: Store, knee: PatientRef) -> None:
    engagement.run(store, RULES)
    with store.transaction() as uow:
        uow.sessions.add(
            ExerciseSession(
                uow.new_id(), knee, SessionSource.IMPORT, "now", "test", uow.now,
                completed_at=uow.now + timedelta(minutes=9),
            )
        )  # fmt: skip
    (line,) = engagement.run(store, RULES)
    assert (line.kind, line.key, line.not_before) == ("reminder", "2026-03-02", None)
    assert len(of_kind(queued(store, knee), ContactKind.REMINDER)) == 1


def test_education_of_the_week_comes_once_and_after_praise(store: Store, knee: PatientRef) -> None:
    told: list[str] = []
    for day in range(10):
        later = at(store, NOW + timedelta(days=day))
        lines = engagement.run(later, RULES)
        told += [line.key for line in lines if line.kind != ContactKind.REMINDER]
    assert len(told) == len(set(told))
    assert "education/knee-replacement/bending-curve" in told  # day 14 is in week 3
    assert told.index("milestone/sessions:10") < told.index(
        "education/knee-replacement/bending-curve"
    )


def test_quiet_hours_are_the_patients_own(store: Store, knee: PatientRef) -> None:
    night = at(store, datetime(2026, 3, 2, 22, tzinfo=UTC))
    kinds = {line.kind for line in engagement.run(night, RULES)}
    assert kinds == {ContactKind.REMINDER}, "praise would come tomorrow, on a day not yet known"
    hours = QuietHours.of(RULES.in_force(TODAY)["QUIET_HOURS"])
    for item in queued(store, knee):
        assert not hours.quiet(item.not_before, ZoneInfo(item.time_zone))


def test_a_check_in_is_drafted_for_a_person_and_sent_once(store: Store, knee: PatientRef) -> None:
    assert engagement.check_ins(store, RULES) == []
    with pytest.raises(FindingsError, match="not enough missed"):
        engagement.send_check_in(store, RULES, "1")
    later = at(store, NOW + timedelta(days=4))
    (line,) = engagement.check_ins(later, RULES)
    assert (line.mrn, line.check_in.missed, line.sent) == ("1", 3, False)
    assert "last 3 sessions" in line.check_in.draft
    assert not any(i.template == messages.MESSAGE for i in queued(store, knee)), (
        "only a person sends"
    )
    engagement.send_check_in(later, RULES, "1", rehearsal=True)
    with pytest.raises(UsageError):
        engagement.send_check_in(later, RULES, "1", " ")
    message, item = engagement.send_check_in(later, RULES, "1", "How are you?")
    assert (message.body, item.template) == ("How are you?", messages.MESSAGE)
    with pytest.raises(FindingsError, match="was sent"):
        engagement.send_check_in(later, RULES, "1")
    (line,) = engagement.check_ins(later, RULES)
    assert line.sent


def test_groups_with_and_without_contact_are_told_from_eleven_on(store: Store) -> None:
    with pytest.raises(FindingsError):
        engagement.compare(store, RULES)
    synthetic.seed(store, RULES, patients=30, seed_number=3, days=50, report=quiet)
    rows, least = engagement.compare(store, RULES)
    assert least == 11
    assert [row.group for row in rows] == [None, "without contact"]


def test_who_may_not_write_records_queues_nothing(store: Store, biller: Store) -> None:
    if biller.is_local:
        return
    with pytest.raises(NotPermittedError):
        engagement.run(biller, RULES)
    with pytest.raises(NotPermittedError):
        engagement.check_ins(biller, RULES)


def test_every_pathway_has_six_texts_with_sources() -> None:
    items = load_education()
    for pathway in load_pathways():
        mine = [item for item in items if item.pathway == pathway.slug]
        assert len(mine) >= 6, pathway.slug
        assert len({item.week for item in mine}) == len(mine)
        assert len({item.slug for item in mine}) == len(mine)
    for item in items:
        assert item.source
        assert item.grade == "consensus"
        assert 40 < len(item.text) < 300


def view(sessions: list[tuple[int, int]], due: list[int], today: int) -> PatientView:
    made = tuple(session(day, hour=hour) for day, hour in sessions)
    return PatientView.of(
        patient(sessions=made, due_on=tuple(on(day) for day in due)), march(today), RULES
    )


def test_the_usual_time_wraps_around_midnight() -> None:
    around = [(day, 23 if day % 2 else 1) for day in range(1, 9)]
    assert pure.usual_minute(view(around, [], 9)) == 0
    assert pure.usual_minute(view(around[:3], [], 9)) is None
    anytime = [(day, hour) for day, hour in zip(range(1, 9), [1, 7, 13, 19] * 2, strict=True)]
    assert pure.usual_minute(view(anytime, [], 9)) is None


def test_a_streak_forgives_one_day_in_a_fortnight() -> None:
    days = list(range(1, 12))
    one = view([(d, 12) for d in days if d != 4], days, 12)
    assert (streak(one).current, streak(one).longest, streak(one).frozen_on) == (10, 10, on(4))
    two = view([(d, 12) for d in days if d not in (4, 8)], days, 12)
    assert (streak(two).current, streak(two).longest) == (3, 6)
    assert streak(two).frozen_on is None
    assert replace(streak(one)).longest == 10
