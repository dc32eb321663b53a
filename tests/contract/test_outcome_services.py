"""Questionnaires, messages, red flags and the ladder of missed sessions, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rehabctl.clinic.escalation import Level
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import (
    FindingsError,
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UsageError,
)
from rehabctl.domain.escalation import CallOutcome
from rehabctl.domain.message import ContactScope, OutboxState
from rehabctl.domain.patient import PatientRef, Side
from rehabctl.domain.programme import ProgrammeStatus
from rehabctl.domain.prom_followup import ChangeLabel, LicenceRecord, OccurrenceState
from rehabctl.domain.session import JournalEntry
from rehabctl.domain.visit import Channel, VisitKind
from rehabctl.reference.compact_states import load_compact
from rehabctl.reference.rules import load_rules
from rehabctl.services import (
    alerts,
    contacts,
    episodes,
    escalation,
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
SURGERY = date(2026, 2, 16)


@pytest.fixture
def knee(store: Store) -> PatientRef:
    """A patient two weeks after a knee replacement, entered today."""
    with store.transaction() as uow:
        ref = add_patient(uow, "1", time_zone="America/New_York")
        episode = Episode(
            uow.new_id(), ref, date(2026, 3, 2), condition="TKR", surgery_date=SURGERY,
            side=Side.LEFT,
        )  # fmt: skip
        uow.episodes.add([episode])
        triage.refresh(uow, [ref], RULES)
    return ref


def due(store: Store) -> list[tuple[str, date, OccurrenceState]]:
    return [(d.instrument, d.due_on, d.state) for d in prom_records.due(store, RULES)]


def record(store: Store, slug: str, answers: list[object], **more: object) -> object:
    return prom_records.record(store, RULES, slug, "1", answers, by="patient", **more)  # type: ignore[arg-type]


def reasons(store: Store) -> list[tuple[str, str]]:
    (row,) = triage.worklist(store, RULES, limit=5).rows
    return [(reason.code, reason.text) for reason in row.reasons]


def test_a_pathway_asks_and_an_answer_or_time_ends_it(store: Store, knee: PatientRef) -> None:
    today = date(2026, 3, 2)
    assert due(store) == [
        ("koos-jr", today, OccurrenceState.OPEN), ("nprs", today, OccurrenceState.OPEN),
    ]  # fmt: skip
    record(store, "nprs", [4])
    assert [name for name, *_ in due(store)] == ["koos-jr"]
    late = at(store, NOW + timedelta(days=4))  # the window ended on March 5
    assert due(late) == [("koos-jr", today, OccurrenceState.OVERDUE)]
    assert reasons(late) == [
        (
            "PROM_OVERDUE",
            "koos-jr due 2026-03-02 is not answered; its window of 3 days has closed",
        )
    ]
    record(late, "koos-jr", [1] * 7)
    assert due(late) == reasons(late) == []
    next_week = at(store, NOW + timedelta(days=6))  # the next window opens a day before
    assert {due_on for _, due_on, _ in due(next_week)} == {date(2026, 3, 9)}


def test_nothing_is_asked_for_whose_window_closed_before_the_patient_came(
    store: Store, knee: PatientRef
) -> None:
    planned = prom_records.due(store, RULES, "1", upcoming=True)
    assert min(line.due_on for line in planned) == date(2026, 3, 2)
    assert ("koos", date(2026, 3, 30)) in {(line.instrument, line.due_on) for line in planned}


def test_a_worse_score_is_a_reason_with_numbers_and_limit(store: Store, knee: PatientRef) -> None:
    record(store, "koos-jr", [1] * 7)
    worse = at(store, NOW + timedelta(days=7))
    done = prom_records.record(worse, RULES, "koos-jr", "1", [3] * 7, by="patient")
    (change,) = done.changes
    assert change.label is ChangeLabel.WORSE
    assert (change.before, change.after) == (68.284, 34.174)
    (alert,) = alerts.of_patient(worse, RULES, "1")
    assert alert.alert.state.code == "PROM_WORSE"
    assert "34.174 on 2026-03-09, 68.284 at best: worse by 34.11; limit 16" in (
        alert.alert.state.text
    )
    lines = prom_records.history(worse, "1", "koos-jr")
    assert [line.score.score for line in lines] == [68.284, 34.174]
    assert lines[0].from_first is None
    assert lines[1].from_first is not None


def test_scores_of_two_knees_never_join(store: Store, knee: PatientRef) -> None:
    record(store, "koos-jr", [0] * 7, side=Side.LEFT)
    later = at(store, NOW + timedelta(days=7))
    done = prom_records.record(later, RULES, "koos-jr", "1", [4] * 7, by="patient", side=Side.RIGHT)
    assert done.changes == ()
    assert alerts.of_patient(later, RULES, "1") == []


def test_a_new_choice_of_activities_starts_a_new_series(store: Store, knee: PatientRef) -> None:
    record(store, "psfs", [8, 8], series="stairs-garden")
    later = at(store, NOW + timedelta(days=7))
    other = prom_records.record(
        later, RULES, "psfs", "1", [2, 2], by="patient", series="stairs-cycling"
    )
    assert other.changes == ()
    assert alerts.of_patient(later, RULES, "1") == []


def test_a_form_with_too_many_gaps_is_stored_and_still_due(store: Store, knee: PatientRef) -> None:
    done = prom_records.record(store, RULES, "koos-jr", "1", [1, 1, 1, None, 1, 1, 1], by="patient")
    assert done.is_new
    assert done.result.scores[0].score is None
    assert ("koos-jr", date(2026, 3, 2), OccurrenceState.OPEN) in due(store)


def test_nothing_is_stored_of_a_wrong_form(store: Store, knee: PatientRef) -> None:
    done = prom_records.record(store, RULES, "koos-jr", "1", [1, 1, 1, 1, 1, 1, 9], by="patient")
    assert done.external_id is None
    assert [finding.item for finding in done.result.findings] == ["q7"]
    tomorrow = NOW + timedelta(days=1)
    with pytest.raises(UsageError, match="future"):
        prom_records.record(
            store, RULES, "koos-jr", "1", [1] * 7, by="patient", completed_at=tomorrow
        )
    with pytest.raises(NotFoundError):
        prom_records.record(store, RULES, "koos-jr", "1", [1] * 7, by="nobody")
    assert prom_records.history(store, "1") == []


def test_the_same_form_twice_is_one(store: Store, knee: PatientRef) -> None:
    first = prom_records.record(
        store, RULES, "nprs", "1", [4], by="patient", external_id="tablet-1"
    )
    second = prom_records.record(
        store, RULES, "nprs", "1", [9], by="patient", external_id="tablet-1"
    )
    assert (first.is_new, second.is_new) == (True, False)
    assert [line.score.score for line in prom_records.history(store, "1")] == [4]


def test_licensed_wording_needs_its_record(store: Store) -> None:
    document = {
        "instrument": "odi",
        "instrument_version": "2.1a",
        "language": "en-US",
        "licence_reference": "E-1",
        "items": {
            f"q{n}": {"text": "own words", "options": {str(c): "words" for c in range(6)}}
            for n in range(1, 11)
        },
    }
    today = NOW.date()
    with pytest.raises(NotPermittedError, match="no licence record"):
        prom_records.licensed_wording(store, "odi", document, today)
    record = LicenceRecord("odi", "Clinic", "E-1", date(2025, 1, 1), date(2025, 12, 31))
    prom_records.add_licence(store, record)
    with pytest.raises(NotPermittedError, match="in force"):
        prom_records.licensed_wording(store, "odi", document, today)
    assert prom_records.licensed_wording(store, "odi", document, date(2025, 6, 1))["q1"]
    with pytest.raises(FindingsError, match="odi"):
        prom_records.licensed_wording(store, "ndi", document, today)
    with pytest.raises(UsageError):
        prom_records.add_licence(store, replace(record, expires_on=date(2024, 1, 1)))


def test_a_red_flag_holds_the_programme_until_somebody_resumes_it(
    store: Store, settings: Settings, knee: PatientRef
) -> None:
    prescribing.assign(store, settings, RULES, "total-knee-replacement", "1", NOW.date())

    def answer(moment: datetime, name: str) -> None:
        with at(store, moment).transaction() as uow:
            entry = JournalEntry(
                id=uow.new_id(), patient=knee, external_id=name, day=moment.date(),
                recorded_at=moment, entered_by="patient", pain=3.0, red_flags=("chest_pain",),
            )  # fmt: skip
            uow.sessions.add_journal(entry)
            triage.refresh(uow, [knee], RULES)

    def status(resume: datetime | None = None) -> tuple[ProgrammeStatus, str | None]:
        with at(store, resume or NOW).transaction() as uow:
            running = uow.programmes.active(knee.id)
            assert running is not None
            if resume is not None:
                uow.programmes.resume(running, resume.date())
                triage.refresh(uow, [knee], RULES)
            return running.status, running.held_reason

    answer(NOW + timedelta(hours=1), "a")
    assert status() == (ProgrammeStatus.HELD, "red_flag")
    status(resume=NOW + timedelta(hours=2))
    later = at(store, NOW + timedelta(hours=3))
    (flag,) = alerts.of_patient(later, RULES, "1")
    assert status()[0] is ProgrammeStatus.ACTIVE  # the same answer does not hold it again
    alerts.acknowledge(later, RULES, [str(flag.alert.id)], "seen")
    assert status()[0] is ProgrammeStatus.ACTIVE
    answer(NOW + timedelta(hours=4), "b")
    assert status()[0] is ProgrammeStatus.HELD
    end = at(store, NOW + timedelta(hours=5))
    assert triage.rebuild(end, RULES, check=True).different == 0


def ladder(store: Store, **more: bool) -> list[tuple[Level, bool, int]]:
    lines = escalation.ladder(store, RULES, **more)
    return [(line.step.level, line.queued, line.cancelled) for line in lines]


def test_the_ladder_is_climbed_cancelled_and_begun_again(
    store: Store, settings: Settings, knee: PatientRef
) -> None:
    start = datetime(2026, 3, 2, 15, tzinfo=UTC)  # a Monday; UTC is the clinic's zone here
    assigned = prescribing.assign(
        store, settings, RULES, "total-knee-replacement", "1", start.date()
    )
    with store.transaction() as uow:
        days = sorted(set(uow.programmes.due_days(assigned.programme.id)))
    assert days[0] == date(2026, 3, 2)
    assert ladder(store, act=True) == []
    missed = at(store, datetime(2026, 3, 4, 3, tzinfo=UTC))
    assert ladder(missed, act=True, rehearsal=True) == [(Level.L1_PUSH, True, 0)]
    assert ladder(missed, act=True) == ladder(missed, act=True) == [(Level.L1_PUSH, True, 0)]
    with missed.transaction() as uow:
        (item,) = uow.outbox.of_patient(knee.id)
    # next 9 o'clock of the patient's own clocks, in New York
    assert item.not_before.astimezone(UTC).hour in (13, 14)
    with pytest.raises(NotFoundError):
        escalation.record_call(missed, "9", CallOutcome.CONCERN)
    call = at(store, datetime(2026, 3, 5, 3, tzinfo=UTC))
    assert ladder(call)[0][0] is Level.L2_STAFF_CALL
    messages.receive(call, "1", "busy", by="patient")
    assert ladder(call)[0][0] is Level.WAIT_REPLY
    escalation.record_call(call, "1", CallOutcome.CONCERN, "knee is hot")
    assert ladder(call)[0][0] is Level.L3_THERAPIST_REVIEW
    upload = {
        "id": "s1",
        "started_at": "2026-03-05T04:00:00Z",
        "completed_at": "2026-03-05T04:20:00Z",
    }
    done = at(store, datetime(2026, 3, 5, 5, tzinfo=UTC))
    library = open_library(settings)
    exercise_sessions.log(done, library, RULES, "1", upload, by="patient")
    ladder(done, act=True)
    with done.transaction() as uow:
        assert [i.state for i in uow.outbox.of_patient(knee.id)] == [OutboxState.CANCELLED]
    again = at(store, datetime(2026, 3, 8, 3, tzinfo=UTC))
    assert ladder(again, act=True)[0][0] is not Level.NONE


def test_messages_wait_for_the_end_of_quiet_hours_and_name_who_wrote(
    store: Store, knee: PatientRef
) -> None:
    night = at(store, datetime(2026, 3, 10, 3, 30, tzinfo=UTC))  # 23:30 in New York
    contact = contacts.add(
        night, "1", name="Luis", relationship="son", scopes=[ContactScope.MESSAGES]
    )
    message, item = messages.send(night, RULES, "1", "See you", to=str(contact.id))
    assert item.not_before == datetime(2026, 3, 10, 12, tzinfo=UTC)  # 8 o'clock there
    assert item.payload["to"] == str(contact.id)
    reply = messages.receive(
        night, "1", "Yes", by=str(contact.id), thread_id=str(message.thread_id)
    )
    assert reply.author_contact_id == contact.id
    with pytest.raises(UsageError, match="staff"):
        messages.receive(night, "1", "Yes", by="me")
    contacts.end(night, "1", str(contact.id))
    for send in (
        lambda: messages.send(night, RULES, "1", "See you", to=str(contact.id)),
        lambda: messages.receive(night, "1", "Yes", by=str(contact.id)),
    ):
        with pytest.raises(NotPermittedError):
            send()
    with night.transaction() as uow:
        assert len(uow.messages.of_patient(knee.id)) == 2
        assert len(uow.outbox.of_patient(knee.id)) == 1


@pytest.mark.usefixtures("licensed")
def test_treatment_days_lead_to_the_next_progress_report(store: Store, knee: PatientRef) -> None:
    (record,) = episodes.of_patient(store, "1")
    assert record.weeks_post_op == 2
    episode = str(record.episode.id)
    episodes.edit(store, RULES, episode, {"plan_ends_on": date(2026, 6, 1)})
    moment = NOW
    for _ in range(8):
        moment += timedelta(days=1)
        day = at(store, moment)
        visit = visits.add(day, COMPACT, "1", kind=VisitKind.TREATMENT, start_at=moment, minutes=30)
        visits.start(day, COMPACT, str(visit.id), channel=Channel.IN_PERSON, patient_state=None)
        visits.stop(day, RULES, str(visit.id))
    codes = [code for code, _ in reasons(at(store, moment))]
    assert "PROGRESS_REPORT_DUE" in codes
    episodes.edit(at(store, moment), RULES, episode, {"progress_report_on": moment.date()})
    assert "PROGRESS_REPORT_DUE" not in [code for code, _ in reasons(at(store, moment))]


def test_what_does_not_fit_an_episode_changes_nothing(store: Store, knee: PatientRef) -> None:
    (record,) = episodes.of_patient(store, "1")
    episode = str(record.episode.id)
    with pytest.raises(RehabctlError, match="active course"):
        episodes.open_episode(store, RULES, "1", {})
    for changes in (
        {"icd10": "knee"},
        {"condition": "TK"},
        {"ended_on": date(2026, 1, 1)},
        {"plan_ends_on": date(2026, 1, 1)},
    ):
        with pytest.raises(UsageError):
            episodes.edit(store, RULES, episode, changes)
    with pytest.raises(NotFoundError, match="pathway"):
        episodes.edit(store, RULES, episode, {"pathway": "knees"})
    assert episodes.of_patient(store, "1") == (record,)
    closed = episodes.close(store, RULES, episode)
    assert closed.episode.ended_on == NOW.date()
    assert due(at(store, NOW + timedelta(days=1))) == []


@pytest.mark.usefixtures("licensed")
def test_a_visit_goes_forward_in_time_only(store: Store, knee: PatientRef) -> None:
    visit = str(
        visits.add(store, COMPACT, "1", kind=VisitKind.TREATMENT, start_at=NOW, minutes=30).id
    )
    with pytest.raises(UsageError, match="planned"):
        visits.stop(store, RULES, visit)
    with pytest.raises(UsageError, match="state"):
        visits.start(store, COMPACT, visit, channel=Channel.VIDEO, patient_state="XX")
    with pytest.raises(UsageError, match="future"):
        visits.start(
            store,
            COMPACT,
            visit,
            channel=Channel.PHONE,
            patient_state="CO",
            at=NOW + timedelta(hours=1),
        )
    visits.start(store, COMPACT, visit, channel=Channel.VIDEO, patient_state="co")
    for act in (
        lambda: visits.stop(store, RULES, visit, at=NOW - timedelta(minutes=1)),
        lambda: visits.begin_block(
            store, visit, "97110", one_to_one=True, at=NOW - timedelta(minutes=1)
        ),
        lambda: visits.begin_block(store, visit, "exercise", one_to_one=True),
        lambda: visits.cancel(store, visit, "ill"),
    ):
        with pytest.raises(UsageError):
            act()
    assert visits.show(store, visit).revision == 2
