"""Claims from recorded work: drafted with reasons, kept once, corrected by a later claim."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.claim import Frequency
from rehabctl.domain.claim_record import ClaimEvent, ClaimPosting, ClaimRecord, ClaimState
from rehabctl.domain.errors import FindingsError, UsageError
from rehabctl.services.access import Action, require
from rehabctl.services.claim_drafts import (
    NOTHING_SAID,
    Choices,
    Corrects,
    as_before,
    monitoring_claim,
    visit_claim,
    void_claim,
)
from rehabctl.services.secondary_claims import drop_unsent, secondary_claim

if TYPE_CHECKING:
    from rehabctl.store.store import Store


def draft_visit(store: Store, visit_id: UUID, choices: Choices = NOTHING_SAID) -> ClaimRecord:
    """Make the claim of a visit, once: ready when nothing stands against it, else a draft.

    Parameters
    ----------
    store
        The open store.
    visit_id
        A completed visit.
    choices
        What the biller says.

    Raises
    ------
    NotFoundError
        Visit, payer, provider or clinic are not known.
    FindingsError
        The visit is not completed, or data of the patient are missing.
    ConflictError
        The visit, a minute or a service of it is billed already.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        return visit_claim(uow, visit_id, choices, None)


def draft_monitoring(
    store: Store, mrn: str, month: str, choices: Choices = NOTHING_SAID
) -> ClaimRecord:
    """Make the claim of the monitoring evidence that was frozen for services of a month, once.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    month
        Like `2026-03`: of the last days of windows and months.
    choices
        What the biller says.

    Raises
    ------
    FindingsError
        Nothing is frozen for that month.
    ConflictError
        It is billed already.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        return monitoring_claim(uow, uow.patients.get(mrn), month, choices, None)


def correct(
    store: Store, control_number: str, choices: Choices = NOTHING_SAID, *, void: bool = False
) -> ClaimRecord:
    """Make the claim that replaces another, or voids it; the other is then closed.

    A claim that no payer took in (a draft, or rejected) is made anew as what it was.

    Parameters
    ----------
    store
        The open store.
    control_number
        Of the claim to be corrected.
    choices
        What the biller says now; what is empty stays as it was, but attestations are given anew.
    void
        Whether it is to be taken back.

    Raises
    ------
    UsageError
        The claim is under way, or closed already.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        old = uow.claims.get(control_number)
        if old.state in (ClaimState.SUBMITTED, ClaimState.ACCEPTED, ClaimState.CORRECTED):
            raise UsageError(
                f"the claim is {old.state.value}", "Only what was answered can be corrected"
            )
        known_to_payer = old.state in (ClaimState.DENIED, ClaimState.POSTED)
        if old.frequency is Frequency.VOID and known_to_payer:
            raise UsageError("the claim is a void itself", "Draft the visit again")
        if void and not known_to_payer:
            raise UsageError("no payer took the claim in", "There is nothing to take back")
        if known_to_payer and not old.payer_reference:
            raise FindingsError(
                "the payer's number of the claim is not known", "Post its 835 first"
            )
        # what no payer took in is sent again as what it was, with the number that it named
        frequency = Frequency.REPLACEMENT if known_to_payer else old.frequency
        original = old.payer_reference if known_to_payer else old.document["original_reference"]
        corrects = Corrects(old, frequency, original or "")
        drop_unsent(uow, old)
        uow.monitoring.release(old.id)
        uow.claims.move(old, ClaimState.CORRECTED, "taken over by a later claim")
        if void or frequency is Frequency.VOID:
            return void_claim(uow, corrects)
        kind, _, key = old.source.partition(":")
        if kind == "visit":
            return visit_claim(uow, UUID(key), as_before(old, choices), corrects)
        if old.is_secondary:
            said = replace(choices, payer=choices.payer or old.payer)
            return secondary_claim(uow, key, said, corrects)
        patient = uow.patients.by_id(old.patient.id)
        return monitoring_claim(uow, patient, key, as_before(old, choices), corrects)


@dataclass(frozen=True, slots=True)
class ClaimDetail:
    """One claim with its history."""

    claim: ClaimRecord
    events: tuple[ClaimEvent, ...]
    postings: tuple[ClaimPosting, ...]


def show(store: Store, control_number: str) -> ClaimDetail:
    """Return one claim with everything that happened to it."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        claim = uow.claims.get(control_number)
        uow.audit.record("claim.read", "claim", claim.id)
        return ClaimDetail(claim, uow.claims.events(claim.id), uow.claims.postings(claim.id))


def listed(store: Store, state: ClaimState | None = None) -> tuple[ClaimDetail, ...]:
    """Return the claims in a state with their postings, by number; None is every state."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        found = uow.claims.of_state(state)
        uow.audit.read("claim.list", "claim", [claim.id for claim in found])
        return tuple(ClaimDetail(c, (), uow.claims.postings(c.id)) for c in found)
