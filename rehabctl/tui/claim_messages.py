"""Messages of the claim screen."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from rehabctl.domain.claim_record import ClaimEvent
from rehabctl.services.claim_desk import ClaimLine


@dataclass
class ClaimsListed(Message):
    """The claims were read."""

    lines: tuple[ClaimLine, ...]


@dataclass
class ClaimRead(Message):
    """The history of one claim was read."""

    number: str
    events: tuple[ClaimEvent, ...]
