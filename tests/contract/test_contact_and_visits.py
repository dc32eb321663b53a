"""Visits, contacts, messages and the outbox on both engines."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.escalation import CallOutcome, StaffCall
from rehabctl.domain.message import (
    Contact,
    ContactScope,
    Message,
    MessageDirection,
    MessageThread,
    OutboxItem,
    OutboxState,
)
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.visit import (
    Channel,
    ChannelSpan,
    Participant,
    ParticipantRole,
    TimedBlock,
    Visit,
    VisitKind,
    VisitStatus,
)
from rehabctl.store.errors import ConflictError
from rehabctl.store.handles import table
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient, given_patient


def a_visit(uow: UnitOfWork, patient: PatientRef, start: datetime = NOW) -> Visit:
    return Visit(
        id=uow.new_id(),
        patient=patient,
        kind=VisitKind.TREATMENT,
        planned_start_at=start,
        planned_end_at=start + timedelta(minutes=45),
        provider_id=uow.user.id,
    )


def a_contact(uow: UnitOfWork, patient: PatientRef) -> Contact:
    return Contact(
        id=uow.new_id(),
        patient=patient,
        name="Luis Diaz",
        relationship="son",
        valid_from=date(2026, 3, 1),
        email="luis@example.org",
        is_proxy=True,
        scopes=(ContactScope.MESSAGES, ContactScope.LOG_SESSIONS),
    )


def test_every_field_has_a_column() -> None:
    for kind, name, parts in (
        (Visit, "visit", {"patient", "channels", "blocks", "participants"}),
        (Contact, "contact", {"patient"}),
        (Message, "message", {"patient"}),
        (MessageThread, "message_thread", {"patient"}),
        (OutboxItem, "outbox", {"patient"}),
        (StaffCall, "staff_call", {"patient"}),
    ):
        assert {f.name for f in fields(kind)} - parts <= set(table(name).c.keys())


def test_a_visit_keeps_channels_blocks_and_people(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        contact = a_contact(uow, ref)
        uow.contacts.add(contact)
        planned = a_visit(uow, ref)
        uow.visits.add(planned)
        assert uow.visits.get(planned.id) == planned
        ended = NOW + timedelta(minutes=38)
        turned = NOW + timedelta(minutes=9)
        done = replace(
            planned,
            status=VisitStatus.COMPLETED,
            started_at=NOW,
            ended_at=ended,
            patient_state="CO",
            location_confirmed_at=NOW,
            live_contact=True,
            channels=(
                ChannelSpan(Channel.VIDEO, NOW, turned),
                ChannelSpan(Channel.PHONE, turned, ended),
            ),
            blocks=(
                TimedBlock("97110", NOW, NOW + timedelta(minutes=23, seconds=59)),
                TimedBlock("97530", NOW + timedelta(minutes=24), ended, one_to_one=False),
            ),
            participants=(
                Participant(ParticipantRole.CAREGIVER, contact_id=contact.id, joined_at=turned),
                Participant(ParticipantRole.PATIENT, joined_at=NOW),
            ),
        )
        stored = uow.visits.revise(done)
        assert stored == replace(done, revision=2)
        assert [block.minutes() for block in stored.blocks] == [23, 14]
        with pytest.raises(ConflictError, match="somebody else"):
            uow.visits.revise(done)
        again = uow.visits.revise(replace(stored, channels=(), blocks=()))
        assert (again.channels, again.blocks, again.revision) == ((), (), 3)
        with pytest.raises(NotFoundError):
            uow.visits.get(uow.new_id())


def test_visits_are_found_by_time_and_provider(store: Store) -> None:
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        late = a_visit(uow, ref, NOW + timedelta(hours=3))
        early = a_visit(uow, ref, NOW)
        elsewhere = a_visit(uow, other, NOW + timedelta(minutes=30))
        for visit in (late, early, elsewhere):
            uow.visits.add(visit)
        assert uow.visits.of_patient(ref.id) == (early, late)
        until = NOW + timedelta(hours=1)
        assert uow.visits.between(NOW, until) == (early, elsewhere)
        assert uow.visits.between(NOW + timedelta(minutes=45), until) == (elsewhere,)
        assert uow.visits.between(NOW, until, provider_id=uow.new_id()) == ()


def test_a_contact_acts_within_her_scopes_and_dates(store: Store) -> None:
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        contact = a_contact(uow, ref)
        uow.contacts.add(contact)
        assert uow.contacts.of_patient(ref.id) == (contact,)
        assert contact.may(ContactScope.MESSAGES, date(2026, 3, 1))
        assert not contact.may(ContactScope.MESSAGES, date(2026, 2, 28))
        assert not contact.may(ContactScope.CLINICAL, date(2026, 3, 1))
        with pytest.raises(NotFoundError):
            uow.contacts.get(contact.id, other.id)
        uow.contacts.end(contact.id, date(2026, 3, 5))
        ended = uow.contacts.get(contact.id, ref.id)
        assert ended.may(ContactScope.MESSAGES, date(2026, 3, 5))
        assert not ended.may(ContactScope.MESSAGES, date(2026, 3, 6))


def write(
    uow: UnitOfWork, thread: MessageThread, direction: MessageDirection, minutes: int
) -> Message:
    message = Message(
        id=uow.new_id(),
        patient=thread.patient,
        thread_id=thread.id,
        direction=direction,
        body="words",
        sent_at=NOW + timedelta(minutes=minutes),
        author_user_id=None if direction is MessageDirection.FROM_PATIENT else uow.user.id,
    )
    uow.messages.add(message)
    return message


def test_the_inbox_shows_unread_conversations_newest_first(store: Store) -> None:
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        threads = [
            MessageThread(uow.new_id(), patient, "Knee", NOW) for patient in (ref, other, ref)
        ]
        for thread in threads:
            uow.messages.add_thread(thread)
        asked = write(uow, threads[0], MessageDirection.FROM_PATIENT, 5)
        write(uow, threads[1], MessageDirection.TO_PATIENT, 9)
        write(uow, threads[2], MessageDirection.FROM_PATIENT, 5)
        page, cursor = uow.messages.inbox(2)
        assert [(line.mrn, line.unread) for line in page] == [("2", 0), ("1", 1)]
        rest, end = uow.messages.inbox(2, cursor=cursor)
        assert {page[1].thread.id, *(line.thread.id for line in rest)} == {
            threads[0].id, threads[2].id,
        }  # fmt: skip
        assert end is None
        unread, _ = uow.messages.inbox(9, unread_only=True, patient_id=ref.id)
        assert len(unread) == 2
        assert uow.messages.mark_read(threads[0].id) == 1
        assert uow.messages.mark_read(threads[0].id) == 0
        (read,) = uow.messages.of_thread(threads[0].id)
        assert read == replace(asked, read_at=uow.now)
        assert len(uow.messages.of_patient(ref.id)) == 2
        for cursor in ("x", "WyJhIiwiYiJd", "WzEsMl0"):
            with pytest.raises(UsageError):
                uow.messages.inbox(2, cursor=cursor)


def test_a_message_opens_a_closed_conversation_again(store: Store) -> None:
    with store.transaction() as uow:
        thread = MessageThread(uow.new_id(), add_patient(uow), "Knee", NOW)
        uow.messages.add_thread(thread)
        uow.messages.close(thread.id)
        assert uow.messages.thread(thread.id).closed_at == uow.now
        write(uow, thread, MessageDirection.FROM_PATIENT, 5)
        opened = uow.messages.thread(thread.id)
        assert (opened.closed_at, opened.last_message_at) == (None, NOW + timedelta(minutes=5))


def test_something_is_queued_once_and_taken_when_its_time_has_come(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        item = OutboxItem(
            id=uow.new_id(),
            patient=ref,
            channel="portal",
            template="missed_session",
            payload={"to": "patient", "by": "user:jlee"},
            dedupe_key="missed:1",
            not_before=NOW + timedelta(hours=2),
            time_zone="America/Denver",
        )
        assert uow.outbox.queue(item)
        assert not uow.outbox.queue(replace(item, id=uow.new_id()))
        assert uow.outbox.of_patient(ref.id) == (item,)
        assert uow.outbox.due(9) == ()
    with at(store, NOW + timedelta(hours=2)).transaction() as uow:
        assert uow.outbox.due(9) == (item,)
        uow.outbox.settle(item.id, OutboxState.QUEUED, "server_away")
        (tried,) = uow.outbox.due(9)
        assert (tried.attempts, tried.last_error, tried.sent_at) == (1, "server_away", None)
        assert uow.outbox.cancel(ref.id, "message") == 0
        assert uow.outbox.cancel(ref.id, "missed_session") == 1
        assert uow.outbox.due(9) == ()
        call = StaffCall(uow.new_id(), ref, uow.now, CallOutcome.REACHED, "jlee", "busy week")
        uow.outbox.add_call(call)
        assert uow.outbox.calls(ref.id) == (call,)
    assert datetime(2026, 3, 2, 15, tzinfo=UTC) == NOW
