"""Importing a roster: in batches, each whole or not at all, and the same file twice is nothing new.

Every batch is one transaction with its audit entry and the count of rows that are done, so that a
killed import loses no acknowledged row and can go on with `resume`.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.roster import FieldProblem, LineParser, RosterLine
from rehabctl.services.access import Action, require
from rehabctl.services.import_map import ImportMap
from rehabctl.services.roster_changes import Change, clinic_today, write_lines
from rehabctl.services.roster_file import FileRow, RosterFile
from rehabctl.services.text_encoding import digest_and_encoding
from rehabctl.store.seen_keys import SeenKeys

if TYPE_CHECKING:
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.repositories.imports import Progress
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

Report = Callable[[float, float | None], None]
KIND = "patients"
_BATCH_ROWS = 20_000
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

    reading: ImportMap = field(default_factory=ImportMap)
    """Names of columns, encoding and dates, where the file does not say."""
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
        digest, encoding = digest_and_encoding(source)
        source.seek(0)
        reading = replace(options.reading, encoding=options.reading.encoding or encoding)
        run = _Run(store, rules, path.name, digest, replace(options, reading=reading))

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
    _seen: SeenKeys = field(default_factory=SeenKeys)

    def all(
        self, source: BinaryIO, done: Callable[[], None], note: Callable[[str], None]
    ) -> ImportReport:
        file = RosterFile(source, self.name, self.options.reading)
        try:
            with _collector_paused():
                return self._all(file, done, note)
        finally:
            file.release()
            self._seen.close()

    def _all(
        self, file: RosterFile, done: Callable[[], None], note: Callable[[str], None]
    ) -> ImportReport:
        if file.ignored:
            note(f"columns left out: {', '.join(file.ignored)}")
        today = clinic_today(self.store.clinic, self.store.clock())
        parser = LineParser(file.columns, today, self.options.reading.dates)
        rows = file.rows()
        with self._rejects_file(file.heading) as refuse:
            self._resume(rows, parser, refuse)
            while batch := list(islice(rows, _BATCH_ROWS)):
                self._batch(batch, parser, refuse)
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

    def _resume(self, rows: Iterator[FileRow], parser: LineParser, refuse: _Refuse) -> None:
        """Pass over the rows that are done, take over their counts, and refuse the bad ones again.

        A run that was killed may not have written all of its rejects.
        """
        if not self.options.resume or self.digest is None:
            return
        with self.store.transaction() as uow:
            require(uow, Action.IMPORT_PATIENTS)
            progress = uow.imports.progress(KIND, self.digest)
        left = progress.rows_done
        while left and (passed := list(islice(rows, min(left, _BATCH_ROWS)))):
            _, refused = self._checked(passed, parser)
            _refuse_in_order(refused, refuse)
            left -= len(passed)
        self.rows_done, self.rejected = progress.rows_done, progress.rejected
        self.counts = {
            Change.CREATED: progress.created,
            Change.UPDATED: progress.updated,
            Change.UNCHANGED: progress.unchanged,
        }

    def _batch(self, rows: Sequence[FileRow], parser: LineParser, refuse: _Refuse) -> None:
        accepted, refused = self._checked(rows, parser)
        counts, rejected = dict(self.counts), self.rejected
        with self.store.transaction(rehearsal=self.options.dry_run) as uow:
            require(uow, Action.IMPORT_PATIENTS)
            outcomes = write_lines(uow, [line for _, line in accepted], self.rules)
            changed = 0
            for (row, _), outcome in zip(accepted, outcomes, strict=True):
                if outcome.change is not None:
                    counts[outcome.change] += 1
                    changed += outcome.change is not Change.UNCHANGED
                elif outcome.problem is not None:
                    refused.append((row, outcome.problem))
            rejected += len({row.line for row, _ in refused})
            self.rows_done += len(rows)
            detail = {"rows": len(rows), "changed": changed, "sha256": _content_sha256(rows)}
            uow.audit.record("import.batch", "patient", None, detail)
            self.counts, self.rejected = counts, rejected
            if not self.options.dry_run:
                self._write_progress(uow, finished=False)
        _refuse_in_order(refused, refuse)

    def _checked(
        self, rows: Sequence[FileRow], parser: LineParser
    ) -> tuple[list[tuple[FileRow, RosterLine]], list[tuple[FileRow, FieldProblem]]]:
        """Return the valid lines, and why each of the others is refused."""
        refused: list[tuple[FileRow, FieldProblem]] = []
        valid: list[tuple[FileRow, RosterLine]] = []
        readable: list[FileRow] = []
        for row in rows:
            if row.problem is None:
                readable.append(row)
            else:
                refused.append((row, row.problem))
        parsed = parser.parse([row.cells for row in readable])
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
    def _rejects_file(self, heading: Sequence[str]) -> Generator[_Refuse]:
        """Yield what notes a refused row: in the report, and in the rejects file if there is one.

        A row with several reasons stands there once for each.
        """
        if self.options.rejects is None:
            yield self._list_reject
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            descriptor = os.open(self.options.rejects, flags, 0o600)
        except OSError as error:
            raise UsageError(
                f"cannot write {self.options.rejects.name}: {error.strerror}",
                "Choose another --rejects file",
            ) from None
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as target:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerow(("line", "field", "message", *heading))

            def refuse(row: FileRow, problem: FieldProblem) -> None:
                self._list_reject(row, problem)
                writer.writerow((row.line, problem.field, problem.message, *row.cells))

            yield refuse

    def _list_reject(self, row: FileRow, problem: FieldProblem) -> None:
        if len(self.rejects) < _LISTED_REJECTS:
            self.rejects.append(Reject(self.name, row.line, problem.field, problem.message))


@contextmanager
def _collector_paused() -> Generator[None]:
    """Spare the search for cycles: rows make none, and walking them costs a sixth of the time."""
    import gc

    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


_Refuse = Callable[[FileRow, FieldProblem], None]


def _refuse_in_order(refused: Iterable[tuple[FileRow, FieldProblem]], refuse: _Refuse) -> None:
    for row, problem in sorted(refused, key=lambda pair: pair[0].line):
        refuse(row, problem)


def _content_sha256(rows: Iterable[FileRow]) -> str:
    text = "\x1e".join("\x1f".join(row.cells) for row in rows)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
