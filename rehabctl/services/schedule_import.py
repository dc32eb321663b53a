"""Importing appointments of another system, each by the rules of a booking.

A row that may not be booked is refused with the reason of the booking: no licence there, somebody
is not free, the provider is away, a limit of the plan of care. The other system's identifier makes
the same row nothing new: a changed start moves the appointment, `cancelled` cancels it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.roster import is_state
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.services import rebooking, scheduling
from rehabctl.services.access import Action
from rehabctl.services.import_run import ImportOptions, ImportReport, Report
from rehabctl.services.licences import user_id
from rehabctl.services.named_rows import NamedRows, ProblemError, Row
from rehabctl.services.roster_changes import Change

if TYPE_CHECKING:
    from rehabctl.domain.patient import PatientRef
    from rehabctl.services.scheduling import BookingRules
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

REQUIRED = ("external_id", "mrn", "start", "type")
COLUMNS = (*REQUIRED, "minutes", "provider", "supervisor", "state", "time_zone", "status")
_BOOKED, _CANCELLED = "booked", "cancelled"
_REASON = "cancelled in the system that it was imported from"


def import_schedule(
    store: Store,
    tables: BookingRules,
    source: Path | BinaryIO,
    options: ImportOptions,
    *,
    report: Report,
    note: Callable[[str], None],
) -> ImportReport:
    """Import appointments.

    Parameters
    ----------
    store
        The open store.
    tables
        Dated tables, by which each booking is judged.
    source
        A file, or a pipe.
    options
        How.
    report
        Called with the bytes done and the size.
    note
        Called with remarks for the user.

    Raises
    ------
    RehabctlError
        The file cannot be read, or its heading is no schedule's.
    """
    if isinstance(source, Path):
        run = _Run(store, source.name, options, tables=tables)
        return run.file(source, report=report, note=note)
    return _Run(store, "-", options, tables=tables).pipe(source, note=note)


@dataclass
class _Run(NamedRows):
    """One import of appointments."""

    kind = "schedule"
    entity = "visit"
    action = Action.WRITE_SCHEDULE
    columns = COLUMNS
    required = REQUIRED
    time_column = rule_column = "start"
    tables: BookingRules = field(kw_only=True)

    def check(self, row: Row) -> None:
        if row.texts.get("status", _BOOKED).casefold() not in (_BOOKED, _CANCELLED):
            raise ProblemError("status", f"is not one of {_BOOKED}, {_CANCELLED}")
        minutes = row.texts.get("minutes", "0")
        if not (minutes.isascii() and minutes.isdecimal() and len(minutes) < 5):
            raise ProblemError("minutes", "is not a whole number")
        if "state" in row.texts and not is_state(row.texts["state"]):
            raise ProblemError("state", "is not a two-letter state of the United States")

    def write_row(self, uow: UnitOfWork, patient: PatientRef, row: Row) -> Change:
        known = uow.visits.by_external_id(patient.id, row.texts["external_id"])
        is_cancelled = row.texts.get("status", "").casefold() == _CANCELLED
        if known is not None:
            return self._cancelled(uow, known) if is_cancelled else self._changed(uow, row, known)
        if is_cancelled:  # and never came here
            return Change.UNCHANGED
        get = row.texts.get
        minutes = get("minutes")
        booking = scheduling.Booking(
            (row.texts["mrn"],), row.texts["type"], row.at,
            None if minutes is None else int(minutes),
            get("provider"), get("supervisor"), get("state"), get("time_zone"),
        )  # fmt: skip
        scheduling.book_in(uow, self.tables, booking, external_id=row.texts["external_id"])
        return Change.CREATED

    def _cancelled(self, uow: UnitOfWork, known: Visit) -> Change:
        if known.status is VisitStatus.CANCELLED:
            return Change.UNCHANGED
        if known.status is not VisitStatus.PLANNED:
            raise RehabctlError("has begun here already", "Cancel it here")
        rebooking.cancel_in(uow, known, _REASON)
        return Change.UPDATED

    def _changed(self, uow: UnitOfWork, row: Row, known: Visit) -> Change:
        if known.status is VisitStatus.CANCELLED:
            raise RehabctlError("was cancelled here", "Give the new appointment its own identifier")
        planned = known.planned_end_at - known.planned_start_at
        provider, supervisor, minutes = map(row.texts.get, ("provider", "supervisor", "minutes"))
        same = row.texts["type"] == known.appointment_type
        same &= minutes is None or timedelta(minutes=int(minutes)) == planned
        same &= provider is None or user_id(uow, provider) == known.provider_id
        same &= supervisor is None or user_id(uow, supervisor) == known.supervisor_id
        if not same:
            raise RehabctlError(
                "has another type, length or provider than what was booked",
                "Cancel it, and give the new one its own identifier",
            )
        if row.at == known.planned_start_at:
            return Change.UNCHANGED
        rebooking.move_in(uow, self.tables, str(known.id), row.at)
        return Change.UPDATED
