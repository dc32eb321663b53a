"""The drop folder of a clearinghouse: a file appears whole under its name, or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class ClaimFolder:
    """A folder from which a clearinghouse's own program takes files."""

    folder: Path

    def submit(self, data: bytes, name: str) -> None:
        """Write a file once: to `NAME.part`, synchronised, then renamed.

        Parameters
        ----------
        data
            The whole file.
        name
            Under which it is to appear; the same bytes again are left as they are.

        Raises
        ------
        RehabctlError
            The folder cannot be written, or the name exists with other bytes.
        """
        target = self.folder / name
        part = self.folder / f"{name}.part"
        try:
            if target.exists():
                if target.read_bytes() != data:
                    raise RehabctlError(
                        f"{name} lies in the folder with other content", "Look at the folder"
                    )
                return
            # claims name patients: only who sends them may read them
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(target)
            self._synchronise()
        except OSError as error:
            part.unlink(missing_ok=True)
            raise RehabctlError(
                f"cannot write to the drop folder: {error.strerror}", "Run claim submit again"
            ) from None

    def _synchronise(self) -> None:
        if os.name != "posix":
            return
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
