"""Listening for what Redox delivers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.integrations.hl7v2 import mllp
from rehabctl.integrations.redox import listener

if TYPE_CHECKING:
    from rehabctl.services.redox import Destination


@dataclass(frozen=True, slots=True)
class Where:
    """Where is listened."""

    address: str
    """`HOST:PORT`; port 0 takes a free one."""
    certificate: Path | None = None
    key: Path | None = None
    max_requests: int | None = None


def serve(place: Destination, where: Where, *, note: Callable[[str], None]) -> None:
    """Answer requests until interrupted.

    Parameters
    ----------
    place
        Takes messages over.
    where
        And how.
    note
        Told where is listened.

    Raises
    ------
    NotPermittedError
        Other machines could send without TLS.
    UnavailableError
        The address cannot be had.
    """
    host, port = mllp.address(where.address)
    tls = mllp.server_tls(host, where.certificate, where.key)
    listener.serve(
        host,
        port,
        place.receive,
        tls=tls,
        max_requests=where.max_requests,
        ready=lambda at: note(f"listening on port {at}"),
    )
