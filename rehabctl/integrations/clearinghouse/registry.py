"""Which ways to clearinghouses there are: ours, and those of other packages.

A package offers one as an entry point of the group `rehabctl.claim_ports`, named like its kind: a
callable that takes the settings and the secret and returns a `ClaimPort`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import entry_points
from typing import Any

from rehabctl.domain.claim_port import ClaimPort, PortKind, PortSettings
from rehabctl.domain.errors import RehabctlError, UsageError

GROUP = "rehabctl.claim_ports"


def make_port(at: PortSettings, secret: str, now: datetime) -> ClaimPort:
    """Return the adapter of a connection.

    Parameters
    ----------
    at
        What was imported.
    secret
        Password, private key, API key or client secret.
    now
        From which a web service is asked backwards.

    Raises
    ------
    UsageError
        No adapter is called like its kind.
    RehabctlError
        The adapter of another package fails.
    """
    match at.kind:
        case PortKind.SFTP | PortKind.WAYSTAR | PortKind.AVAILITY:
            from rehabctl.integrations.clearinghouse.sftp import SftpPort

            return SftpPort(at, secret)
        case PortKind.STEDI:
            from rehabctl.integrations.clearinghouse.stedi import StediPort

            return StediPort(at, secret, now)
        case PortKind.CLAIM_MD:
            from rehabctl.integrations.clearinghouse.claim_md import ClaimMdPort

            return ClaimMdPort(at, secret)
        case PortKind.OPTUM:
            from rehabctl.integrations.clearinghouse.optum import OptumPort

            return OptumPort(at, secret)
        case PortKind.AVAILITY_REST:
            from rehabctl.integrations.clearinghouse.availity import AvailityPort

            return AvailityPort(at, secret)
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
