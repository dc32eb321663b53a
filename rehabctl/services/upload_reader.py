"""Reading uploads of patients' devices: each value is checked before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from rehabctl.domain.errors import FindingsError


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads values of one JSON object; each error names the key, never the value."""

    row: Mapping[str, Any]
    where: str

    def bad(self, key: str, what: str) -> FindingsError:
        """Return the error of one key."""
        return FindingsError(f"{self.where}.{key} {what}", "Correct it and send it again")

    def text(self, key: str, *, required: bool = False) -> str | None:
        """Return a text; None when it is absent or empty."""
        value = self.row.get(key)
        if value is None and not required:
            return None
        if not isinstance(value, str) or len(value) > 4000:
            raise self.bad(key, "is not a text" if value is not None else "is missing")
        return value or None

    def flag(self, key: str) -> bool:
        """Return true or false; false when it is absent."""
        value = self.row.get(key, False)
        if not isinstance(value, bool):
            raise self.bad(key, "is neither true nor false")
        return value

    def number(self, key: str, low: float, high: float) -> float | None:
        """Return a number within a closed range."""
        value = self.row.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise self.bad(key, "is not a number")
        if not low <= value <= high:
            raise self.bad(key, f"is not between {low:g} and {high:g}")
        return float(value)

    def whole(self, key: str, low: int, high: int) -> int | None:
        """Return a whole number within a closed range."""
        value = self.number(key, low, high)
        if value is not None and value != int(value):
            raise self.bad(key, "is not a whole number")
        return None if value is None else int(value)

    def moment(self, key: str, *, required: bool = False) -> datetime | None:
        """Return an aware time."""
        value = self.text(key, required=required)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise self.bad(key, "is not a time with a zone")
        return moment

    def counts(self, key: str, at_most: int) -> tuple[int, ...]:
        """Return repetitions of each set, or of the only one."""
        value = self.row.get(key, [])
        values = cast("list[Any]", value if isinstance(value, list) else [value])
        for count in values:
            if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 1000:
                raise self.bad(key, "is not a list of repetitions")
        if len(values) > at_most:
            raise self.bad(key, f"has more than {at_most} sets")
        return tuple(values)

    def rows(self, key: str) -> list[Mapping[str, Any]]:
        """Return a list of objects."""
        value = self.row.get(key, [])
        rows = cast("list[Any]", value) if isinstance(value, list) else None
        if rows is None or not all(isinstance(row, Mapping) for row in rows):
            raise self.bad(key, "is not a list of objects")
        return rows
