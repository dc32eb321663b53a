"""The port through which claims are read. Every method may block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from rehabctl.domain.claim_record import ClaimEvent

if TYPE_CHECKING:
    from rehabctl.services.claim_desk import ClaimLine


class ClaimData(Protocol):
    """What the claim screen needs of the services."""

    def report(self) -> Sequence[ClaimLine]:
        """Return every claim, what waits for somebody first."""
        ...

    def history(self, number: str) -> Sequence[ClaimEvent]:
        """Return what happened to a claim, oldest first."""
        ...
