"""Loader of the words for the codes of a benefit (`benefit_codes.toml`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any


def benefit_word(kind: str, code: str) -> str:
    """Return our word for a code, or the code itself where there is none.

    Parameters
    ----------
    kind
        `kind`, `period` or `quantity`.
    code
        As it stands in the file.
    """
    return _table()[kind].get(code, code)


def therapy_service_types(discipline: str) -> tuple[str, ...]:
    """Return the service types of a discipline's therapy, the closest first.

    Parameters
    ----------
    discipline
        GP, GO or GN.
    """
    return tuple(_table()["therapy"][discipline])


@cache
def _table() -> dict[str, Any]:
    import tomllib

    text = (files("rehabctl.reference.payers") / "benefit_codes.toml").read_text("utf-8")
    return tomllib.loads(text)
