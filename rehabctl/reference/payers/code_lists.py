"""Loader of how long imported official lists hold (`code_lists.toml`)."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.code_lists import CodeListKind


def last_day(kind: CodeListKind, valid_from: date) -> date:
    """Return the last day on which a list holds that nobody said more about.

    Parameters
    ----------
    kind
        Of the list.
    valid_from
        Its first day.
    """
    months = valid_from.month - 1 + _table()[kind.value]["months"]
    year, month = valid_from.year + months // 12, months % 12 + 1
    day = min(valid_from.day, calendar.monthrange(year, month)[1])
    return date(year, month, day) - timedelta(days=1)


@cache
def _table() -> dict[str, Any]:
    import tomllib

    text = (files("rehabctl.reference.payers") / "code_lists.toml").read_text("utf-8")
    return tomllib.loads(text)
