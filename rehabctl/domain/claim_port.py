"""How files of claims leave and answers come in: the ports to clearinghouses."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from rehabctl.domain.errors import UnavailableError


class PortKind(StrEnum):
    """How a clearinghouse is spoken to."""

    SFTP = "sftp"
    WAYSTAR = "waystar"
    STEDI = "stedi"
    CLAIM_MD = "claimmd"
    AVAILITY = "availity"
    AVAILITY_REST = "availity-rest"
    OPTUM = "optum"


SFTP_KINDS = frozenset({PortKind.SFTP, PortKind.WAYSTAR, PortKind.AVAILITY})
"""Clearinghouses whose claims travel by SFTP."""


@dataclass(frozen=True, slots=True)
class PortSettings:
    """One connection of the clinic. Its secret is never part of it."""

    name: str
    kind: str
    """One of `PortKind`, or the name of an entry point."""
    address: str
    """Host of an SFTP server, or the base of a web service."""
    number: int = 22
    """TCP port of an SFTP server."""
    login: str = ""
    """User name or client identifier."""
    host_key: str = ""
    """The one public key that the SFTP server may show, as in `ssh-ed25519 AAAA...`."""
    send_folder: str = ""
    receive_folder: str = ""
    submitter: str = ""
    """Optum: biller, submitter and user name, with spaces between."""


class Arrival(StrEnum):
    """What became of a file whose sending was cut."""

    THERE = "there"
    NOT_THERE = "not_there"
    UNKNOWN = "unknown"


class UncertainError(UnavailableError):
    """The connection was cut at a moment after which nobody knows whether the file was taken."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A file that the other side holds for us."""

    name: str
    remote_id: str
    """The same for the same content: what is known is not fetched again."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the other side said when it took a file."""

    remote_id: str = ""
    answers: tuple[Inbound, ...] = ()
    """Answers that came at once."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """A file that is to leave: the same bytes under the same name, however often it is tried."""

    name: str
    key: str
    """Idempotency key: of this file and no other."""
    data: bytes
    created_at: datetime
    """Before it was first tried."""


class ClaimPort(Protocol):
    """Where files of claims go, and where answers come from."""

    @property
    def claims_a_file(self) -> int:
        """How many claims one file may carry; 0 is any number."""
        ...

    def stage(self, file: Outbound) -> None:
        """Bring a file near: nobody acts on it yet, and it may be done again."""
        ...

    def release(self, file: Outbound) -> Receipt:
        """Hand a staged file over.

        Raises
        ------
        UncertainError
            Whether it was taken is not known. Any other error: it was not.
        """
        ...

    def arrival(self, file: Outbound, now: datetime) -> Arrival:
        """Find out what became of a file whose release was cut."""
        ...

    def fetch(self, known: Set[str]) -> Iterator[Inbound]:
        """Yield what waits for us and is not known yet."""
        ...

    def ask(self, question: bytes) -> bytes | None:
        """Put a 270 or 276; None where the answer comes with `fetch` later."""
        ...
