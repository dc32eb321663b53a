"""Answers and payments come back: each file is applied once, its bytes are kept."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.billing.remittance import CheckedFile, check_file
from rehabctl.billing.secondary import decision_of, is_later_payer, only_others_paid
from rehabctl.billing.x12.acknowledgements import Answer, Scope, read_answers
from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.findings import Finding
from rehabctl.billing.x12.remittance_835 import PaidClaim, Payment
from rehabctl.domain.claim_record import (
    ClaimFile,
    ClaimPosting,
    ClaimRecord,
    ClaimState,
    FileState,
)
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError
from rehabctl.services.access import Action, require
from rehabctl.services.billing_settings import clinic_of
from rehabctl.services.claim_denials import REMARK, step_after
from rehabctl.services.claim_drafts import file_bytes, local_now
from rehabctl.services.x12_files import MOST_ANSWER_BYTES, too_large

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_CLAIM_STATES = {"accepted": ClaimState.ACCEPTED, "rejected": ClaimState.REJECTED}
_DENIED = "4"
_REVERSAL = "22"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that came in, from disk or from a connection."""

    name: str
    data: bytes
    via: str | None = None
    remote_id: str | None = None


def build(store: Store, control_numbers: list[str], *, is_test: bool) -> bytes:
    """Return the 837P of claims without sending it or changing anything.

    Raises
    ------
    NotFoundError
        A claim does not exist.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        claims = [uow.claims.get(number) for number in control_numbers]
        uow.audit.read("claim.build", "claim", [claim.id for claim in claims])
        return file_bytes(clinic_of(uow), claims, 1, local_now(uow), is_test=is_test)


@dataclass(frozen=True, slots=True)
class Moved:
    """What an answer did to one claim."""

    claim: str
    state: ClaimState
    kind: str
    codes: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a file that came in."""

    is_new: bool
    """False: it was read before, and nothing was changed."""
    moved: tuple[Moved, ...]
    findings: tuple[Finding, ...]
    unknown: tuple[str, ...]
    """Numbers in it that are not ours."""


def acknowledge(store: Store, file: Incoming) -> Received:
    """Read a TA1, 999 or 277CA once and move the claims that it speaks of.

    Parameters
    ----------
    store
        The open store.
    file
        What came.

    Raises
    ------
    FindingsError
        The file is damaged or no answer: nothing was changed.
    """
    envelope = EnvelopeChecker()
    answers = tuple(read_answers(io.BytesIO(file.data), envelope))
    if envelope.findings or not answers:
        raise FindingsError(
            "the file is damaged or holds no answer to claims", "Fetch it again, whole"
        )
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        if not note_file(store, uow, file, FileState.APPLIED):
            return Received(False, (), (), ())
        moved: list[Moved] = []
        unknown: list[str] = []
        for answer in answers:
            claims = _spoken_of(uow, answer)
            if not claims and answer.scope not in (Scope.FILE, Scope.SET):
                unknown.append(answer.reference)
            moved.extend(_answered(uow, claim, answer) for claim in claims)
        uow.audit.record("claim.ack", "clinic", uow.clinic.id, {"claims": len(moved)})
        return Received(True, tuple(moved), (), tuple(unknown))


def _spoken_of(uow: UnitOfWork, answer: Answer) -> tuple[ClaimRecord, ...]:
    """Return the claims of an answer: one claim, or all of the file with its control number."""
    if answer.scope is Scope.CLAIM:
        return tuple(uow.claims.find([answer.reference]).values())
    if answer.scope in (Scope.INTERCHANGE, Scope.GROUP) and answer.reference.isdecimal():
        for file in uow.claims.files("out"):
            if file.control_number == int(answer.reference):
                return uow.claims.of_file(file.id)
    return ()


def _answered(uow: UnitOfWork, claim: ClaimRecord, answer: Answer) -> Moved:
    state = _CLAIM_STATES.get(answer.status, claim.state)
    if answer.kind == "277":  # the answer to a question of ours informs; it decides nothing
        state = claim.state
    if answer.scope is not Scope.CLAIM and state is ClaimState.ACCEPTED:
        state = claim.state  # the envelope was read; nobody looked at the claim yet
    after = uow.claims.move(
        claim, state, answer.kind, answer.codes, payer_reference=answer.payer_claim_id or None
    )
    return Moved(claim.control_number, after.state, answer.kind, answer.codes, answer.label)


@dataclass(frozen=True, slots=True)
class Posted:
    """What one payment did to one claim."""

    claim: str
    state: ClaimState
    paid_cents: int
    patient_cents: int
    adjustments: tuple[str, ...]
    underpaid_cents: int
    """By how much payment and patient's share lie below the allowed amounts of the fee schedule."""
    next_step: str = ""
    next_command: str = ""


@dataclass(frozen=True, slots=True)
class PostedFile:
    """What became of a remittance."""

    is_new: bool
    quarantined: bool
    posted: tuple[Posted, ...]
    findings: tuple[Finding, ...]
    unknown: tuple[str, ...]


