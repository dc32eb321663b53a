"""Time of a schedule: local hours over changes of the clocks, free stretches, recurrence, notice.

Moments are kept and compared in UTC. A recurring appointment keeps its local time of the day, so
that its distance in UTC changes when the clocks do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.domain.errors import UsageError
from rehabctl.domain.schedule import Absence, BookingPolicy, Span, WorkingHours


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises
    ------
    UsageError
        There is no zone of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"there is no time zone {name!r}", "Use an IANA name such as America/Denver"
        ) from None


def is_skipped(day: date, at: time, zone: ZoneInfo) -> bool:
    """Return whether clocks of a zone never show this time of this day."""
    local = datetime.combine(day, at, zone)
    there = local.astimezone(UTC).astimezone(zone)
    return there.replace(tzinfo=None) != local.replace(tzinfo=None)


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the first moment in UTC at which clocks of a zone show a time.

    A time that the clocks skip stands for the same distance after the change; one that they show
    twice for its first.
    """
    return datetime.combine(day, at, zone).astimezone(UTC)


def occurrences(first: datetime, zone: ZoneInfo, every_weeks: int, count: int) -> list[datetime]:
    """Return the starts of a recurring appointment at the same local time, in UTC.

    Parameters
    ----------
    first
        First start.
    zone
        In which the time of the day is kept.
    every_weeks
        Distance; 1 is weekly.
    count
        How many, the first included.

    Raises
    ------
    UsageError
        On one of the days the clocks skip this time.
    """
    local = first.astimezone(zone)
    days = [local.date() + timedelta(weeks=every_weeks * n) for n in range(count)]
    at = local.time()
    if skipped := [day for day in days[1:] if is_skipped(day, at, zone)]:
        raise UsageError(
            f"on {skipped[0].isoformat()} the clocks skip {at:%H:%M}",
            "Book that day on its own, at another time",
        )
    return [first.astimezone(UTC), *(moment_of(day, at, zone) for day in days[1:])]


def working_spans(
    hours: Iterable[WorkingHours], absences: Iterable[Absence], window: Span
) -> list[Span]:
    """Return when a provider can be booked inside a window, by start, in UTC.

    Parameters
    ----------
    hours
        Her working hours.
    absences
        What is taken off them.
    window
        The stretch that is asked for.
    """
    found: list[Span] = []
    for line in hours:
        zone = zone_of(line.time_zone)
        first = window.from_at.astimezone(zone).date() - timedelta(days=1)
        last = window.until_at.astimezone(zone).date()
        for day in _days(first, last):
            held = line.valid_from <= day and (line.valid_until is None or day <= line.valid_until)
            if held and day.isoweekday() == line.weekday:
                # until 00:00 is the end of the day
                ends_on = day if line.until_time > line.from_time else day + timedelta(days=1)
                found.append(
                    Span(
                        moment_of(day, line.from_time, zone),
                        moment_of(ends_on, line.until_time, zone),
                    )
                )
    away = [Span(absence.from_at, absence.until_at) for absence in absences]
    return [span for span in without(found, away) if span.meets(window)]


def _days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Return what is left of stretches, by start: those that touch are joined."""
    left: list[Span] = []
    for span in sorted(spans, key=lambda s: s.from_at):
        if left and span.from_at <= left[-1].until_at:
            left[-1] = Span(left[-1].from_at, max(left[-1].until_at, span.until_at))
        elif span.from_at < span.until_at:
            left.append(span)
    for away in taken:
        cut: list[Span] = []
        for span in left:
            if not span.meets(away):
                cut.append(span)
                continue
            if span.from_at < away.from_at:
                cut.append(Span(span.from_at, away.from_at))
            if away.until_at < span.until_at:
                cut.append(Span(away.until_at, span.until_at))
        left = cut
    return left


def is_inside(span: Span, working: Iterable[Span]) -> bool:
    """Return whether a stretch lies wholly in one of others."""
    return any(w.from_at <= span.from_at and span.until_at <= w.until_at for w in working)


def free_starts(
    working: Sequence[Span],
    taken: Iterable[Span],
    minutes: int,
    policy: BookingPolicy,
    not_before: datetime,
) -> Iterator[datetime]:
    """Yield the moments at which an appointment can start, earliest first.

    Parameters
    ----------
    working
        When the provider can be booked.
    taken
        What she has booked.
    minutes
        Length of the appointment.
    policy
        Its buffer and step.
    not_before
        Usually now.
    """
    buffer, length = timedelta(minutes=policy.buffer_min), timedelta(minutes=minutes)
    step = policy.slot_step_min * 60
    wide = [Span(span.from_at - buffer, span.until_at + buffer) for span in taken]
    for span in without(working, wide):
        start = max(span.from_at, not_before)
        seconds = start.timestamp()
        start += timedelta(seconds=-seconds % step)
        while start + length <= span.until_at:
            yield start
            start += timedelta(seconds=step)


def conflicts(span: Span, taken: Iterable[Span], buffer_min: int) -> bool:
    """Return whether an appointment comes closer to another one than the buffer."""
    buffer = timedelta(minutes=buffer_min)
    wide = Span(span.from_at - buffer, span.until_at + buffer)
    return any(wide.meets(other) for other in taken)


def reminders(
    start: datetime, policy: BookingPolicy, quiet: QuietHours, zone: ZoneInfo, now: datetime
) -> list[tuple[int, datetime]]:
    """Return when reminders of an appointment go: (hours before, moment), earliest first.

    One that falls into the patient's quiet hours waits for their end. What would come too late, or
    is past already, is left out.

    Parameters
    ----------
    start
        Of the appointment.
    policy
        How long before.
    quiet
        Hours without messages.
    zone
        Of the patient.
    now
        Moment of the booking.
    """
    found: list[tuple[int, datetime]] = []
    for hours in sorted(policy.reminders_h, reverse=True):
        wanted = start - timedelta(hours=hours)
        goes = quiet.next_allowed(wanted, zone)
        if wanted > now and goes < start and goes not in [moment for _, moment in found]:
            found.append((hours, goes))
    return found


def is_late(start: datetime, now: datetime, policy: BookingPolicy) -> bool:
    """Return whether a cancellation comes with less notice than the clinic asks for."""
    return start - now < timedelta(hours=policy.cancel_notice_h)
