"""Claims as the panel's screen asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rehabctl.domain.claim_record import ClaimEvent, ClaimState
from rehabctl.services import claims
from rehabctl.services.claim_denials import Denial, denials

if TYPE_CHECKING:
    from rehabctl.store.store import Store


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One claim of the worklist."""

    number: str
    payer: str
    state: ClaimState
    service_on: date
    total_cents: int
    paid_cents: int
    findings: tuple[str, ...]
    """What stands against sending a draft."""
    denial: Denial | None
    """Why the payer paid nothing or less, where work waits on it."""

    @property
    def waits(self) -> bool:
        """Whether somebody of the clinic has to do something."""
        return self.denial is not None or self.state in (ClaimState.DRAFT, ClaimState.REJECTED)

    @property
    def due_on(self) -> date | None:
        """The day by which it has to be done."""
        return None if self.denial is None else self.denial.due_on


@dataclass(frozen=True)
class ClaimDesk:
    """The claims' part of the panel's port."""

    store: Store

    def report(self) -> tuple[ClaimLine, ...]:
        """Return every claim: first what waits, by the day on which it is due."""
        waiting = {one.claim.id: one for one in denials(self.store)}
        lines = [
            ClaimLine(
                number=found.claim.control_number,
                payer=found.claim.payer,
                state=found.claim.state,
                service_on=found.claim.service_on,
                total_cents=found.claim.total_cents,
                paid_cents=sum(posting.paid_cents for posting in found.postings),
                findings=tuple(one["message"] for one in found.claim.document["findings"]),
                denial=waiting.get(found.claim.id),
            )
            for found in claims.listed(self.store)
        ]
        return tuple(
            sorted(lines, key=lambda one: (not one.waits, one.due_on or date.max, one.number))
        )

    def history(self, number: str) -> tuple[ClaimEvent, ...]:
        """Return what happened to a claim, oldest first."""
        return claims.show(self.store, number).events
