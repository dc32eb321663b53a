"""Our clients against fakes that somebody else wrote from the documentation, with every fault."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from rehabctl.billing.coverage import cover_state, therapy_benefits
from rehabctl.billing.remittance import check_file
from rehabctl.billing.x12.acknowledgements import read_answers
from rehabctl.billing.x12.claim_837p import write_claims
from rehabctl.billing.x12.eligibility_271 import read_eligibility
from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.inquiries import write_eligibility, write_status
from rehabctl.domain.claim_port import (
    Arrival,
    ClaimPort,
    Inbound,
    Outbound,
    PortSettings,
    UncertainError,
)
from rehabctl.domain.eligibility import CoverState, EligibilityAnswer
from rehabctl.domain.errors import RehabctlError, UnavailableError, UsageError
from rehabctl.integrations.clearinghouse.registry import make_port
from rehabctl.services.claim_inbox import kind_of
from tests.billing.x12.claims import batch, claim
from tests.billing.x12.test_eligibility import EXCHANGE, QUESTION, STATUS
from tests.integrations.fakes import availity, claim_md, optum, stedi

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
TEXT = "".join(write_claims([claim()], batch(is_test=False)))
FILE = Outbound("CLINIC_000000101_P.837", "key-of-file-101", TEXT.encode("ascii"), NOW)
ASKED = write_eligibility(QUESTION, EXCHANGE).encode("ascii")
STATUS_ASKED = write_status(STATUS, EXCHANGE).encode("ascii")


def connected(kind: str, fake: Any, secret: str, login: str = "", submitter: str = "") -> ClaimPort:
    port: Any = make_port(
        PortSettings("web", kind, "", login=login, submitter=submitter), secret, NOW
    )
    port.client.transport, port.client.sleep = fake.transport(), lambda _: None
    return port


def at_stedi(fault: str | None = None) -> tuple[stedi.FakeStedi, ClaimPort]:
    fake = stedi.FakeStedi(fault)
    return fake, connected("stedi", fake, stedi.API_KEY)


def at_claim_md(fault: str | None = None) -> tuple[claim_md.FakeClaimMd, ClaimPort]:
    fake = claim_md.FakeClaimMd(fault)
    return fake, connected("claimmd", fake, claim_md.ACCOUNT_KEY)


def at_optum(fault: str | None = None) -> tuple[optum.FakeOptum, ClaimPort]:
    fake = optum.FakeOptum(fault)
    who = f"{optum.BILLER_ID} {optum.SUBMITTER_ID} {optum.USERNAME}"
    secret = f"{optum.CLIENT_SECRET}\n{optum.PASSWORD}\n"
    return fake, connected("optum", fake, secret, optum.CLIENT_ID, who)


def at_availity(fault: str | None = None) -> tuple[availity.FakeAvaility, ClaimPort]:
    fake = availity.FakeAvaility(fault)
    return fake, connected("availity-rest", fake, availity.CLIENT_SECRET, availity.CLIENT_ID)


def sent(fake: Any) -> list[str]:
    """The claims that a clearinghouse took."""
    if isinstance(fake, claim_md.FakeClaimMd):
        return [one.pcn for _, batch in fake.uploads for one in batch.claims]
    return list(fake.claims)


WAYS: dict[str, Callable[..., tuple[Any, ClaimPort]]] = {
    "stedi": at_stedi, "claimmd": at_claim_md, "optum": at_optum,
}  # fmt: skip
EVERY = [(way, fault) for way, module in (("stedi", stedi), ("claimmd", claim_md), ("optum", optum))
         for fault in (None, *module.FAULTS)]  # fmt: skip
TAKEN_UNSEEN = {
    ("stedi", "cut_json"),
    ("claimmd", "cut_body"),
    ("claimmd", "xml_in_spite_of_accept"),
    ("claimmd", "another_account_in_answer"),
    ("claimmd", "fewer_claims_in_answer"),
    ("claimmd", "accepted_then_500"),
    ("claimmd", "accepted_then_timeout"),
    ("optum", "another_patient_control_number"),
    ("optum", "accepted_then_500"),
    ("optum", "accepted_then_timeout"),
}
"""Faults after which the claim was taken and the answer does not say so."""


@pytest.mark.parametrize(("way", "fault"), EVERY)
def test_a_claim_is_sent_once_or_the_truth_is_told(way: str, fault: str | None) -> None:
    fake, port = WAYS[way](fault)
    told: RehabctlError | None = None
    answers: tuple[Inbound, ...] = ()
    try:
        receipt = port.release(FILE)
        assert receipt.remote_id
        answers = receipt.answers
    except RehabctlError as error:
        told = error
    assert "TESTPATIENT" not in str(told).upper()
    count = len(sent(fake))
    assert fake.leaks == []
    assert count <= 1
    if (way, fault) in TAKEN_UNSEEN:
        assert (count, type(told)) == (1, UncertainError)
    elif told is None:  # a claim that is refused at once is answered by a 277CA
        assert count == int(fault != "refused_by_edit")
        assert count or kind_of(answers[0].data) == "277CA"
    else:
        assert count == 0
    if not isinstance(told, UncertainError):
        return
    fake.fault = None
    arrival = port.arrival(replace(FILE), NOW + timedelta(hours=1))
    if way == "stedi":  # its key makes a repetition harmless
        assert arrival is Arrival.NOT_THERE
        assert port.release(FILE).remote_id
        assert len(sent(fake)) == 1
    else:
        assert arrival in (Arrival.UNKNOWN, Arrival.THERE if count else Arrival.NOT_THERE)


def fetched(
    port: ClaimPort, known: set[str] | None = None
) -> tuple[list[Inbound], Exception | None]:
    found: list[Inbound] = []
    try:
        for one in port.fetch(known or set()):
            found.append(one)
    except RehabctlError as error:
        return found, error
    return found, None


@pytest.mark.parametrize(("way", "fault"), EVERY)
def test_answers_are_fetched_whole_and_once(way: str, fault: str | None) -> None:
    fake, port = WAYS[way]()
    port.release(FILE)
    fake.fault = fault if fault == "report_under_another_prefix" else None
    fake.pay()
    fake.fault = fault
    found, error = fetched(port)
    assert fake.leaks == []
    assert len({one.remote_id for one in found}) == len(found)
    for one in found:  # by content, never by name: nothing cut comes in
        kind = kind_of(one.data)
        assert kind in ("277CA", "835")
        assert kind != "835" or check_file(io.BytesIO(one.data)).balanced
    fake.fault = None
    rest, none = fetched(port, {one.remote_id for one in found})
    assert none is None
    kinds = sorted(kind_of(one.data) for one in (*found, *rest))
    assert kinds == (["835"] if way == "claimmd" else ["277CA", "835"])
    if rest:
        assert error is not None, "what was left behind is said"


@pytest.mark.parametrize(("way", "fault"), EVERY)
def test_questions_are_answered_or_the_reason_is_said(way: str, fault: str | None) -> None:
    fake, port = WAYS[way](fault)
    for question, kind in ((ASKED, "271"), (STATUS_ASKED, "277")):
        try:
            answer = port.ask(question)
        except RehabctlError:
            continue
        assert answer is None or kind_of(answer) == kind
    assert fake.leaks == []
    assert sent(fake) == []


# -- Availity ----------------------------------------------------------------------------------


def cover(data: bytes) -> EligibilityAnswer:
    envelope = EnvelopeChecker()
    (answer,) = read_eligibility(io.BytesIO(data), envelope)
    assert envelope.findings == []
    return answer


def judged(data: bytes) -> None:
    from x12sdk.io import X12ModelReader

    with X12ModelReader(data.decode("ascii")) as reader:
        assert len(list(reader.models())) == 1


def test_availity_answers_as_a_payer_does() -> None:
    fake, port = at_availity()
    data = port.ask(ASKED)
    assert data is not None
    judged(data.replace(b"*VS*", b"*1*"))  # its EB09 wants a number where the guide has a code
    answer = cover(data)
    assert answer.trace_number == QUESTION.trace_number
    assert cover_state(answer) is CoverState.ACTIVE
    therapy = therapy_benefits(answer.benefits, "GP")
    assert (therapy.copayment, therapy.coinsurance_percent) == (Decimal(30), Decimal(20))
    assert (therapy.visits, therapy.visits_remaining) == (Decimal(20), Decimal(13))
    data = port.ask(STATUS_ASKED)
    assert data is not None
    judged(data)
    (told,) = read_answers(io.BytesIO(data), EnvelopeChecker())
    assert (told.kind, told.reference) == ("277", STATUS.claim_number)
    (_, asked), (_, asked_status) = fake.inquiries
    assert asked["patientBirthDate"] == "1955-02-14"
    assert asked["serviceType"] == "PT"
    assert (asked_status["fromDate"], asked_status["toDate"]) == ("2026-11-02", "2026-11-03")
    assert asked_status["claimAmount"] == "171.25"
    assert fake.leaks == []


@pytest.mark.parametrize("fault", availity.FAULTS)
@pytest.mark.parametrize("question", [ASKED, STATUS_ASKED], ids=["270", "276"])
def test_availity_with_every_fault(question: bytes, fault: availity.Fault) -> None:
    fake, port = at_availity(fault)
    healed = {"token_expired_once", "rate_limited_once", "gateway_timeout_once",
              "in_progress_with_200", "link_to_another_host", "numbers_for_amounts"}  # fmt: skip
    answer: bytes | None = None
    error: RehabctlError | None = None
    try:
        answer = port.ask(question)
    except RehabctlError as caught:
        error = caught
    assert fake.leaks == []
    if fault in healed:
        assert answer is not None
        return
    if question is ASKED and fault in ("request_error", "nothing_found", "another_member"):
        assert answer is not None
        found = cover(answer)
        state = cover_state(found)
        expected = {"request_error": CoverState.REFUSED, "nothing_found": CoverState.UNCLEAR}
        assert state is expected.get(fault, CoverState.ACTIVE)
        assert fault != "another_member" or found.member_id == "ZZZ000000001"
        assert fault != "request_error" or found.rejections == ("75",)
        return
    assert answer is None
    assert error is not None
    assert QUESTION.insured.member_id not in str(error)
    later = fault in ("down", "never_complete", "communication_error", "accepted_then_500",
                      "accepted_then_timeout")  # fmt: skip
    assert isinstance(error, UnavailableError) is later


def test_availity_takes_no_claims() -> None:
    _, port = at_availity()
    with pytest.raises(UsageError, match="questions only"):
        port.stage(FILE)
    with pytest.raises(UsageError):
        port.release(FILE)
    assert list(port.fetch(set())) == []
    assert port.arrival(FILE, NOW) is Arrival.NOT_THERE
