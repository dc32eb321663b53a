"""How a claim is made from a visit or from monitoring evidence, inside one transaction."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.billing.claim_document import batch_of, claim_of
from rehabctl.billing.claim_draft import Attestation, Draft, DraftFinding, DraftLine, VisitFacts
from rehabctl.billing.claim_lines import draft_lines, monitoring_line, with_threshold
from rehabctl.billing.kx import AllowedAmount
from rehabctl.billing.preflight.breach import World
from rehabctl.billing.preflight.check import PreflightResult, check_claims
from rehabctl.billing.visit_services import services_of_blocks
from rehabctl.billing.x12.claim_837p import write_claims
from rehabctl.billing.x12.findings import Severity
from rehabctl.domain.claim import Frequency
from rehabctl.domain.claim_record import ClaimRecord, ClaimState
from rehabctl.domain.code_lists import CodeTables
from rehabctl.domain.errors import FindingsError, UsageError
from rehabctl.domain.patient import Patient
from rehabctl.domain.payer import SELF_PAY, ClinicIdentity, PayerRules, ProviderIdentity
from rehabctl.domain.policy import Policy
from rehabctl.domain.visit import Channel, ParticipantRole, Visit, VisitKind, VisitStatus
from rehabctl.reference.payers.preflight import load_preflight_codes
from rehabctl.services import billing_settings
from rehabctl.services.claim_parties import (
    cover_of,
    diagnoses_of,
    parties_of,
    provider_by_id,
    referring_of,
)
from rehabctl.services.claim_situations import situation_of
from rehabctl.services.remote_monitoring import minute_slot

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork

_SPENT = (ClaimState.CORRECTED, ClaimState.DENIED)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a biller says about a claim; what is empty comes from the patient's record."""

    payer: str = ""
    """The clinic's name of the payer."""
    diagnoses: tuple[str, ...] = ()
    """ICD-10-CM, the principal one first."""
    referring: tuple[str, str] | None = None
    """NPI and name of the referring provider, the name like `Referrer, Pat`."""
    attestations: tuple[Attestation, ...] = ()
    """What named persons state."""
    tables: CodeTables | None = None
    """Imported official lists to check against."""


NOTHING_SAID = Choices()


@dataclass(frozen=True, slots=True)
class Corrects:
    """The claim that a new one takes the place of."""

    claim: ClaimRecord
    frequency: Frequency
    original: str
    """The payer's number of the claim that is replaced or voided; empty in an original."""


def file_bytes(
    clinic: ClinicIdentity, claims: Iterable[ClaimRecord], control_number: int, created_at: Any,
    *, is_test: bool,
) -> bytes:  # fmt: skip
    """Return the 837P of claims: the same for the same claims, number and time."""
    batch = batch_of(clinic, control_number, created_at, is_test=is_test)
    written = (claim_of(one.control_number, one.document) for one in claims)
    return "".join(write_claims(written, batch)).encode("ascii")


def check_bytes(
    data: bytes, today: date, timely_filing_days: int | None, tables: CodeTables | None = None
) -> PreflightResult:
    """Check a file of ours as any other is checked before it is sent."""
    world = World(today, load_preflight_codes(today), timely_filing_days, tables=tables)
    return check_claims(io.BytesIO(data), world)


def local_now(uow: UnitOfWork) -> Any:
    """Return the time of the transaction in the clinic's zone."""
    return uow.now.astimezone(ZoneInfo(uow.clinic.time_zone))


def as_before(old: ClaimRecord, choices: Choices) -> Choices:
    """Return the choices of a correction: what is not said now stays as it was."""
    referring = old.document["referring"]
    return replace(
        choices,
        payer=choices.payer or old.payer,
        diagnoses=choices.diagnoses or tuple(old.document["icd10"]),
        referring=choices.referring or ((referring[0], referring[1]) if referring else None),
    )


@dataclass(frozen=True, slots=True)
class VisitDraft:
    """What a completed visit gives to bill, and what it holds so that nothing is billed twice."""

    patient: Patient
    on: date
    """Local day."""
    payer: PayerRules
    provider: ProviderIdentity
    """Who renders: the supervisor of an assistant."""
    discipline: str
    draft: Draft
    slots: list[str]
    policy: Policy | None = None
    """None: the patient is insured herself, as her record says."""


