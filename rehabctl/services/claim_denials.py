"""The worklist of denials: why a payer paid nothing or less, what comes next, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.billing.denials import Decision, Reason, reasons
from rehabctl.billing.secondary import was_sent_on
from rehabctl.domain.claim_record import ClaimPosting, ClaimRecord, ClaimState
from rehabctl.domain.policy import Rank
from rehabctl.reference.payers.denials import NextStep, next_step, second_payer_step
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

REMARK = "RARC "
"""How a remark code stands among the codes of a claim's event."""


@dataclass(frozen=True, slots=True)
class Denial:
    """One claim on which work waits."""

    claim: ClaimRecord
    decided_on: date
    reasons: tuple[Reason, ...]
    remarks: tuple[str, ...]
    """Remark codes (RARC)."""

    @property
    def due_on(self) -> date | None:
        """The first day by which something is due."""
        days = [one.due_on for one in self.reasons if one.step.open and one.due_on is not None]
        return min(days, default=None)


def denials(store: Store) -> tuple[Denial, ...]:
    """Return denied claims, and paid ones of which a part waits for work, the most urgent first.

    Parameters
    ----------
    store
        The open store.
    """
    found: list[Denial] = []
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        zone = ZoneInfo(uow.clinic.time_zone)
        for state in (ClaimState.DENIED, ClaimState.POSTED):
            for claim in uow.claims.of_state(state):
                postings = uow.claims.postings(claim.id)
                if not postings:
                    continue
                last = postings[-1]
                decided_on = last.posted_at.astimezone(zone).date()
                why = _reasons(claim, last, decided_on)
                if state is ClaimState.DENIED or any(one.step.open for one in why):
                    events = uow.claims.events(claim.id)
                    codes = next((e.codes for e in reversed(events) if e.cause == "835"), ())
                    remarks = [one.removeprefix(REMARK) for one in codes if one.startswith(REMARK)]
                    found.append(Denial(claim, decided_on, why, tuple(remarks)))
        uow.audit.read("claim.denials", "claim", [one.claim.id for one in found])
    return tuple(sorted(found, key=lambda one: (one.due_on or date.max, one.claim.control_number)))


def step_after(uow: UnitOfWork, claim: ClaimRecord, posting: ClaimPosting) -> NextStep | None:
    """Return what comes next after a payment; None when nothing does.

    Parameters
    ----------
    uow
        Open transaction.
    claim
        As it stands after the posting.
    posting
        The payment's part of it.
    """
    decided_on = posting.posted_at.astimezone(ZoneInfo(uow.clinic.time_zone)).date()
    why = _reasons(claim, posting, decided_on)
    if claim.state is ClaimState.DENIED or any(one.step.open for one in why):
        return why[0].step if why else None
    if posting.patient_cents <= 0:
        return None
    if not claim.is_secondary and not was_sent_on(posting.status):
        for policy in uow.policies.of_patient(claim.patient.id):
            if policy.rank is Rank.SECONDARY and policy.holds(claim.service_on):
                return second_payer_step()
    return next_step("PR", "")


def _reasons(
    claim: ClaimRecord, posting: ClaimPosting, decided_on: date
) -> tuple[Reason, ...]:  # fmt: skip
    payer = claim.document["payer"]
    days = int(payer["timely_filing_days"])
    decision = Decision(claim.service_on, decided_on, payer["filing_code"], days)
    return reasons(posting.adjustments, decision)
