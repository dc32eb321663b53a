"""Which ways to clearinghouses there are: ours, and those of other packages.

A package offers one as an entry point of the group `rehabctl.claim_ports`, named like its kind: a
callable that takes the settings and the secret and returns a `ClaimPort`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from rehabctl.domain.claim_port import ClaimPort, PortKind, PortSettings
from rehabctl.domain.errors import RehabctlError, UsageError

GROUP = "rehabctl.claim_ports"


def make_port(at: PortSettings, secret: str) -> ClaimPort:
    """Return the adapter of a connection.

    Parameters
    ----------
    at
        What was imported.
    secret
        Password, private key, API key or client secret.

    Raises
    ------
    UsageError
        No adapter is called like its kind.
    RehabctlError
        The adapter of another package fails.
    """
    match at.kind:
        case PortKind.SFTP | PortKind.WAYSTAR:
            from rehabctl.integrations.clearinghouse.sftp import SftpPort

            return SftpPort(at, secret)
        case _:
            return _foreign(at)(at, secret)


def _foreign(at: PortSettings) -> Callable[[PortSettings, str], Any]:
    for entry in entry_points(group=GROUP, name=at.kind):
        try:
            return entry.load()
        except Exception as error:  # noqa: BLE001 - foreign code may fail in any way
            raise RehabctlError(
                f"the adapter {at.kind} cannot be loaded ({type(error).__name__})",
                "Install its package again",
            ) from None
    kinds = ", ".join(PortKind)
    raise UsageError(f"{at.name} is of the unknown kind {at.kind!r}", f"Use one of {kinds}")
