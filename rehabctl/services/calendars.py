"""A provider's hours, absences and calendar files, and the waitlist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from rehabctl.clinic.scheduling import zone_of
from rehabctl.domain.errors import UsageError
from rehabctl.domain.schedule import Absence, WaitlistEntry, WaitStatus, WorkingHours
from rehabctl.services.access import Action, require
from rehabctl.services.identifiers import identifier
from rehabctl.services.licences import user_id
from rehabctl.services.roster_changes import clinic_today
from rehabctl.services.schedule_views import ScheduleLine
from rehabctl.services.scheduling import BookingRules

if TYPE_CHECKING:
    from rehabctl.store.store import Store

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def set_hours(
    store: Store, login: str, lines: Sequence[str], *, zone: str | None, valid_from: date | None
) -> tuple[WorkingHours, ...]:
    """Replace a provider's working hours.

    Parameters
    ----------
    store
        The open store.
    login
        The provider.
    lines
        Each like `mon=09:00-12:00`; a weekday may stand several times.
    zone
        IANA name; default the clinic's.
    valid_from
        First day; default today.

    Raises
    ------
    UsageError
        A line or the zone is wrong; nothing is changed.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        who = user_id(uow, login)
        name = zone_of(zone or uow.clinic.time_zone).key
        first = valid_from or clinic_today(uow.clinic, uow.now)
        made = [WorkingHours(uow.new_id(), who, *_hours(line), name, first) for line in lines]
        uow.schedule.set_hours(who, made)
        uow.audit.record("schedule.hours", "user_account", who, {"lines": len(made)})
        return uow.schedule.hours(who)


def _hours(line: str) -> tuple[int, time, time]:
    day, _, span = line.partition("=")
    first, _, last = span.partition("-")
    try:
        weekday = _WEEKDAYS.index(day.strip().lower()) + 1
        from_time = time.fromisoformat(first.strip())
        until_time = time.fromisoformat("00:00" if last.strip() == "24:00" else last.strip())
    except ValueError:
        raise UsageError(
            "working hours are not written like mon=09:00-17:00", "Use mon tue wed thu fri sat sun"
        ) from None
    if until_time != time() and until_time <= from_time:
        raise UsageError("working hours end before they begin", "Check the line")
    return weekday, from_time, until_time


def hours_of(store: Store, login: str) -> tuple[WorkingHours, ...]:
    """Return a provider's working hours."""
    with store.transaction() as uow:
        require(uow, Action.READ_SCHEDULE)
        who = user_id(uow, login)
        uow.audit.record("schedule.hours", "user_account", who)
        return uow.schedule.hours(who)


def add_absence(
    store: Store, login: str, from_at: datetime, until_at: datetime, reason: str
) -> tuple[Absence, int]:
    """Note when a provider is away; return it with how many appointments meet it."""
    if until_at <= from_at:
        raise UsageError("the absence ends before it begins", "Check --from and --until")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        who = user_id(uow, login)
        absence = Absence(uow.new_id(), who, from_at, until_at, reason.strip())
        uow.schedule.add_absence(absence)
        booked = uow.schedule.taken(who, from_at, until_at)
        uow.audit.record("schedule.absence", "user_account", who, {"booked": len(booked)})
        return absence, len(booked)


def export_calendar(store: Store, lines: Sequence[ScheduleLine], *, with_mrn: bool) -> bytes:
    """Return appointments as an iCalendar file; without `with_mrn` nothing names a patient.

    Parameters
    ----------
    store
        The open store.
    lines
        As listed.
    with_mrn
        Whether the record number stands in the title.
    """
    from rehabctl.integrations.calendars.appointments import write_appointments

    with store.transaction() as uow:
        require(uow, Action.READ_SCHEDULE)
        uow.audit.read("schedule.export", "visit", [line.visit.id for line in lines])
        now = uow.now
    entries = [(line.visit, line.mrn if with_mrn else None) for line in lines]
    return write_appointments(entries, now)


