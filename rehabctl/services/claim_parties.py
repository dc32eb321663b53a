"""Who stands on a claim: the insured, the patient, providers, and the payer that is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rehabctl.domain import claim
from rehabctl.domain.claim import Insured, PersonName
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.patient import Patient, Sex
from rehabctl.domain.payer import ProviderIdentity
from rehabctl.domain.policy import Policy, Rank, Relationship
from rehabctl.services import billing_settings

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork

_SEX_CODES = {Sex.FEMALE: "F", Sex.MALE: "M"}


@dataclass(frozen=True, slots=True)
class Cover:
    """Under which policy a payer is asked."""

    payer: str
    """The clinic's own name of it."""
    policy: Policy | None
    """None: the patient is insured herself, as her record says."""


def cover_of(
    uow: UnitOfWork, patient: Patient, on: date, payer: str = "", rank: Rank = Rank.PRIMARY
) -> Cover:
    """Return the payer of a patient on a day: of a policy, else as her record says.

    Parameters
    ----------
    uow
        Open transaction.
    patient
        Whose claim it is.
    on
        Date of service.
    payer
        What was said; empty is that of the policy or the record.
    rank
        Of the policy that is looked for, where no payer was said.

    Raises
    ------
    UsageError
        No payer is known.
    """
    for policy in uow.policies.of_patient(patient.id):
        wanted = policy.payer == payer if payer else policy.rank is rank
        if wanted and policy.holds(on):
            return Cover(policy.payer, policy)
    key = payer or patient.demographics.payer
    if not key or rank is not Rank.PRIMARY:
        raise UsageError(
            f"no {rank.value} payer of the patient is known", "Add it: rehabctl patient coverage"
        )
    return Cover(key, None)


def parties_of(patient: Patient, policy: Policy | None) -> dict[str, Any]:
    """Return the insured and, where that is somebody else, the patient, as a claim keeps them.

    Parameters
    ----------
    patient
        Whose claim it is.
    policy
        None: the patient is insured herself.

    Raises
    ------
    FindingsError
        The record lacks what a claim needs.
    """
    who = _person(patient)
    if policy is None:
        if not patient.demographics.member_id:
            raise _lacks(["member id"])
        member = {"member_id": patient.demographics.member_id, "group_number": ""}
        return {"insured": who | member, "patient": None, "insurance_type": ""}
    member = {"member_id": policy.member_id, "group_number": policy.group_number}
    kind = {"insurance_type": policy.insurance_type}
    if policy.subscriber is None:
        return {"insured": who | member, "patient": None, **kind}
    holder = policy.subscriber
    insured = {
        "family_name": holder.family_name,
        "given_name": holder.given_name,
        "middle_name": holder.middle_name,
        "birth_date": holder.birth_date.isoformat(),
        "sex": holder.sex,
        "line1": holder.address1,
        "city": holder.city,
        "state": holder.state,
        "postal_code": holder.postal_code.replace("-", ""),
    }
    return {
        "insured": insured | member,
        "patient": who | {"relationship": policy.relationship.code},
        **kind,
    }


def asked_about(
    patient: Patient, policy: Policy | None
) -> tuple[Insured, claim.Patient | None]:  # fmt: skip
    """Return whom a question about cover names: the insured, and the patient if somebody else.

    Raises
    ------
    FindingsError
        The record lacks the member number.
    """
    who = patient.demographics
    name = PersonName(who.family_name, who.given_name, who.middle_name or "")
    sex = claim.Sex(_SEX_CODES.get(who.sex, "U"))
    number = who.member_id if policy is None else policy.member_id
    if not number:
        raise _lacks(["member id"])
    if policy is None or policy.subscriber is None:
        return Insured(name, number, who.birth_date, sex), None
    holder = policy.subscriber
    insured = Insured(
        PersonName(holder.family_name, holder.given_name, holder.middle_name),
        number,
        holder.birth_date,
        claim.Sex(holder.sex),
    )
    home = claim.Address(who.address1 or "", who.city or "", who.state, who.postal_code or "")
    born = who.birth_date
    return insured, claim.Patient(policy.relationship.code, name, born, sex, home)


def relationship_code(parties: dict[str, Any]) -> str:
    """Return what the patient is to the insured of a stored claim, as X12 codes it."""
    patient = parties.get("patient")
    return Relationship.SELF.code if patient is None else patient["relationship"]


def _person(patient: Patient) -> dict[str, str]:
    who = patient.demographics
    needed = {"address": who.address1, "city": who.city, "postal code": who.postal_code}
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise _lacks(missing)
    return {
        "family_name": who.family_name,
        "given_name": who.given_name,
        "middle_name": who.middle_name or "",
        "birth_date": who.birth_date.isoformat(),
        "sex": _SEX_CODES.get(who.sex, "U"),
        "line1": who.address1 or "",
        "city": who.city or "",
        "state": who.state,
        "postal_code": (who.postal_code or "").replace("-", ""),
    }


def _lacks(missing: list[str]) -> FindingsError:
    return FindingsError(
        f"the patient's record lacks {', '.join(missing)}", "Add it: rehabctl patient update"
    )


def diagnoses_of(uow: UnitOfWork, patient: Patient) -> list[str]:
    """Return the diagnosis codes of the patient's active episode.

    Raises
    ------
    FindingsError
        None is known.
    """
    episode = uow.episodes.active(patient.id)
    if episode is None or not episode.icd10:
        raise FindingsError("no diagnosis code is known", "Give it: --diagnosis M25.561")
    return [episode.icd10]


def referring_of(uow: UnitOfWork, patient: Patient, on: date) -> list[str] | None:
    """Return NPI and name of the newest referral that holds."""
    for one in reversed(uow.episodes.referrals(patient.id)):
        if one.referrer_npi and one.ordered_on <= on and (one.expires_on or on) >= on:
            return [one.referrer_npi, one.referrer_name]
    return None


def provider_by_id(uow: UnitOfWork, user_id: UUID) -> ProviderIdentity:
    """Return who a user is on a claim."""
    for user in uow.clinics.users(uow.clinic.id):
        if user.id == user_id:
            return billing_settings.provider_of(uow, user.login)
    raise NotFoundError("the provider is no user of the clinic", "Look at the visit")
