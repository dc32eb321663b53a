"""Writer of the 837P (005010X222A1), a claim at a time in flat memory.

The same claims, batch and separators give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from rehabctl.billing.x12.claim_parties import Emit, address, person_or_organization
from rehabctl.billing.x12.claim_services import claim_segments
from rehabctl.billing.x12.writer import SegmentWriter
from rehabctl.domain.claim import Address, Batch, Claim, Insured, Sex

VERSION = "005010X222A1"
_CLAIMS_OF_A_SET = 5000
"""Claims that the implementation guide advises for one transaction set at most."""


def write_claims(
    claims: Iterable[Claim], batch: Batch, writer: SegmentWriter | None = None
) -> Iterator[str]:
    """Yield the text of a file of claims, piece by piece.

    Parameters
    ----------
    claims
        In the order of the file; all for the batch's receiver.
    batch
        Who sends the file to whom.
    writer
        Separators, and afterwards what was changed (`changed`).

    Raises
    ------
    FindingsError
        A claim holds what an 837P cannot carry.
    """
    writer = writer or SegmentWriter()
    emit = writer.segment
    yield writer.interchange(batch)
    yield writer.group(batch, "HC", VERSION)
    sets = 0
    waiting = iter(claims)
    claim = next(waiting, None)
    while claim is not None:
        sets += 1
        writer.count = 0
        yield from _set_header(batch, sets, emit)
        level = 1
        for _ in range(_CLAIMS_OF_A_SET):
            writer.claim = claim.control_number
            pieces, level = _claim(claim, level, batch, emit)
            yield "".join(pieces)
            claim = next(waiting, None)
            if claim is None:
                break
        writer.claim = ""
        yield emit("SE", writer.count + 1, f"{sets:04d}")
    yield emit("GE", sets, batch.control_number)
    yield emit("IEA", 1, f"{batch.control_number:09d}")


def _set_header(batch: Batch, number: int, emit: Emit) -> Iterator[str]:
    billing = batch.billing
    yield emit("ST", "837", f"{number:04d}", VERSION)
    reference = f"{batch.control_number:09d}{number:04d}"
    day, minute = f"{batch.created_at:%Y%m%d}", f"{batch.created_at:%H%M}"
    yield emit("BHT", "0019", "00", reference, day, minute, "CH")
    name, identifier = batch.submitter_name, batch.submitter_id
    yield emit("NM1", "41", "2", name, None, None, None, None, "46", identifier)
    email = ("EM", batch.contact_email) if batch.contact_email else ()
    yield emit("PER", "IC", batch.contact_name, "TE", batch.contact_phone, *email)
    receiver = batch.receiver_name, None, None, None, None, "46", batch.receiver_id
    yield emit("NM1", "40", "2", *receiver)
    yield emit("HL", 1, None, "20", 1)
    if billing.provider.taxonomy:
        yield emit("PRV", "BI", "PXC", billing.provider.taxonomy)
    yield person_or_organization(emit, "85", billing.provider)
    if billing.provider.address is not None:
        yield from address(emit, billing.provider.address)
    kind = "SY" if billing.is_social_security_number else "EI"
    yield emit("REF", kind, billing.tax_id)
    if billing.pay_to is not None:
        yield emit("NM1", "87", "2")
        yield from address(emit, billing.pay_to)


def _claim(claim: Claim, level: int, batch: Batch, emit: Emit) -> tuple[list[str], int]:
    """Return one claim's levels, and the number of the last one."""
    out: list[str] = []
    subscriber = level + 1
    out.append(emit("HL", subscriber, 1, "22", 0 if claim.patient is None else 1))
    insured = claim.insured
    out.append(
        emit(
            "SBR", claim.responsibility, "18" if claim.patient is None else None,
            insured.group_number, insured.group_name, claim.insurance_type, None, None, None,
            claim.payer.filing_code,
        )
    )  # fmt: skip
    out.extend(insured_segments(emit, insured))
    payer = claim.payer.name, None, None, None, None, "PI", claim.payer.identifier
    out.append(emit("NM1", "PR", "2", *payer))
    level = subscriber
    if claim.patient is not None:
        level += 1
        patient = claim.patient
        out.append(emit("HL", level, subscriber, "23", 0))
        out.append(emit("PAT", patient.relationship))
        name = patient.name
        out.append(emit("NM1", "QC", "1", name.family, name.given, name.middle, None, name.suffix))
        out.extend(_who(emit, patient.address, patient.birth_date, patient.sex))
    out.extend(claim_segments(emit, claim, batch.billing))
    return out, level


def insured_segments(emit: Emit, insured: Insured) -> Iterator[str]:
    """Yield who is insured.

    Parameters
    ----------
    emit
        Of the writer.
    insured
        The policy's holder.
    """
    name = insured.name
    parts = name.family, name.given, name.middle, None, name.suffix
    yield emit("NM1", "IL", "1", *parts, "MI", insured.member_id)
    yield from _who(emit, insured.address, insured.birth_date, insured.sex)


def _who(
    emit: Emit, place: Address | None, birth_date: date | None, sex: Sex | None
) -> Iterator[str]:
    if place is not None:
        yield from address(emit, place)
    if birth_date is not None:
        yield emit("DMG", "D8", f"{birth_date:%Y%m%d}", sex or Sex.UNKNOWN)
