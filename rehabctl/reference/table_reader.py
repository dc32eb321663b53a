"""Typed reading of a TOML table: every wrong, missing or unknown key becomes a problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar, cast

from rehabctl.reference.findings import Problem
from rehabctl.reference.toml_lines import KeyPath

E = TypeVar("E", bound=StrEnum)


class TableReader:
    """Reads one table key by key and remembers which keys were asked for.

    A value of the wrong type is reported and replaced by the fallback, so that one mistake does
    not hide the next.

    Parameters
    ----------
    table
        The table as `tomllib` returned it.
    path
        Where it stands in its document.
    problems
        The list that problems are added to.
    """

    def __init__(self, table: Mapping[str, object], path: KeyPath, problems: list[Problem]) -> None:
        self._table = table
        self._path = path
        self._problems = problems
        self._known: set[str] = set()

    @property
    def path(self) -> KeyPath:
        """Where the table stands in its document."""
        return self._path

    def text(self, key: str, fallback: str | None = None) -> str:
        """Return a string; without a fallback the key is required and may not be blank."""
        value = self._value(key, required=fallback is None)
        if isinstance(value, str) and (value.strip() or fallback is not None):
            return value
        if value is not None:
            self.problem(key, "schema", f"{key} needs text")
        return fallback or ""

    def optional_text(self, key: str) -> str | None:
        """Return a string, or None where the key is absent."""
        return self.text(key, "") or None

    def texts(self, key: str, *, at_least: int = 0) -> tuple[str, ...]:
        """Return a list of strings, empty where the key is absent."""
        value = self._value(key, required=at_least > 0)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.problem(key, "schema", f"{key} needs a list of texts")
            return ()
        items = cast("list[object]", value)
        for number, item in enumerate(items):
            if not isinstance(item, str) or not item.strip():
                self.problem((key, number), "schema", f"{key} holds something that is no text")
        texts = tuple(item for item in items if isinstance(item, str) and item.strip())
        if len(texts) < at_least:
            self.problem(key, "schema", f"{key} needs at least {at_least} entries")
        return texts

    def integers(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers, empty where the key is absent."""
        value = self._value(key, required=False)
        if value is None:
            return ()
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        if not isinstance(value, list) or any(
            not isinstance(item, int) or isinstance(item, bool) for item in items
        ):
            self.problem(key, "schema", f"{key} needs a list of whole numbers")
        return tuple(i for i in items if isinstance(i, int) and not isinstance(i, bool))

    def integer(self, key: str, fallback: int | None = None) -> int:
        """Return a whole number; without a fallback the key is required."""
        value = self._value(key, required=fallback is None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is not None:
            self.problem(key, "schema", f"{key} needs a whole number")
        return fallback or 0

    def number(self, key: str, fallback: float | None = None) -> float:
        """Return a number; without a fallback the key is required."""
        value = self.optional_number(key, required=fallback is None)
        return value if value is not None else (fallback or 0.0)

    def optional_number(self, key: str, *, required: bool = False) -> float | None:
        """Return a finite number, or None where the key is absent or wrong."""
        value = self._value(key, required=required)
        if isinstance(value, int | float) and not isinstance(value, bool):
            if abs(value) < float("inf"):
                return float(value)
            self.problem(key, "schema", f"{key} needs a finite number")
        elif value is not None:
            self.problem(key, "schema", f"{key} needs a number")
        return None

    def flag(self, key: str, fallback: bool) -> bool:
        """Return true or false."""
        value = self._value(key, required=False)
        if value is None or isinstance(value, bool):
            return fallback if value is None else value
        self.problem(key, "schema", f"{key} needs true or false")
        return fallback

    def day(self, key: str, *, required: bool = False) -> date | None:
        """Return a calendar date, or None where the key is absent or wrong."""
        value = self._value(key, required=required)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if value is not None:
            self.problem(key, "schema", f"{key} needs a date such as 2026-11-22")
        return None

    def choice(self, key: str, kind: type[E], fallback: E | None = None) -> E:
        """Return a member of an enumeration; without a fallback the key is required."""
        text = self.text(key, None if fallback is None else fallback.value)
        try:
            return kind(text)
        except ValueError:
            members = ", ".join(member.value for member in kind)
            if text:
                self.problem(key, "schema", f"{key} is {text!r}; known: {members}")
            return fallback or next(iter(kind))

    def table(self, key: str, *, required: bool = True) -> TableReader:
        """Return a reader of a sub-table; an absent one reads as empty."""
        value = self._value(key, required=required)
        if value is not None and not isinstance(value, dict):
            self.problem(key, "schema", f"{key} needs a table")
            value = None
        inner = cast("dict[str, object]", value or {})
        return TableReader(inner, (*self._path, key), self._problems)

    def tables(self, key: str) -> list[TableReader]:
        """Return readers of an array of tables, empty where the key is absent."""
        value = self._value(key, required=False)
        if value is None:
            return []
        items = cast("list[object]", value) if isinstance(value, list) else []
        if not isinstance(value, list) or any(not isinstance(item, dict) for item in items):
            self.problem(key, "schema", f"{key} needs tables")
        return [
            TableReader(cast("dict[str, object]", item), (*self._path, key, n), self._problems)
            for n, item in enumerate(items)
            if isinstance(item, dict)
        ]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def problem(self, key: str | KeyPath, rule: str, message: str) -> None:
        """Add a problem at a key of this table."""
        inner = (key,) if isinstance(key, str) else key
        self._problems.append(Problem((*self._path, *inner), rule, message))

    def finish(self) -> None:
        """Report keys that nobody asked for: a misspelt key must not be ignored silently."""
        for key in self._table:
            if key not in self._known:
                self.problem(key, "unknown-key", f"unknown key {key!r}")

    def _value(self, key: str, *, required: bool) -> object | None:
        self._known.add(key)
        value = self._table.get(key)
        if value is None and required:
            self.problem(key, "schema", f"{key} is missing")
        return value
