"""Answers of payers about cover (271), each kept with the question that it answers."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rehabctl.billing.coverage import cover_state
from rehabctl.billing.x12.eligibility_271 import read_eligibility
from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.domain.claim_record import FileState
from rehabctl.domain.eligibility import Benefit, CoverageCheck, CoverState, EligibilityAnswer
from rehabctl.domain.errors import FindingsError
from rehabctl.services.access import Action, require
from rehabctl.services.claim_exchange import Incoming, note_file

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_OPEN = (CoverState.ASKED, CoverState.REFUSED, CoverState.UNCLEAR)
_AMOUNTS = ("amount", "percent", "quantity")


def take_in(
    store: Store, file: Incoming, asked: CoverageCheck | None = None
) -> tuple[CoverageCheck, ...]:  # fmt: skip
    """Read a 271 once and keep each answer with its question.

    Parameters
    ----------
    store
        The open store.
    file
        What came.
    asked
        The question to which it came at once; an answer without trace number is taken for it.

    Raises
    ------
    FindingsError
        It is damaged, no 271, or answers no question of ours: nothing was changed.
    """
    envelope = EnvelopeChecker()
    answers = tuple(read_eligibility(io.BytesIO(file.data), envelope))
    if envelope.findings or not answers:
        raise FindingsError("the file is damaged or no 271", "Ask the payer again")
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        done: list[CoverageCheck] = []
        for answer in answers:
            check = _question_of(uow, answer, asked)
            if check is not None and check.state in _OPEN:
                done.append(_answered(uow, check, answer, file.data))
        if not done and all(_question_of(uow, one, asked) is None for one in answers):
            raise FindingsError("the 271 answers no question of ours", "Check whom it is for")
        note_file(store, uow, file, FileState.APPLIED)
        uow.audit.record("eligibility.answer", "clinic", uow.clinic.id, {"answers": len(done)})
        return tuple(done)


def _question_of(
    uow: UnitOfWork, answer: EligibilityAnswer, asked: CoverageCheck | None
) -> CoverageCheck | None:  # fmt: skip
    if answer.trace_number:
        return uow.coverage.find(answer.trace_number)
    return asked


def _answered(
    uow: UnitOfWork, check: CoverageCheck, answer: EligibilityAnswer, data: bytes
) -> CoverageCheck:  # fmt: skip
    document = {
        "benefits": [asdict(one) for one in answer.benefits],
        "rejections": list(answer.rejections),
        "dates": dict(answer.dates),
        "member_id_differs": bool(answer.member_id) and answer.member_id != check.member_id,
    }
    made = replace(
        check,
        state=cover_state(answer),
        answered_at=uow.now,
        answer=json.loads(json.dumps(document, default=str)),
        answer_sha256=hashlib.sha256(data).hexdigest(),
    )
    uow.coverage.answer(made)
    return made


def benefits_of(answer: dict[str, Any]) -> tuple[Benefit, ...]:
    """Return the benefits of a stored answer."""
    rows: list[dict[str, Any]] = answer["benefits"]
    return tuple(_benefit(row) for row in rows)


def _benefit(row: dict[str, Any]) -> Benefit:
    values = dict(row)
    for name in _AMOUNTS:
        values[name] = None if row[name] is None else Decimal(row[name])
    for name in ("service_types", "notes"):
        values[name] = tuple(row[name])
    return Benefit(**values)
