"""How a message leaves the clinic: the ports to carriers of text messages and e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from rehabctl.domain.errors import RehabctlError

GONE = "gone"
"""Why a message is refused whose address is no more: it is forgotten."""


class Fate(StrEnum):
    """What became of a message that a carrier took."""

    DELIVERED = "delivered"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """What is said; it holds nothing that tells whom it is about."""

    address: str
    """Telephone number in E.164, e-mail address, or a browser's subscription as JSON."""
    subject: str
    body: str
    reference: str
    """Stands in the body, so that one whose answer was lost can be found again."""


@dataclass(frozen=True, slots=True)
class IncomingText:
    """What a receiver wrote."""

    remote_id: str
    address: str
    body: str
    sent_at: datetime


class RefusedMessageError(RehabctlError):
    """The carrier does not take a message for this receiver; another channel may."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the carrier refused the message ({code})", "Try another channel")
        self.code = code


class MessagePort(Protocol):
    """One carrier."""

    def send(self, text: OutgoingText) -> str:
        """Hand a message over and return the carrier's identifier; empty where it gives none.

        Raises
        ------
        RefusedMessageError
            It takes none for this receiver.
        UncertainError
            It may have taken it.
        UnavailableError
            It is away and took nothing.
        """
        ...

    def find(self, text: OutgoingText) -> str | None:
        """Return the identifier of a message that was taken; None when there is none.

        Raises
        ------
        UnsupportedLookError
            The carrier keeps no list.
        """
        ...

    def fate(self, remote_id: str) -> Fate:
        """Return what became of a message that was taken."""
        ...

    def check(self) -> None:
        """Ask whether the carrier knows us; nothing is sent."""
        ...


@runtime_checkable
class ReplySource(Protocol):
    """A carrier that keeps what receivers answered."""

    def received(self) -> list[IncomingText]:
        """Return what came, each once, oldest first."""
        ...


class UnsupportedLookError(RehabctlError):
    """The carrier keeps no list of what it took."""
