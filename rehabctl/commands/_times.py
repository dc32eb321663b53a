"""Days and moments as they are typed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from rehabctl.domain.errors import UsageError

AtOption = Annotated[
    str | None, typer.Option("--at", help="ISO time with a zone; default: now.", metavar="TIME")
]


def moment(text: str | None, option: str = "--at") -> datetime | None:
    """Return an aware time; None for none.

    Raises
    ------
    UsageError
        It is not a time, or names no zone.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UsageError(
            f"{option} is not a time with a zone", "Write it like 2026-03-09T09:00:00Z"
        )
    return found


def day(text: str | None, option: str) -> date | None:
    """Return a day; None for none.

    Raises
    ------
    UsageError
        It is not a date.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is not a date", "Write it like 2026-03-09") from None
