"""Counting what became of the records of an import, and handing back those that were refused."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rehabctl.domain.errors import UsageError
from rehabctl.domain.roster import FieldProblem
from rehabctl.services.import_run import ImportReport, Reject
from rehabctl.services.roster_changes import Change

_LISTED_REJECTS = 1000
"""More are counted, and written to the rejects file, but not held in memory."""


@dataclass
class ImportTally:
    """Counts of one import of any kind of record."""

    read: int = 0
    counts: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list[Reject])
    refused_records: BinaryIO | None = None
    """Gets each refused record as it was received, to be mended and imported again."""

    def accept(self, change: Change) -> None:
        """Count a record that was taken over."""
        self.read += 1
        self.counts[change] += 1

    def refuse(self, file: str, line: int, problems: list[FieldProblem], record: bytes) -> None:
        """Count a record that was refused, with every reason.

        Parameters
        ----------
        file, line
            Where it stands.
        problems
            Why; messages hold no patient data.
        record
            Its bytes.
        """
        self.read += 1
        self.rejected += 1
        for problem in problems[: max(0, _LISTED_REJECTS - len(self.rejects))]:
            self.rejects.append(Reject(file, line, problem.field, problem.message))
        if self.refused_records is not None:
            self.refused_records.write(record)

    def report(self) -> ImportReport:
        """Return the counts in the words of the command contract."""
        return ImportReport(
            read=self.read,
            created=self.counts[Change.CREATED],
            updated=self.counts[Change.UPDATED],
            unchanged=self.counts[Change.UNCHANGED],
            rejected=self.rejected,
            rejects=tuple(self.rejects),
        )


@contextmanager
def tally(rejects: Path | None) -> Generator[ImportTally]:
    """Yield a tally; refused records go to a file that only its owner can read.

    Parameters
    ----------
    rejects
        The file; None writes none.

    Raises
    ------
    UsageError
        It cannot be written.
    """
    if rejects is None:
        yield ImportTally()
        return
    try:
        descriptor = os.open(rejects, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise UsageError(
            f"cannot write {rejects.name}: {error.strerror}", "Choose another --rejects file"
        ) from None
    with os.fdopen(descriptor, "wb") as target:
        yield ImportTally(refused_records=target)
