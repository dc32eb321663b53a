"""How a claim is made from a visit or from monitoring evidence, inside one transaction."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
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
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.patient import Patient, Sex
from rehabctl.domain.payer import SELF_PAY, ClinicIdentity, PayerRules, ProviderIdentity
from rehabctl.domain.visit import Channel, ParticipantRole, Visit, VisitKind, VisitStatus
from rehabctl.reference.payers.preflight import load_preflight_codes
from rehabctl.services import billing_settings
from rehabctl.services.claim_situations import situation_of
from rehabctl.services.remote_monitoring import minute_slot

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork

SEX_CODES = {Sex.FEMALE: "F", Sex.MALE: "M"}
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


def visit_draft(uow: UnitOfWork, visit_id: UUID, choices: Choices) -> VisitDraft:
    """Derive the lines of a completed visit, inside a transaction."""
    visit = uow.visits.get(visit_id)
    if visit.status is not VisitStatus.COMPLETED or visit.started_at is None:
        raise FindingsError("the visit is not completed", "Complete it first")
    patient = uow.patients.by_id(visit.patient.id)
    on = visit.started_at.astimezone(_zone(uow, patient)).date()
    payer = billing_settings.payer_on(uow, payer_key(choices.payer, patient), on)
    provider = _provider(uow, visit.provider_id)
    services, found = services_of_blocks(
        visit.blocks,
        visit.channels,
        [(start, end) for start, end, _ in _assistant_spans(visit)],
        all_by_assistant=provider.is_assistant,
    )
    if provider.is_assistant and visit.supervisor_id is not None:
        discipline, provider = provider.discipline, _provider(uow, visit.supervisor_id)
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
    return VisitDraft(patient, on, payer, provider, discipline, draft, slots)


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
        made.slots, choices, made.discipline, (), corrects,
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
    payer = billing_settings.payer_on(uow, payer_key(choices.payer, patient), on)
    fees = billing_settings.fees_on(uow, payer.key, on)
    provider = _provider(uow, frozen[-1].claimed_by)
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
        provider.discipline, days, corrects,
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
    days: Sequence[date], corrects: Corrects | None,
) -> ClaimRecord:  # fmt: skip
    """Store a claim, ready when neither its draft nor the check of its file finds an error."""
    number = f"RC{uow.claims.next_number():08d}"
    frequency = Frequency.ORIGINAL if corrects is None else corrects.frequency
    document: dict[str, Any] = {
        "payer": {
            "name": payer.name,
            "identifier": payer.identifier,
            "filing_code": payer.filing_code,
            "timely_filing_days": payer.timely_filing_days,
        },
        "insured": _insured(patient),
        "rendering": asdict(provider),
        "icd10": list(choices.diagnoses) or diagnoses_of(uow, patient),
        "referring": choices.referring or _referring(uow, patient, on),
        "discipline": discipline,
        "frequency": frequency.value,
        "original_reference": "" if corrects is None else corrects.original,
        "lines": [
            {**_json(line), "service_on": (days[n] if days else on).isoformat()}
            for n, line in enumerate(draft.lines)
        ],
        "ties": [_json(tie) for tie in draft.ties],
    }
    problems = [_json(one) for one in draft.findings]
    clinic = billing_settings.clinic_of(uow)
    total = sum(line.charge_cents for line in draft.lines)
    made = ClaimRecord(
        uow.new_id(), patient.ref, number, payer.key, ClaimState.DRAFT, source, on, total,
        frequency, document, "", replaces_id=None if corrects is None else corrects.claim.id,
    )  # fmt: skip
    now = local_now(uow)
    checked = check_bytes(
        file_bytes(clinic, [made], 1, now, is_test=True),
        now.date(),
        payer.timely_filing_days,
        choices.tables,
    )
    problems += [_json(one) for one in checked.findings]
    document["findings"] = problems
    errors = any(one["severity"] == Severity.ERROR.value for one in problems)
    made = replace(
        made,
        state=ClaimState.DRAFT if errors else ClaimState.READY,
        document_sha256=_sha256(document),
    )
    uow.claims.add(made, f"drafted from {source.partition(':')[0]}")
    services = {
        f"line:{patient.id}:{line['service_on']}:{line['code']}:"
        f"{'.'.join(line['modifiers'])}:{provider.npi}"
        for line in document["lines"]
    }
    uow.monitoring.hold(patient.ref, made.id, [*dict.fromkeys(slots), *sorted(services)])
    uow.audit.record("claim.draft", "claim", made.id, {"lines": len(draft.lines)})
    return made


def _json(record: Any) -> dict[str, Any]:
    return json.loads(json.dumps(asdict(record)))


def _insured(patient: Patient) -> dict[str, str]:
    who = patient.demographics
    needed = {
        "member id": who.member_id,
        "address": who.address1,
        "city": who.city,
        "postal code": who.postal_code,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise FindingsError(
            f"the patient's record lacks {', '.join(missing)}", "Add it: rehabctl patient update"
        )
    return {
        "family_name": who.family_name,
        "given_name": who.given_name,
        "middle_name": who.middle_name or "",
        "member_id": who.member_id or "",
        "birth_date": who.birth_date.isoformat(),
        "sex": SEX_CODES.get(who.sex, "U"),
        "line1": who.address1 or "",
        "city": who.city or "",
        "state": who.state,
        "postal_code": (who.postal_code or "").replace("-", ""),
    }


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


def _referring(uow: UnitOfWork, patient: Patient, on: date) -> list[str] | None:
    """Return NPI and name of the newest referral that holds."""
    for one in reversed(uow.episodes.referrals(patient.id)):
        if one.referrer_npi and one.ordered_on <= on and (one.expires_on or on) >= on:
            return [one.referrer_npi, one.referrer_name]
    return None


def payer_key(said: str, patient: Patient) -> str:
    """Return the clinic's name of the payer: what was said, else that of the patient's record.

    Raises
    ------
    UsageError
        The record names none.
    """
    key = said or patient.demographics.payer
    if not key:
        raise UsageError("the patient's record names no payer", "Give it: --payer NAME")
    return key


def _provider(uow: UnitOfWork, user_id: UUID) -> ProviderIdentity:
    for user in uow.clinics.users(uow.clinic.id):
        if user.id == user_id:
            return billing_settings.provider_of(uow, user.login)
    raise NotFoundError("the provider is no user of the clinic", "Look at the visit")


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
