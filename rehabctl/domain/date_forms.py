"""Calendar dates as other systems write them: ISO, day or month first, named months, Excel.

A date that could be read in two ways is refused unless somebody said which one is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

EXAMPLE = "1970-12-31"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS = re.compile(r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"(\d{5})(?:\.0+)?")
_DAY_NAME = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3,9})\.?[- ](\d{4})")
_NAME_DAY = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})")
_MIDNIGHT = re.compile(r"[T ](?:00:00(?::00(?:\.0+)?)?|12:00(?::00)? ?AM)(?:Z|\+00:00)?$")
_FULL_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "sept",
)  # fmt: skip


class DateOrder(StrEnum):
    """Which number comes first in a date like 03/04/1970."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class ExcelEpoch(StrEnum):
    """The day from which a spreadsheet counts."""

    WINDOWS = "1900"
    MACINTOSH = "1904"


_EPOCHS = {ExcelEpoch.WINDOWS: date(1899, 12, 30), ExcelEpoch.MACINTOSH: date(1904, 1, 1)}
"""Excel takes 1900 for a leap year: serial numbers from 61 on count from the day named here.
Numbers of five digits only are dates (1927-05-18 and later); shorter ones look like years."""


@dataclass(frozen=True, slots=True)
class DateForms:
    """How the dates of one file are read."""

    order: DateOrder | None = None
    """None: 03/04/1970 is refused, 31/04/1970 and 04/31/1970 tell themselves apart."""
    epoch: ExcelEpoch = ExcelEpoch.WINDOWS

    def read(self, text: str) -> date:
        """Return the date that a text means.

        Parameters
        ----------
        text
            Without surrounding blanks.

        Raises
        ------
        ValueError
            It is no date, or may be two. The message never repeats the text.
        """
        text = _MIDNIGHT.sub("", text)
        try:
            if len(text) == len("1970-12-31") and text[4] == "-" == text[7]:  # most, and fastest
                return date.fromisoformat(text)
            if found := _SERIAL.fullmatch(text):
                return _EPOCHS[self.epoch] + timedelta(days=int(found[1]))
            if found := _COMPACT.fullmatch(text):
                return date(int(found[1]), int(found[2]), int(found[3]))
            if found := _DAY_NAME.fullmatch(text):
                return date(int(found[3]), _month(found[2]), int(found[1]))
            if found := _NAME_DAY.fullmatch(text):
                return date(int(found[3]), _month(found[1]), int(found[2]))
            found = _NUMBERS.fullmatch(text)
            numbers = None if found is None else (found[1], found[3], found[4])
        except ValueError:
            numbers = None
        if numbers is None:
            raise ValueError(f"is not a date like {EXAMPLE}")
        return self._numbers(*numbers)

    def _numbers(self, first: str, second: str, third: str) -> date:
        try:
            if len(first) == 4 and len(third) <= 2:
                return date(int(first), int(second), int(third))
            if len(first) > 2 or len(third) != 4:
                raise ValueError  # years of two digits have a century to guess
            left, right, year = int(first), int(second), int(third)
            if self.order is DateOrder.DAY_FIRST:
                return date(year, right, left)
            if self.order is DateOrder.MONTH_FIRST:
                return date(year, left, right)
            readings = {_or_none(year, left, right), _or_none(year, right, left)} - {None}
        except ValueError:
            readings = set[date | None]()
        if len(readings) > 1:
            raise ValueError('may be day or month first: say date_order = "dmy" or "mdy" in --map')
        for reading in readings:
            if reading is not None:
                return reading
        raise ValueError(f"is not a date like {EXAMPLE}")


def _month(name: str) -> int:
    word = name.casefold()
    if word not in _MONTHS and word not in _FULL_NAMES:
        raise ValueError
    return _MONTHS.index(word[:3]) + 1


def _or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
