"""Importing rows of a CSV file: in batches, each whole or not at all, and twice is nothing new.

Every batch is one transaction with its audit entry and the count of rows that are done, so that a
killed import loses no acknowledged row and can go on with `resume`. What a row means is said by the
kinds of import that build on this.
"""

from __future__ import annotations

import csv
import gc
import hashlib
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Generic, TypeVar

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.roster import FieldProblem
from rehabctl.services.access import Action, require
from rehabctl.services.import_map import ImportMap
from rehabctl.services.roster_changes import Change
from rehabctl.services.roster_file import FileRow, RosterFile
from rehabctl.services.text_encoding import digest_and_encoding

if TYPE_CHECKING:
    from rehabctl.store.repositories.imports import Progress
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

Report = Callable[[float, float | None], None]
Refuse = Callable[[FileRow, FieldProblem], None]
Line = TypeVar("Line")
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
    """How a file is imported."""

    reading: ImportMap = field(default_factory=ImportMap)
    """Names of columns, encoding and dates, where the file does not say."""
    dry_run: bool = False
    """Do everything and keep nothing."""
    resume: bool = False
    """Go on after the last batch that an earlier run of the same file finished."""
    rejects: Path | None = None
    """Gets every refused row with its line and reason."""


@dataclass
class ImportRun(ABC, Generic[Line]):
    """One import with its counters.

    Parameters
    ----------
    store
        The open store.
    name
        Of the file, for messages.
    options
        How.
    """

    store: Store
    name: str
    options: ImportOptions
    digest: str | None = None
    """None for a pipe: there is no checkpoint then."""
    rows_done: int = 0
    counts: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list[Reject])

    kind: ClassVar[str]
    """Names the checkpoint."""
    entity: ClassVar[str]
    """What the audit entry of a batch is about."""
    action: ClassVar[Action]
    """What the acting user must be allowed."""

    @property
    @abstractmethod
    def batch_rows(self) -> int:
        """Rows of one transaction."""

    @abstractmethod
    def opened(self, source: BinaryIO) -> RosterFile:
        """Return the rows of a file; its heading is checked and the run is made ready for it."""

    @abstractmethod
    def checked(
        self, rows: Sequence[FileRow]
    ) -> tuple[list[tuple[FileRow, Line]], list[tuple[FileRow, FieldProblem]]]:
        """Return the lines that can be written, and why each of the others is refused."""

    @abstractmethod
    def write(self, uow: UnitOfWork, lines: Sequence[Line]) -> Sequence[Change | FieldProblem]:
        """Write lines; return what became of each."""

    def close(self) -> None:
        """Let go of what was held."""

    def file(self, path: Path, *, report: Report, note: Callable[[str], None]) -> ImportReport:
        """Import a file.

        Parameters
        ----------
        path
            The file.
        report
            Called with the bytes done and the size.
        note
            Called with remarks for the user.

        Raises
        ------
        RehabctlError
            The file cannot be read, or its heading does not fit.
        """
        try:
            source = path.open("rb")
        except OSError as error:
            raise RehabctlError(
                f"cannot read {path.name}: {error.strerror}", "Check the file"
            ) from None
        with source:
            size = os.fstat(source.fileno()).st_size
            self.digest, encoding = digest_and_encoding(source)
            source.seek(0)
            reading = self.options.reading
            reading = replace(reading, encoding=reading.encoding or encoding)
            self.options = replace(self.options, reading=reading)
            rows = self._as_rows(source)
            return self._all(rows, lambda: report(float(source.tell()), float(size)), note)

    def pipe(self, source: BinaryIO, *, note: Callable[[str], None]) -> ImportReport:
        """Import from a pipe, which cannot be resumed."""
        if self.options.resume:
            raise UsageError(
                "a pipe cannot be resumed", "Import from a file, or leave out --resume"
            )
        return self._all(self._as_rows(source), lambda: None, note)

    def _as_rows(self, source: BinaryIO) -> BinaryIO:
        """Return the file as separated text, which XML is turned into while it is read."""
        reading = self.options.reading
        if reading.record is None:
            return source
        from rehabctl.integrations.xml_rows import XmlRows

        found = XmlRows(source, reading.record, tuple(reading.names), self.name)
        reading = replace(reading, encoding="utf-8", separator=",")
        self.options = replace(self.options, reading=reading)
        return io.BufferedReader(found)

    def _all(
        self, source: BinaryIO, done: Callable[[], None], note: Callable[[str], None]
    ) -> ImportReport:
        file = self.opened(source)
        try:
            with _collector_paused():
                return self._batches(file, done, note)
        finally:
            file.release()
            self.close()

    def _batches(
        self, file: RosterFile, done: Callable[[], None], note: Callable[[str], None]
    ) -> ImportReport:
        if file.ignored:
            note(f"columns left out: {', '.join(file.ignored)}")
        rows = file.rows()
        with self._rejects_file(file.heading) as refuse:
            self._resume(rows, refuse)
            while batch := list(islice(rows, self.batch_rows)):
                self._batch(batch, refuse)
                gc.collect(0)
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

    def _resume(self, rows: Iterator[FileRow], refuse: Refuse) -> None:
        """Pass over the rows that are done, take over their counts, and refuse the bad ones again.

        A run that was killed may not have written all of its rejects.
        """
        if not self.options.resume or self.digest is None:
            return
        with self.store.transaction() as uow:
            require(uow, self.action)
            progress = uow.imports.progress(self.kind, self.digest)
        left = progress.rows_done
        while left and (passed := list(islice(rows, min(left, self.batch_rows)))):
            _, refused = self.checked(passed)
            _refuse_in_order(refused, refuse)
            left -= len(passed)
        self.rows_done, self.rejected = progress.rows_done, progress.rejected
        self.counts = {
            Change.CREATED: progress.created,
            Change.UPDATED: progress.updated,
            Change.UNCHANGED: progress.unchanged,
        }

    def _batch(self, rows: Sequence[FileRow], refuse: Refuse) -> None:
        accepted, refused = self.checked(rows)
        counts, rejected = dict(self.counts), self.rejected
        with self.store.transaction(rehearsal=self.options.dry_run) as uow:
            require(uow, self.action)
            outcomes = self.write(uow, [line for _, line in accepted])
            changed = 0
            for (row, _), outcome in zip(accepted, outcomes, strict=True):
                if isinstance(outcome, FieldProblem):
                    refused.append((row, outcome))
                else:
                    counts[outcome] += 1
                    changed += outcome is not Change.UNCHANGED
            rejected += len({row.line for row, _ in refused})
            self.rows_done += len(rows)
            detail = {"rows": len(rows), "changed": changed, "sha256": _content_sha256(rows)}
            uow.audit.record("import.batch", self.entity, None, detail)
            self.counts, self.rejected = counts, rejected
            if not self.options.dry_run:
                self._write_progress(uow, finished=False)
        _refuse_in_order(refused, refuse)

    def _note_progress(self, *, finished: bool) -> None:
        if self.options.dry_run or self.digest is None:
            return
        with self.store.transaction() as uow:
            self._write_progress(uow, finished=finished)

    def _write_progress(self, uow: UnitOfWork, *, finished: bool) -> None:
        if self.digest is not None:
            uow.imports.note(self.kind, self.digest, self._progress(), finished=finished)

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
    def _rejects_file(self, heading: Sequence[str]) -> Generator[Refuse]:
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
    """Search for cycles after a batch only: walking its rows again and again costs a sixth.

    What a batch leaves is young, and found without a look at everything else.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _refuse_in_order(refused: Iterable[tuple[FileRow, FieldProblem]], refuse: Refuse) -> None:
    for row, problem in sorted(refused, key=lambda pair: pair[0].line):
        refuse(row, problem)


def _content_sha256(rows: Iterable[FileRow]) -> str:
    text = "\x1e".join("\x1f".join(row.cells) for row in rows)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
