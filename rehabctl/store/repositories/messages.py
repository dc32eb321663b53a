"""Conversations with patients: threads, their messages, and the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, and_, func, insert, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.message import InboxThread, Message, MessageDirection, MessageThread
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import (
    build,
    decode_cursor,
    encode_cursor,
    owned,
    owner,
    plain,
)

_THREAD = table("message_thread")
_MESSAGE = table("message")
_PATIENT = table("patient")
_FROM_PATIENT = MessageDirection.FROM_PATIENT.value


class MessageRepository:
    """Messages are added and never changed, but for the time at which they were read."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def add_thread(self, thread: MessageThread) -> None:
        """Begin a conversation."""
        row = owned(thread.patient, thread.id, self._now) | plain(thread)
        self._connection.execute(insert(_THREAD).values(row))

    def add(self, message: Message) -> None:
        """Add a message to its thread, and open the thread again if it was closed."""
        row = owned(message.patient, message.id, self._now) | plain(message)
        self._connection.execute(insert(_MESSAGE).values(row))
        self._connection.execute(
            update(_THREAD)
            .where(_THREAD.c.id == message.thread_id)
            .values(last_message_at=message.sent_at, closed_at=None)
        )

    def thread(self, thread_id: UUID) -> MessageThread:
        """Return one conversation.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        query = select(_THREAD).where(_THREAD.c.id == thread_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError("the conversation does not exist", "Look at: rehabctl message list")
        return _thread(row)

    def of_thread(self, thread_id: UUID) -> tuple[Message, ...]:
        """Return the messages of a conversation, oldest first."""
        return self._messages(_MESSAGE.c.thread_id == thread_id)

    def of_patient(self, patient_id: UUID) -> tuple[Message, ...]:
        """Return every message of a patient, oldest first."""
        return self._messages(_MESSAGE.c.patient_id == patient_id)

    def close(self, thread_id: UUID) -> None:
        """Close a conversation; a later message opens it again."""
        self._connection.execute(
            update(_THREAD).where(_THREAD.c.id == thread_id).values(closed_at=self._now)
        )

    def mark_read(self, thread_id: UUID) -> int:
        """Date the reading of what the patient's side wrote; return how many were unread."""
        m = _MESSAGE.c
        statement = (
            update(_MESSAGE)
            .where(m.thread_id == thread_id, m.direction == _FROM_PATIENT, m.read_at.is_(None))
            .values(read_at=self._now)
        )
        return self._connection.execute(statement).rowcount

    def inbox(
        self,
        limit: int,
        *,
        cursor: str | None = None,
        therapist_id: UUID | None = None,
        patient_id: UUID | None = None,
        unread_only: bool = False,
    ) -> tuple[tuple[InboxThread, ...], str | None]:
        """Return conversations, the one with the newest message first, and the next cursor.

        Parameters
        ----------
        limit
            How many at most.
        cursor
            Of the page before.
        therapist_id, patient_id
            Only of this caseload or patient.
        unread_only
            Only conversations with something of the patient's side that nobody has read.
        """
        t, m = _THREAD.c, _MESSAGE.c
        unread = (
            select(func.count())
            .select_from(_MESSAGE)
            .where(and_(m.thread_id == t.id, m.direction == _FROM_PATIENT, m.read_at.is_(None)))
            .scalar_subquery()
        )
        query = (
            select(_THREAD, _PATIENT.c.mrn, unread.label("unread"))
            .join(_PATIENT, _PATIENT.c.id == t.patient_id)
            .where(t.clinic_id == self._clinic_id)
        )
        if therapist_id is not None:
            query = query.where(t.therapist_id == therapist_id)
        if patient_id is not None:
            query = query.where(t.patient_id == patient_id)
        if unread_only:
            query = query.where(unread > 0)
        if cursor is not None:
            query = query.where(*_before(cursor))
        query = query.order_by(t.last_message_at.desc(), t.id.desc()).limit(limit + 1)
        rows = list(self._connection.execute(query).mappings())
        page = [InboxThread(_thread(row), row["mrn"], row["unread"]) for row in rows[:limit]]
        return tuple(page), _cursor(page) if len(rows) > limit else None

    def _messages(self, condition: Any) -> tuple[Message, ...]:
        query = select(_MESSAGE).where(condition).order_by(_MESSAGE.c.sent_at, _MESSAGE.c.id)
        return tuple(
            build(Message, row, patient=owner(row), direction=MessageDirection(row["direction"]))
            for row in self._connection.execute(query).mappings()
        )


def _cursor(page: Sequence[InboxThread]) -> str:
    last = page[-1].thread
    return encode_cursor([last.last_message_at.isoformat(), str(last.id)])


def _before(cursor: str) -> list[Any]:
    from sqlalchemy import literal, tuple_

    from rehabctl.domain.errors import UsageError
    from rehabctl.store.column_types import UtcDateTime

    at, thread_id = decode_cursor(cursor, 2)
    t = _THREAD.c
    try:
        bound = (literal(datetime.fromisoformat(at), UtcDateTime), literal(UUID(thread_id)))
    except (TypeError, ValueError, AttributeError):
        raise UsageError(
            "the cursor is not one of this list", "Use `next` of the page before"
        ) from None
    return [tuple_(t.last_message_at, t.id) < tuple_(*bound)]


def _thread(row: RowMapping) -> MessageThread:
    return build(MessageThread, row, patient=owner(row))
