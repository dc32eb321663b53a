"""Questions to payers, read by an independent program, and their answers."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.billing.x12.eligibility_271 import read_eligibility
from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.inquiries import write_eligibility, write_status
from rehabctl.billing.x12.segments import read_segments
from rehabctl.domain.claim import Insured, PersonName, Sex
from rehabctl.domain.eligibility import (
    Benefit,
    EligibilityAnswer,
    EligibilityQuestion,
    Exchange,
    StatusQuestion,
)

from .claims import CLINIC, COMMERCIAL

EXCHANGE = Exchange("REHABCTL", "CLEARINGHSE", 7, datetime(2026, 11, 20, 10, 30, tzinfo=UTC))
WHO = Insured(PersonName("Testpatient", "Ana"), "W123456789", date(1955, 2, 14), Sex.FEMALE)
QUESTION = EligibilityQuestion(COMMERCIAL, CLINIC, WHO, date(2026, 11, 20), "TRACE1", ("30", "PT"))
STATUS = StatusQuestion(
    payer=COMMERCIAL,
    submitter_name="Example PT Clinic",
    submitter_id="REHABCTL",
    provider=CLINIC,
    insured=WHO,
    claim_number="RC00000001",
    charged=Decimal("171.25"),
    service_from=date(2026, 11, 2),
    service_to=date(2026, 11, 3),
    birth_date=date(1955, 2, 14),
    sex=Sex.FEMALE,
    payer_claim_id="ICN77",
)


@pytest.mark.parametrize(
    "text", [write_eligibility(QUESTION, EXCHANGE), write_status(STATUS, EXCHANGE)]
)
def test_an_independent_program_reads_each_question(text: str) -> None:
    from x12sdk.io import X12ModelReader

    envelope = EnvelopeChecker()
    assert list(envelope.watch(read_segments(io.BytesIO(text.encode()))))
    assert envelope.findings == []
    with X12ModelReader(text) as reader:
        assert len(list(reader.models())) == 1


def answers(text: str) -> list[EligibilityAnswer]:
    return list(read_eligibility(io.BytesIO(text.encode()), EnvelopeChecker()))


def test_what_is_asked_stands_in_the_question() -> None:
    text = write_eligibility(QUESTION, EXCHANGE)
    assert "TRN*1*TRACE1*9124531959~" in text
    assert "DMG*D8*19550214*F~\nDTP*291*D8*20261120~\nEQ*30~\nEQ*PT~" in text
    status = write_status(STATUS, EXCHANGE)
    assert (
        "TRN*1*RC00000001~\nREF*1K*ICN77~\nAMT*T3*171.25~\nDTP*472*RD8*20261102-20261103~" in status
    )


def answer_with(*benefits: str) -> str:
    question = write_eligibility(QUESTION, EXCHANGE)
    body = question.replace("ST*270", "ST*271").replace("TRN*1*", "TRN*2*")
    return body.replace("EQ*30~\nEQ*PT~", "~".join(benefits) + "~")


def test_benefits_of_therapy() -> None:
    (answer,) = answers(
        answer_with(
            "EB*1**30**GOLD PLAN",
            "EB*B**98^PT*HM**27*30.00*****Y",
            "MSG*20 visits a year",
            "EB*F**PT***23***VS*20*Y*Y",
        )
    )
    assert answer.is_active is True
    assert answer.trace_number == "TRACE1"
    assert answer.benefits[0] == Benefit("active", ("30",), plan="GOLD PLAN")
    assert answer.benefits[1] == Benefit(
        "copayment", ("98", "PT"), Decimal("30.00"), period="visit", insurance_type="HM",
        in_network=True, notes=("20 visits a year",),
    )  # fmt: skip
    assert answer.benefits[2] == Benefit(
        "limit", ("PT",), quantity=Decimal(20), quantity_unit="visits", period="calendar_year",
        in_network=True, authorization_required=True,
    )  # fmt: skip


def test_a_question_that_was_not_answered() -> None:
    (answer,) = answers(answer_with("AAA*Y**75*C"))
    assert (answer.is_active, answer.rejections) == (None, ("75",))
    (ended,) = answers(answer_with("EB*6**30"))
    assert ended.is_active is False


def test_samples(sample_data: Path) -> None:
    def read(name: str) -> list[EligibilityAnswer]:
        return answers((sample_data / "x12" / name).read_text())

    (answer,) = read("linuxforhealth__subscriber-health-benefit-check.271")
    assert answer.is_active
    assert [b.amount for b in answer.benefits if b.kind == "copayment"] == [10, 30]
    assert answer.dates == {"346": "20060101"}
    (refused,) = read("linuxforhealth__subscriber-health-benefit-check-error.271")
    assert refused.rejections == ("50",)


@given(data=st.binary(max_size=300), cut=st.integers(0, 400))
def test_nothing_makes_it_fail(data: bytes, cut: int) -> None:
    text = answer_with("EB*1**30").encode()
    list(read_eligibility(io.BytesIO(text[:cut] + data + text[cut:]), EnvelopeChecker()))
