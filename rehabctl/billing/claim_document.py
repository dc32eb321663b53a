"""A claim as a stored document, and the claim that is written from it: the same bytes each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from rehabctl.domain.claim import (
    Address,
    Batch,
    BillingProvider,
    Claim,
    ClaimAdjustment,
    ClaimLine,
    Frequency,
    Insured,
    LineAdjudication,
    OtherPayer,
    Patient,
    Payer,
    PersonName,
    Provider,
    Responsibility,
    Sex,
)
from rehabctl.domain.payer import ClinicIdentity, dollars


def claim_of(control_number: str, document: Mapping[str, Any]) -> Claim:
    """Return the claim of a stored document.

    Parameters
    ----------
    control_number
        Our number of it.
    document
        Plain JSON as it was drafted.
    """
    insured, rendering, payer = document["insured"], document["rendering"], document["payer"]
    place = document["lines"][0]["place_of_service"]
    pointers = tuple(range(1, min(len(document["icd10"]), 4) + 1))
    lines = tuple(
        ClaimLine(
            code=line["code"],
            charge=dollars(line["charge_cents"]),
            units=Decimal(line["units"]),
            pointers=pointers,
            service_from=date.fromisoformat(line["service_on"]),
            reference=str(number),
            modifiers=tuple(line["modifiers"]),
            place_of_service="" if line["place_of_service"] == place else line["place_of_service"],
            adjudications=tuple(_adjudication(one) for one in line.get("adjudications", ())),
        )
        for number, line in enumerate(document["lines"], start=1)
    )
    return Claim(
        control_number=control_number,
        payer=Payer(payer["name"], payer["identifier"], payer["filing_code"]),
        insured=_insured(insured),
        patient=_patient(document.get("patient")),
        responsibility=Responsibility(document.get("responsibility", "P")),
        insurance_type=document.get("insurance_type", ""),
        diagnoses=tuple(document["icd10"]),
        lines=lines,
        place_of_service=place,
        frequency=Frequency(document["frequency"]),
        original_reference=document["original_reference"],
        referring=_referring(document["referring"]),
        rendering=Provider(
            rendering["npi"],
            person=PersonName(rendering["family_name"], rendering["given_name"]),
            taxonomy=rendering["taxonomy"],
        ),
        other_payers=tuple(_other_payer(one) for one in document.get("other_payers", ())),
    )


def _insured(told: Mapping[str, Any]) -> Insured:
    return Insured(
        _name(told),
        told["member_id"],
        date.fromisoformat(told["birth_date"]),
        Sex(told["sex"]),
        _address(told) if told["line1"] else None,
        told.get("group_number", ""),
    )


def _patient(told: Mapping[str, Any] | None) -> Patient | None:
    """Return who is insured through somebody else."""
    if told is None:
        return None
    born = date.fromisoformat(told["birth_date"])
    return Patient(told["relationship"], _name(told), born, Sex(told["sex"]), _address(told))


def _name(told: Mapping[str, Any]) -> PersonName:
    return PersonName(told["family_name"], told["given_name"], told["middle_name"])


def _address(told: Mapping[str, Any]) -> Address:
    return Address(told["line1"], told["city"], told["state"], told["postal_code"])


def _other_payer(told: Mapping[str, Any]) -> OtherPayer:
    payer = told["payer"]
    return OtherPayer(
        Payer(payer["name"], payer["identifier"], payer["filing_code"]),
        Responsibility(told["responsibility"]),
        told["relationship"],
        _insured(told["insured"]),
        told["insurance_type"],
        Decimal(told["paid"]),
        None if told["paid_on"] is None else date.fromisoformat(told["paid_on"]),
        _adjustments(told["adjustments"]),
        None if told["remaining"] is None else Decimal(told["remaining"]),
        tuple(told["outpatient"]),
    )


def _adjudication(told: Mapping[str, Any]) -> LineAdjudication:
    return LineAdjudication(
        told["payer_identifier"],
        Decimal(told["paid"]),
        Decimal(told["units"]),
        date.fromisoformat(told["on"]),
        _adjustments(told["adjustments"]),
        Decimal(told["remaining"]),
    )


def _adjustments(told: Sequence[Mapping[str, Any]]) -> tuple[ClaimAdjustment, ...]:
    return tuple(
        ClaimAdjustment(one["group"], one["reason"], Decimal(one["amount"])) for one in told
    )


def _referring(told: Sequence[str] | None) -> Provider | None:
    if not told:
        return None
    npi, name = told
    family, _, given = name.partition(",")
    if not given:
        given, _, family = name.rpartition(" ")
    return Provider(npi, person=PersonName(family.strip(), given.strip()))


def batch_of(
    clinic: ClinicIdentity, control_number: int, created_at: Any, *, is_test: bool
) -> Batch:
    """Return the envelope of a file.

    Parameters
    ----------
    clinic
        Who sends.
    control_number
        Of the interchange.
    created_at
        Local time.
    is_test
        Whether the receiver is to treat it as a test.
    """
    address = Address(clinic.line1, clinic.city, clinic.state, clinic.postal_code)
    billing = Provider(
        clinic.npi, organization=clinic.name, taxonomy=clinic.taxonomy, address=address
    )
    return Batch(
        sender_id=clinic.sender_id,
        receiver_id=clinic.receiver_id,
        submitter_name=clinic.name,
        submitter_id=clinic.sender_id,
        contact_name=clinic.contact_name,
        contact_phone=clinic.contact_phone,
        receiver_name=clinic.receiver_name,
        billing=BillingProvider(billing, clinic.tax_id),
        control_number=control_number,
        created_at=created_at,
        is_test=is_test,
    )