def visit_draft(uow: UnitOfWork, visit_id: UUID, choices: Choices) -> VisitDraft:
    """Derive the lines of a completed visit, inside a transaction."""
    visit = uow.visits.get(visit_id)
    if visit.status is not VisitStatus.COMPLETED or visit.started_at is None:
        raise FindingsError("the visit is not completed", "Complete it first")
    patient = uow.patients.by_id(visit.patient.id)
    on = visit.started_at.astimezone(_zone(uow, patient)).date()
    cover = cover_of(uow, patient, on, choices.payer)
    payer = billing_settings.payer_on(uow, cover.payer, on)
    provider = provider_by_id(uow, visit.provider_id)
    services, found = services_of_blocks(
        visit.blocks,
        visit.channels,
        [(start, end) for start, end, _ in _assistant_spans(visit)],
        all_by_assistant=provider.is_assistant,
    )
    if provider.is_assistant and visit.supervisor_id is not None:
        discipline, provider = provider.discipline, provider_by_id(uow, visit.supervisor_id)
    else:
        discipline = provider.discipline
    facts = VisitFacts(
        service_on=on,
        kind=visit.kind,
        services=services,
        discipline=discipline,
        earlier_in_person=_earlier_in_person(uow, visit),
        earlier_allowed=_earlier_allowed(uow, patient, payer, on),
        attestations=choices.attestations,
        situation=situation_of(uow, visit),
    )
    fees = billing_settings.fees_on(uow, payer.key, on)
    made = draft_lines(facts, payer, fees, choices.tables)
    if not made.lines:
        raise FindingsError("the visit carries no unit", "Look at its timed blocks")
    slots = [f"visit:{visit.id}"]
    slots += [minute_slot(worker, minute) for worker, minute in _worked(visit)]
    draft = Draft(made.lines, (*found, *made.findings), made.ties)
    return VisitDraft(patient, on, payer, provider, discipline, draft, slots, cover.policy)


def visit_claim(
    uow: UnitOfWork, visit_id: UUID, choices: Choices, corrects: Corrects | None
) -> ClaimRecord:
    """Make the claim of a visit, inside a transaction."""
    made = visit_draft(uow, visit_id, choices)
    if made.payer.filing_code == SELF_PAY:
        raise UsageError(
            f"payer {made.payer.key} is the patient herself", "Charge it: rehabctl claim charge"
        )
    return _keep(
        uow, made.patient, made.payer, made.provider, made.on, f"visit:{visit_id}", made.draft,
        made.slots, choices, made.discipline, (), corrects, made.policy,
    )  # fmt: skip


def monitoring_claim(
    uow: UnitOfWork, patient: Patient, month: str, choices: Choices, corrects: Corrects | None
) -> ClaimRecord:
    """Make the claim of frozen monitoring evidence, inside a transaction."""
    frozen = [
        one for one in uow.monitoring.frozen(patient.id) if one.service_on.isoformat()[:7] == month
    ]
    if not frozen:
        raise FindingsError(
            "no evidence is frozen for that month", "Freeze it first: rehabctl rtm claim"
        )
    on = max(one.service_on for one in frozen)
    cover = cover_of(uow, patient, on, choices.payer)
    payer = billing_settings.payer_on(uow, cover.payer, on)
    fees = billing_settings.fees_on(uow, payer.key, on)
    provider = provider_by_id(uow, frozen[-1].claimed_by)
    lines: list[DraftLine] = []
    findings: list[DraftFinding] = []
    days: list[date] = []
    for one in frozen:
        for code, units in one.lines:
            why = f"{one.kind.value} {one.period}, evidence {one.evidence_sha256}"
            line, found = monitoring_line(code, units, payer, fees, provider.discipline, why)
            lines.append(line)
            days.append(one.service_on)
            findings += found
    slots = [f"evidence:{one.id}" for one in frozen]
    facts = VisitFacts(
        service_on=on,
        kind=VisitKind.RTM_REVIEW,
        services=(),
        discipline=provider.discipline,
        earlier_in_person=True,
        earlier_allowed=_earlier_allowed(uow, patient, payer, on),
        attestations=choices.attestations,
    )
    above, found = with_threshold(lines, facts, payer)
    draft = Draft(above, (*findings, *found), ())
    return _keep(
        uow, patient, payer, provider, on, f"monitoring:{month}", draft, slots, choices,
        provider.discipline, days, corrects, cover.policy,
    )  # fmt: skip


