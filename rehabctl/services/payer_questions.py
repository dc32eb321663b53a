"""Questions to payers: is this patient covered (270), and what became of this claim (276)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rehabctl.billing.claim_document import claim_of
from rehabctl.billing.coverage import therapy_benefits
from rehabctl.billing.x12.inquiries import write_eligibility, write_status
from rehabctl.domain.claim import Payer, Provider, Sex
from rehabctl.domain.claim_port import ClaimPort
from rehabctl.domain.claim_record import ClaimFile, ClaimState, FileState
from rehabctl.domain.eligibility import (
    CoverageCheck,
    CoverState,
    EligibilityQuestion,
    Exchange,
    StatusQuestion,
    TherapyBenefits,
)
from rehabctl.domain.errors import UsageError
from rehabctl.domain.payer import ClinicIdentity, dollars
from rehabctl.services import coverage_answers
from rehabctl.services.access import Action, require
from rehabctl.services.billing_settings import clinic_of, payer_on
from rehabctl.services.claim_drafts import local_now
from rehabctl.services.claim_exchange import Incoming, Received, acknowledge
from rehabctl.services.claim_parties import asked_about, cover_of
from rehabctl.services.claim_submission import file_name, hand_over, next_number

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_ASKABLE = (
    ClaimState.SUBMITTED, ClaimState.ACCEPTED, ClaimState.DENIED, ClaimState.POSTED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cover:
    """A question about cover and what its answer says of therapy."""

    check: CoverageCheck
    therapy: TherapyBenefits | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was put."""

    file: ClaimFile
    data: bytes
    answer: Incoming | None
    """What came back at once."""


def check_cover(
    store: Store,
    mrn: str,
    *,
    port: ClaimPort | None,
    via: str | None,
    on: date | None = None,
    payer: str = "",
    service_types: tuple[str, ...] = ("30", "PT"),
) -> tuple[Cover, Asked]:
    """Ask a payer whether a patient is covered on a day, and for which therapy.

    The question is kept before it leaves. Without a port only its file is made.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    port, via
        The connection and its name.
    on
        Day of the cover; today without one.
    payer
        The clinic's name of it; empty is that of the patient's record.
    service_types
        Codes of what is asked about.

    Raises
    ------
    FindingsError
        The record lacks the member number, or the answer is damaged.
    UnavailableError
        The connection is away: the question is kept as asked.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        patient = uow.patients.get(mrn)
        day = on or local_now(uow).date()
        cover = cover_of(uow, patient, day, payer)
        rules = payer_on(uow, cover.payer, day)
        insured, dependent = asked_about(patient, cover.policy)
        clinic, number = clinic_of(uow), next_number(uow)
        check = CoverageCheck(
            uow.new_id(), patient.ref, rules.key, day, f"E{number:09d}", insured.member_id,
            service_types, CoverState.ASKED, uow.now, via,
        )  # fmt: skip
        question = EligibilityQuestion(
            Payer(rules.name, rules.identifier, rules.filing_code),
            Provider(clinic.npi, organization=clinic.name),
            insured, day, check.trace_number, service_types, dependent,
        )  # fmt: skip
        text = write_eligibility(question, _envelope(uow, clinic, number))
        uow.coverage.add(check)
        file = _keep(store, uow, text, number, "270", via)
        uow.audit.record("eligibility.check", "coverage_check", check.id, {"payer": rules.key})
    asked = _put(store, port, file, text.encode("ascii"))
    if asked.answer is not None:
        done = coverage_answers.take_in(store, asked.answer, check)
        check = next((one for one in done if one.id == check.id), check)
    return _cover(check, "GP"), asked


def covers(store: Store, mrn: str, discipline: str = "GP") -> tuple[Cover, ...]:
    """Return what payers said of a patient's cover, the newest first.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    discipline
        GP, GO or GN: of the therapy.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_PATIENTS)
        patient = uow.patients.get(mrn)
        found = uow.coverage.of_patient(patient.id)
        uow.audit.read("eligibility.show", "coverage_check", [one.id for one in found])
        return tuple(_cover(one, discipline) for one in found)


def ask_status(
    store: Store, control_number: str, *, port: ClaimPort | None, via: str | None
) -> tuple[Received | None, Asked]:
    """Ask the payer what has become of a claim; the answer is noted and moves nothing.

    Parameters
    ----------
    store
        The open store.
    control_number
        Our number of the claim.
    port, via
        The connection and its name; without one only the file is made.

    Raises
    ------
    UsageError
        The claim was not sent.
    FindingsError
        The answer is damaged.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        claim = uow.claims.get(control_number)
        if claim.state not in _ASKABLE:
            raise UsageError(f"the claim is {claim.state.value}", "Only a sent claim has a status")
        clinic, number = clinic_of(uow), next_number(uow)
        told = claim_of(claim.control_number, claim.document)
        days = sorted(line.service_from for line in told.lines)
        who = claim.document.get("patient") or claim.document["insured"]
        question = StatusQuestion(
            payer=told.payer,
            submitter_name=clinic.name,
            submitter_id=clinic.sender_id,
            provider=Provider(clinic.npi, organization=clinic.name),
            insured=told.insured,
            claim_number=claim.control_number,
            charged=dollars(claim.total_cents),
            service_from=days[0],
            service_to=days[-1],
            birth_date=date.fromisoformat(who["birth_date"]),
            sex=Sex(who["sex"]),
            payer_claim_id=claim.payer_reference or "",
            patient=told.patient,
        )
        text = write_status(question, _envelope(uow, clinic, number))
        file = _keep(store, uow, text, number, "276", via)
        uow.audit.record("claim.status", "claim", claim.id)
    asked = _put(store, port, file, text.encode("ascii"))
    return None if asked.answer is None else acknowledge(store, asked.answer), asked


def _keep(
    store: Store, uow: UnitOfWork, text: str, number: int, kind: str, via: str | None
) -> ClaimFile:  # fmt: skip
    """Write a question down: a web service is asked at once, a folder gets it as a file."""
    sha256 = store.blobs.put(io.BytesIO(text.encode("ascii")), kind="claim_file")
    name = file_name(clinic_of(uow).sender_id, number, kind)
    file = ClaimFile(uow.new_id(), "out", FileState.SENT, name, sha256, uow.now, number, port=via)
    uow.claims.add_file(file)
    return file


def _put(store: Store, port: ClaimPort | None, file: ClaimFile, data: bytes) -> Asked:
    if port is None:
        return Asked(file, data, None)
    answer = port.ask(data)
    if answer is None:
        with store.transaction() as uow:
            waiting = uow.claims.move_file(file, FileState.PREPARED)
        hand_over(store, port, waiting)
        return Asked(file, data, None)
    return Asked(file, data, Incoming(f"{file.name}.answer", answer, file.port))


def _cover(check: CoverageCheck, discipline: str) -> Cover:
    if check.answer is None:
        return Cover(check, None)
    benefits = coverage_answers.benefits_of(check.answer)
    return Cover(check, therapy_benefits(benefits, discipline))


def _envelope(uow: UnitOfWork, clinic: ClinicIdentity, number: int) -> Exchange:
    return Exchange(clinic.sender_id, clinic.receiver_id, number, local_now(uow), is_test=False)
