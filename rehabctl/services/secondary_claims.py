"""Claims to a second payer, made from what the first one decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rehabctl.billing.secondary import FirstDecision, first_decision, standing
from rehabctl.domain.claim import Frequency, Responsibility
from rehabctl.domain.claim_record import SECONDARY, ClaimRecord, ClaimState
from rehabctl.domain.errors import UsageError
from rehabctl.domain.payer import FeeSchedule
from rehabctl.domain.policy import Rank
from rehabctl.services import billing_settings
from rehabctl.services.access import Action, require
from rehabctl.services.claim_drafts import (
    NOTHING_SAID,
    Choices,
    Corrects,
    Work,
    payer_document,
    service_slots,
    store_claim,
)
from rehabctl.services.claim_parties import cover_of, parties_of, relationship_code

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_DECIDED = (ClaimState.POSTED, ClaimState.DENIED)


def draft_secondary(
    store: Store, control_number: str, choices: Choices = NOTHING_SAID
) -> ClaimRecord:
    """Make the claim to the second payer, once, when the first one has decided.

    Parameters
    ----------
    store
        The open store.
    control_number
        Of the claim to the first payer.
    choices
        The payer, where the patient's policy is not to be taken, and code lists; a second payer is
        told the lines as the first one was.

    Raises
    ------
    NotFoundError
        The claim or the payer is not known.
    UsageError
        No second policy holds on that day, or it is no claim to a first payer.
    FindingsError
        The first payer has not decided, or left nothing.
    ConflictError
        The second payer was billed already.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        return secondary_claim(uow, control_number, choices, None)


def secondary_claim(
    uow: UnitOfWork, control_number: str, choices: Choices, corrects: Corrects | None
) -> ClaimRecord:
    """Make the claim to a second payer, inside a transaction."""
    first = _newest(uow, uow.claims.get(control_number))
    if first.is_secondary or first.frequency is Frequency.VOID:
        raise UsageError("the claim is none to a first payer", "Name that one: rehabctl claim list")
    if first.state not in _DECIDED:
        raise UsageError(
            f"the first payer has not decided on {first.control_number}: it is {first.state.value}",
            "Post its 835 first",
        )
    told = first.document
    decision = first_decision(
        told["lines"],
        standing(uow.claims.postings(first.id)),
        told["payer"]["identifier"],
    )
    patient = uow.patients.by_id(first.patient.id)
    cover = cover_of(uow, patient, first.service_on, choices.payer, Rank.SECONDARY)
    if cover.payer == first.payer:
        raise UsageError("that is the first payer", "Name the second one")
    payer = billing_settings.payer_on(uow, cover.payer, first.service_on)
    fees = billing_settings.fees_on(uow, payer.key, first.service_on)
    kept = ("rendering", "icd10", "referring", "discipline", "ties")
    document: dict[str, Any] = {
        **{key: told[key] for key in kept},
        "payer": payer_document(payer),
        **parties_of(patient, cover.policy),
        "responsibility": Responsibility.SECONDARY.value,
        "lines": _lines(told["lines"], decision, fees),
        "other_payers": [_other_payer(told, decision)],
        "due_cents": int(decision.left.scaleb(2)),
    }
    slots = [f"secondary:{first.id}", *service_slots("secondary", patient, document)]
    source = f"{SECONDARY}{first.control_number}"
    work = Work(patient, payer, source, first.service_on, slots)
    return store_claim(uow, work, document, [], choices.tables, corrects)


def drop_unsent(uow: UnitOfWork, first: ClaimRecord) -> None:
    """Close the claim to a second payer that was not sent: what it was made from changes now."""
    for claim in uow.claims.of_patient(first.patient.id):
        unsent = claim.state in (ClaimState.DRAFT, ClaimState.READY)
        if unsent and claim.source == f"{SECONDARY}{first.control_number}":
            uow.monitoring.release(claim.id)
            uow.claims.move(claim, ClaimState.CORRECTED, "the claim to the first payer changed")


def _newest(uow: UnitOfWork, claim: ClaimRecord) -> ClaimRecord:
    """Return the claim that took a claim's place in the end."""
    after = {one.replaces_id: one for one in uow.claims.of_patient(claim.patient.id)}
    while claim.id in after:
        claim = after[claim.id]
    return claim


def _lines(
    lines: Sequence[dict[str, Any]], decision: FirstDecision, fees: FeeSchedule | None
) -> list[dict[str, Any]]:
    allowed: Mapping[str, int] = {} if fees is None else fees.allowed_cents
    made: list[dict[str, Any]] = []
    for line, decided in zip(lines, decision.adjudications, strict=True):
        each = allowed.get(line["code"])
        made.append(
            {
                **line,
                "allowed_cents": None if each is None else each * line["units"],
                "adjudications": [] if decided is None else [decided],
            }
        )
    return made


def _other_payer(told: dict[str, Any], decision: FirstDecision) -> dict[str, Any]:
    """Return the first payer's part: dated and summed there only where it has no lines."""
    whole = decision.adjudications[0] is None
    return {
        "payer": told["payer"],
        "responsibility": Responsibility.PRIMARY.value,
        "relationship": relationship_code(told),
        "insured": told["insured"],
        "insurance_type": told.get("insurance_type", ""),
        "paid": str(decision.paid),
        "paid_on": decision.paid_on.isoformat() if whole else None,
        "adjustments": decision.adjustments,
        "remaining": str(decision.left) if whole else None,
        "outpatient": decision.outpatient,
    }
