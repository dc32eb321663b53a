"""Appointments: booked, moved and cancelled; with the reminders that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic import scheduling
from rehabctl.domain.errors import FindingsError, RehabctlError, UsageError
from rehabctl.domain.patient import Patient
from rehabctl.domain.schedule import AppointmentType, Span, WaitStatus
from rehabctl.domain.visit import Visit
from rehabctl.reference.appointments import Appointments, load_appointments
from rehabctl.reference.compact_states import CompactList
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.booking_gate import licensed, require_free, require_working
from rehabctl.services.identifiers import identifier
from rehabctl.services.licences import clinic_compact, user_id
from rehabctl.services.plan_limits import require_within_plan
from rehabctl.services.suitability import proposed_type, require_suitable
from rehabctl.services.visit_reminders import plan_reminders

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

APPOINTMENTS_FILE = "appointments.toml"


@dataclass(frozen=True, slots=True)
class BookingRules:
    """The dated tables that a booking is judged by."""

    appointments: Appointments
    compact: CompactList
    rules: RuleTable


def clinic_booking_rules(settings: Settings) -> BookingRules:
    """Return the packaged tables with the clinic's own over them.

    Parameters
    ----------
    settings
        `appointments.toml`, `compact_states.toml` and `rules.toml` in the home folder.
    """
    path = settings.paths.home / APPOINTMENTS_FILE
    try:
        appointments = load_appointments(path.read_text("utf-8"), APPOINTMENTS_FILE)
    except FileNotFoundError:
        appointments = load_appointments()
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(
            f"cannot read {APPOINTMENTS_FILE}", "Correct or remove the file"
        ) from None
    return BookingRules(appointments, clinic_compact(settings), triage.clinic_rules(settings))


@dataclass(frozen=True, slots=True)
class Booking:
    """What is to be booked."""

    mrns: tuple[str, ...]
    type_key: str | None
    """None: the one that follows from the intake on file."""
    start_at: datetime
    """Aware."""
    minutes: int | None = None
    """Default: the type's usual length."""
    provider: str | None = None
    """Login; default: who books."""
    supervisor: str | None = None
    state: str | None = None
    """Where the patients will be; default: each one's home state."""
    zone: str | None = None
    """In which the time of the day is kept; default: the clinic's."""
    every_weeks: int = 0
    """0: once."""
    count: int = 1
    override: str | None = None
    """Why the acting user decides what is not verified."""
    outside_hours: bool = False
    waitlist_entry: str | None = None
    """The wish that this fulfils."""


def book(
    store: Store, tables: BookingRules, booking: Booking, *, dry_run: bool = False
) -> list[Visit]:
    """Book an appointment, for a group or a series too: all of it, or nothing.

    Parameters
    ----------
    store
        The open store.
    tables
        Dated tables.
    booking
        What is wanted.
    dry_run
        Check everything and undo it.

    Raises
    ------
    FindingsError
        A pairing is not compliant, somebody is not free, or a limit is reached.
    UsageError
        Something does not fit together.
    """
    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.WRITE_SCHEDULE)
        if booking.override:
            require(uow, Action.WRITE_CLINICAL)  # a clinician decides what is not verified
        made = book_in(uow, tables, booking)
        uow.audit.read("schedule.book", "visit", [visit.id for visit in made])
        return made


