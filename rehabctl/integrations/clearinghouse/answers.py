"""What the web adapters share about answers: whole files, lists, and what was never said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.errors import RehabctlError, UnavailableError
from rehabctl.integrations.web_client import object_of

if TYPE_CHECKING:
    import httpx

_LAST_SEGMENT_CHARACTERS = 64


def is_whole(data: bytes) -> bool:
    """Return whether an X12 file has its last segment: a cut one is fetched again later."""
    return data.lstrip()[:3] == b"ISA" and b"IEA" in data[-_LAST_SEGMENT_CHARACTERS:]


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; some services write a list of one without the list."""
    many = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [cast("dict[str, Any]", one) for one in many if isinstance(one, dict)]


def object_or_none(value: Any) -> dict[str, Any]:
    """Return an object as it is; anything else is an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def told_of(name: str, answer: httpx.Response) -> dict[str, Any]:
    """Return the object of an answer to a file that was handed over.

    Raises
    ------
    UncertainError
        It holds none: the file may have been taken.
    """
    try:
        return object_of(name, answer)
    except RehabctlError:
        raise unsaid(name) from None


def unsaid(name: str) -> UncertainError:
    """Return that an answer does not say whether a file was taken."""
    return UncertainError(
        f"the answer of {name} does not say whether it took the file", "Run the command again"
    )


def raise_for_cut(name: str, count: int) -> None:
    """Say at the end of a fetch how many files could not be read whole; the others were taken.

    Raises
    ------
    UnavailableError
        There were some.
    """
    if count:
        raise UnavailableError(
            f"{count} of the files that {name} holds could not be read whole",
            "Run the command again later: nothing of them was taken",
        )


def claim_numbers(data: bytes) -> set[str]:
    """Return the claims' numbers (CLM01) of a file of ours."""
    element = chr(data[3]) if len(data) > 3 else "*"
    text = data.decode("ascii", "replace")
    parts = (part.strip().split(element) for part in text.split(text[105:106] or "~"))
    return {part[1] for part in parts if part[0] == "CLM" and len(part) > 1}
