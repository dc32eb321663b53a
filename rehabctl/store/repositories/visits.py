"""Visits with their channels, timed blocks and participants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from rehabctl.domain.errors import NotFoundError
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
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, owned, owner, plain

_VISIT = table("visit")
_CHANNEL = table("visit_channel")
_BLOCK = table("visit_block")
_PARTICIPANT = table("visit_participant")
_SLOT = table("provider_slot")
SLOT = timedelta(minutes=5)
TAKES_TIME = (
    VisitStatus.PLANNED.value, VisitStatus.IN_PROGRESS.value, VisitStatus.COMPLETED.value,
)  # fmt: skip
_UNREAD: dict[str, Any] = {
    "patient_state": None, "location_confirmed_at": None, "live_contact": False,
    "satisfaction": None,
}  # fmt: skip
"""What a visit says of a column that the acting user may not read."""
_PARTS = ("channels", "blocks", "participants")


def slots_of(start: datetime, end: datetime) -> list[datetime]:
    """Return the starts of the five-minute slots that a stretch of time touches, in UTC."""
    first = start.astimezone(UTC)
    first -= (first - datetime(1970, 1, 1, tzinfo=UTC)) % SLOT
    return [first + n * SLOT for n in range(-((first - end.astimezone(UTC)) // SLOT))]


class VisitRepository:
    """Visits of patients.

    Parameters
    ----------
    connection
        Of the transaction.
    now
        Its time.
    hidden
        Columns that the acting user may not read: who has some is at the front desk, and sees no
        channels, timed codes or participants either.
    """

    def __init__(self, connection: Connection, now: datetime, hidden: Collection[str] = ()) -> None:
        self._connection = connection
        self._now = now
        self._hidden = hidden

    def add(self, visit: Visit) -> None:
        """Add a visit with everything that belongs to it."""
        row = owned(visit.patient, visit.id, self._now) | plain(visit, *_PARTS)
        self._connection.execute(insert(_VISIT).values(row))
        self._write_parts(visit)
        self._reserve(visit)

    def revise(self, visit: Visit) -> Visit:
        """Write a changed visit with its parts, and raise its revision.

        Raises
        ------
        ConflictError
            Somebody else changed it since it was read.
        """
        c = _VISIT.c
        values = plain(visit, *_PARTS, "revision") | {"revision": visit.revision + 1}
        statement = (
            update(_VISIT).where(c.id == visit.id, c.revision == visit.revision).values(values)
        )
        if self._connection.execute(statement).rowcount != 1:
            raise ConflictError(
                "the visit was changed by somebody else", "Read it again, then repeat the change"
            )
        if visit.started_at is not None:  # only what has begun has parts
            for part in (_CHANNEL, _BLOCK, _PARTICIPANT):
                self._connection.execute(delete(part).where(part.c.visit_id == visit.id))
            self._write_parts(visit)
        self._reserve(visit)
        return self.get(visit.id)

    def _reserve(self, visit: Visit) -> None:
        """Take the provider's time for an appointment, as its visits now stand, or give it back.

        The table's key refuses time that is taken already.
        """
        if visit.appointment_id is None:
            return
        self._connection.execute(
            delete(_SLOT).where(_SLOT.c.appointment_id == visit.appointment_id)
        )
        c = _VISIT.c
        held = select(c.provider_id, c.planned_start_at, c.planned_end_at, c.buffer_min).where(
            c.appointment_id == visit.appointment_id, c.status.in_(TAKES_TIME)
        )
        slots = {
            (provider, slot)
            for provider, start, end, buffer_min in self._connection.execute(held)
            for slot in slots_of(start, end + timedelta(minutes=buffer_min))
        }
        rows = [
            {
                "provider_id": provider,
                "slot_at": slot,
                "clinic_id": visit.patient.clinic_id,
                "appointment_id": visit.appointment_id,
            }
            for provider, slot in sorted(slots)
        ]
        if rows:
            self._connection.execute(insert(_SLOT), rows)

    def _write_parts(self, visit: Visit) -> None:
        parts: Iterable[tuple[Any, Sequence[Any]]] = (
            (_CHANNEL, visit.channels),
            (_BLOCK, visit.blocks),
            (_PARTICIPANT, visit.participants),
        )
        for part, records in parts:
            rows = [
                owned(visit.patient, new_id(), self._now) | plain(record) | {"visit_id": visit.id}
                for record in records
            ]
            if rows:
                self._connection.execute(insert(part), rows)

    def get(self, visit_id: UUID) -> Visit:
        """Return a visit.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        found = self._read(self._select().where(_VISIT.c.id == visit_id))
        if not found:
            raise NotFoundError("the visit does not exist", "Look at: rehabctl visit list")
        return found[0]

    def of_patient(self, patient_id: UUID) -> tuple[Visit, ...]:
        """Return all visits of a patient, by planned start."""
        return self._read(self._select().where(_VISIT.c.patient_id == patient_id))

    def by_external_id(self, patient_id: UUID, external_id: str) -> Visit | None:
        """Return the visit that another system knows by this identifier."""
        c = _VISIT.c
        found = self._read(
            select(_VISIT).where(c.patient_id == patient_id, c.external_id == external_id)
        )
        return found[0] if found else None

    def between(
        self, from_at: datetime, until_at: datetime, *, provider_id: UUID | None = None
    ) -> tuple[Visit, ...]:
        """Return the visits whose planned time meets a stretch of time, by planned start.

        Parameters
        ----------
        from_at, until_at
            The stretch, its end excluded.
        provider_id
            Only visits of this user.
        """
        c = _VISIT.c
        query = self._select().where(c.planned_start_at < until_at, c.planned_end_at > from_at)
        if provider_id is not None:
            query = query.where(c.provider_id == provider_id)
        return self._read(query)

    def _select(self) -> Any:
        return select(*(column for column in _VISIT.c if column.name not in self._hidden))

    def _read(self, query: Any) -> tuple[Visit, ...]:
        ordered = query.order_by(_VISIT.c.planned_start_at, _VISIT.c.id)
        rows = list(self._connection.execute(ordered).mappings())
        ids = [] if self._hidden else [row["id"] for row in rows if row["started_at"] is not None]
        unread = {name: _UNREAD[name] for name in self._hidden}
        channels = self._parts(_CHANNEL, ids, _CHANNEL.c.from_at)
        blocks = self._parts(_BLOCK, ids, _BLOCK.c.started_at)
        people = self._parts(_PARTICIPANT, ids, _PARTICIPANT.c.role)
        return tuple(
            build(
                Visit,
                row,
                patient=owner(row),
                kind=VisitKind(row["kind"]),
                status=VisitStatus(row["status"]),
                licence_checks=tuple(row["licence_checks"]),
                **unread,
                channels=tuple(
                    build(ChannelSpan, part, channel=Channel(part["channel"]))
                    for part in channels.get(row["id"], ())
                ),
                blocks=tuple(build(TimedBlock, part) for part in blocks.get(row["id"], ())),
                participants=tuple(
                    build(Participant, part, role=ParticipantRole(part["role"]))
                    for part in people.get(row["id"], ())
                ),
            )
            for row in rows
        )

    def _parts(
        self, part: Any, visit_ids: Sequence[UUID], order: Any
    ) -> dict[UUID, list[RowMapping]]:
        if not visit_ids:
            return {}
        query = select(part).where(part.c.visit_id.in_(visit_ids)).order_by(order, part.c.id)
        found: dict[UUID, list[RowMapping]] = {}
        for row in self._connection.execute(query).mappings():
            found.setdefault(row["visit_id"], []).append(row)
        return found
