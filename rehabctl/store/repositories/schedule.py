"""Working hours, absences, the waitlist, and the locks under which bookings are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, text, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.schedule import Absence, Span, WaitlistEntry, WaitStatus, WorkingHours
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain
from rehabctl.store.repositories.visits import SLOT, TAKES_TIME

_HOURS = table("working_hours")
_ABSENCE = table("absence")
_WAIT = table("waitlist_entry")
_PANEL = table("panel_row")
_VISIT = table("visit")
_SLOT = table("provider_slot")
_LOCK_CLASS = 7_305_224


class ScheduleRepository:
    """What a schedule is made from, beside the visits themselves.

    Parameters
    ----------
    connection
        Of the transaction.
    clinic_id
        Whose schedule.
    now
        Time of the transaction.
    by_function
        Whether the server tells the order of the waitlist: who acts may not read the worklist.
    """

    def __init__(
        self, connection: Connection, clinic_id: UUID, now: datetime, *, by_function: bool = False
    ) -> None:
        self._connection = connection
        self._by_function = by_function
        self._clinic_id = clinic_id
        self._now = now

    def lock(self, ids: Iterable[UUID]) -> None:
        """Let nobody else book for these providers and patients until the transaction ends.

        Two writers who looked for a conflict at the same time would both find none, and one would
        run into the key of the slots. A local store's transactions take turns already; on
        PostgreSQL the locks are taken in one order, so that no two wait for each other.
        """
        if self._connection.dialect.name != "postgresql":
            return
        for key in sorted({i.int & 0x7FFFFFFF for i in ids}):
            self._connection.execute(
                text("SELECT pg_advisory_xact_lock(:kind, :key)"),
                {"kind": _LOCK_CLASS, "key": key},
            )

    def taken(
        self, provider_id: UUID, from_at: datetime, until_at: datetime
    ) -> dict[UUID, list[Span]]:
        """Return when a provider is taken in a stretch of time, buffers included.

        Parameters
        ----------
        provider_id
            Whose time.
        from_at, until_at
            The stretch, its end excluded.

        Returns
        -------
        dict
            Five-minute slots by appointment, also of patients whom the acting user cannot see.
        """
        c = _SLOT.c
        query = select(c.appointment_id, c.slot_at).where(
            c.provider_id == provider_id, c.slot_at > from_at - SLOT, c.slot_at < until_at
        )
        found: dict[UUID, list[Span]] = {}
        for appointment, slot in self._connection.execute(query.order_by(c.slot_at)):
            found.setdefault(appointment, []).append(Span(slot, slot + SLOT))
        return found

    def of_patients(
        self, patient_ids: Sequence[UUID], from_at: datetime, until_at: datetime
    ) -> tuple[UUID, ...]:
        """Return the visits of these patients that meet a stretch of time."""
        c = _VISIT.c
        query = select(c.id).where(
            c.planned_start_at < until_at,
            c.planned_end_at > from_at,
            c.status.in_(TAKES_TIME),
            c.patient_id.in_(patient_ids),
        )
        return tuple(self._connection.execute(query).scalars())

    def of_appointment(self, appointment_id: UUID) -> tuple[UUID, ...]:
        """Return the visits of one appointment that take time."""
        c = _VISIT.c
        query = select(c.id).where(c.appointment_id == appointment_id, c.status.in_(TAKES_TIME))
        return tuple(self._connection.execute(query.order_by(c.id)).scalars())

    def set_hours(self, user_id: UUID, hours: Sequence[WorkingHours]) -> None:
        """Replace a provider's working hours."""
        self._connection.execute(delete(_HOURS).where(_HOURS.c.user_id == user_id))
        rows = [
            {
                "id": line.id,
                "clinic_id": self._clinic_id,
                "user_id": line.user_id,
                "weekday": line.weekday,
                "from_minute": _minute(line.from_time),
                "until_minute": _minute(line.until_time) or 1440,
                "time_zone": line.time_zone,
                "valid_from": line.valid_from,
                "valid_until": line.valid_until,
                "created_at": self._now,
            }
            for line in hours
        ]
        if rows:
            self._connection.execute(insert(_HOURS), rows)

    def hours(self, user_id: UUID) -> tuple[WorkingHours, ...]:
        """Return a provider's working hours by weekday and time."""
        c = _HOURS.c
        query = select(_HOURS).where(c.user_id == user_id).order_by(c.weekday, c.from_minute, c.id)
        return tuple(
            build(
                WorkingHours,
                row,
                from_time=_time(row["from_minute"]),
                until_time=_time(row["until_minute"]),
            )
            for row in self._connection.execute(query).mappings()
        )

    def add_absence(self, absence: Absence) -> None:
        """Add a stretch of time in which a provider cannot be booked."""
        row = plain(absence) | {
            "id": absence.id,
            "clinic_id": self._clinic_id,
            "created_at": self._now,
        }
        self._connection.execute(insert(_ABSENCE).values(row))

    def absences(self, user_id: UUID, from_at: datetime, until_at: datetime) -> tuple[Absence, ...]:
        """Return a provider's absences that meet a stretch of time, by start."""
        c = _ABSENCE.c
        query = select(_ABSENCE).where(
            c.user_id == user_id, c.from_at < until_at, c.until_at > from_at
        )
        rows = self._connection.execute(query.order_by(c.from_at, c.id)).mappings()
        return tuple(build(Absence, row) for row in rows)

    def add_wish(self, entry: WaitlistEntry) -> None:
        """Put a wish on the waitlist."""
        row = owned(entry.patient, entry.id, self._now) | plain(entry)
        self._connection.execute(insert(_WAIT).values(row))

    def wish(self, entry_id: UUID) -> WaitlistEntry:
        """Return one wish.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        found = self._wishes(select(_WAIT).where(_WAIT.c.id == entry_id))
        if not found:
            raise NotFoundError(
                "the waitlist has no such entry", "Look at: rehabctl schedule waitlist"
            )
        return found[0]

    def settle_wish(self, entry_id: UUID, status: WaitStatus) -> None:
        """Write what has become of a wish."""
        self._connection.execute(
            update(_WAIT).where(_WAIT.c.id == entry_id).values(status=status.value)
        )

    def waiting(self) -> tuple[WaitlistEntry, ...]:
        """Return who waits: the order of the worklist first, then who has waited longest."""
        if self._by_function:
            ordered = self._connection.execute(text("SELECT id FROM waitlist_order()"))
            place = {entry_id: n for n, entry_id in enumerate(ordered.scalars())}
            found = self._wishes(select(_WAIT).where(_WAIT.c.id.in_(list(place))))
            return tuple(sorted(found, key=lambda entry: place[entry.id]))
        query = (
            select(_WAIT)
            .outerjoin(_PANEL, _PANEL.c.patient_id == _WAIT.c.patient_id)
            .where(_WAIT.c.clinic_id == self._clinic_id, _WAIT.c.status == WaitStatus.WAITING.value)
            .order_by(_PANEL.c.rank_key.is_(None), _PANEL.c.rank_key, _WAIT.c.added_at, _WAIT.c.id)
        )
        return self._wishes(query)

    def _wishes(self, query: Any) -> tuple[WaitlistEntry, ...]:
        rows = self._connection.execute(query).mappings()
        return tuple(
            build(WaitlistEntry, row, patient=owner(row), status=WaitStatus(row["status"]))
            for row in rows
        )


def _minute(of_day: time) -> int:
    return of_day.hour * 60 + of_day.minute


def _time(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)
