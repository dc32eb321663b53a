"""Loader of the dated clinical rules (`rules/*.toml`), with a clinic's own rows over them.

A row holds from its `effective_from` until the next row of its code. A clinic's file replaces rows
from its own dates on and needs to name only what it changes:

    [[rule]]
    code = "PAIN_SEVERE"
    effective_from = 2026-12-01
    source = "clinic policy 12"
    limits = { at_least = 7 }
"""

from __future__ import annotations

import hashlib
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from string import Formatter
from types import MappingProxyType
from typing import Any

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.facts import AlertSeverity
from rehabctl.reference.findings import Problem
from rehabctl.reference.table_reader import TableReader

PACKAGED = "rehabctl"
_GROUPS = ("clinical", "engagement", "progress", "task")
_REOPENS = ("new", "worse")
_OPERATORS = ("<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a points table: a comparison and what it gives."""

    op: str
    limit: float
    points: int

    def holds(self, value: float) -> bool:
        """Return whether a value meets the comparison."""
        match self.op:
            case "<":
                return value < self.limit
            case "<=":
                return value <= self.limit
            case ">":
                return value > self.limit
            case _:
                return value >= self.limit


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One dated row of one rule."""

    code: str
    effective_from: date
    origin: str
    """`rehabctl`, or the name of the clinic's file."""
    text: str
    """Template over the rule's inputs and limits."""
    source: str
    grade: str
    limits: Mapping[str, float]
    options: Mapping[str, str]
    steps: tuple[Step, ...] = ()
    severity: AlertSeverity | None = None
    """None: the row is no alert."""
    group: str = ""
    close_after_days: int | None = None
    reopens_on: str = "worse"
    enabled: bool = True

    @property
    def version(self) -> str:
        """Name of exactly this row, kept with every result."""
        owner = "" if self.origin == PACKAGED else f"+{self.origin}"
        return f"{self.code}@{self.effective_from.isoformat()}{owner}"

    def days(self, limit: str) -> int:
        """Return a limit that counts days, weeks or things as a whole number."""
        return int(self.limits[limit])


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rows in force on one day."""

    rows: Mapping[str, RuleRow]
    valid_until: date | None
    """The day on which another row takes over; None when none is known."""

    def __getitem__(self, code: str) -> RuleRow:
        """Return the row of a code."""
        return self.rows[code]


class RuleTable:
    """All rows of all rules.

    Parameters
    ----------
    rows
        Packaged and clinic rows. From a clinic row's date on, packaged rows of its code no longer
        count.
    """

    def __init__(self, rows: tuple[RuleRow, ...]) -> None:
        by_code: dict[str, list[RuleRow]] = {}
        for row in sorted(rows, key=lambda r: (r.origin != PACKAGED, r.effective_from)):
            by_code.setdefault(row.code, []).append(row)
        self._by_code = by_code
        self._starts = sorted({row.effective_from for row in rows})
        self._sets: list[RuleSet] = []
        for n, start in enumerate(self._starts):
            in_force = {
                code: held[-1]
                for code, candidates in by_code.items()
                if (held := [r for r in candidates if r.effective_from <= start])
            }
            after = self._starts[n + 1] if n + 1 < len(self._starts) else None
            self._sets.append(RuleSet(MappingProxyType(in_force), after))

    def rows(self) -> tuple[RuleRow, ...]:
        """Return every row, by code and date."""
        return tuple(row for code in sorted(self._by_code) for row in self._by_code[code])

    @cached_property
    def version(self) -> str:
        """A short name for exactly these rows."""
        return hashlib.sha256(repr(self.rows()).encode()).hexdigest()[:12]

    def in_force(self, day: date) -> RuleSet:
        """Return the rows that hold on a day.

        Raises
        ------
        RehabctlError
            A rule has no row for that day.
        """
        position = bisect_right(self._starts, day) - 1
        if position >= 0 and len(self._sets[position].rows) == len(self._by_code):
            return self._sets[position]
        held = set(self._sets[position].rows) if position >= 0 else set[str]()
        missing = min(self._by_code.keys() - held)
        raise RehabctlError(
            f"the rule {missing} has no row for {day.isoformat()}",
            "Choose a later day, or add a row with an earlier effective_from to the clinic's rules",
        )


@cache
def _packaged_rows() -> tuple[RuleRow, ...]:
    rows: list[RuleRow] = []
    folder = files("rehabctl.reference") / "rules"
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            rows += _parse(entry.read_text("utf-8"), PACKAGED, {})
    return tuple(rows)


def load_rules(clinic_toml: str | None = None, clinic_name: str = "clinic") -> RuleTable:
    """Return the packaged rules with a clinic's rows over them.

    Parameters
    ----------
    clinic_toml
        Text of the clinic's rules file.
    clinic_name
        Name of that file, kept in the version of each of its rows.

    Raises
    ------
    UsageError
        The clinic's text is not TOML, or a row is wrong.
    """
    packaged = _packaged_rows()
    if clinic_toml is None:
        return RuleTable(packaged)
    known: dict[str, list[RuleRow]] = {}
    for row in packaged:
        known.setdefault(row.code, []).append(row)
    return RuleTable((*packaged, *_parse(clinic_toml, clinic_name, known)))


def _parse(text: str, origin: str, known: Mapping[str, list[RuleRow]]) -> list[RuleRow]:
    try:
        loaded = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the rules file {origin} is not TOML", f"Correct it: {error}") from None
    problems: list[Problem] = []
    document = TableReader(loaded, (), problems)
    rows = [
        _row(reader, raw, origin, known)
        for reader, raw in zip(document.tables("rule"), loaded.get("rule", []), strict=False)
    ]
    document.finish()
    seen: set[tuple[str, date]] = set()
    for number, row in enumerate(rows):
        if (row.code, row.effective_from) in seen:
            problems.append(Problem(("rule", number), "schema", "the same code and date again"))
        seen.add((row.code, row.effective_from))
    if problems:
        place = ".".join(str(k + 1) if isinstance(k, int) else k for k in problems[0].path)
        raise UsageError(
            f"the rules file {origin} is wrong at {place}",
            problems[0].message[0].upper() + problems[0].message[1:],
        )
    return rows


def _row(
    reader: TableReader,
    raw: Mapping[str, Any],
    origin: str,
    known: Mapping[str, list[RuleRow]],
) -> RuleRow:
    code = reader.text("code")
    start = reader.day("effective_from", required=True) or date.max
    base = _base(reader, code, start, known) if origin != PACKAGED else None
    severity = reader.optional_text("severity")
    days = reader.optional_number("close_after_days")
    row = RuleRow(
        code=code,
        effective_from=start,
        origin=origin,
        text=reader.text("text", base.text if base else None),
        source=reader.text("source"),
        grade=reader.text("grade", "clinic" if base else None),
        limits=MappingProxyType(_limits(reader, raw, base)),
        options=MappingProxyType(_options(reader, raw, base)),
        steps=tuple(_step(step) for step in reader.tables("steps")) or (base.steps if base else ()),
        severity=(reader.choice("severity", AlertSeverity) if severity else base and base.severity),
        group=_word(reader, "group", _GROUPS, base.group if base else ""),
        close_after_days=(base and base.close_after_days) if days is None else int(days),
        reopens_on=_word(reader, "reopens_on", _REOPENS, base.reopens_on if base else "worse"),
        enabled=reader.flag("enabled", fallback=True),
    )
    if base is not None and (strange := _placeholders(row.text) - _placeholders(base.text)):
        reader.problem("text", "schema", f"text names {min(strange)!r}, which the rule has not")
    kept_on = row.enabled and row.severity is AlertSeverity.RED_FLAG
    if code == "RED_FLAG" and not (kept_on and row.close_after_days is None):
        reader.problem("code", "safety", "red flags stay on, most urgent, until a person acts")
    if base is not None and row.limits.get("smallest_cell", 0) < base.limits.get(
        "smallest_cell", 0
    ):
        reader.problem("limits", "safety", "smallest_cell is raised only, never lowered")
    reader.finish()
    return row


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _base(
    reader: TableReader, code: str, start: date, known: Mapping[str, list[RuleRow]]
) -> RuleRow | None:
    """Return the packaged row that a clinic's row stands over: what it leaves out is taken."""
    from rehabctl.domain.errors import suggestion

    rows = known.get(code)
    if not rows:
        near = suggestion(code, sorted(known))
        reader.problem("code", "schema", f"unknown rule {code!r} {near}".rstrip())
        return None
    held = [row for row in rows if row.effective_from <= start]
    return max(held or rows[:1], key=lambda row: row.effective_from)


def _limits(reader: TableReader, raw: Mapping[str, Any], base: RuleRow | None) -> dict[str, float]:
    inner = reader.table("limits", required=False)
    limits = dict(base.limits) if base else {}
    for key in raw.get("limits", {}):
        if base is not None and key not in base.limits:
            known = ", ".join(sorted(base.limits)) or "none"
            inner.problem(key, "schema", f"unknown limit {key!r}; known: {known}")
        limits[key] = inner.number(key)
    return limits


def _options(reader: TableReader, raw: Mapping[str, Any], base: RuleRow | None) -> dict[str, str]:
    inner = reader.table("options", required=False)
    options = dict(base.options) if base else {}
    options.update({key: inner.text(key) for key in raw.get("options", {})})
    return options


def _step(reader: TableReader) -> Step:
    op = _word(reader, "op", _OPERATORS, ">=")
    step = Step(op, reader.number("limit"), reader.integer("points"))
    reader.finish()
    return step


def _word(reader: TableReader, key: str, known: tuple[str, ...], fallback: str) -> str:
    word = reader.text(key, fallback)
    if word and word not in known:
        reader.problem(key, "schema", f"{key} is {word!r}; known: {', '.join(known)}")
    return word
