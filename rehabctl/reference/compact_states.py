"""Loader of the compact's membership list, with a clinic's newer list over it.

A clinic refreshes the list with a file of the same form:

    checked_on = 2027-01-10
    [[state]]
    state = "CO"
    status = "issuing"
    effective_from = 2026-12-01
    source = "commission's map, read 2027-01-10"
    grade = "primary"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from rehabctl.domain.errors import UsageError
from rehabctl.domain.licence import CompactState, CompactStatus
from rehabctl.domain.roster import is_state
from rehabctl.reference.findings import Problem
from rehabctl.reference.table_reader import TableReader

PACKAGED = "rehabctl"


@dataclass(frozen=True, slots=True)
class CompactList:
    """All dated rows, packaged and of the clinic."""

    rows: tuple[CompactState, ...]
    warn_after_days: int
    """A list that was looked at longer ago is told of."""

    def of(self, state: str, day: date) -> CompactState | None:
        """Return the row of a state that holds on a day; the clinic's rows go first.

        Parameters
        ----------
        state
            Two letters.
        day
            Day of the visit.
        """
        held = [r for r in self.rows if r.state == state and r.effective_from <= day]
        return max(held, key=lambda r: (r.origin != PACKAGED, r.effective_from), default=None)

    @property
    def checked_on(self) -> date:
        """Day of the newest look at any list."""
        return max(row.checked_on for row in self.rows)


def load_compact(own: str | None = None, name: str = "compact_states.toml") -> CompactList:
    """Return the packaged list, with a clinic's rows over it.

    Parameters
    ----------
    own
        Text of the clinic's file.
    name
        Its name, for messages.

    Raises
    ------
    UsageError
        The clinic's file is not TOML, or a row is wrong.
    """
    packaged = _packaged()
    if own is None:
        return packaged
    clinic = _list(own, name, packaged.warn_after_days)
    return CompactList((*packaged.rows, *clinic.rows), clinic.warn_after_days)


@cache
def _packaged() -> CompactList:
    text = (files("rehabctl.reference") / "licensure" / "pt_compact.toml").read_text("utf-8")
    return _list(text, PACKAGED, None)


def _list(text: str, origin: str, warn_after_days: int | None) -> CompactList:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise UsageError(f"{origin} is not TOML", "Correct the file") from None
    problems: list[Problem] = []
    reader = TableReader(document, (), problems)
    checked_on = reader.day("checked_on", required=True)
    warn_after_days = reader.integer("warn_after_days", warn_after_days)
    rows = [_row(table, checked_on, origin) for table in reader.tables("state")]
    reader.finish()
    if not rows and not problems:
        problems.append(Problem(("state",), "schema", "no state stands in it"))
    if problems:
        where = ".".join(str(part) for part in problems[0].path)
        raise UsageError(f"{origin}: {where}: {problems[0].message}", "Correct the file")
    return CompactList(tuple(rows), warn_after_days)


def _row(table: TableReader, checked_on: date | None, origin: str) -> CompactState:
    state = table.text("state").upper()
    if state and not is_state(state):
        table.problem("state", "schema", "is not a two-letter state")
    row = CompactState(
        state=state,
        status=table.choice("status", CompactStatus),
        effective_from=table.day("effective_from", required=True) or date.min,
        checked_on=checked_on or date.min,
        source=table.text("source"),
        grade=table.text("grade"),
        origin=origin,
    )
    table.finish()
    return row
