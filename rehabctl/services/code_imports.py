"""Official code lists are taken in, whole or not at all. They hold no patient data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from rehabctl.domain.code_lists import CodeListKind, HeldList
from rehabctl.domain.errors import FindingsError, UsageError
from rehabctl.integrations.code_files import Unread, read_codes
from rehabctl.reference.payers.code_lists import last_day
from rehabctl.store.code_lists import CodeLists


def import_codes(
    lists: CodeLists,
    files: Sequence[Path],
    kind: CodeListKind,
    valid_from: date,
    valid_to: date | None = None,
    *,
    dry_run: bool = False,
) -> HeldList:
    """Import one list from one or more files; a list of the same first day is replaced.

    Parameters
    ----------
    lists
        Where it is kept.
    files
        Of one release; the pairs of a quarter come in several.
    kind
        Which list it is.
    valid_from, valid_to
        Days on which it holds; without a last day, as long as such lists do.
    dry_run
        Only read.

    Raises
    ------
    UsageError
        The days contradict each other.
    NotFoundError
        A file does not exist.
    FindingsError
        A file is damaged, is not of the list, or has rows that cannot be read.
    """
    until = valid_to or last_day(kind, valid_from)
    if until < valid_from:
        raise UsageError("the list ends before it begins", "Give a later --valid-to")
    unread = Unread()
    held = HeldList(
        kind, valid_from, until, 0, " ".join(path.name for path in files), _sha256(files)
    )

    def entries() -> Iterator[tuple[str, str]]:
        for path in files:
            yield from read_codes(path, kind, unread)
        if unread.rows:
            raise FindingsError(
                f"unreadable rows: {unread.rows}, the first at line {unread.first_line}",
                "Fetch the official file again; nothing was kept",
            )

    if dry_run:
        count = len({code for code, _ in entries()})
        return replace(held, codes=count)
    return lists.write(held, entries())


def _sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            with path.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()
