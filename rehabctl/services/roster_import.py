"""Importing a roster: in batches, each whole or not at all, and the same file twice is nothing new.

Every batch is one transaction with its audit entry and the count of rows that are done, so that a
killed import loses no acknowledged row and can go on with `resume`.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.roster import FieldProblem, RosterLine, parse_line
from rehabctl.services.access import Action, require
from rehabctl.services.roster_changes import Change, Outcome, clinic_today, write_lines
from rehabctl.services.roster_file import FileRow, RosterFile

if TYPE_CHECKING:
    from rehabctl.domain.patient import PatientRef
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.repositories.imports import Progress
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

Report = Callable[[float, float | None], None]
KIND = "patients"
_BATCH_ROWS = 500
_LISTED_REJECTS = 1000
"""More are counted, and written to the rejects file, but not held in memory."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Why one row was refused."""

    file: str
    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the rows of one file. Field names are those of the command contract."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    rejects: tuple[Reject, ...]
    """The first thousand."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a roster is imported."""

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """Our column by the file's heading, for headings that differ."""
    dry_run: bool = False
    """Do everything and keep nothing."""
    resume: bool = False
    """Go on after the last batch that an earlier run of the same file finished."""
    rejects: Path | None = None
    """Gets every refused row with its line and reason."""


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
    try:
        source = path.open("rb")
    except OSError as error:
        raise RehabctlError(
            f"cannot read {path.name}: {error.strerror}", "Check the file"
        ) from None
    with source:
        size = os.fstat(source.fileno()).st_size
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        source.seek(0)
        run = _Run(store, rules, path.name, digest, options)

        def done() -> None:
            report(float(source.tell()), float(size))

        return run.all(source, done, note)


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
    if options.resume:
        raise UsageError("a pipe cannot be resumed", "Import from a file, or leave out --resume")
    return _Run(store, rules, name, None, options).all(source, lambda: None, note)