def book_in(
    uow: UnitOfWork, tables: BookingRules, booking: Booking, *, external_id: str | None = None
) -> list[Visit]:
    """Book within a transaction, which must be undone when this raises; see `book`.

    Parameters
    ----------
    uow
        The transaction, whose user may book and which is audited by the caller.
    tables
        Dated tables.
    booking
        What is wanted.
    external_id
        By which another system knows the appointment, of one patient.
    """
    zone = scheduling.zone_of(booking.zone or uow.clinic.time_zone)
    day = booking.start_at.astimezone(zone).date()
    patients = _patients(uow, booking)
    key = booking.type_key or proposed_type(uow, patients)
    kind = tables.appointments.get(key, day)
    if len(patients) > kind.group_max:
        raise FindingsError(
            f"GROUP_TOO_LARGE: {kind.key} takes {kind.group_max} at most, not {len(patients)}",
            "Book a second one",
        )
    starts = _starts(booking, tables.appointments, zone, uow.now)
    minutes = minutes_of(booking, kind)
    provider = uow.user.id if booking.provider is None else user_id(uow, booking.provider)
    supervisor = None if booking.supervisor is None else user_id(uow, booking.supervisor)
    uow.schedule.lock([provider, *(patient.id for patient in patients)])
    made: list[Visit] = []
    series = uow.new_id() if len(starts) > 1 else None
    for start in starts:
        span = Span(start, start + timedelta(minutes=minutes))
        if not booking.outside_hours:
            require_working(uow, provider, span)
        require_free(
            uow,
            provider,
            [patient.id for patient in patients],
            span,
            buffer_min=tables.appointments.policy.buffer_min,
        )
        appointment = uow.new_id()
        for patient in patients:
            visit = _visit(uow, patient, kind, span, provider, supervisor, booking, zone)
            visit = replace(
                visit,
                appointment_id=appointment,
                series_id=series,
                buffer_min=tables.appointments.policy.buffer_min,
                external_id=external_id,
            )
            require_within_plan(uow, visit, override=booking.override)
            require_suitable(uow, visit, kind.channel, override=booking.override)
            visit = licensed(
                uow,
                tables.compact,
                visit,
                visit.expected_state,
                start,
                when="booking",
                override=booking.override,
            )
            uow.visits.add(visit)
            plan_reminders(uow, tables.appointments.policy, tables.rules, patient, visit)
            made.append(visit)
    if booking.waitlist_entry is not None:
        _fulfil(uow, booking.waitlist_entry, patients)
    return made


def _starts(booking: Booking, table: Appointments, zone: ZoneInfo, now: datetime) -> list[datetime]:
    if booking.start_at < now:
        raise UsageError("the start lies in the past", "Check --start")
    if booking.every_weeks == 0 and booking.count == 1:
        return [booking.start_at]
    limit = table.policy.max_occurrences
    if booking.every_weeks < 1 or not 1 <= booking.count <= limit:
        raise UsageError(
            f"a series needs --every-weeks and --count, at most {limit}", "Check both numbers"
        )
    return scheduling.occurrences(booking.start_at, zone, booking.every_weeks, booking.count)


def minutes_of(booking: Booking, kind: AppointmentType) -> int:
    """Return how long a booking lasts.

    Parameters
    ----------
    booking
        Its own length, or none.
    kind
        Names the lengths that can be had, the usual one first.

    Raises
    ------
    UsageError
        The type does not take that length.
    """
    minutes = kind.minutes[0] if booking.minutes is None else booking.minutes
    if minutes not in kind.minutes:
        known = ", ".join(str(m) for m in kind.minutes)
        raise UsageError(f"{kind.key} is not booked for {minutes} min", f"Use one of: {known}")
    return minutes


def _patients(uow: UnitOfWork, booking: Booking) -> list[Patient]:
    if len(set(booking.mrns)) != len(booking.mrns):
        raise UsageError("a record number stands twice", "Name each patient once")
    if not booking.mrns:
        raise UsageError("no patient is named", "Give a record number")
    return [uow.patients.get(mrn) for mrn in booking.mrns]


def _visit(
    uow: UnitOfWork,
    patient: Patient,
    kind: AppointmentType,
    span: Span,
    provider: UUID,
    supervisor: UUID | None,
    booking: Booking,
    zone: ZoneInfo,
) -> Visit:
    episode = uow.episodes.active(patient.id)
    return Visit(
        id=uow.new_id(),
        patient=patient.ref,
        kind=kind.kind,
        planned_start_at=span.from_at,
        planned_end_at=span.until_at,
        provider_id=provider,
        supervisor_id=supervisor,
        episode_id=None if episode is None else episode.id,
        appointment_type=kind.key,
        time_zone=zone.key,
        expected_state=(booking.state or patient.demographics.state).upper(),
    )


def _fulfil(uow: UnitOfWork, entry_id: str, patients: Sequence[Patient]) -> None:
    entry = uow.schedule.wish(identifier(entry_id, "a wish", "rehabctl schedule waitlist"))
    if entry.patient.id not in [patient.id for patient in patients]:
        raise UsageError("the waitlist entry is another patient's", "Check the identifier")
    uow.schedule.settle_wish(entry.id, WaitStatus.BOOKED)
