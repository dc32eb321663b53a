"""Insurance policies of patients: recorded with their order, and ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.policy import Policy, Rank, Relationship, Subscriber
from rehabctl.services.access import Action, may, require
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """What is said of a policy."""

    rank: Rank
    payer: str
    """The clinic's own name of it."""
    member_id: str
    relationship: Relationship = Relationship.SELF
    subscriber: Subscriber | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    group_number: str = ""
    insurance_type: str = ""


def add(store: Store, mrn: str, said: NewPolicy) -> Policy:
    """Record a policy; one of each rank holds on a day.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    said
        The policy; without a first day it holds from today.

    Raises
    ------
    UsageError
        Something is missing, or another policy of that rank holds then.
    """
    if not said.payer.strip() or not said.member_id.strip():
        raise UsageError("a policy needs a payer and a member number", "Give both")
    if (said.relationship is Relationship.SELF) != (said.subscriber is None):
        raise UsageError(
            "the policy's holder is given exactly where that is not the patient",
            "Give --subscriber with a --relationship other than self",
        )
    with store.transaction() as uow:
        _require(uow)
        patient = uow.patients.get(mrn)
        first = said.valid_from or clinic_today(uow.clinic, uow.now)
        if said.valid_to is not None and said.valid_to < first:
            raise UsageError("the policy ends before it begins", "Check --from and --until")
        policy = Policy(
            uow.new_id(), patient.ref, said.rank, said.payer.strip(), said.member_id.strip(),
            said.relationship, first, said.valid_to, said.group_number.strip(),
            said.insurance_type.strip(), said.subscriber,
        )  # fmt: skip
        if any(policy.meets(other) for other in uow.policies.of_patient(patient.id)):
            raise UsageError(
                f"another {said.rank.value} policy holds on some of these days",
                f"End it: rehabctl patient coverage end {mrn} {said.rank.value}",
            )
        uow.policies.add(policy)
        uow.audit.record("policy.add", "insurance_policy", policy.id, {"rank": said.rank.value})
        return policy


def of_patient(store: Store, mrn: str) -> tuple[Policy, ...]:
    """Return the policies of a patient, ended ones too."""
    with store.transaction() as uow:
        require(uow, Action.READ_PATIENTS)
        patient = uow.patients.get(mrn)
        found = uow.policies.of_patient(patient.id)
        uow.audit.read("policy.list", "insurance_policy", [one.id for one in found])
        return found


def end(store: Store, mrn: str, rank: Rank, last_day: date | None = None) -> Policy:
    """End the newest policy of a rank.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    rank
        Of the policy.
    last_day
        Default yesterday.

    Raises
    ------
    NotFoundError
        There is none that goes on.
    UsageError
        The day lies before its first.
    """
    with store.transaction() as uow:
        _require(uow)
        patient = uow.patients.get(mrn)
        last = last_day or clinic_today(uow.clinic, uow.now) - timedelta(1)
        held = [one for one in uow.policies.of_patient(patient.id) if one.rank is rank]
        if not held or (held[-1].valid_to or date.max) <= last:
            raise NotFoundError(
                f"no {rank.value} policy goes on after that day",
                f"Look at: rehabctl patient coverage list {mrn}",
            )
        if last < held[-1].valid_from:
            raise UsageError("the policy would end before it begins", "Give a later --on")
        uow.policies.end(held[-1].id, last)
        uow.audit.record("policy.end", "insurance_policy", held[-1].id)
        return replace(held[-1], valid_to=last)


def _require(uow: UnitOfWork) -> None:
    """Let the front desk and who makes claims record policies."""
    if not may(uow.user.role, Action.MANAGE_CLAIMS, is_local=uow.is_local):
        require(uow, Action.WRITE_PATIENTS)