@dataclass
class _Run:
    """One import with its counters."""

    store: Store
    rules: RuleTable
    name: str
    digest: str | None
    """None for a pipe: there is no checkpoint then."""
    options: ImportOptions
    rows_done: int = 0
    counts: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list[Reject])
    _lines_by_mrn: dict[str, int] = field(default_factory=dict[str, int])

    def all(
        self, source: BinaryIO, done: Callable[[], None], note: Callable[[str], None]
    ) -> ImportReport:
        file = RosterFile(source, self.name, self.options.names)
        try:
            return self._all(file, done, note)
        finally:
            file.release()

    def _all(
        self, file: RosterFile, done: Callable[[], None], note: Callable[[str], None]
    ) -> ImportReport:
        if file.ignored:
            note(f"columns left out: {', '.join(file.ignored)}")
        rows = file.rows()
        skipped = self._resume(rows)
        with self._rejects_file(file.heading, append=skipped > 0) as refuse:
            while batch := list(islice(rows, _BATCH_ROWS)):
                self._batch(batch, refuse)
                done()
        self._note_progress(finished=True)
        return ImportReport(
            read=self.rows_done,
            created=self.counts[Change.CREATED],
            updated=self.counts[Change.UPDATED],
            unchanged=self.counts[Change.UNCHANGED],
            rejected=self.rejected,
            rejects=tuple(self.rejects),
        )

    def _resume(self, rows: Iterator[FileRow]) -> int:
        """Pass over the rows that are done, and take over their counts."""
        if not self.options.resume or self.digest is None:
            return 0
        with self.store.transaction() as uow:
            require(uow, Action.IMPORT_PATIENTS)
            progress = uow.imports.progress(KIND, self.digest)
        for row in islice(rows, progress.rows_done):
            self._parse(row)
        self.rows_done, self.rejected = progress.rows_done, progress.rejected
        self.counts = {
            Change.CREATED: progress.created,
            Change.UPDATED: progress.updated,
            Change.UNCHANGED: progress.unchanged,
        }
        return progress.rows_done

    def _batch(self, rows: Sequence[FileRow], refuse: _Refuse) -> None:
        refused: list[tuple[FileRow, FieldProblem]] = []
        accepted: list[tuple[FileRow, RosterLine]] = []
        for row in rows:
            parsed = self._parse(row)
            if isinstance(parsed, RosterLine):
                accepted.append((row, parsed))
            else:
                refused.extend((row, problem) for problem in parsed)
        counts, rejected = dict(self.counts), self.rejected
        with self.store.transaction(rehearsal=self.options.dry_run) as uow:
            require(uow, Action.IMPORT_PATIENTS)
            outcomes = write_lines(uow, [line for _, line in accepted])
            for (row, _), outcome in zip(accepted, outcomes, strict=True):
                if outcome.change is not None:
                    counts[outcome.change] += 1
                elif outcome.problem is not None:
                    refused.append((row, outcome.problem))
            rejected += len({row.line for row, _ in refused})
            self.rows_done += len(rows)
            self._finish(uow, rows, outcomes)
            self.counts, self.rejected = counts, rejected
            if not self.options.dry_run:
                self._write_progress(uow, finished=False)
        for row, problem in sorted(refused, key=lambda pair: pair[0].line):
            refuse(row, problem)

    def _parse(self, row: FileRow) -> RosterLine | list[FieldProblem]:
        if row.problem is not None:
            return [row.problem]
        line = parse_line(row.values, clinic_today(self.store.clinic, self.store.clock()))
        if not isinstance(line, RosterLine):
            return line
        first = self._lines_by_mrn.setdefault(line.demographics.mrn, row.line)
        if first != row.line:
            return [FieldProblem("mrn", f"stands in line {first} already")]
        return line

    def _finish(
        self, uow: UnitOfWork, rows: Sequence[FileRow], outcomes: Sequence[Outcome]
    ) -> None:
        """Bring the worklist up to date and write the batch's audit entry."""
        from rehabctl.services import triage

        touched: list[PatientRef] = [
            outcome.patient
            for outcome in outcomes
            if outcome.patient is not None and outcome.change is not Change.UNCHANGED
        ]
        triage.refresh(uow, touched, self.rules)
        detail = {"rows": len(rows), "changed": len(touched), "sha256": _content_sha256(rows)}
        uow.audit.record("import.batch", "patient", None, detail)

    def _note_progress(self, *, finished: bool) -> None:
        if self.options.dry_run or self.digest is None:
            return
        with self.store.transaction() as uow:
            self._write_progress(uow, finished=finished)

    def _write_progress(self, uow: UnitOfWork, *, finished: bool) -> None:
        if self.digest is not None:
            uow.imports.note(KIND, self.digest, self._progress(), finished=finished)

    def _progress(self) -> Progress:
        from rehabctl.store.repositories.imports import Progress

        return Progress(
            rows_done=self.rows_done,
            created=self.counts[Change.CREATED],
            updated=self.counts[Change.UPDATED],
            unchanged=self.counts[Change.UNCHANGED],
            rejected=self.rejected,
        )

    @contextmanager
    def _rejects_file(self, heading: Sequence[str], *, append: bool) -> Generator[_Refuse]:
        """Yield what notes a refused row: in the report, and in the rejects file if there is one.

        A row with several reasons stands there once for each.
        """
        if self.options.rejects is None:
            yield self._list_reject
            return
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
        try:
            descriptor = os.open(self.options.rejects, flags, 0o600)
        except OSError as error:
            raise UsageError(
                f"cannot write {self.options.rejects.name}: {error.strerror}",
                "Choose another --rejects file",
            ) from None
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as target:
            writer = csv.writer(target, lineterminator="\n")
            if not append:
                writer.writerow(("line", "field", "message", *heading))

            def refuse(row: FileRow, problem: FieldProblem) -> None:
                self._list_reject(row, problem)
                writer.writerow((row.line, problem.field, problem.message, *row.cells))

            yield refuse

    def _list_reject(self, row: FileRow, problem: FieldProblem) -> None:
        if len(self.rejects) < _LISTED_REJECTS:
            self.rejects.append(Reject(self.name, row.line, problem.field, problem.message))


_Refuse = Callable[[FileRow, FieldProblem], None]


def _content_sha256(rows: Iterable[FileRow]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update("\x1f".join(row.cells).encode(errors="surrogatepass") + b"\x1e")
    return digest.hexdigest()
