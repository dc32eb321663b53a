"""The drop folder of a clearinghouse: a file appears whole under its name, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rehabctl.domain.claim_port import Arrival, Inbound, Outbound, Receipt
from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class ClaimFolder:
    """A folder from which a clearinghouse's own program takes files."""

    folder: Path
    claims_a_file: int = 0

    def stage(self, file: Outbound) -> None:
        """Write `NAME.part`, synchronised.

        Raises
        ------
        RehabctlError
            The folder cannot be written, or the name exists.
        """
        part = self._part(file)
        if (self.folder / file.name).exists():
            raise RehabctlError(f"{file.name} lies in the folder already", "Look at the folder")
        try:
            # claims name patients: only who sends them may read them
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(file.data)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            part.unlink(missing_ok=True)
            raise _cannot_write(error) from None

    def release(self, file: Outbound) -> Receipt:
        """Rename the staged file to its name."""
        try:
            self._part(file).replace(self.folder / file.name)
            self._synchronise()
        except OSError as error:
            raise _cannot_write(error) from None
        return Receipt()

    def arrival(self, file: Outbound, now: datetime) -> Arrival:
        """Look whether the staged file is still there: a rename is one step."""
        if self._part(file).exists():
            return Arrival.NOT_THERE
        try:
            same = (self.folder / file.name).read_bytes() == file.data
        except FileNotFoundError:
            return Arrival.THERE  # renamed, and taken from the folder since
        except OSError:
            return Arrival.UNKNOWN
        return Arrival.THERE if same else Arrival.UNKNOWN

    def fetch(self, known: Set[str]) -> Iterator[Inbound]:
        """Yield nothing: answers in a folder are read by name."""
        return iter(())

    def ask(self, question: bytes) -> bytes | None:
        """Return None: questions are files here."""
        return None

    def _part(self, file: Outbound) -> Path:
        return self.folder / f"{file.name}.part"

    def _synchronise(self) -> None:
        if os.name != "posix":
            return
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _cannot_write(error: OSError) -> RehabctlError:
    return RehabctlError(
        f"cannot write to the drop folder: {error.strerror}", "Run claim submit again"
    )
