"""The claim and its service lines as 837P segments (loops 2300 to 2430)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rehabctl.billing.x12.claim_parties import Emit, address, adjustments, person_or_organization
from rehabctl.billing.x12.writer import money, quantity
from rehabctl.domain.claim import (
    BillingProvider,
    Claim,
    ClaimLine,
    LineAdjudication,
    OtherPayer,
    Provider,
)


def claim_segments(emit: Emit, claim: Claim, billing: BillingProvider) -> Iterator[str]:
    """Yield one claim from CLM to its last line.

    Parameters
    ----------
    emit
        Of the writer.
    claim
        What is billed.
    billing
        The clinic; providers equal to it are not written again.
    """
    causes = (*claim.related_causes[:3], *[""] * (3 - len(claim.related_causes[:3])))
    accident = (*causes, claim.accident_state) if claim.related_causes else None
    yield emit(
        "CLM", claim.control_number, money(claim.total), None, None,
        (claim.place_of_service, "B", claim.frequency), "Y", claim.accepts_assignment,
        claim.benefits_assigned, claim.release_of_information, None, accident,
    )  # fmt: skip
    for qualifier, day in (
        ("431", claim.onset_on),
        ("454", claim.first_treatment_on),
        ("304", claim.last_seen_on),
        ("439", claim.accident_on),
    ):
        if day is not None:
            yield emit("DTP", qualifier, "D8", _day(day))
    if claim.patient_paid is not None:
        yield emit("AMT", "F5", money(claim.patient_paid))
    for qualifier, text in (
        ("9F", claim.referral_number),
        ("G1", claim.prior_authorization),
        ("F8", claim.original_reference),
        ("D9", claim.trace_number),
    ):
        if text:
            yield emit("REF", qualifier, text)
    if claim.note:
        yield emit("NTE", "ADD", claim.note)
    codes = [code.replace(".", "") for code in claim.diagnoses]
    yield emit("HI", *[("ABF" if index else "ABK", code) for index, code in enumerate(codes)])
    yield from _providers(emit, claim, billing)
    for other in claim.other_payers:
        yield from _other_payer(emit, other)
    for number, line in enumerate(claim.lines, 1):
        yield from _line(emit, number, line)


def _providers(emit: Emit, claim: Claim, billing: BillingProvider) -> Iterator[str]:
    if claim.referring is not None:
        yield person_or_organization(emit, "DN", claim.referring)
    if claim.rendering is not None and claim.rendering.npi != billing.provider.npi:
        yield from _rendering(emit, claim.rendering)
    if claim.facility is not None:
        yield person_or_organization(emit, "77", claim.facility)
        if claim.facility.address is not None:
            yield from address(emit, claim.facility.address)
    if claim.supervising is not None:
        yield person_or_organization(emit, "DQ", claim.supervising)


def _rendering(emit: Emit, provider: Provider) -> Iterator[str]:
    yield person_or_organization(emit, "82", provider)
    if provider.taxonomy:
        yield emit("PRV", "PE", "PXC", provider.taxonomy)


def _other_payer(emit: Emit, other: OtherPayer) -> Iterator[str]:
    """Loop 2320: the other policy, what it paid, and whose it is."""
    insured = other.insured
    yield emit(
        "SBR", other.responsibility, other.relationship, insured.group_number, insured.group_name,
        other.insurance_type, None, None, None, other.payer.filing_code,
    )  # fmt: skip
    yield from adjustments(emit, other.adjustments)
    if other.paid is not None:
        yield emit("AMT", "D", money(other.paid))
    if other.remaining is not None:
        yield emit("AMT", "EAF", money(other.remaining))
    yield emit("OI", None, None, "Y", None, None, "Y")
    if other.outpatient:
        yield emit("MOA", *other.outpatient)
    name = insured.name
    parts = name.family, name.given, name.middle, None, name.suffix
    yield emit("NM1", "IL", "1", *parts, "MI", insured.member_id)
    if insured.address is not None:
        yield from address(emit, insured.address)
    payer = other.payer.name, None, None, None, None, "PI", other.payer.identifier
    yield emit("NM1", "PR", "2", *payer)
    if other.paid_on is not None:
        yield emit("DTP", "573", "D8", _day(other.paid_on))


def _line(emit: Emit, number: int, line: ClaimLine) -> Iterator[str]:
    yield emit("LX", number)
    yield emit(
        "SV1", ("HC", line.code, *line.modifiers), money(line.charge), "UN", quantity(line.units),
        line.place_of_service, None, tuple(str(pointer) for pointer in line.pointers),
    )  # fmt: skip
    if line.service_to is None or line.service_to == line.service_from:
        yield emit("DTP", "472", "D8", _day(line.service_from))
    else:
        yield emit("DTP", "472", "RD8", f"{_day(line.service_from)}-{_day(line.service_to)}")
    yield emit("REF", "6R", line.reference)
    if line.note:
        yield emit("NTE", "ADD", line.note)
    if line.rendering is not None:
        yield from _rendering(emit, line.rendering)
    for adjudication in line.adjudications:
        yield from _adjudication(emit, line, adjudication)


def _adjudication(emit: Emit, line: ClaimLine, found: LineAdjudication) -> Iterator[str]:
    """Loop 2430: what another payer did with this line."""
    procedure = ("HC", line.code, *line.modifiers)
    paid, units = money(found.paid), quantity(found.units)
    yield emit("SVD", found.payer_identifier, paid, procedure, None, units)
    yield from adjustments(emit, found.adjustments)
    yield emit("DTP", "573", "D8", _day(found.on))
    if found.remaining is not None:
        yield emit("AMT", "EAF", money(found.remaining))


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"
