"""What every reader of wearables fills: daily totals, refused records, and whom a file is about."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from rehabctl.clinic.daily_totals import DayTotals
from rehabctl.domain.wearable import DailyMeasure, DailyValue, Wearer
from rehabctl.reference.wearables import MeasureRow, measure_rows

_OLDEST_S = 946_684_800.0
"""1 January 2000: earlier records come from a clock that was not set."""
_LONGEST_S = 36 * 3600.0
_LISTED = 1000
_AHEAD_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record that was not taken, without its values."""

    file: str
    line: int
    field: str
    message: str


@dataclass
class Reading:
    """One file or folder as it is read.

    Parameters
    ----------
    totals
        Gets every good record.
    check
        Called as soon as the file says whom it is about; raises if that is somebody else.
    now_s
        Seconds since 1970; what lies later is refused.
    """

    totals: DayTotals
    check: Callable[[Wearer], None]
    now_s: float
    records: int = 0
    """Read, of the types that are taken."""
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    """The first thousand."""
    cut: str | None = None
    """Where and how the source ended too early; None: it was read to its end."""
    names_wearer: bool = False
    known_until_s: float | None = None
    """When the source was made; None: it does not say, and its last record stands for it."""
    days: tuple[date, date] | None = None
    """First and last day that were asked for; others are not told whole. None: all."""
    file: str = ""
    """The one that is being read."""
    _rows: dict[DailyMeasure, MeasureRow] = field(default_factory=measure_rows)

    def about(self, wearer: Wearer) -> None:
        """Say whom the source is about."""
        if wearer != Wearer():
            self.names_wearer = True
        self.check(wearer)

    def take(
        self,
        measure: DailyMeasure,
        start_s: float,
        end_s: float,
        value: float,
        device: str = "",
        line: int = 0,
    ) -> bool:
        """Take one record, or refuse it with the reason and return False; see `DayTotals.add`."""
        self.records += 1
        row = self._rows[measure]
        if measure is DailyMeasure.SLEEP:
            value = (end_s - start_s) / 3600
        if not (_OLDEST_S <= start_s <= end_s <= self.now_s + _AHEAD_S):
            return self.refuse(line, "time", "ends before it begins, or no such time can be")
        if end_s - start_s > _LONGEST_S:
            return self.refuse(line, "time", "lasts longer than a day and a half")
        if not (row.low <= value <= row.high) or math.isnan(value):
            return self.refuse(line, measure.value, "lies outside of what can be")
        self.totals.add(measure, start_s, end_s, value, device)
        return True

    def values(self) -> list[DailyValue]:
        """Return the values of the days that were asked for, in order."""
        first, last = self.days or (date.min, date.max)
        until_s = self.totals.latest_s if self.known_until_s is None else self.known_until_s
        found = self.totals.values(min(until_s, self.now_s), is_whole=self.cut is None)
        return [value for value in found if first <= value.day <= last]

    def refuse(self, line: int, field_: str, message: str) -> bool:
        """Count a record that is not taken; return False."""
        self.refused += 1
        if len(self.refusals) < _LISTED:
            self.refusals.append(Refusal(self.file, line, field_, message))
        return False

    def ends_early(self, line: int, how: str) -> None:
        """Say that the source ends too early; what was whole before it stays."""
        self.cut = f"{self.file}: {how}" if self.file else how
        self.refuse(line, "", how)
