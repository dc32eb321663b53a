"""Imports whose rows are written one by one, each by the rules of its own use case.

A row that the rules refuse is a reject with their reason; the rest of its batch is kept.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, ClassVar, NamedTuple

from rehabctl.clinic.scheduling import zone_of
from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.domain.roster import FieldProblem
from rehabctl.services.import_run import ImportRun
from rehabctl.services.roster_changes import Change
from rehabctl.services.roster_file import FileRow, RosterFile
from rehabctl.store.seen_keys import SeenKeys

if TYPE_CHECKING:
    from rehabctl.domain.patient import PatientRef
    from rehabctl.store.unit_of_work import UnitOfWork

_BATCH_ROWS = 200
_LONGEST = 4000


class Row(NamedTuple):
    """The texts of a row by column, without those that are empty, and its time."""

    texts: Mapping[str, str]
    at: datetime


class ProblemError(Exception):
    """A value cannot be read; says of which column, and never the value."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.problem = FieldProblem(column, message)


@dataclass
class NamedRows(ImportRun[Row]):
    """One import of rows with `external_id`, `mrn` and a time."""

    columns: ClassVar[tuple[str, ...]]
    required: ClassVar[tuple[str, ...]]
    time_column: ClassVar[str]
    rule_column: ClassVar[str]
    """What a refusal of the rules is put down to."""
    _seen: SeenKeys = field(default_factory=SeenKeys)
    _found: tuple[str | None, ...] = ()

    @abstractmethod
    def check(self, row: Row) -> None:
        """Raise `ProblemError` for what is wrong with a row by itself."""

    @abstractmethod
    def write_row(self, uow: UnitOfWork, patient: PatientRef, row: Row) -> Change:
        """Write one row about a patient."""

    @property
    def batch_rows(self) -> int:
        """Rows of one transaction."""
        return _BATCH_ROWS

    def opened(self, source: BinaryIO) -> RosterFile:
        """Return the rows of a file whose heading is checked."""
        file = RosterFile(
            source, self.name, self.options.reading, columns=self.columns, required=self.required
        )
        self._found = file.columns
        return file

    def close(self) -> None:
        """Forget the keys of the file."""
        self._seen.close()

    def checked(
        self, rows: Sequence[FileRow]
    ) -> tuple[list[tuple[FileRow, Row]], list[tuple[FileRow, FieldProblem]]]:
        """Return the rows that can be read, and why each of the others is refused."""
        valid: list[tuple[FileRow, Row]] = []
        refused: list[tuple[FileRow, FieldProblem]] = []
        for row in rows:
            try:
                valid.append((row, self._read(row)))
            except ProblemError as error:
                refused.append((row, error.problem))
        keys = [(f"{r.texts['mrn']}\n{r.texts['external_id']}", row.line) for row, r in valid]
        earlier = self._seen.note(keys)
        for row, _ in valid:
            if (first := earlier.get(row.line)) is not None:
                message = f"stands in line {first} already"
                refused.append((row, FieldProblem("external_id", message)))
        return [(row, read) for row, read in valid if row.line not in earlier], refused

    def _read(self, row: FileRow) -> Row:
        if row.problem is not None:
            raise ProblemError(row.problem.field, row.problem.message)
        named = zip(self._found, row.cells, strict=False)
        texts = {name: cell.strip() for name, cell in named if name is not None and cell.strip()}
        for name, text in texts.items():
            if len(text) > _LONGEST or not text.isprintable():
                raise ProblemError(name, f"is longer than {_LONGEST} characters or no valid text")
        for name in self.required:
            if name not in texts:
                raise ProblemError(name, "is missing")
        read = Row(texts, self.moment(texts, self.time_column))
        self.check(read)
        return read

    def moment(self, texts: Mapping[str, str], column: str) -> datetime:
        """Return a time; without an offset it is that of the row's zone, or of the clinic."""
        try:
            place = zone_of(texts.get("time_zone") or self.store.clinic.time_zone)
        except RehabctlError:
            raise ProblemError("time_zone", "is not a time zone like America/Denver") from None
        try:
            moment = datetime.fromisoformat(texts[column])
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=place)
                if moment.astimezone(UTC).astimezone(place) != moment:
                    raise ValueError  # the clocks pass over this time
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ProblemError(column, "is not a time like 2026-03-09T10:30") from None

    def write(self, uow: UnitOfWork, lines: Sequence[Row]) -> Sequence[Change | FieldProblem]:
        """Write rows, each whole or not at all."""
        patients = uow.patients.find(sorted({line.texts["mrn"] for line in lines}))
        outcomes: list[Change | FieldProblem] = []
        for line in lines:
            patient = patients.get(line.texts["mrn"])
            if patient is None:
                outcomes.append(FieldProblem("mrn", "is no patient whom you see"))
                continue
            step = uow.connection.begin_nested()
            try:
                outcomes.append(self.write_row(uow, patient.ref, line))
                step.commit()
            except ProblemError as error:
                step.rollback()
                outcomes.append(error.problem)
            except NotFoundError as error:
                step.rollback()
                outcomes.append(FieldProblem("", error.what))
            except RehabctlError as error:
                step.rollback()
                outcomes.append(FieldProblem(self.rule_column, error.what))
        return outcomes
