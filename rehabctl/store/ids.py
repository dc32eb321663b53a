"""Identifiers made by the client."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from uuid import UUID


def new_id() -> UUID:
    """Return a UUIDv7: unique without asking the server, and sorted by the time it was made."""
    return _maker()()


@cache
def _maker() -> Callable[[], UUID]:
    from uuid_utils.compat import uuid7

    return uuid7