@dataclass(frozen=True, slots=True)
class CalendarReport:
    """What an imported calendar held."""

    read: int
    created: int
    unchanged: int


def import_calendar(
    store: Store, login: str, content: bytes, until: date | None, *, dry_run: bool = False
) -> CalendarReport:
    """Take the busy times of a provider's other calendar over; the same file twice adds nothing.

    Parameters
    ----------
    store
        The open store.
    login
        The provider.
    content
        An iCalendar file.
    until
        Last day of recurring events; default a year from today.
    dry_run
        Do everything and undo it.

    Raises
    ------
    RehabctlError
        It is not an iCalendar file, or names an unknown zone; nothing is changed.
    """
    from rehabctl.integrations.calendars.busy_times import read_busy_times

    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.WRITE_CLINICAL)
        who = user_id(uow, login)
        today = clinic_today(uow.clinic, uow.now)
        last = until or today.replace(year=today.year + 1, day=min(today.day, 28))
        busy = read_busy_times(content, zone_of(uow.clinic.time_zone), today, last)
        spans = [span for _, span in busy]
        known: set[UUID] = set()
        if spans:
            first, end = min(s.from_at for s in spans), max(s.until_at for s in spans)
            known = {absence.id for absence in uow.schedule.absences(who, first, end)}
        created = 0
        for key, span in busy:
            made = uuid5(who, f"{key}|{span.from_at.isoformat()}|{span.until_at.isoformat()}")
            if made not in known:
                uow.schedule.add_absence(
                    Absence(made, who, span.from_at, span.until_at, "calendar")
                )
                known.add(made)
                created += 1
        uow.audit.record("schedule.import", "user_account", who, {"created": created})
        return CalendarReport(len(busy), created, len(busy) - created)


def add_wish(
    store: Store,
    tables: BookingRules,
    mrn: str,
    type_key: str,
    *,
    earliest_on: date | None = None,
    latest_on: date | None = None,
) -> WaitlistEntry:
    """Put a patient on the waitlist."""
    if earliest_on and latest_on and latest_on < earliest_on:
        raise UsageError("the last day lies before the first", "Check --from and --until")
    with store.transaction() as uow:
        require(uow, Action.WRITE_SCHEDULE)
        patient = uow.patients.get(mrn)
        kind = tables.appointments.get(type_key, clinic_today(uow.clinic, uow.now))
        entry = WaitlistEntry(uow.new_id(), patient.ref, kind.key, uow.now, earliest_on, latest_on)
        uow.schedule.add_wish(entry)
        uow.audit.record("waitlist.add", "waitlist_entry", entry.id, {"type": kind.key})
        return entry


def remove_wish(store: Store, entry_id: str) -> None:
    """Take a wish off the waitlist."""
    with store.transaction() as uow:
        require(uow, Action.WRITE_SCHEDULE)
        entry = uow.schedule.wish(identifier(entry_id, "a wish", "rehabctl schedule waitlist"))
        uow.schedule.settle_wish(entry.id, WaitStatus.REMOVED)
        uow.audit.record("waitlist.remove", "waitlist_entry", entry.id)


def waiting(store: Store) -> list[tuple[WaitlistEntry, str, str | None]]:
    """Return who waits with record number and tier: the worklist's order, then the oldest wish.

    At the front desk the order is the same, and the tier is not told.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_SCHEDULE)
        found = uow.schedule.waiting()
        who = [entry.patient.id for entry in found]
        rows = {} if uow.is_front_desk else uow.panel.stored(who)
        uow.audit.read("waitlist.list", "waitlist_entry", [entry.id for entry in found])
        return [
            (
                entry,
                uow.patients.by_id(entry.patient.id).mrn,
                rows[entry.patient.id].tier.value if entry.patient.id in rows else None,
            )
            for entry in found
        ]
