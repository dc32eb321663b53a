"""Reading X12 files of others and our own: remittances, claims and answers. Nothing is stored."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

from rehabctl.billing.preflight.breach import World
from rehabctl.billing.preflight.check import PreflightResult, check_claims
from rehabctl.billing.remittance import CheckedFile, check_file
from rehabctl.domain.code_lists import CodeTables
from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.reference.payers.preflight import load_preflight_codes


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
    RehabctlError
        It cannot be read.
    """
    with _opened(path) as stream:
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
    RehabctlError
        It cannot be read, or no code sets cover the day.
    """
    world = World(today, load_preflight_codes(today), timely_filing_days, tables=tables)
    with _opened(path) as stream:
        return check_claims(stream, world)


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        with path.open("rb") as stream:
            yield stream
    except FileNotFoundError:
        raise NotFoundError(f"{path.name} does not exist", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
