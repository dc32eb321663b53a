"""Answers to claim files: made-up ones of each kind, the samples, and anything at all."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.billing.x12.acknowledgements import Answer, Scope, read_answers
from rehabctl.billing.x12.claim_837p import write_claims
from rehabctl.billing.x12.envelope import EnvelopeChecker

from .claims import batch, random_claims

ISA = (
    "ISA*00*          *00*          *ZZ*CLEARINGHSE    *ZZ*REHABCTL       "
    "*261121*0900*^*00501*000000009*0*P*:~"
)
REJECTED_999 = (
    f"{ISA}GS*FA*CLEARINGHSE*REHABCTL*20261121*0900*9*X*005010X231A1~ST*999*0001*005010X231A1~"
    "AK1*HC*101*005010X222A1~AK2*837*0001*005010X222A1~IK3*NM1*8*2010AA*8~CTX*X~IK4*9:1*67*7*X~"
    "IK5*R*5~AK2*837*0002*005010X222A1~IK5*A~AK9*P*2*2*1~SE*11*0001~GE*1*9~IEA*1*000000009~"
)
CLAIMS_277 = (
    f"{ISA}GS*HN*CLEARINGHSE*REHABCTL*20261121*0900*9*X*005010X214~ST*277*0001*005010X214~"
    "BHT*0085*08*1*20261121*0900*TH~HL*1**20*1~NM1*PR*2*PAYER*****PI*1~TRN*1*9~HL*2*1*21*1~"
    "NM1*41*2*CLINIC*****46*REHABCTL~TRN*2*0000001010001~STC*A1:19:PR*20261121*WQ*350~HL*3*2*19*1~"
    "NM1*85*2*CLINIC*****XX*1245319599~TRN*1*0~HL*4*3*PT~NM1*QC*1*SECRET*ANA****MI*W1~"
    "TRN*2*RC00000001~STC*A2:20:PR*20261121*WQ*171.25~REF*1K*ICN77~HL*5*3*PT~"
    "NM1*QC*1*SECRET*BEA****MI*W2~TRN*2*RC00000002~STC*A3:21*20261121*U*178.75******A7:562:85~"
    "SE*22*0001~GE*1*9~IEA*1*000000009~"
)


def answers(text: str) -> tuple[list[Answer], EnvelopeChecker]:
    envelope = EnvelopeChecker()
    return list(read_answers(io.BytesIO(text.encode()), envelope)), envelope


def test_an_interchange_is_refused() -> None:
    text = f"{ISA}TA1*000000101*261120*1030*R*006~IEA*0*000000009~"
    (answer,), envelope = answers(text)
    assert envelope.findings == []
    assert (answer.kind, answer.scope, answer.reference) == ("TA1", Scope.INTERCHANGE, "000000101")
    assert (answer.status, answer.codes) == ("rejected", ("R", "006"))


def test_a_group_is_accepted_in_part() -> None:
    found, envelope = answers(REJECTED_999)
    assert envelope.findings == []
    assert [(a.scope, a.reference, a.status) for a in found] == [
        (Scope.SET, "0001", "rejected"),
        (Scope.SET, "0002", "accepted"),
        (Scope.GROUP, "101", "accepted_in_part"),
    ]
    assert found[0].faults == ("NM1 8 in 2010AA: code 8", "NM1 8 in 2010AA: element 9:1 code 7")
    assert found[1].faults == ()


def test_each_claim_has_its_own_answer() -> None:
    found, envelope = answers(CLAIMS_277)
    assert envelope.findings == []
    assert [(a.scope, a.reference, a.status) for a in found] == [
        (Scope.FILE, "0000001010001", "received"),
        (Scope.CLAIM, "RC00000001", "accepted"),
        (Scope.CLAIM, "RC00000002", "rejected"),
    ]
    assert (found[1].payer_claim_id, found[1].amount) == ("ICN77", Decimal("171.25"))
    assert found[2].codes == ("A3:21", "A7:562:85")
    assert "SECRET" not in repr(found)


def test_an_unknown_code_is_said_to_be_unknown() -> None:
    found, _ = answers(CLAIMS_277.replace("A2:20", "Q9:20"))
    assert found[1].status == "unknown"


def test_other_files_are_findings() -> None:
    claims = "".join(write_claims(random_claims(2, seed=5), batch()))
    found, envelope = answers(claims)
    assert found == []
    assert [one.rule for one in envelope.findings] == ["not-answer"]


def test_an_answer_of_an_independent_validator_is_read(tmp_path: Path) -> None:
    import pyx12.params
    import pyx12.x12n_document

    path, out = tmp_path / "claims.837", io.StringIO()
    path.write_text("".join(write_claims(random_claims(3, seed=6), batch())))
    pyx12.x12n_document.x12n_document(
        pyx12.params.params(), str(path), out, None, None, io.StringIO()
    )
    found, envelope = answers(out.getvalue())
    assert envelope.findings == []
    assert {(a.kind, a.status) for a in found} == {("TA1", "accepted"), ("999", "accepted")}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("imsweb__x12_277CA_accepted.txt", [("file", "received"), ("claim", "accepted")]),
        ("imsweb__x12_999_accepted.txt", [("set", "accepted"), ("group", "accepted")]),
        (
            "linuxforhealth__provider-level-status.277",
            [("claim", "pending"), ("file", "query_failed")],
        ),
    ],
)
def test_samples(sample_data: Path, name: str, expected: list[tuple[str, str]]) -> None:
    with (sample_data / "x12" / name).open("rb") as stream:
        found = list(read_answers(stream, EnvelopeChecker()))
    assert [(a.scope, a.status) for a in found] == expected


@given(data=st.binary(max_size=300), cut=st.integers(0, len(CLAIMS_277)))
def test_nothing_makes_it_fail(data: bytes, cut: int) -> None:
    text = CLAIMS_277.encode()
    for content in (data, text[:cut] + data, text[:cut] + data + text[cut:]):
        list(read_answers(io.BytesIO(content), EnvelopeChecker()))
