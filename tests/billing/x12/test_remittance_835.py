"""835 files: read whatever they hold, balance every level, never fail."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path

import oxedi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.billing.remittance import check_file
from rehabctl.billing.x12.segments import Fault, Segment, read_segments

HEAD = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260302*0900*^*00501"
    "*000000007*0*T*:~GS*HP*PAYER*CLINIC*20260302*0900*7*X*005010X221A1~"
)
BODY = (
    "ST*835*0001~BPR*I*150*C*ACH************20260303~TRN*1*TRACE1*1999999999~N1*PR*EXAMPLE PLAN~"
    "LX*1~CLP*RC1*1*200*160*20*MB*ICN1~SVC*HC:97110:GP*120*100**2~DTM*472*20260201~"
    "CAS*CO*45*10**253*10~REF*6R*L1~SVC*HC:97140:GP*80*60**1~CAS*PR*2*20~PLB*1*20261231*WO:X*10~"
)


def file(body: str = BODY, head: str = HEAD, **counts: str) -> bytes:
    segments = body.count("~") + 1
    tail = f"SE*{counts.get('se', segments)}*0001~GE*1*7~IEA*1*000000007~"
    return (head + body + tail).encode()


def check(data: bytes):
    return check_file(io.BytesIO(data))


def test_a_whole_file_balances_and_is_read() -> None:
    checked = check(file())
    assert checked.balanced, checked
    [payment] = [p.payment for p in checked.payments]
    assert (payment.payer, payment.amount, payment.trace_number) == (
        "EXAMPLE PLAN", Decimal(150), "TRACE1",
    )  # fmt: skip
    [claim] = payment.claims
    assert (claim.claim_id, claim.charged, claim.paid) == ("RC1", Decimal(200), Decimal(160))
    first, second = claim.lines
    assert [(a.group, a.reason, a.amount) for a in first.adjustments] == [
        ("CO", "45", Decimal(10)),
        ("CO", "253", Decimal(10)),
    ]
    assert (first.line_id, first.service_date, second.line_id) == ("L1", "20260201", None)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("SVC*HC:97110:GP*120*100", "SVC*HC:97110:GP*120*101", "line-balance"),
        ("CLP*RC1*1*200*160", "CLP*RC1*1*200*161", "claim-balance"),
        ("BPR*I*150", "BPR*I*151", "payment-balance"),
        ("WO:X*10", "WO:X*11", "payment-balance"),
        ("CLP*RC1*1*200*160", "CLP*RC1*1*200*", "amount-missing"),
        ("CLP*RC1*1*200*160", "CLP*RC1*1*2OO*160", "amount-malformed"),
        ("CLP*RC1*1*200*160", "CLP*RC1*1*200*NaN", "amount-malformed"),
        ("HC:97110:GP", "HC>97110>GP", "separator"),
        ("BPR*I*150", "BPR*I*", "payment-amount"),
        ("ST*835*", "ST*837*", "not-835"),
    ],
)
def test_each_fault_is_found(old: str, new: str, rule: str) -> None:
    assert old in BODY
    checked = check(file(BODY.replace(old, new)))
    assert not checked.balanced
    rules = {f.rule for p in checked.payments for f in p.findings} | {
        f.rule for f in checked.findings
    }
    assert rule in rules


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "not-x12"),
        (b"hello, this is a letter", "not-x12"),
        (b"\x00\xff" * 500, "not-x12"),
        (b"ISA*00*", "isa-short"),
        (file().replace(b"~ST*", b"~st*"), "envelope-order"),
        (file().replace(b"~GS*", b"~gs*"), "envelope-order"),
        (file()[:-40], "envelope-cut"),
        (file(se="99"), "envelope-count"),
        (file().replace(b"IEA*1*000000007", b"IEA*1*000000008"), "envelope-control"),
        (HEAD.encode() + b"X" * 100_000, "terminator"),
    ],
)
def test_damaged_files_are_findings(data: bytes, rule: str) -> None:
    checked = check(data)
    assert not checked.balanced
    assert rule in [f.rule for f in checked.findings]


def test_a_debit_is_negative_and_a_missing_patient_share_is_nothing() -> None:
    body = "ST*835*0001~BPR*I*30*D*ACH~TRN*1*T*1~CLP*RC1*22*-50*-30**MB*I~CAS*CO*45*-20~"
    checked = check(file(body))
    assert checked.balanced
    assert checked.payments[0].payment.claims[0].patient_responsibility == 0


def test_several_interchanges_and_odd_white_space_are_read() -> None:
    odd = file().replace(b"~", b"~\r\n   ")
    both = b"\xef\xbb\xbf  " + odd + file().replace(b"TRACE1", b"TRACE2")
    checked = check(both)
    assert [p.payment.trace_number for p in checked.payments] == ["TRACE1", "TRACE2"]
    assert checked.balanced


amounts = st.integers(0, 10_000).map(lambda cents: Decimal(cents) / 100)


@settings(deadline=None)
@given(lines=st.lists(st.tuples(amounts, amounts), min_size=1, max_size=5), fee=amounts)
def test_what_adds_up_by_construction_balances(lines, fee: Decimal) -> None:
    charged = sum((paid + cut for paid, cut in lines), Decimal(0))
    paid = sum((p for p, _ in lines), Decimal(0))
    body = f"ST*835*0001~BPR*I*{paid - fee}*C~TRN*1*T*1~CLP*A*1*{charged}*{paid}*0*MB*I~"
    for line_paid, cut in lines:
        body += f"SVC*HC:97110*{line_paid + cut}*{line_paid}~CAS*CO*45*{cut}~"
    body += f"PLB*1*20261231*WO:X*{fee}~"
    assert check(file(body)).balanced


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_mutation_of_a_file_fails(data: st.DataObject) -> None:
    raw = bytearray(file())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        action = data.draw(st.sampled_from(["set", "cut", "drop", "double"]))
        if action == "set":
            raw[at] = data.draw(st.integers(0, 255))
        elif action == "cut":
            del raw[at + 1 :]
        elif action == "drop":
            del raw[at]
        else:
            raw[at:at] = raw[at : at + 40]
        if not raw:
            break
    check(bytes(raw))


@given(data=st.binary(max_size=300))
def test_no_bytes_fail(data: bytes) -> None:
    assert not check(data).balanced
    assert not check(HEAD.encode() + data).balanced


def test_positions_count_segments_over_the_file() -> None:
    items = list(read_segments(io.BytesIO(file())))
    assert not [i for i in items if isinstance(i, Fault)]
    assert [i.position for i in items if isinstance(i, Segment)] == list(range(1, len(items) + 1))


def test_every_sample_is_read(sample_data: Path) -> None:
    for path in sorted((sample_data / "x12").iterdir()):
        if path.suffix != ".json":
            with path.open("rb") as stream:
                checked = check_file(stream)
            assert checked.payments or path.suffix != ".835", path.name


def test_the_command_prints_the_contracts_json(rehabctl, tmp_path: Path) -> None:
    path = tmp_path / "p.835"
    path.write_bytes(file())
    result = rehabctl("remit", "parse", str(path), "--format", "json")
    assert result.returncode == 0
    printed = json.loads(result.stdout)
    assert (printed["payer"], printed["payment_amount"], printed["balanced"]) == (
        "EXAMPLE PLAN", "150", True,
    )  # fmt: skip
    [claim] = printed["claims"]
    assert claim["patient_responsibility"] == "20"
    assert claim["lines"][1]["adjustments"] == [{"group": "PR", "reason": "2", "amount": "20"}]


def test_an_unbalanced_file_exits_3_with_its_json(rehabctl, tmp_path: Path) -> None:
    path = tmp_path / "p.835"
    path.write_bytes(file(BODY.replace("BPR*I*150", "BPR*I*1")))
    result = rehabctl("remit", "parse", str(path), "--format", "json")
    assert result.returncode == 3
    printed = json.loads(result.stdout)
    assert printed["findings"][0]["rule"] == "payment-balance"


def test_a_missing_file_is_not_found(rehabctl, tmp_path: Path) -> None:
    assert rehabctl("remit", "parse", str(tmp_path / "no.835")).returncode == 4


FULL = BODY.replace(
    "N1*PR*EXAMPLE PLAN~",
    "N1*PR*EXAMPLE PLAN~N3*1 PLAN WAY~N4*AUSTIN*TX*78701~PER*BL*HELP*TE*5125550100~"
    "N1*PE*EXAMPLE CLINIC*XX*1245319599~",
).replace("ICN1~", "ICN1~NM1*QC*1*TESTPATIENT*ANA~")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LX*1~", "LX*1~"),
        ("SVC*HC:97110:GP*120*100", "SVC*HC:97110:GP*120*101"),
        ("CLP*RC1*1*200*160", "CLP*RC1*1*200*161"),
        ("BPR*I*150", "BPR*I*151"),
        ("CAS*PR*2*20", "CAS*PR*2*-20"),
        ("CAS*CO*45*10**253*10", "CAS*CO*45*10**253*11"),
        ("PLB*1*20261231*WO:X*10", "PLB*1*20261231*WO:X*-10"),
    ],
)
def test_an_independent_reader_agrees_on_the_balance(old: str, new: str) -> None:
    data = file(FULL.replace(old, new))
    told = oxedi.parse(data).diagnostics
    assert check(data).balanced == (not [one for one in told if one.kind == "BalanceMismatch"])
    assert check(data).balanced == (old == new)


@settings(max_examples=200, deadline=None)
@given(
    lines=st.lists(
        st.tuples(st.integers(1, 50_000), st.integers(0, 50_000), st.sampled_from([0, 0, 1, -1])),
        min_size=1, max_size=4,
    ),
    off=st.sampled_from([0, 0, 1, -1]),
)  # fmt: skip
def test_an_independent_reader_agrees_on_random_payments(
    lines: list[tuple[int, int, int]], off: int
) -> None:
    def money(cents: int) -> str:
        return f"{Decimal(cents) / 100:f}"

    service = "".join(
        f"SVC*HC:97110:GP*{money(charged)}*{money(paid)}**1~DTM*472*20260201~"
        + (f"CAS*CO*45*{money(charged - paid + slip)}~" if charged - paid else "")
        for charged, paid, slip in lines
    )
    charged, paid = sum(one[0] for one in lines), sum(one[1] for one in lines)
    start = FULL.index("CLP*")
    body = FULL[:start].replace("BPR*I*150*", f"BPR*I*{money(paid + off)}*")
    body += f"CLP*RC1*1*{money(charged)}*{money(paid)}**MB*ICN1~NM1*QC*1*TESTPATIENT*ANA~{service}"
    told = oxedi.parse(file(body)).diagnostics
    assert check(file(body)).balanced == (not [d for d in told if d.kind == "BalanceMismatch"])
