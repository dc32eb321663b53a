"""Questions about cover and claims on both engines: kept before they leave, answered once."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.claims import clearinghouse
from rehabctl.domain.claim_port import Arrival, Inbound, Outbound, Receipt
from rehabctl.domain.eligibility import CoverState
from rehabctl.domain.errors import (
    FindingsError,
    NotFoundError,
    NotPermittedError,
    UnavailableError,
    UsageError,
)
from rehabctl.integrations.claim_folder import ClaimFolder
from rehabctl.services import (
    claim_exchange,
    claim_inbox,
    claim_submission,
    claims,
    coverage_answers,
    payer_questions,
)
from rehabctl.services.claim_exchange import Incoming
from rehabctl.store.store import Store
from tests.contract.conftest import at
from tests.contract.records import add_patient
from tests.contract.test_claims import bills, insured, put, states, submitted, visited
from tests.contract.test_monitoring import APRIL_10

__all__ = ["bills"]


@dataclass
class AnsweringPort:
    """A service that answers at once with what it is told."""

    answer: bytes | None = None
    benefits: tuple[str, ...] = ()
    away: bool = False
    asked: list[bytes] = field(default_factory=list)
    claims_a_file: int = 0

    def stage(self, file: Outbound) -> None:
        raise AssertionError("a question is no claim")

    def release(self, file: Outbound) -> Receipt:
        raise AssertionError("a question is no claim")

    def arrival(self, file: Outbound, now: datetime) -> Arrival:
        raise AssertionError("a question is no claim")

    def fetch(self, known: Set[str]) -> Iterator[Inbound]:
        return iter(())

    def ask(self, question: bytes) -> bytes | None:
        self.asked.append(question)
        if self.away:
            raise UnavailableError("away", "later")
        if self.answer is not None:
            return self.answer
        if b"*276*" in question:
            return clearinghouse.status_277(question)
        return clearinghouse.cover_271(question, *self.benefits)


def test_cover_is_asked_kept_with_its_day_and_told_for_therapy(store: Store, bills: Store) -> None:
    insured(store)
    port = AnsweringPort()
    cover, asked = payer_questions.check_cover(bills, "1042", port=port, via="web")
    text = asked.data.decode()
    assert "ST*270*0001*005010X279A1~" in text
    assert "DTP*291*D8*20260410~\nEQ*30~\nEQ*PT~" in text
    assert cover.check.state is CoverState.ACTIVE
    assert cover.therapy is not None
    told = cover.therapy
    assert (told.plan, told.copayment, told.coinsurance_percent) == (
        "GOLD PLAN", Decimal(25), Decimal(20),
    )  # fmt: skip
    assert (told.deductible, told.deductible_remaining) == (Decimal(500), Decimal(120))
    assert (told.visits, told.visits_remaining, told.visits_period) == (
        Decimal(30), Decimal(12), "calendar_year",
    )  # fmt: skip
    assert told.authorization_required
    (kept,) = payer_questions.covers(bills, "1042")
    assert kept == cover
    assert kept.check.service_on == date(2026, 4, 10)
    (other,) = payer_questions.covers(bills, "1042", "GO")
    assert other.therapy is not None
    assert (other.therapy.copayment, other.therapy.visits) == (None, None)
    assert other.therapy.coinsurance_percent == Decimal(20)  # of the plan as a whole


@pytest.mark.parametrize(
    ("benefits", "state"),
    [
        (("EB*6**30",), CoverState.INACTIVE),
        (("AAA*N**72*C",), CoverState.REFUSED),
        (("EB*V**30",), CoverState.UNCLEAR),
    ],
)
def test_what_is_not_active_says_so(
    store: Store, bills: Store, benefits: tuple[str, ...], state: CoverState
) -> None:
    insured(store)
    port = AnsweringPort(benefits=benefits)
    cover, _ = payer_questions.check_cover(bills, "1042", port=port, via="web")
    assert cover.check.state is state


def test_answers_of_others_and_damaged_ones_change_nothing(store: Store, bills: Store) -> None:
    insured(store)
    stranger = clearinghouse.cover_271(b"TRN*1*E000000099*9~")
    for answer in (b"", b"\x00\xff", b"hello", stranger, stranger[:-30]):
        with pytest.raises(FindingsError):
            payer_questions.check_cover(bills, "1042", port=AnsweringPort(answer), via="web")
    assert {one.check.state for one in payer_questions.covers(bills, "1042")} == {CoverState.ASKED}
    with pytest.raises(UnavailableError):
        payer_questions.check_cover(bills, "1042", port=AnsweringPort(away=True), via="web")
    checks = payer_questions.covers(bills, "1042")
    assert len({one.check.trace_number for one in checks}) == len(checks) == 6
    # no question is ever sent as a claim, however often claims are submitted
    assert list(claim_submission.submit(bills, AnsweringPort(), "web")) == []


def test_over_a_folder_the_answer_comes_later_and_once(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    insured(store)
    folder = ClaimFolder(tmp_path / "drop")
    folder.folder.mkdir()
    cover, asked = payer_questions.check_cover(bills, "1042", port=folder, via=None)
    assert cover.check.state is CoverState.ASKED
    (sent,) = folder.folder.iterdir()
    assert sent.read_bytes() == asked.data
    answer = Incoming("a.271", clearinghouse.cover_271(asked.data, member="OTHER"))
    may = at(bills, APRIL_10 + timedelta(days=20))
    (done,) = coverage_answers.take_in(may, answer)
    assert (done.state, done.service_on) == (CoverState.ACTIVE, date(2026, 4, 10))
    assert done.answer is not None
    assert done.answer["member_id_differs"]
    assert coverage_answers.take_in(may, answer) == ()
    fetched = claim_inbox.take_in(may, Inbound("b.271", "b", answer.data + b"\n"), "house")
    assert (fetched.kind, fetched.state) == ("271", "known")
    assert payer_questions.covers(bills, "1042")[0].check.answered_at == may.clock()


def test_what_a_question_needs_is_asked_for(store: Store, bills: Store) -> None:
    with store.transaction() as uow:
        add_patient(uow, "1050", payer="medicare")
    with pytest.raises(FindingsError, match="member id"):
        payer_questions.check_cover(bills, "1050", port=None, via=None)
    with pytest.raises(NotFoundError):
        payer_questions.check_cover(bills, "9999", port=None, via=None)
    insured(store)
    with pytest.raises(NotFoundError, match="payer 'x'"):
        payer_questions.check_cover(bills, "1042", port=None, via=None, payer="x")


def test_a_status_is_noted_and_moves_nothing(store: Store, bills: Store, tmp_path: Path) -> None:
    claims.draft_visit(bills, visited(store, insured(store)))
    with pytest.raises(UsageError, match="ready"):
        payer_questions.ask_status(bills, "RC00000001", port=None, via=None)
    sent = submitted(bills, tmp_path)
    port = AnsweringPort()
    done, asked = payer_questions.ask_status(bills, "RC00000001", port=port, via="web")
    assert "TRN*1*RC00000001~" in asked.data.decode()
    assert done is not None
    (moved,) = done.moved
    assert (moved.kind, moved.codes, moved.label) == ("277", ("P1:20:PR",), "in process")
    for code in ("A4:35", "F2:585", "A2:20"):
        port.answer = clearinghouse.status_277(b"TRN*1*RC00000001~", code)
        payer_questions.ask_status(bills, "RC00000001", port=port, via="web")
    assert states(bills) == {"RC00000001": "submitted"}
    codes = [one.codes for one in claims.show(bills, "RC00000001").events if one.cause == "277"]
    assert codes == [("P1:20:PR",), ("A4:35",), ("F2:585",), ("A2:20",)]
    # numbers of questions and of claims are one sequence: a 999 about a question is no claim's
    with bills.transaction() as uow:
        numbers = [one.control_number for one in uow.claims.files("out")]
    assert numbers == sorted(set(numbers))
    rejected = clearinghouse.SentFile(sent.control, str(numbers[-1]), "P", ())
    claim_exchange.acknowledge(bills, put(tmp_path, clearinghouse.acceptance_999(rejected, "R")))
    assert states(bills) == {"RC00000001": "submitted"}


def test_who_treats_may_see_cover_and_who_bills_may_ask(store: Store, auditor: Store) -> None:
    insured(store)
    assert payer_questions.covers(store, "1042") == ()
    if not store.is_local:
        for work in (
            lambda: payer_questions.covers(auditor, "1042"),
            lambda: payer_questions.check_cover(store, "1042", port=None, via=None),
        ):
            with pytest.raises(NotPermittedError):
                work()
