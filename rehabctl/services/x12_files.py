"""Reading X12 files of others and our own: remittances, claims and answers. Nothing is stored."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

from rehabctl.billing.preflight.breach import World
from rehabctl.billing.preflight.check import PreflightResult, check_claims
from rehabctl.billing.remittance import CheckedFile, check_file
from rehabctl.domain.code_lists import CodeTables
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError
from rehabctl.reference.payers.preflight import load_preflight_codes

MOST_ANSWER_BYTES = 32_000_000
"""Some 37,000 paid claims; a payment is judged as a whole, so it is held in memory."""
MOST_CLAIM_BYTES = 100_000_000


def check_remittance(path: Path) -> CheckedFile:
    """Read and balance an 835 file, or standard input for `-`.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    NotFoundError
        It does not exist.
    FindingsError
        It is too large.
    RehabctlError
        It cannot be read.
    """
    with _opened(path, MOST_ANSWER_BYTES) as stream:
        return check_file(stream)


def preflight(
    path: Path,
    today: date,
    timely_filing_days: int | None = None,
    tables: CodeTables | None = None,
) -> PreflightResult:
    """Check a file of professional claims, or standard input for `-`.

    Parameters
    ----------
    path
        The file.
    today
        Local day: services lie before it, and it chooses the code sets.
    timely_filing_days
        Of the payer, where it is known.
    tables
        Imported official lists.

    Raises
    ------
    NotFoundError
        It does not exist.
    FindingsError
        It is too large.
    RehabctlError
        It cannot be read, or no code sets cover the day.
    """
    world = World(today, load_preflight_codes(today), timely_filing_days, tables=tables)
    with _opened(path, MOST_CLAIM_BYTES) as stream:
        return check_claims(stream, world)


@contextmanager
def _opened(path: Path, most: int) -> Generator[BinaryIO]:
    if str(path) == "-":
        yield cast("BinaryIO", _Limited(sys.stdin.buffer, most))
        return
    try:
        with path.open("rb") as stream:
            if path.stat().st_size > most:
                raise too_large(path.name, most)
            yield stream
    except FileNotFoundError:
        raise NotFoundError(f"{path.name} does not exist", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None


def too_large(name: str, most: int) -> FindingsError:
    """Return that a file is larger than is read: nothing of it was."""
    return FindingsError(
        f"{name} is larger than {most // 1_000_000} MB", "Ask for smaller files, or split it"
    )


class _Limited:
    """A stream of unknown length, read up to a limit."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream, self._left, self._most = stream, most, most

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise too_large("standard input", self._most)
        return data
