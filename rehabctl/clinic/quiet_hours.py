"""When a message may reach a patient: never in the quiet hours of the patient's own time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rehabctl.reference.rules import RuleRow


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours without messages, from `from_hour` to `to_hour` local time, over midnight or not."""

    from_hour: int
    to_hour: int
    push_hour: int
    """When the first reminder of a day goes."""

    @classmethod
    def of(cls, row: RuleRow) -> QuietHours:
        """Read a `QUIET_HOURS` row."""
        return cls(row.days("from_hour"), row.days("to_hour"), row.days("push_hour"))

    def quiet(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Return whether a moment lies in the quiet hours of a zone."""
        hour = moment.astimezone(zone).hour
        if self.from_hour <= self.to_hour:
            return self.from_hour <= hour < self.to_hour
        return hour >= self.from_hour or hour < self.to_hour

    def next_allowed(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the moment itself, or the end of the quiet hours it lies in, in UTC."""
        if not self.quiet(moment, zone):
            return moment.astimezone(UTC)
        return _next_at(moment, self.to_hour, zone)

    def next_push(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the next time of the daily reminder at or after a moment, in UTC."""
        return self.next_allowed(_next_at(moment, self.push_hour, zone), zone)


def _next_at(moment: datetime, hour: int, zone: ZoneInfo) -> datetime:
    """Return the next moment at or after `moment` at which local clocks show an hour.

    Days are counted by the calendar and compared in UTC, so that a change of the clocks neither
    skips nor repeats a day. An hour that the clocks skip stands for the moment of the change or
    shortly after it.
    """
    day = moment.astimezone(zone).date()
    while True:
        candidate = datetime.combine(day, time(hour), zone).astimezone(UTC)
        if candidate >= moment:
            return candidate
        day += timedelta(days=1)
