"""Identifiers as they are typed."""

from __future__ import annotations

from uuid import UUID

from rehabctl.domain.errors import NotFoundError


def identifier(text: str, what: str, where: str) -> UUID:
    """Return an identifier as it was typed.

    Parameters
    ----------
    text
        From a command line.
    what
        Of what, such as `a visit`.
    where
        The command that lists them.

    Raises
    ------
    NotFoundError
        It is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(f"that is no identifier of {what}", f"Look at: {where}") from None
