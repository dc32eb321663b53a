"""Reading remittance files; what is posted is stored by the claims services."""

from __future__ import annotations

import sys
from pathlib import Path

from rehabctl.billing.remittance import CheckedFile, check_file
from rehabctl.domain.errors import NotFoundError, RehabctlError


def check_path(path: Path) -> CheckedFile:
    """Read and balance a file, or standard input for `-`.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    NotFoundError
        It does not exist.
    RehabctlError
        It cannot be read.
    """
    if str(path) == "-":
        return check_file(sys.stdin.buffer)
    try:
        with path.open("rb") as stream:
            return check_file(stream)
    except FileNotFoundError:
        raise NotFoundError(f"{path.name} does not exist", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
