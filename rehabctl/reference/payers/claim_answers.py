"""Loader of what acknowledgement and status codes mean (`claim_answers.toml`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class AnswerMeaning:
    """What a code says of a claim or file."""

    status: str
    label: str = ""


_UNKNOWN = AnswerMeaning("unknown", "a code that this version does not know")


def envelope_meaning(code: str) -> AnswerMeaning:
    """Return what an acknowledgement code of an interchange, group or set means.

    Parameters
    ----------
    code
        TA104, IK501 or AK901.
    """
    status = _table()["envelope"].get(code)
    return AnswerMeaning(status) if status else _UNKNOWN


def claim_meaning(category: str) -> AnswerMeaning:
    """Return what a claim status category means.

    Parameters
    ----------
    category
        STC01-1.
    """
    row = _table()["claim"].get(category)
    return AnswerMeaning(**row) if row else _UNKNOWN


@cache
def _table() -> dict[str, Any]:
    import tomllib

    text = (files("rehabctl.reference.payers") / "claim_answers.toml").read_text("utf-8")
    return tomllib.loads(text)
