"""The preflight: each rule fires where it should, and nowhere on right claims."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.billing.preflight.breach import World
from rehabctl.billing.preflight.check import PreflightResult, check_claims
from rehabctl.billing.x12.claim_837p import write_claims
from rehabctl.domain.errors import RehabctlError
from rehabctl.reference.payers.preflight import load_preflight_codes, load_preflight_rules

from .x12.claims import batch, claim, dependent, random_claims, secondary

DAY = date(2026, 11, 20)
SELF = "".join(write_claims([claim(accident_on=None)], batch()))
DEPENDENT = "".join(write_claims([dependent()], batch()))
SECOND = "".join(write_claims([secondary()], batch()))
ACCIDENT = "".join(
    write_claims(
        [claim(related_causes=("AA",), accident_state="TX", accident_on=date(2026, 9, 1))], batch()
    )
)
FACILITY = "NM1*77*2*GYM*****XX*1245319599~\nN3*100 CLINIC WAY*SUITE 4~\nN4*AUSTIN*TX*787011234~\n"

# rule, the right file, what stands there, what stands there instead
FAULTS = [
    ("envelope-version", "self", "ST*837*0001*005010X222A1", "ST*837*0001*005010X222A2"),
    ("envelope-version", "self", "*X*005010X222A1", "*X*004010X098A1"),
    ("envelope-width", "self", "REHABCTL       *ZZ", "REHABCTL *ZZ"),
    ("envelope-group", "self", "GS*HC", "GS*HP"),
    ("envelope-count", "self", "SE*37", "SE*36"),
    ("envelope-control", "self", "GE*1*101", "GE*1*102"),
    ("separator", "self", "10:B:1", "10>B>1"),
    ("separator", "self", "HC:97110:GP:95", "HC>97110>GP>95"),
    ("level-parent", "self", "HL*2*1*22", "HL*2*9*22"),
    ("level-children", "self", "HL*2*1*22*0", "HL*2*1*22*1"),
    ("level-children", "dependent", "HL*2*1*22*1", "HL*2*1*22*0"),
    ("level-number", "self", "HL*2*1*22", "HL*3*1*22"),
    ("npi", "self", "XX*1245319599", "XX*1245319598"),
    ("npi-missing", "self", "SAM****XX*1679576722", "SAM"),
    ("tax-id", "self", "EI*123456789", "EI*12345678"),
    ("taxonomy", "self", "PXC*225100000X", "PXC*225100000Y"),
    ("taxonomy", "self", "PXC*261QP2000X", "PXC*261QP200XX0"),
    ("taxonomy-missing", "self", "PRV*BI*PXC*261QP2000X~\n", ""),
    ("state", "self", "AUSTIN*TX", "AUSTIN*TZ"),
    ("state-missing", "self", "AUSTIN*TX", "AUSTIN*"),
    ("postal-code", "self", "787011234", "7870112"),
    ("postal-code-four", "self", "TX*787011234~\nREF", "TX*78701~\nREF"),
    ("post-box", "self", "100 CLINIC WAY", "P.O. BOX 100"),
    ("given-name-missing", "self", "THERAPIST*SAM", "THERAPIST*"),
    ("birth-date", "self", "D8*19550214", "D8*18550214"),
    ("birth-date", "self", "D8*19550214", "D8*19550231"),
    ("birth-date-missing", "self", "DMG*D8*19550214*F~\n", ""),
    ("address-missing", "self", "N3*12 MAIN ST~\nN4*AUSTIN*TX*787011234~\n", ""),
    ("relationship", "self", "SBR*P*18", "SBR*P*"),
    ("relationship", "dependent", "SBR*P**", "SBR*P*18*"),
    ("medicare-dependent", "dependent", "*CI~", "*MB~"),
    ("filing-code-missing", "self", "SBR*P*18*******MB", "SBR*P*18"),
    ("secondary-reason", "self", "SBR*P*18", "SBR*S*18"),
    ("member-number", "self", "1EG4TE5MK73", "123456789A"),
    ("identity-number", "self", "DMG*D8*19550214*F~", "DMG*D8*19550214*F~\nREF*SY*000000000~"),
    ("facility-same", "self", "LX*1~", FACILITY + "LX*1~"),
    ("reference-same", "self", "REF*EI*123456789~", "REF*EI*123456789~\nREF*EI*123456789~"),
    ("claim-number", "self", "CLM*RC00000001", "CLM*RC0000000123456789012345"),
    ("claim-total", "self", "*171.25*", "*171.24*"),
    ("place", "self", "10:B:1", "98:B:1"),
    ("place-mixed", "self", "UN*1***1~", "UN*1*10**1~"),
    ("original-missing", "self", "10:B:1", "10:B:7"),
    ("original-unexpected", "self", "HI*ABK", "REF*F8*ICN1~\nHI*ABK"),
    ("accident-state", "accident", "AA:::TX", "AA"),
    ("accident-date", "accident", "DTP*439*D8*20260901~\n", ""),
    ("accident-cause", "accident", "*Y**AA:::TX", "*Y"),
    ("date", "self", "472*D8*20261102", "472*D8*20261131"),
    ("date", "self", "472*D8*20261102", "472*RD8*20261103-20261102"),
    ("date-future", "self", "472*D8*20261102", "472*D8*20261202"),
    ("date-future", "self", "431*D8*20261001", "431*D8*20271001"),
    ("date-order", "self", "431*D8*20261001", "431*D8*20261103"),
    ("date-before-birth", "self", "431*D8*20261001", "431*D8*19500101"),
    ("date-before-birth", "self", "472*D8*20261102", "472*D8*19500101"),
    ("referring-missing", "self", "NM1*DN*1*REFERRER*PAT*Q***XX*1234567893~\n", ""),
    (
        "rendering-missing",
        "self",
        "NM1*82*1*THERAPIST*SAM****XX*1679576722~\nPRV*PE*PXC*225100000X~\n",
        "",
    ),
    (
        "referring-twice",
        "self",
        "XX*1234567893~\n",
        "XX*1234567893~\nNM1*DN*1*OTHER*PAT****XX*1003000126~\n",
    ),
    ("rendering-same", "self", "SAM****XX*1679576722", "SAM****XX*1245319599"),
    ("other-payer-missing", "self", "SBR*P*18", "SBR*S*18"),
    ("diagnosis", "self", "ABK:M25561", "ABK:25561"),
    ("diagnosis", "self", "ABK:M25561", "ABK:M25.561"),
    ("diagnosis-edition", "self", "ABK:M25561", "BK:M25561"),
    ("diagnosis-twice", "self", "ABF:Z96651", "ABF:M25561"),
    ("diagnosis-cause-first", "self", "ABK:M25561", "ABK:W19XXXA"),
    ("pointer", "self", "***1:2", "***1:3"),
    ("pointer-twice", "self", "***1:2", "***1:1"),
    ("line-number", "self", "LX*2", "LX*3"),
    ("line-reference-missing", "self", "REF*6R*2~\n", ""),
    ("line-reference-twice", "self", "REF*6R*2", "REF*6R*1"),
    ("line-twice", "self", "97112:GP:95", "97110:GP:95"),
    ("procedure", "self", "HC:97110", "HC:9711"),
    ("units", "self", "UN*2", "UN*0"),
    ("units", "self", "UN*2", "UN*1.5"),
    ("units-untimed", "self", "HC:97110", "HC:97150"),
    ("units-day", "self", "UN*2", "UN*97"),
    ("modifier", "self", "GP:95*80", "GP:9?*80"),
    ("modifier-twice", "self", "GP:95*80", "GP:95:95*80"),
    ("modifier-gap", "self", "GP:95*80", "GP::95*80"),
    ("modifier-fifth", "self", "97110:GP:95", "97110:GP:95:KX:CQ:59"),
    ("discipline-missing", "self", "97110:GP:95", "97110:95"),
    ("discipline-twice", "self", "97110:GP:95", "97110:GP:GO:95"),
    ("assistant-discipline", "self", "97110:GP:95", "97110:GO:CQ:95"),
    ("telehealth-conflict", "self", "97110:GP:95", "97110:GP:95:93"),
    ("telehealth-place", "self", "97110:GP:95", "97110:GP"),
    ("telehealth-office", "self", "10:B:1", "11:B:1"),
    ("telehealth-not", "self", "98985:GP", "98985:GP:95"),
    ("hands-on", "self", "97112:GP:95", "97140:GP:95"),
    ("exclusive-codes", "self", "97112:GP:95", "98977:GP"),
    ("edit-pair", "self", "97110:GP:95*80*UN*2", "97150:GP:95*80*UN*1"),
    ("amount", "self", "*41.25*", "*41.255*"),
    ("other-payer-balance", "second", "CAS*PR*2*5~", "CAS*PR*2*6~"),
    ("other-payer-line", "second", "SVD*04412", "SVD*04413"),
    ("other-payer-total", "second", "AMT*D*126.25", "AMT*D*126.26"),
    ("other-payer-order", "second", "SBR*P*18*******MB", "SBR*S*18*******MB"),
    ("other-payer-paid-missing", "second", "AMT*D*126.25~\n", ""),
    ("other-payer-early", "second", "573*D8*20261110", "573*D8*20261101"),
    ("date", "second", "573*D8*20261110", "573*D8*20261310"),
    ("date-future", "second", "573*D8*20261110", "573*D8*20271110"),
]
FILES = {"self": SELF, "dependent": DEPENDENT, "second": SECOND, "accident": ACCIDENT}
ELSEWHERE = {
    "claim-number-twice",
    "code-list-missing",
    "diagnosis-not-billable",
    "edit-pair-never",
    "no-claims",
    "other-payer-date",
    "timely-filing",
    "units-mue",
}


WORLD = World(DAY, load_preflight_codes(DAY))


def checked(text: str, world: World = WORLD) -> PreflightResult:
    return check_claims(io.BytesIO(text.encode()), world)


@pytest.mark.parametrize("name", FILES)
def test_right_claims_have_no_finding(name: str) -> None:
    assert checked(FILES[name]).findings == ()


def test_right_claims_of_every_shape_have_no_finding() -> None:
    text = "".join(write_claims(random_claims(1000, seed=11), batch()))
    result = checked(text)
    assert (result.claims, result.findings) == (1000, ())


@pytest.mark.parametrize(("rule", "name", "old", "new"), FAULTS)
def test_each_rule_fires(rule: str, name: str, old: str, new: str) -> None:
    assert old in FILES[name]
    rules = [one.rule for one in checked(FILES[name].replace(old, new, 1)).findings]
    assert rule in rules


def test_every_rule_has_its_fault() -> None:
    assert set(load_preflight_rules()) - {fault[0] for fault in FAULTS} == ELSEWHERE


def rules_of(text: str) -> set[str]:
    return {one.rule for one in checked(text).findings}


def test_an_empty_set_and_a_number_that_stands_twice() -> None:
    body = SELF[SELF.index("HL*2") : SELF.index("SE*37")]
    assert "no-claims" in rules_of(SELF.replace(body, ""))
    assert "claim-number-twice" in rules_of(SELF.replace(body, body + body.replace("HL*2", "HL*3")))


def test_a_decision_without_its_day() -> None:
    first_line = SECOND.index("SVD")
    text = SECOND[:first_line] + "".join(
        line for line in SECOND[first_line:].splitlines(keepends=True)
        if not line.startswith(("SVD", "CAS", "DTP*573"))
    )  # fmt: skip
    assert "other-payer-date" in rules_of(text)


def test_an_imported_list_decides_which_diagnoses_are_billable() -> None:
    world = World(DAY, load_preflight_codes(DAY), is_billable_diagnosis=lambda code, _: "M" in code)
    found = checked(SELF, world).findings
    assert [(one.rule, one.message) for one in found] == [
        ("diagnosis-not-billable", "HI02-2 is not a billable ICD-10-CM code on the day of service")
    ]


def test_old_services_are_late_where_the_payer_says_so() -> None:
    late = checked(SELF, replace(WORLD, timely_filing_days=10))
    assert {one.rule for one in late.findings} == {"timely-filing"}
    assert checked(SELF, replace(WORLD, timely_filing_days=365)).ok


def test_findings_name_their_claim_and_place() -> None:
    found = checked(SELF.replace("*171.25*", "*170*"))
    (finding,) = found.findings
    assert (finding.claim, finding.segment, finding.position) == ("RC00000001", "CLM", 21)
    assert finding.message == "CLM02 differs from the sum of the lines by -1.25"
    assert not found.ok


def test_no_finding_repeats_what_the_file_says_of_a_person() -> None:
    broken = SELF.replace("TESTPATIENT*ANA", "TESTPATIENT*").replace("19550214", "19550231")
    text = " ".join(f"{f.message} {f.fix}" for f in checked(broken).findings)
    assert "TESTPATIENT" not in text
    assert "1955" not in text
    misplaced = checked(
        SELF.replace("CLM*RC00000001", "CLM*TESTPATIENT, ANA").replace("LX*2", "LX*9")
    )
    assert "TESTPATIENT" not in repr(misplaced.findings)


def single_faults(text: str) -> Iterator[tuple[str, str]]:
    """Yield the file with one segment deleted or doubled, or one element emptied or overfilled."""
    segments = text.split("~\n")[:-1]
    for index, segment in enumerate(segments):
        before, after = segments[:index], segments[index + 1 :]

        def joined(*middle: str, before: list[str] = before, after: list[str] = after) -> str:
            return "~\n".join([*before, *middle, *after]) + "~\n"

        name = f"{index + 1} {segment[:6]}"
        yield f"{name} deleted", joined()
        yield f"{name} doubled", joined(segment, segment)
        parts = segment.split("*")
        for number in range(1, len(parts)):
            for kind, value in (("emptied", ""), ("overfilled", "9" * 300)):
                changed = [*parts[:number], value, *parts[number + 1 :]]
                if changed != parts:
                    yield f"{name} {number:02d} {kind}", joined("*".join(changed))


# What may be left away, or stand twice, in a right file.
ALLOWED = {
    "PER*IC doubled",
    "PER*IC 02 emptied",
    "N3*100 02 emptied",
    "NM1*DN 05 emptied",
    "DTP*43 deleted",
    "SBR*P* 03 emptied",
    "IEA*1* doubled",
}


@pytest.mark.parametrize("name", ["self", "dependent", "second"])
def test_a_single_fault_anywhere_shows(name: str) -> None:
    missed = {
        fault.split(" ", 1)[1]
        for fault, text in single_faults(FILES[name])
        if not checked(text).findings
    }
    assert missed <= ALLOWED


def test_lower_case_segments_and_a_second_interchange_show() -> None:
    lower = checked(SELF.replace("CLM*RC00000001", "clm*RC00000001"))
    assert not lower.ok
    assert lower.findings
    both = checked(SELF + SELF)
    assert "claim-number-twice" in {one.rule for one in both.findings}
    assert both.claims == 2 * checked(SELF).claims
    assert checked(SELF.lower()).findings


@given(data=st.data())
def test_no_bytes_make_it_fail(data: st.DataObject) -> None:
    text = FILES[data.draw(st.sampled_from(sorted(FILES)))]
    changed = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 20))):
        place = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.sampled_from(["set", "cut", "insert"])):
            case "set":
                changed[place] = data.draw(st.integers(0, 255))
            case "cut":
                del changed[place : place + data.draw(st.integers(1, 40))]
            case _:
                changed[place:place] = data.draw(st.binary(max_size=20))
        if not changed:
            changed = bytearray(b"~")
    check_claims(io.BytesIO(bytes(changed)), WORLD)


@given(data=st.binary(max_size=400))
def test_no_content_makes_it_fail(data: bytes) -> None:
    assert not check_claims(io.BytesIO(data), WORLD).ok
    assert not check_claims(io.BytesIO(SELF[:200].encode() + data), WORLD).ok


def test_every_sample_is_read(sample_data: Path) -> None:
    for path in sorted((sample_data / "x12").iterdir()):
        with path.open("rb") as stream:
            result = check_claims(stream, WORLD)
        assert result.findings or result.claims, path.name


def test_a_year_without_code_sets_is_an_error() -> None:
    with pytest.raises(RehabctlError, match="no code sets for 2031-01-01"):
        load_preflight_codes(date(2031, 1, 1))


def test_many_findings_end_somewhere() -> None:
    lines = tuple(
        replace(claim().lines[0], reference=f"L{n}", pointers=(9, 8, 7, 6)) for n in range(50)
    )
    many = [claim(lines=lines, control_number=f"RC{n}") for n in range(60)]
    text = "".join(write_claims(many, batch()))
    assert len(checked(text).findings) == 10_000