def post(store: Store, file: Incoming) -> PostedFile:
    """Post a remittance once, and only when every level balances and every claim is ours.

    Anything else is put into quarantine: the file is kept, and no money or state changes.

    Parameters
    ----------
    store
        The open store.
    file
        The 835.
    """
    checked = check_file(io.BytesIO(file.data))
    findings = (*checked.findings, *(f for p in checked.payments for f in p.findings))
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        claims, unknown = _claims_of(uow, checked)
        good = checked.balanced and not unknown and _in_whole_cents(checked)
        state = FileState.APPLIED if good else FileState.QUARANTINED
        is_new = note_file(store, uow, file, state)
        if not is_new or not good:
            uow.audit.record("remit.quarantine", "clinic", uow.clinic.id, {"new": is_new})
            return PostedFile(is_new, not good, (), findings, unknown)
        posted: list[Posted] = []
        for payment in checked.payments:
            sequence: dict[str, int] = {}
            for paid in payment.payment.claims:
                place = sequence[paid.claim_id] = sequence.get(paid.claim_id, 0) + 1
                done = _post_claim(uow, claims, payment.payment, paid, place)
                if done is not None:
                    posted.append(done)
        uow.audit.record("remit.post", "clinic", uow.clinic.id, {"claims": len(posted)})
        return PostedFile(True, False, tuple(posted), (), ())


def _claims_of(
    uow: UnitOfWork, checked: CheckedFile
) -> tuple[dict[str, ClaimRecord], tuple[str, ...]]:
    named = [paid.claim_id for p in checked.payments for paid in p.payment.claims]
    claims = uow.claims.find(sorted(set(named)))
    return claims, tuple(sorted(set(named) - set(claims)))


def _post_claim(
    uow: UnitOfWork,
    claims: dict[str, ClaimRecord],
    payment: Payment,
    paid: PaidClaim,
    sequence: int,
) -> Posted | None:
    claim = claims[paid.claim_id]
    adjustments = tuple(
        f"{one.group}-{one.reason} {one.amount}"
        for one in (*paid.adjustments, *(a for line in paid.lines for a in line.adjustments))
    )
    posting = ClaimPosting(
        uow.new_id(), claim.patient, claim.id, payment.payer_id, payment.trace_number, sequence,
        paid.status, _cents(paid.charged), _cents(paid.paid), _cents(paid.patient_responsibility),
        adjustments, uow.now, decision_of(payment, paid),
    )  # fmt: skip
    if not uow.claims.post(posting):
        return None
    nothing = posting.paid_cents == 0 and posting.patient_cents == 0
    if claim.is_secondary and only_others_paid(adjustments):
        nothing = False  # the first payer had paid enough already
    denied = paid.status == _DENIED or nothing
    state = ClaimState.DENIED if denied else ClaimState.POSTED
    # a payer to whom the first one sent the claim on decides nothing about the first one's part
    if paid.status == _REVERSAL or (is_later_payer(paid.status) and not claim.is_secondary):
        state = claim.state
    remarks = (f"{REMARK}{code}" for code in paid.remarks)
    codes = (f"CLP02 {paid.status}", *adjustments, *remarks)
    after = uow.claims.move(claim, state, "835", codes, payer_reference=paid.payer_claim_id or None)
    claims[paid.claim_id] = after
    allowed = sum(line["allowed_cents"] or 0 for line in claim.document["lines"])
    short = max(0, allowed - posting.paid_cents - posting.patient_cents)
    step = step_after(uow, after, posting)
    return Posted(
        paid.claim_id, after.state, posting.paid_cents, posting.patient_cents, adjustments,
        0 if denied or paid.status == _REVERSAL or claim.is_secondary else short,
        "" if step is None else step.words,
        "" if step is None else step.command_for(claim.control_number),
    )  # fmt: skip


def _in_whole_cents(checked: CheckedFile) -> bool:
    amounts = (
        amount
        for payment in checked.payments
        for paid in payment.payment.claims
        for amount in (paid.charged, paid.paid, paid.patient_responsibility)
    )
    return all(one is not None and one.scaleb(2) == int(one.scaleb(2)) for one in amounts)


def _cents(amount: Decimal | None) -> int:
    return 0 if amount is None else int(amount.scaleb(2))


def note_file(store: Store, uow: UnitOfWork, file: Incoming, state: FileState) -> bool:
    """Keep a file that came in; return False when its bytes were kept before."""
    sha256 = store.blobs.put(io.BytesIO(file.data), kind="claim_file")
    row = ClaimFile(
        uow.new_id(), "in", state, file.name, sha256, uow.now, port=file.via,
        remote_id=file.remote_id,
    )  # fmt: skip
    if uow.claims.add_file(row):
        return True
    if state is FileState.APPLIED:  # what kept it in quarantine may have been settled
        for known in uow.claims.files("in", FileState.QUARANTINED):
            if known.sha256 == sha256:
                uow.claims.move_file(known, state)
                return True
    return False


def read_incoming(path: Path) -> Incoming:
    """Read a file from disk.

    Raises
    ------
    NotFoundError
        It does not exist.
    FindingsError
        It is too large.
    RehabctlError
        It cannot be read.
    """
    try:
        if path.stat().st_size > MOST_ANSWER_BYTES:
            raise too_large(path.name, MOST_ANSWER_BYTES)
        return Incoming(path.name, path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"{path.name} does not exist", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
