"""Telephone numbers as carriers want them (ITU-T E.164)."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"[\s().\-\u2010-\u2015/]")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_NORTH_AMERICAN = re.compile(r"1?([2-9][0-9]{2}[2-9][0-9]{6})")


def e164(number: str) -> str | None:
    """Return a number with `+` and its country's code; None when it is no whole number.

    Parameters
    ----------
    number
        As somebody wrote it; without `+` it is of the North American plan.
    """
    bare = _PUNCTUATION.sub("", number)
    if _E164.fullmatch(bare):
        return bare
    found = _NORTH_AMERICAN.fullmatch(bare)
    return f"+1{found[1]}" if found else None
