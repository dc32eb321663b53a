"""Official code lists: read in their published shapes, kept whole or not at all, asked by day."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehabctl.billing.preflight.breach import World
from rehabctl.billing.preflight.check import check_claims
from rehabctl.domain.code_lists import CodeListKind, PairEdit, UnitLimit
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError
from rehabctl.reference.payers.preflight import load_preflight_codes
from rehabctl.services.code_imports import import_codes
from rehabctl.store.code_lists import CodeLists
from tests.billing import test_claim_lines as lines
from tests.billing.test_mutants import DAY, RIGHT

QUARTER = date(2026, 10, 1)

# shapes of the published files; codes and values are our own choice for the tests
NCCI = (
    "CPT only copyright 2025 American Medical Association. All rights reserved.\r\n"
    "Column 1/Column 2 Edits\r\nColumn 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier"
    "\tPTP Edit Rationale\r\n\tprior to 1996\t\tDate\tDate\t0=not allowed\r\n"
    "97530\t97116\t \t20200101\t*\t1\tStandards\r\n"
    "97140\t97530\t\t20180401\t20251231\t1\tMisuse\r\n"
    "97150\t97110\t*\t19960101\t*\t0\tMore extensive\r\n"
    "97164\t97140\t\t20200101\t20200101\t9\tMisuse\r\n"
)
MUE = (
    '"CPT codes are copyright, ""all rights"" reserved\nsee licence",,,\r\n'
    '"HCPCS/\nCPT Code",Practitioner Services MUE Values,'
    "MUE Adjudication Indicator,MUE Rationale\r\n"
    "97110,6,3 Date of Service Edit: Clinical,Clinical: Data\r\n"
    "97161,1,2 Date of Service Edit: Policy,CPT Instruction\r\n"
    "97140,4,1 Line Edit,Clinical: Data\r\n"
)
ICD10 = (
    "00001 M25     0 Other joint disorder                                         Other\r\n"
    "00002 M25561  1 Pain in right knee                                           Pain\r\n"
    "00003 M545    0 Low back pain                                                Low\r\n"
    "00004 M5450   1 Low back pain, unspecified                                   Low\r\n"
)
CARC = (
    "Code,Description,Start Date,Last Modified,Stop Date\n"
    '50,"Words of the clinic\'s own, licensed list",01/01/1995,,\n'
    "B22,Other words,1995-01-01,,20301231\n"
)


@pytest.fixture
def lists(tmp_path: Path) -> CodeLists:
    return CodeLists(tmp_path / "code-lists")


def taken(
    lists: CodeLists, tmp_path: Path, kind: str, text: str, start: date = QUARTER
) -> CodeLists:
    path = tmp_path / f"{kind}.txt"
    path.write_text(text, encoding="latin-1", newline="")
    import_codes(lists, [path], CodeListKind(kind), start)
    return CodeLists(tmp_path / "code-lists")


def test_pairs_by_day_with_their_order_and_indicator(lists: CodeLists, tmp_path: Path) -> None:
    asked = frozenset({"97530", "97116", "97140", "97150", "97110", "97164"})
    assert lists.pairs(asked, DAY) is None
    held = taken(lists, tmp_path, "ncci", NCCI)
    assert held.pairs(asked, DAY) == (
        PairEdit("97150", "97110", modifier_allowed=False),
        PairEdit("97530", "97116", modifier_allowed=True),
    )
    assert held.pairs(asked, date(2027, 1, 1)) is None, "a quarter ends"
    assert (held.covers(CodeListKind.NCCI, DAY), held.covers(CodeListKind.MUE, DAY)) == (True, None)
    assert held.covers(CodeListKind.NCCI, date(2026, 9, 30)) is False
    (one,) = held.held()
    assert (one.codes, one.valid_to, one.source) == (4, date(2026, 12, 31), "ncci.txt")


def test_deleted_edits_held_until_their_last_day(lists: CodeLists, tmp_path: Path) -> None:
    held = taken(lists, tmp_path, "ncci", NCCI, date(2025, 10, 1))
    pair = frozenset({"97140", "97530"})
    assert held.pairs(pair, date(2025, 12, 31)) == (
        PairEdit("97140", "97530", modifier_allowed=True),
    )


def test_most_units_and_diagnoses_and_reasons(lists: CodeLists, tmp_path: Path) -> None:
    held = taken(lists, tmp_path, "mue", MUE)
    assert held.unit_limit("97110", DAY) == UnitLimit(6, per_line=False)
    assert held.unit_limit("97140", DAY) == UnitLimit(4, per_line=True)
    assert held.unit_limit("97112", DAY) is None
    held = taken(held, tmp_path, "icd10", ICD10)
    asked = ("M25.561", "M25561", "M54.5", "M5450", "Z99999")
    assert [held.is_billable(code, DAY) for code in asked] == [True, True, False, True, False]
    assert held.is_billable("M5450", date(2026, 9, 30)) is None
    held = taken(held, tmp_path, "carc", CARC)
    words = "Words of the clinic's own, licensed list"
    assert held.meaning(CodeListKind.CARC, "50", DAY) == words
    assert held.meaning(CodeListKind.CARC, "51", DAY) is None


def test_a_release_of_several_zip_files_is_one_list(lists: CodeLists, tmp_path: Path) -> None:
    head, mark, rest = NCCI.partition("97140\t")
    for name, text in (("f1", head), ("f2", mark + rest)):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr("readme.txt", "Column 1 of this file is explained on our page.\n" * 9)
            archive.writestr(f"ccipra-{name}.txt", text)
            archive.writestr(f"ccipra-{name}.xlsx", b"PK no text")
    held = import_codes(
        lists, [tmp_path / "f1.zip", tmp_path / "f2.zip"], CodeListKind.NCCI, QUARTER
    )
    assert (held.codes, held.source) == (4, "f1.zip f2.zip")


def test_the_newer_list_of_two_holds(lists: CodeLists, tmp_path: Path) -> None:
    held = taken(lists, tmp_path, "mue", MUE)
    newer = taken(held, tmp_path, "mue", MUE.replace("97110,6", "97110,5"), date(2026, 11, 1))
    assert newer.unit_limit("97110", date(2026, 10, 31)) == UnitLimit(6, per_line=False)
    assert newer.unit_limit("97110", date(2026, 11, 1)) == UnitLimit(5, per_line=False)


@pytest.mark.parametrize(
    ("kind", "text", "fault"),
    [
        ("ncci", "", "holds no code"),
        ("ncci", MUE, "holds no code"),
        ("icd10", NCCI, "holds no code"),
        ("ncci", NCCI + "97530\t97112\t\t2026\n", "unreadable rows: 1, the first at line 9"),
        ("mue", MUE + "97112,many,3,\n", "unreadable rows: 1"),
        ("icd10", ICD10 + "00005 M54", "unreadable rows"),
        ("carc", CARC + "51,No day,tomorrow,,\n", "unreadable rows: 1"),
        ("carc", "50,words\n", "holds no code"),
    ],
)
def test_a_bad_file_keeps_nothing(
    lists: CodeLists, tmp_path: Path, kind: str, text: str, fault: str
) -> None:
    with pytest.raises(FindingsError, match=fault):
        taken(lists, tmp_path, kind, text)
    assert not list((tmp_path / "code-lists").glob("*"))


def test_other_bad_input_is_one_clear_line(lists: CodeLists, tmp_path: Path) -> None:
    missing = tmp_path / "none.txt"
    with pytest.raises(NotFoundError, match=r"none\.txt does not exist"):
        import_codes(lists, [missing], CodeListKind.MUE, QUARTER)
    cut = tmp_path / "cut.zip"
    with zipfile.ZipFile(cut, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mue.csv", MUE * 500)
    data = cut.read_bytes()
    cut.write_bytes(data[:60] + bytes(200) + data[260:])
    with pytest.raises(FindingsError, match=r"damaged|cannot be read"):
        import_codes(lists, [cut], CodeListKind.MUE, QUARTER)
    sheet = tmp_path / "sheet.zip"
    with zipfile.ZipFile(sheet, "w") as archive:
        archive.writestr("mue.xlsx", b"PK")
    with pytest.raises(FindingsError, match="no text of the list") as told:
        import_codes(lists, [sheet], CodeListKind.MUE, QUARTER)
    assert "not its spreadsheet" in str(told.value.next_step)
    good = tmp_path / "mue.csv"
    good.write_text(MUE)
    with pytest.raises(UsageError, match="ends before"):
        import_codes(lists, [good], CodeListKind.MUE, QUARTER, date(2026, 9, 1))
    assert import_codes(lists, [good], CodeListKind.MUE, QUARTER, dry_run=True).codes == 3
    assert not list((tmp_path / "code-lists").glob("*"))
    import_codes(lists, [good], CodeListKind.MUE, QUARTER)
    (kept,) = (tmp_path / "code-lists").iterdir()
    kept.write_bytes(b"damaged")
    with pytest.raises(RehabctlError, match="damaged"):
        CodeLists(tmp_path / "code-lists").held()


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.binary(max_size=400), kind=st.sampled_from(CodeListKind))
def test_no_bytes_end_in_a_traceback(tmp_path: Path, data: bytes, kind: CodeListKind) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        held = import_codes(CodeLists(tmp_path / "lists"), [path], kind, QUARTER, dry_run=True)
    except RehabctlError:
        return
    assert held.codes


def rules_of(text: str, tables: CodeLists, day: date = DAY) -> set[str]:
    world = World(day, load_preflight_codes(day), tables=tables)
    return {one.rule for one in check_claims(io.BytesIO(text.encode()), world).findings}


RIGHT_ICD10 = "00001 M25561  1 a b\n00002 Z96651  1 a b\n"


@pytest.mark.parametrize(
    ("kind", "text", "rules"),
    [
        ("icd10", RIGHT_ICD10, set[str]()),
        ("icd10", "00001 M25561  1 a b\n00002 Z96651  0 a b\n", {"diagnosis-not-billable"}),
        ("mue", "97110,2,3 a,\n", set[str]()),
        ("mue", "97110,1,3 a,\n", {"units-mue"}),
        ("mue", "97110,1,1 a,\n", {"units-mue"}),
        ("ncci", "97110\t97112\t\t20200101\t*\t1\tx\n", {"edit-pair"}),
        ("ncci", "97110\t97112\t\t20200101\t*\t0\tx\n", {"edit-pair-never"}),
        ("ncci", "97110\t97112\t\t20200101\t20261031\t0\tx\n", set[str]()),
    ],
)
def test_the_preflight_asks_the_lists(
    lists: CodeLists, tmp_path: Path, kind: str, text: str, rules: set[str]
) -> None:
    right = RIGHT.read_text()
    assert rules_of(right, lists) == set()
    assert rules_of(right, taken(lists, tmp_path, kind, text)) == rules


def test_a_day_that_no_list_covers_is_an_error(lists: CodeLists, tmp_path: Path) -> None:
    held = taken(lists, tmp_path, "mue", MUE, date(2027, 1, 1))
    assert rules_of(RIGHT.read_text(), held) == {"code-list-missing"}


def test_drafts_ask_the_lists(lists: CodeLists, tmp_path: Path) -> None:
    text = "97112\t97110\t\t20200101\t*\t{}\tx\n"

    def found(tables: CodeLists, *attestations: lines.Attestation) -> list[tuple[str, str | None]]:
        first = (lines.START, lines.START + timedelta(minutes=20))
        second = (first[1], first[1] + timedelta(minutes=20))
        services = (
            lines.service("97110", 20, spans=(first,)), lines.service("97112", 20, spans=(second,)),
        )  # fmt: skip
        made = lines.draft(*services, attestations=attestations, tables=tables)
        marked = [one.code for one in made.lines if "59" in one.modifiers]
        return [(one.rule, one.code) for one in made.findings] + [("59", one) for one in marked]

    assert found(lists) == []
    never = taken(lists, tmp_path, "ncci", text.format(0), date(2026, 1, 1))
    assert found(never) == [("pair-never", "97110")]
    apart = taken(lists, tmp_path, "ncci", text.format(1), date(2026, 1, 1))
    assert found(apart) == [("pair-attestation", "97110")]
    stated = lines.Attestation("separate", "J. Lee, PT")
    assert found(apart, stated) == [("59", "97110")], "column 2 carries the modifier"
    later = CodeLists(tmp_path / "later")
    path = tmp_path / "ncci.txt"
    import_codes(later, [path], CodeListKind.NCCI, QUARTER)
    assert found(CodeLists(tmp_path / "later")) == [("code-list-missing", None)]


def test_the_commands_take_lists_in_and_name_them(rehabctl, tmp_path: Path) -> None:
    path = tmp_path / "order.txt"
    path.write_text("00001 M25561  0 a b\n00002 Z96651  1 a b\n")
    asked = ("import", "codes", str(path), "--kind", "icd10", "--valid-from", "2026-10-01")
    assert rehabctl(*asked, "--dry-run").returncode == 0
    assert rehabctl("claim", "code-lists").stdout == ""
    assert rehabctl(*asked).returncode == 0
    assert rehabctl(*asked).returncode == 0, "twice is once"
    shown = rehabctl("claim", "code-lists").stdout
    assert shown.split("\t")[:4] == ["icd10", "2026-10-01", "2027-09-30", "2"]
    checked = rehabctl("claim", "preflight", str(RIGHT), REHABCTL_NOW="2026-11-20T12:00:00Z")
    assert checked.returncode == 3
    assert "diagnosis-not-billable" in checked.stdout
