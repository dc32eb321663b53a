"""Importing a roster of patients, set-wise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rehabctl.domain.roster import FieldProblem, LineParser, RosterLine
from rehabctl.services.access import Action
from rehabctl.services.import_run import ImportOptions, ImportReport, ImportRun, Report
from rehabctl.services.roster_changes import Change, clinic_today, write_lines
from rehabctl.services.roster_file import FileRow, RosterFile
from rehabctl.store.seen_keys import SeenKeys

if TYPE_CHECKING:
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_BATCH_ROWS = 20_000


def import_roster(
    store: Store,
    rules: RuleTable,
    path: Path,
    options: ImportOptions,
    *,
    report: Report,
    note: Callable[[str], None],
) -> ImportReport:
    """Import a roster file.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    path
        The file.
    options
        How.
    report
        Called with the bytes done and the size.
    note
        Called with remarks for the user.

    Raises
    ------
    RehabctlError
        The file cannot be read, or its heading is no roster's.
    """
    return _Run(store, path.name, options, rules=rules).file(path, report=report, note=note)


def import_stream(
    store: Store,
    rules: RuleTable,
    source: BinaryIO,
    name: str,
    options: ImportOptions,
    *,
    note: Callable[[str], None],
) -> ImportReport:
    """Import a roster from a pipe, which cannot be resumed.

    Parameters
    ----------
    store, rules, options, note
        As for `import_roster`.
    source
        The bytes.
    name
        For messages.
    """
    return _Run(store, name, options, rules=rules).pipe(source, note=note)


@dataclass
class _Run(ImportRun[RosterLine]):
    """One import of a roster."""

    kind = "patients"
    entity = "patient"
    action = Action.IMPORT_PATIENTS
    rules: RuleTable = field(kw_only=True)
    _seen: SeenKeys = field(default_factory=SeenKeys)

    @property
    def batch_rows(self) -> int:
        return _BATCH_ROWS

    def opened(self, source: BinaryIO) -> RosterFile:
        file = RosterFile(source, self.name, self.options.reading)
        today = clinic_today(self.store.clinic, self.store.clock())
        self._parser = LineParser(file.columns, today, self.options.reading.dates)
        return file

    def close(self) -> None:
        self._seen.close()

    def write(
        self, uow: UnitOfWork, lines: Sequence[RosterLine]
    ) -> Sequence[Change | FieldProblem]:
        outcomes = write_lines(uow, lines, self.rules)
        return [one.problem or one.change or Change.UNCHANGED for one in outcomes]

    def checked(
        self, rows: Sequence[FileRow]
    ) -> tuple[list[tuple[FileRow, RosterLine]], list[tuple[FileRow, FieldProblem]]]:
        refused: list[tuple[FileRow, FieldProblem]] = []
        valid: list[tuple[FileRow, RosterLine]] = []
        readable: list[FileRow] = []
        for row in rows:
            if row.problem is None:
                readable.append(row)
            else:
                refused.append((row, row.problem))
        parsed = self._parser.parse([row.cells for row in readable])
        for row, line in zip(readable, parsed, strict=True):
            if isinstance(line, RosterLine):
                valid.append((row, line))
            else:
                refused.extend((row, problem) for problem in line)
        earlier = self._seen.note([(line.mrn, row.line) for row, line in valid])
        if not earlier:
            return valid, refused
        for row, _ in valid:
            if (first := earlier.get(row.line)) is not None:
                refused.append((row, FieldProblem("mrn", f"stands in line {first} already")))
        return [(row, line) for row, line in valid if row.line not in earlier], refused
