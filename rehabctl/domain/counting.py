"""A count with its noun, as every text shows it."""

from __future__ import annotations


def counted(count: int, noun: str, nouns: str | None = None) -> str:
    """Return `1 alert` or `2 alerts`.

    Parameters
    ----------
    count
        How many.
    noun
        What is counted, as of one.
    nouns
        The same as of many, where an `s` at the end does not make it.
    """
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"