def void_claim(uow: UnitOfWork, corrects: Corrects) -> ClaimRecord:
    """Take a claim back with the very lines that it had; what it held may be billed again."""
    old = corrects.claim
    document = {
        **old.document,
        "frequency": Frequency.VOID.value,
        "original_reference": corrects.original,
    }
    made = replace(
        old,
        id=uow.new_id(),
        control_number=f"RC{uow.claims.next_number():08d}",
        state=ClaimState.READY,
        frequency=Frequency.VOID,
        document=document,
        document_sha256=_sha256(document),
        replaces_id=old.id,
        payer_reference=None,
        file_id=None,
    )
    uow.claims.add(made, "void of an earlier claim")
    uow.audit.record("claim.void", "claim", made.id)
    return made


def _sha256(document: dict[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _keep(
    uow: UnitOfWork, patient: Patient, payer: PayerRules, provider: ProviderIdentity, on: date,
    source: str, draft: Draft, slots: list[str], choices: Choices, discipline: str,
    days: Sequence[date], corrects: Corrects | None, policy: Policy | None,
) -> ClaimRecord:  # fmt: skip
    """Store the claim of a draft; services of a day are held, so that none is billed twice."""
    document: dict[str, Any] = {
        "payer": payer_document(payer),
        **parties_of(patient, policy),
        "rendering": asdict(provider),
        "icd10": list(choices.diagnoses) or diagnoses_of(uow, patient),
        "referring": choices.referring or referring_of(uow, patient, on),
        "discipline": discipline,
        "lines": [
            {**_json(line), "service_on": (days[n] if days else on).isoformat()}
            for n, line in enumerate(draft.lines)
        ],
        "ties": [_json(tie) for tie in draft.ties],
    }
    problems = [_json(one) for one in draft.findings]
    services = service_slots("line", patient, document)
    work = Work(patient, payer, source, on, [*dict.fromkeys(slots), *services])
    return store_claim(uow, work, document, problems, choices.tables, corrects)


def service_slots(kind: str, patient: Patient, document: Mapping[str, Any]) -> list[str]:
    """Return what each service of a claim holds, so that none is billed twice."""
    npi = document["rendering"]["npi"]
    return sorted(
        {
            f"{kind}:{patient.id}:{line['service_on']}:{line['code']}:"
            f"{'.'.join(line['modifiers'])}:{npi}"
            for line in document["lines"]
        }
    )


def payer_document(payer: PayerRules) -> dict[str, Any]:
    """Return what a claim keeps of the payer's rules."""
    return {
        "name": payer.name,
        "identifier": payer.identifier,
        "filing_code": payer.filing_code,
        "timely_filing_days": payer.timely_filing_days,
    }


@dataclass(frozen=True, slots=True)
class Work:
    """What a claim is for, and what it holds."""

    patient: Patient
    payer: PayerRules
    source: str
    on: date
    slots: list[str]


def store_claim(
    uow: UnitOfWork, work: Work, document: dict[str, Any], problems: list[dict[str, Any]],
    tables: CodeTables | None, corrects: Corrects | None,
) -> ClaimRecord:  # fmt: skip
    """Store a claim, ready when neither its draft nor the check of its file finds an error.

    Parameters
    ----------
    uow
        Open transaction.
    work
        What it is for.
    document
        Parties, codes and lines; findings and what it replaces are added here.
    problems
        Findings of the draft.
    tables
        Imported official lists to check against.
    corrects
        The claim whose place it takes.
    """
    patient, payer = work.patient, work.payer
    number = f"RC{uow.claims.next_number():08d}"
    frequency = Frequency.ORIGINAL if corrects is None else corrects.frequency
    document["frequency"] = frequency.value
    document["original_reference"] = "" if corrects is None else corrects.original
    clinic = billing_settings.clinic_of(uow)
    total = sum(line["charge_cents"] for line in document["lines"])
    made = ClaimRecord(
        uow.new_id(), patient.ref, number, payer.key, ClaimState.DRAFT, work.source, work.on,
        total, frequency, document, "",
        replaces_id=None if corrects is None else corrects.claim.id,
    )  # fmt: skip
    now = local_now(uow)
    data = file_bytes(clinic, [made], 1, now, is_test=True)
    checked = check_bytes(data, now.date(), payer.timely_filing_days, tables)
    found = problems + [_json(one) for one in checked.findings]
    document["findings"] = found
    errors = any(one["severity"] == Severity.ERROR.value for one in found)
    made = replace(
        made,
        state=ClaimState.DRAFT if errors else ClaimState.READY,
        document_sha256=_sha256(document),
    )
    uow.claims.add(made, f"drafted from {work.source.partition(':')[0]}")
    uow.monitoring.hold(patient.ref, made.id, work.slots)
    uow.audit.record("claim.draft", "claim", made.id, {"lines": len(document["lines"])})
    return made


def _json(record: Any) -> dict[str, Any]:
    return json.loads(json.dumps(asdict(record)))


def _zone(uow: UnitOfWork, patient: Patient) -> ZoneInfo:
    try:
        return ZoneInfo(patient.demographics.time_zone or uow.clinic.time_zone)
    except (ValueError, KeyError, OSError):
        return ZoneInfo(uow.clinic.time_zone)


def _assistant_spans(visit: Visit) -> list[tuple[datetime, datetime, str]]:
    """Return when an assistant was there and no provider, and who she is."""
    busy = _present(visit, ParticipantRole.PROVIDER)
    spans: list[tuple[datetime, datetime, str]] = []
    for start, end, who in _present(visit, ParticipantRole.ASSISTANT):
        left = [(start, end)]
        for busy_from, busy_until, _ in busy:
            left = [
                piece
                for a, b in left
                for piece in ((a, min(b, busy_from)), (max(a, busy_until), b))
                if piece[0] < piece[1]
            ]
        spans += [(a, b, who) for a, b in left]
    return spans


def _present(visit: Visit, role: ParticipantRole) -> list[tuple[datetime, datetime, str]]:
    return [
        (one.joined_at, one.left_at, str(one.user_id))
        for one in visit.participants
        if one.role is role and one.joined_at is not None and one.left_at is not None
    ]


def _worked(visit: Visit) -> Iterator[tuple[str, datetime]]:
    """Yield who gave each one-to-one minute; minutes of a group belong to several patients."""
    spans = _assistant_spans(visit)
    for block in visit.blocks:
        if not block.one_to_one or block.ended_at is None:
            continue
        first = block.started_at.astimezone(UTC).replace(second=0, microsecond=0)
        for number in range(block.minutes() or 0):
            minute = first + timedelta(minutes=number)
            worker = next((who for a, b, who in spans if a <= minute < b), str(visit.provider_id))
            yield worker, minute


def _earlier_in_person(uow: UnitOfWork, visit: Visit) -> bool:
    return any(
        one.status is VisitStatus.COMPLETED
        and one.episode_id == visit.episode_id
        and one.planned_start_at < visit.planned_start_at
        and any(span.channel is Channel.IN_PERSON for span in one.channels)
        for one in uow.visits.of_patient(visit.patient.id)
    )


def _earlier_allowed(
    uow: UnitOfWork, patient: Patient, payer: PayerRules, on: date
) -> tuple[AllowedAmount, ...]:
    """Return the allowed amounts of the year's other claims on this payer that stand."""
    return tuple(
        AllowedAmount(
            date.fromisoformat(line["service_on"]),
            claim.document["discipline"],
            line["allowed_cents"] or 0,
        )
        for claim in uow.claims.of_patient(patient.id)
        if claim.payer == payer.key
        and claim.state not in _SPENT
        and claim.frequency is not Frequency.VOID
        for line in claim.document["lines"]
        if claim.service_on.year == on.year and claim.service_on <= on
    )
