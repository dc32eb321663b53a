"""`rehabctl prom`: JSON shape, forms of input, exit codes, no answers in messages."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehabctl.cli import RootGroup, run
from rehabctl.commands._lazy import LazyCommand

PROM = LazyCommand("rehabctl.commands.prom:app", "Score outcome questionnaires.", "Clinic")


class Result:
    """What one command line wrote and returned."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Prom = Callable[..., Result]


@pytest.fixture
def prom(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Prom:
    """Run `rehabctl prom …` in this process."""
    monkeypatch.setitem(RootGroup.registry, "prom", PROM)

    def call(*argv: str, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = run(["prom", *argv])
        return Result(code, *capsys.readouterr())

    return call


def test_score_has_the_keys_of_the_contract(prom: Prom) -> None:
    result = prom("score", "koos", "--answers", ",".join(["1"] * 42), "--format", "json")
    assert result.code == 0
    assert result.json["schema_version"] == 1
    assert {"instrument", "version", "rule_version", "scores", "valid", "reason"} <= set(
        result.json
    )
    assert (result.json["valid"], result.json["reason"]) == (True, None)
    first = result.json["scores"][1]
    assert first == {
        "scale": "pain", "score": 75.0, "score_unrounded": 75.0, "n_missing": 0,
        "direction": "higher_better", "t_score": None, "raw": None, "prorated": False,
        "band": None, "reason": None,
    }  # fmt: skip
    assert result.err == ""


@pytest.mark.parametrize(
    ("answers", "score", "missing"),
    [
        ("1,2,1,3,2,2,1,0,2,2", 32, 0),
        ("5,5,3,3,0,0,0,0,0,-", 36, 1),
        ("5,5,3,3,0,0,0,0,0,", 36, 1),
        (" 5, 5, 3, 3, 0, 0, 0, 0, 0, - ", 36, 1),
        ("-,2,1,3,2,2,1,0,2,2", 33, 1),
    ],
)
def test_answers_as_a_list(prom: Prom, answers: str, score: float, missing: int) -> None:
    result = prom("score", "odi", "--answers", answers, "--json")
    (one,) = result.json["scores"]
    assert (result.code, one["score"], one["n_missing"]) == (0, score, missing)


def test_too_many_missing_answers_are_no_failure(prom: Prom) -> None:
    result = prom("score", "odi", "--answers", "2,2,2,2,2,2,2,2,-,-", "--json")
    assert (result.code, result.json["scores"][0]["score"], result.json["valid"]) == (
        0,
        None,
        False,
    )
    assert result.json["reason"] == "2 of 10 items missing, at most 1 allowed"


@pytest.mark.parametrize(
    ("slug", "answers"),
    [
        ("nprs", "11"),
        ("nprs", "3.5"),
        ("nprs", "3,4"),
        ("odi", "1,x,1,1,1,1,1,1,1,1"),
        ("nprs", ""),
    ],
)
def test_an_answer_outside_the_form_exits_3_with_the_json(
    prom: Prom, slug: str, answers: str
) -> None:
    result = prom("score", slug, "--answers", answers, "--format", "json")
    assert result.code == 3
    assert result.json["findings"]
    assert result.json["scores"][0]["score"] is None
    assert result.err.startswith("rehabctl: not scored: ")
    assert result.err.count("\n") == 1


def test_no_message_repeats_an_answer(prom: Prom) -> None:
    result = prom("score", "odi", "--answers", "98765,Jane Roe,1,1,1,1,1,1,1,1", "--json")
    assert result.code == 3
    assert not any(text in result.out + result.err for text in ("98765", "Jane"))


def test_a_json_file_by_item_key_or_as_a_list(prom: Prom, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text('\ufeff{"p1": 3, "p2": 2, "p3": 1, "p4": 2, "p5": 3, "p6": null}', "utf-8")
    scores = {
        s["scale"]: s
        for s in prom("score", "koos", "--answers", str(file), "--json").json["scores"]
    }
    assert (scores["pain"]["score"], scores["pain"]["n_missing"]) == (45.0, 4)
    assert scores["adl"]["reason"] == "no item answered"
    file.write_text("[3, null]", "utf-8")
    assert prom("score", "psfs", "--answers", str(file), "--json").json["scores"][0]["score"] == 3


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"q1": 1', "this is not JSON"),
        ("", "this is not JSON"),
        ('{"q1": 1, "q1": 2}', "a key occurs twice"),
        ("3", "neither a JSON object nor a list"),
        ("[" * 100_000, "this is not JSON"),
        ("[1e99999999999999999999]", "this is not JSON"),
    ],
)
def test_a_damaged_json_file_exits_1(prom: Prom, tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "answers.json"
    file.write_text(text, "utf-8")
    result = prom("score", "nprs", "--answers", str(file))
    assert (result.code, result.out) == (1, "")
    assert what in result.err
    assert result.err.count("\n") == 1


def test_a_file_that_cannot_be_read_exits_1(prom: Prom, tmp_path: Path) -> None:
    absent = prom("score", "nprs", "--answers", str(tmp_path / "absent.json"))
    assert absent.code == 1
    assert "cannot read absent.json: No such file" in absent.err
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe[1]")
    assert prom("score", "nprs", "--answers", str(tmp_path / "bytes.jsonl")).code == 1


def test_jsonl_gives_one_result_a_line(prom: Prom, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text('{"q1": 3}\n\n[7]\n{"q1": null}\n', "utf-8")
    result = prom("score", "nprs", "--answers", str(file), "--format", "json")
    assert result.code == 0
    assert [line["scores"][0]["score"] for line in result.lines] == [3, 7, None]
    assert {line["schema_version"] for line in result.lines} == {1}


def test_jsonl_goes_on_after_a_bad_line(prom: Prom, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text("[3]\nnot json\n[11]\n[4]\n", "utf-8")
    result = prom("score", "nprs", "--answers", str(file), "--json")
    assert result.code == 7
    assert [line["scores"][0]["score"] for line in result.lines] == [3, None, None, 4]
    assert [f["code"] for line in result.lines for f in line["findings"]] == [
        "not_answers", "out_of_range",
    ]  # fmt: skip
    assert [line.split(" not scored")[0] for line in result.err.splitlines()] == [
        "rehabctl: line 2", "rehabctl: line 3",
    ]  # fmt: skip


def test_jsonl_with_no_good_line_exits_3_and_an_empty_one_0(prom: Prom, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text("[11]\n", "utf-8")
    assert prom("score", "nprs", "--answers", str(file), "--json").code == 3
    file.write_text("\n", "utf-8")
    empty = prom("score", "nprs", "--answers", str(file), "--json")
    assert (empty.code, empty.out) == (0, "")


@pytest.mark.parametrize(
    ("stdin", "score"),
    [("3,5,4\n", 4), ("[3, 5, 4]", 4), ('{\n "q1": 3,\n "q2": 5\n}\n', 4), ("\ufeff[0]\n", 0)],
)
def test_standard_input_takes_every_form(prom: Prom, stdin: str, score: float) -> None:
    result = prom("score", "psfs", "--answers", "-", "--json", stdin=stdin)
    assert result.json["scores"][0]["score"] == score


def test_standard_input_with_many_lines_is_jsonl(prom: Prom) -> None:
    result = prom("score", "nprs", "--answers", "-", "--json", stdin="[1]\n[2]\n")
    assert [line["scores"][0]["score"] for line in result.lines] == [1, 2]


def test_standard_input_with_a_damaged_document_is_not_taken_for_lines(prom: Prom) -> None:
    result = prom("score", "nprs", "--answers", "-", "--json", stdin='{\n "q1": 3,\n')
    assert (result.code, result.out) == (1, "")


def test_variants(prom: Prom) -> None:
    answers = "3,2,3,2,3,5,4,3,4,4,3,5,1"
    mean = prom("score", "spadi", "--answers", answers, "--json").json
    summed = prom("score", "spadi", "--answers", answers, "--variant", "sum130", "--json").json
    assert (mean["scores"][2]["score"], summed["scores"][2]["score"]) == (31.13, 32.31)
    assert (mean["rule_version"], summed["rule_version"]) == ("spadi-mean", "spadi-sum130")


NECK = ("schedule", "chronic-neck", "--start", "2026-03-02")


@pytest.mark.parametrize(
    ("argv", "code", "hint"),
    [
        (("score", "spady", "--answers", "1"), 4, "Did you mean 'spadi'"),
        (("score", "spadi", "--answers", "1", "--variant", "max"), 2, "mean, sum130"),
        (("score", "koos", "--answers", "1", "--date", "2005-01-01"), 2, "1998"),
        (("score", "nprs", "--answers", "answers.txt"), 2, ".json or .jsonl"),
        (("score", "nprs"), 2, "--answers"),
        (("score", "chair-stand-30s", "--answers", "9", "--age", "70"), 2, "--sex"),
        (("show", "odj"), 4, "'odi'"),
        (("change", "koos", "--from", "1", "--to", "2"), 2, "pain"),
        (("change", "odi", "--from", "1", "--to", "200"), 3, "outside 0 to 100"),
        (("change", "odi", "--from", "nan", "--to", "2"), 3, "outside 0 to 100"),
        (("change", "odi", "--from", "9", "--to", "2", "--condition", "knee"), 4, "any, surgical"),
        (("change", "odi", "--from", "9", "--to", "2", "--row", "odi-mcd90"), 4, "'odi-mdc90'"),
        (("schedule", "knee", "--start", "2026-03-02"), 4, "knee-surgery"),
        ((*NECK, "--done", "ndi"), 2, "--done"),
        ((*NECK, "--done", "n=2026-03-02"), 4, "no instrument"),
        ((*NECK, "--start", "soon"), 2, "--start"),
        ((*NECK, "--as-of", "9999-12-31"), 2, "calendar"),
        (("text", "validate", "absent.json"), 1, "absent.json"),
    ],
)  # fmt: skip
def test_mistakes_give_one_line_and_a_next_step(
    prom: Prom, argv: tuple[str, ...], code: int, hint: str
) -> None:
    result = prom(*argv)
    assert (result.code, result.out) == (code, "")
    assert hint in result.err
    assert result.err.startswith("rehabctl: error: ")
    assert result.err.count("\n") == 1


def test_a_list_for_promis_10_says_in_which_order_it_is_read(prom: Prom) -> None:
    listed = prom("score", "promis-10", "--answers", "1,3,2,1,1,2,4,2,1,1", "--json")
    assert [s["t_score"] for s in listed.json["scores"]] == [32.4, 28.4]
    assert "g01 to g10" in listed.err
    keyed = '{"g02": 3, "g03": 2, "g04": 1, "g05": 1, "g06": 2, "g07": 4, "g08": 2, "g10": 1}'
    result = prom("score", "promis-10", "--answers", "-", "--json", stdin=keyed)
    assert [s["t_score"] for s in result.json["scores"]] == [32.4, 28.4]
    assert result.err == ""


def test_a_reference_row_is_added_for_age_and_sex(prom: Prom) -> None:
    argv = ("score", "chair-stand-30s", "--answers", "11", "--age", "70", "--sex")
    assert prom(*argv, "male", "--json").json["norm"]["is_below_average"] is True
    assert prom(*argv, "female", "--json").json["norm"]["is_below_average"] is False
    assert "under 12 is below average" in prom(*argv, "male").err


def test_formats_agree(prom: Prom) -> None:
    argv = ("score", "spadi", "--answers", "3,2,3,2,3,5,4,3,4,4,3,5,1", "--format")
    rows = prom(*argv, "csv").out.splitlines()
    assert rows[0] == "scale,score,n_missing,t_score,band,group,reason"
    assert rows[3] == "total,31.13,0,,,,"
    assert prom(*argv, "plain").out.splitlines()[2].split("\t")[:2] == ["total", "31.13"]
    assert "31.13" in prom(*argv, "table").out
    assert json.loads(prom(*argv, "jsonl").out)["scores"][2]["score"] == 31.13


def test_output_file(prom: Prom, tmp_path: Path) -> None:
    target = tmp_path / "score.json"
    assert prom("score", "nprs", "--answers", "4", "--json", "-o", str(target)).out == ""
    assert json.loads(target.read_text("utf-8"))["scores"][0]["score"] == 4


def test_ask_goes_item_by_item_and_asks_again(prom: Prom) -> None:
    result = prom("ask", "promis-pf4a", "--json", stdin="3\n9\n4\n3,1\n3\n3\n")
    assert result.json["scores"][0]["t_score"] == 37.9
    assert result.err.count("one number from 1 to 5, or -") == 2


def test_ask_ends_an_open_list_at_the_first_blank(prom: Prom) -> None:
    result = prom("ask", "psfs", "--json", stdin="3\n5\n\n")
    assert result.json["scores"][0]["score"] == 4
    assert "third activity" in result.err


def test_ask_that_is_broken_off_exits_130(prom: Prom) -> None:
    assert prom("ask", "nprs", stdin="").code == 130


def test_list_and_show(prom: Prom) -> None:
    items = prom("list", "--json").json["items"]
    assert len(items) == 25
    koos = next(item for item in items if item["instrument"] == "koos")
    assert (koos["items"], koos["variants"]) == (42, ["2012", "1998"])
    shown = prom("show", "koos-jr", "--json").json
    assert shown["rules"][0]["scales"][0]["table"]["25"] == 20.941
    assert {row["id"] for row in shown["thresholds"]} >= {"koos-jr-mdc", "koos-jr-scb-cms"}
    assert len(prom("show", "koos", "--format", "csv").out.splitlines()) == 43
    assert "E. Roos" in prom("show", "koos").err
    assert prom("show", "spadi", "--json").json["rules"][0]["scales"][2]["formula"] == (
        "mean of pain and disability"
    )


def test_change(prom: Prom) -> None:
    result = prom("change", "odi", "--from", "44", "--to", "30", "--json")
    assert result.code == 0
    shown = result.json
    assert (shown["from"], shown["to"], shown["change"], shown["improvement"]) == (44, 30, -14, 14)
    assert shown["label"] == "clinically_important"
    assert (shown["mdc"]["id"], shown["mcid"]["value"]) == ("odi-mdc90", 10)
    surgical = prom(
        "change", "odi", "--from", "44", "--to", "32", "--condition", "surgical", "--json"
    )
    assert surgical.json["label"] == "detectable"
    named = prom(
        "change", "koos-jr", "--from", "50", "--to", "71", "--row", "koos-jr-scb-cms", "--json"
    )
    assert named.json["substantial_benefit"] is True


def test_schedule_reads_the_clock_of_the_settings(
    prom: Prom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REHABCTL_NOW", "2026-03-10T09:00:00Z")
    argv = ("schedule", "upper-limb-surgery", "--start", "2026-03-02", "--json")
    items = prom(*argv, "--done", "nprs=2026-03-02", "--until", "2026-03-16").json["items"]
    states = {(i["instrument"], i["due_on"]): i["state"] for i in items}
    assert states == {
        ("nprs", "2026-03-02"): "completed",
        ("quickdash", "2026-03-02"): "missed",
        ("nprs", "2026-03-09"): "open",
        ("quickdash", "2026-03-09"): "open",
        ("nprs", "2026-03-16"): "upcoming",
        ("quickdash", "2026-03-16"): "upcoming",
    }
    discharged = prom(*argv, "--discharged", "2026-03-05").json["items"]
    assert {item["due_on"] for item in discharged} == {"2026-03-02"}


def test_text_validate(prom: Prom, tmp_path: Path) -> None:
    file = tmp_path / "nprs.json"
    document = {
        "instrument": "nprs", "instrument_version": "0-10", "language": "en-US",
        "items": {"q1": {"text": "How is it?", "options": {"0": "none", "10": "worst"}}},
    }  # fmt: skip
    file.write_text(json.dumps(document), "utf-8")
    passed = prom("text", "validate", str(file), "--json")
    assert (passed.code, passed.json["ok"], passed.json["findings"]) == (0, True, [])
    document["language"] = "English"
    file.write_text(json.dumps(document), "utf-8")
    failed = prom("text", "validate", str(file), "--json")
    assert (failed.code, failed.json["findings"][0]["code"]) == (3, "language")
    assert prom("text", "validate", str(file)).out.split("\t")[1] == "language"
    file.write_text("[]", "utf-8")
    nameless = prom("text", "validate", str(file))
    assert nameless.code == 3
    assert "names no `instrument`" in nameless.err


def test_score_imports_nothing_heavy() -> None:
    heavy = ("numpy", "scipy", "sqlmodel", "sqlalchemy", "textual", "mediapipe", "cv2", "httpx")
    code = (
        "import sys\nfrom rehabctl.cli import RootGroup, run\n"
        "from rehabctl.commands._lazy import LazyCommand\n"
        "RootGroup.registry['prom'] = LazyCommand('rehabctl.commands.prom:app', '', '')\n"
        "assert run(['prom', 'score', 'nprs', '--answers', '3']) == 0\n"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"
