"""An outside reader finds nothing wrong with what the fakes answer in X12."""

import io
from decimal import Decimal

import pytest
from pyx12.params import params
from pyx12.x12n_document import x12n_document

from tests.integrations.fakes import x12_answers

HEAD = (
    "ISA*00*          *00*          *ZZ*HILLSTREET     *ZZ*CLEAR          *260301*0900*^*00501"
    "*000000042*0*T*:~GS*{}*HILLSTREET*CLEAR*20260301*0900*42*X*{}~ST*{}*0001*{}~"
)
TAIL = "SE*9*0001~GE*1*42~IEA*1*000000042~"
CLAIMS = (
    HEAD.format("HC", "005010X222A1", "837", "005010X222A1")
    + "BHT*0019*00*BATCH42*20260301*0900*CH~NM1*41*2*HILL STREET*****46*HS001~"
    "HL*1**20*1~NM1*85*2*HILL STREET REHAB*****XX*1234567893~"
    "HL*2*1*22*0~SBR*P*18*******CI~NM1*IL*1*AMBROSE*ZDENKA****MI*M0001~"
    "NM1*PR*2*A PAYER*****PI*60054~CLM*PCN-1*151.01***11:B:1*Y*A*Y*Y~HI*ABK:M25562~"
    "LX*1~SV1*HC:97110:GP*100.01*UN*2***1~DTP*472*D8*20260224~REF*6R*L1~"
    "LX*2~SV1*HC:97140:GP:59*51*UN*1***1~DTP*472*D8*20260224~REF*6R*L2~"
    "CLM*PCN-2*80***11:B:1*Y*A*Y*Y~LX*1~SV1*HC:97530:GP*80*UN*1***1~DTP*472*D8*20260225~" + TAIL
)
INQUIRY = (
    HEAD.format("HS", "005010X279A1", "270", "005010X279A1")
    + "BHT*0022*13*ASK1*20260301*0900~HL*1**20*1~NM1*PR*2*A PAYER*****PI*60054~HL*2*1*21*1~"
    "NM1*1P*2*HILL STREET REHAB*****XX*1234567893~HL*3*2*22*0~TRN*1*T-9*9HILLSTREE~"
    "NM1*IL*1*AMBROSE*ZDENKA****MI*M0001~DMG*D8*19580228~EQ*30~" + TAIL
)
STATUS = (
    HEAD.format("HR", "005010X212", "276", "005010X212")
    + "BHT*0010*13*ASK2*20260301*0900~HL*1**20*1~NM1*PR*2*A PAYER*****PI*60054~HL*2*1*21*1~"
    "NM1*41*2*HILL STREET*****46*HS001~HL*3*2*19*1~NM1*1P*2*HILL STREET REHAB*****XX*1234567893~"
    "HL*4*3*22*0~DMG*D8*19580228*F~NM1*IL*1*AMBROSE*ZDENKA****MI*M0001~TRN*1*PCN-1~AMT*T3*151.01~"
    "DTP*472*D8*20260224~" + TAIL
)
BATCH = x12_answers.batch_of(CLAIMS)


@pytest.mark.parametrize(
    "text",
    [
        x12_answers.acknowledgement(BATCH),
        x12_answers.acknowledgement(BATCH, refused="The tax id is not known"),
        x12_answers.remittance(BATCH),
    ],
    ids=["277CA", "277CA-refused", "835"],
)
def test_an_outside_reader_accepts_the_answer(text: str, caplog: pytest.LogCaptureFixture) -> None:
    good = x12n_document(params(), io.StringIO(text), io.StringIO(), None, None, io.StringIO())
    assert good, caplog.text


@pytest.mark.parametrize(
    ("text", "kind", "has"),
    [
        (x12_answers.eligibility(INQUIRY), "271", "EB*F*IND*PT***29***VS*13**Y"),
        (x12_answers.eligibility(INQUIRY, refused="75"), "271", "AAA*N**75*C"),
        (x12_answers.claim_status(STATUS), "277", "STC*F1:65*20260302**151.01*90.61*20260302"),
    ],
)
def test_an_inquiry_is_answered_in_an_envelope_that_counts_itself(
    text: str, kind: str, has: str
) -> None:
    rows = list(x12_answers.segments(text))
    names = [row[0] for row in rows]
    start, end = names.index("ST"), names.index("SE")
    assert rows[start][1] == kind
    assert int(rows[end][1]) == end - start + 1
    assert f"~{has}" in text
    assert (rows[0][6].strip(), rows[0][8].strip()) == ("CLEAR", "HILLSTREET")


def test_claims_are_read_and_paid_to_the_cent() -> None:
    assert [claim.pcn for claim in BATCH.claims] == ["PCN-1", "PCN-2"]
    assert BATCH.claims[0].lines[1].procedure == "97140:GP:59"
    for line in (line for claim in BATCH.claims for line in claim.lines):
        assert line.paid + line.owed_by_patient + line.written_off == line.charge
    paid = sum((line.paid for claim in BATCH.claims for line in claim.lines), Decimal(0))
    assert f"BPR*I*{paid}*" in x12_answers.remittance(BATCH)


@pytest.mark.parametrize("text", ["", "hello", CLAIMS[:-20], STATUS])
def test_what_is_not_a_batch_of_claims_is_refused(text: str) -> None:
    with pytest.raises(x12_answers.NotX12Error):
        x12_answers.batch_of(text)
