"""Imported official code lists: one small SQLite file each, beside the database.

They hold no patient data, so that a file of claims can be checked without opening the database. A
list appears whole or not at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property, lru_cache
from itertools import permutations
from pathlib import Path

from rehabctl.domain.code_lists import CodeListKind, HeldList, PairEdit, UnitLimit
from rehabctl.domain.errors import RehabctlError

_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entry (code TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_ADD = (
    "INSERT INTO entry VALUES (?, ?) ON CONFLICT (code) DO UPDATE SET value = value || '|' || "
    "excluded.value"
)
_WITHDRAWN = "9"
"""Modifier indicator of an edit that was taken back for all its days."""
_MOST_REMEMBERED = 100_000


class CodeLists:
    """The lists of one home.

    Parameters
    ----------
    folder
        Where they lie; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[Path, sqlite3.Connection] = {}
        self._value = lru_cache(maxsize=_MOST_REMEMBERED)(self._read)

    def write(self, held: HeldList, entries: Iterable[tuple[str, str]]) -> HeldList:
        """Keep a list; one of the same kind and first day is replaced.

        Parameters
        ----------
        held
            What it is; its number of codes is counted here.
        entries
            Code (two of a pair with a space between) and value; values of one code are joined.

        Raises
        ------
        RehabctlError
            The disk refuses.
        """
        path = self._folder / f"{held.kind.value}-{held.valid_from.isoformat()}.sqlite"
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            made = self._fill(part, held, entries)
            part.replace(path)
        except (OSError, sqlite3.Error) as error:
            raise RehabctlError(
                f"the list cannot be written: {error}", "Look at the disk and its space"
            ) from None
        finally:
            part.unlink(missing_ok=True)
        return made

    def _fill(self, part: Path, held: HeldList, entries: Iterable[tuple[str, str]]) -> HeldList:
        connection = sqlite3.connect(part)
        try:
            connection.executescript(f"PRAGMA journal_mode=OFF; {_SCHEMA}")
            connection.executemany(_ADD, entries)
            (codes,) = connection.execute("SELECT count(*) FROM entry").fetchone()
            made = replace(held, codes=codes)
            about = {name: str(getattr(made, name)) for name in HeldList.__slots__}
            connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
            connection.commit()
            return made
        finally:
            connection.close()

    @cached_property
    def _held(self) -> tuple[tuple[HeldList, Path], ...]:
        found: list[tuple[HeldList, Path]] = []
        for path in sorted(self._folder.glob("*.sqlite")):
            try:
                about = dict(self._connection(path).execute("SELECT name, value FROM about"))
                held = HeldList(
                    CodeListKind(about["kind"]),
                    date.fromisoformat(about["valid_from"]),
                    date.fromisoformat(about["valid_to"]),
                    int(about["codes"]),
                    about["source"],
                    about["sha256"],
                )
            except (sqlite3.Error, KeyError, ValueError):
                raise RehabctlError(
                    f"the imported list {path.name} is damaged",
                    "Import it again: rehabctl import codes",
                ) from None
            found.append((held, path))
        return tuple(found)

    def held(self) -> tuple[HeldList, ...]:
        """Return every list, by kind and first day.

        Raises
        ------
        RehabctlError
            A file is damaged.
        """
        return tuple(held for held, _ in self._held)

    def covers(self, kind: CodeListKind, on: date) -> bool | None:
        """Tell whether a list of a kind holds on a day; None: none was imported."""
        if not any(held.kind is kind for held, _ in self._held):
            return None
        return self._path(kind, on) is not None

    def _path(self, kind: CodeListKind, on: date) -> Path | None:
        """Return the newest list of a kind that holds on a day."""
        found = None
        for held, path in self._held:
            if held.kind is kind and held.valid_from <= on <= held.valid_to:
                found = path
        return found

    def is_billable(self, diagnosis: str, on: date) -> bool | None:
        """Tell whether a diagnosis may be billed; None where no list says so."""
        if self._path(CodeListKind.ICD10, on) is None:
            return None
        return self._value(CodeListKind.ICD10, diagnosis.replace(".", ""), on) == "1"

    def pairs(self, codes: frozenset[str], on: date) -> tuple[PairEdit, ...] | None:
        """Return the edits among the codes of a day, by codes."""
        if self._path(CodeListKind.NCCI, on) is None:
            return None
        return tuple(self._edits(codes, on))

    def _edits(self, codes: frozenset[str], on: date) -> Iterator[PairEdit]:
        for paid, refused in permutations(sorted(codes), 2):
            for value in (self._value(CodeListKind.NCCI, f"{paid} {refused}", on) or "").split("|"):
                first, _, rest = value.partition(",")
                last, _, indicator = rest.partition(",")
                active = bool(first) and first <= f"{on:%Y%m%d}" <= (last or "9")
                if active and indicator != _WITHDRAWN:
                    yield PairEdit(paid, refused, modifier_allowed=indicator == "1")

    def unit_limit(self, code: str, on: date) -> UnitLimit | None:
        """Return the most units of a code; None where no list names it."""
        value = self._value(CodeListKind.MUE, code, on)
        if value is None:
            return None
        units, _, indicator = value.partition("|")[0].partition(",")
        return UnitLimit(int(units), per_line=indicator == "1")

    def meaning(self, kind: CodeListKind, code: str, on: date) -> str | None:
        """Return the imported words of a reason or remark code."""
        value = self._value(kind, code, on)
        return None if value is None else value.split(",", 2)[2] or None

    def _read(self, kind: CodeListKind, code: str, on: date) -> str | None:
        path = self._path(kind, on)
        if path is None:
            return None
        query = "SELECT value FROM entry WHERE code = ?"
        row = self._connection(path).execute(query, (code,)).fetchone()
        return None if row is None else str(row[0])

    def _connection(self, path: Path) -> sqlite3.Connection:
        if path not in self._open:
            self._open[path] = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True
            )
        return self._open[path]
