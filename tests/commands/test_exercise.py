"""`rehabctl exercise`: shapes, filters, exit codes, and reports that CI systems accept."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehabctl.cli import RootGroup, run
from rehabctl.commands._finding_formats import to_github, to_junit, to_sarif
from rehabctl.commands._lazy import LazyCommand
from rehabctl.reference.exercise_toml import to_toml
from rehabctl.reference.findings import Finding, Severity
from tests.reference.exercise_samples import sample

EXERCISE = LazyCommand("rehabctl.commands.exercise:app", "Exercises.", "Clinic")


class Result:
    """What one command line wrote and returned."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Result]


@pytest.fixture
def exercise(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run `rehabctl exercise …` in this process."""
    monkeypatch.setitem(RootGroup.registry, "exercise", EXERCISE)

    def call(*argv: str | Path) -> Result:
        code = run(["exercise", *map(str, argv)])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """Return a file with a finding in line 5 and one in line 6."""
    path = tmp_path / "own.toml"
    path.write_text(to_toml([sample("our-own", name="You must, 100%", version=0)]), "utf-8")
    return path


def test_list_is_a_page_of_the_contract(exercise: Call) -> None:
    result = exercise("list", "--diagnosis", "TKR", "--measurable-by", "camera", "--json")
    assert (result.code, result.json["schema_version"], result.json["next"]) == (0, 1, None)
    items = result.json["items"]
    assert {"slug", "name", "region", "steps", "dose", "measurement", "status"} <= set(items[0])
    assert {"long-arc-quad", "sit-to-stand"} <= {item["slug"] for item in items}
    assert all("TKR" in item["targets"] for item in items)


def test_list_goes_on_at_the_cursor(exercise: Call) -> None:
    whole = exercise("list", "--region", "neck", "--json").json["items"]
    seen: list[str] = []
    cursor = "0"
    while cursor is not None:
        page = exercise("list", "--region", "neck", "--limit", "7", "--cursor", cursor, "--json")
        seen += [item["slug"] for item in page.json["items"]]
        cursor = page.json["next"]
    assert seen == [item["slug"] for item in whole]


def test_list_without_results_is_no_failure(exercise: Call) -> None:
    result = exercise("search", "trampoline", "--json")
    assert (result.code, result.json["items"]) == (0, [])


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("list", "--region", "leg"), "unknown region 'leg'"),
        (("list", "--type", "yoga"), "unknown type 'yoga'"),
        (("list", "--position", "up"), "unknown position 'up'"),
        (("list", "--cursor", "x"), "unknown cursor 'x'"),
        (("list", "--difficulty", "9"), "'--difficulty'"),
        (("list", "--measurable-by", "radar"), "'--measurable-by'"),
        (("validate", "gone"), "no file or folder gone"),
        (("validate",), "Missing argument"),
    ],
)
def test_wrong_words_are_usage_errors(exercise: Call, argv: tuple[str, ...], message: str) -> None:
    result = exercise(*argv)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert result.err.count("\n") == 1


def test_search_ranks_the_name_first(exercise: Call) -> None:
    assert exercise("search", "chair", "rise").out.split("\t")[0] == "sit-to-stand"
    found = exercise("search", "slide", "--equipment", "strap", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(found.out)))
    assert rows[0]["slug"] == "heel-slide-strap"


def test_show_prints_every_key(exercise: Call) -> None:
    result = exercise("show", "bodyweight-squat", "--json")
    assert result.code == 0
    shown = result.json
    assert (shown["slug"], shown["measurement"]["motion"]) == ("bodyweight-squat", "knee_flexion")
    assert (shown["origin"], shown["assets"]) == ("packaged: knee_strength.toml", [])
    card = " ".join(exercise("show", "sit-to-stand", "--format", "table").out.split())
    assert "1. Sit near the front edge" in card
    assert "knee_flexion from 85 to 12 degrees" in card


def test_show_of_an_unknown_slug_suggests(exercise: Call) -> None:
    result = exercise("show", "sit-to-stnd")
    assert (result.code, result.out) == (4, "")
    assert "did you mean 'sit-to-stand'" in result.err
    assert result.err.count("\n") == 1


def test_validate_clean_files(exercise: Call, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(to_toml([sample("our-own")]), "utf-8")
    result = exercise("validate", tmp_path, "--json")
    assert result.code == 0
    assert result.json == {"schema_version": 1, "ok": True, "files": 1, "findings": []}
    assert exercise("validate", tmp_path).out == ""


def test_validate_reports_file_and_line(exercise: Call, faulty: Path) -> None:
    result = exercise("validate", faulty, "--json")
    assert result.code == 3
    assert not result.json["ok"]
    findings = result.json["findings"]
    assert [set(f) for f in findings] == [{"file", "line", "rule", "severity", "message"}] * 2
    assert [(f["file"], f["line"], f["rule"]) for f in findings] == [
        (faulty.as_posix(), 5, "wording"),
        (faulty.as_posix(), 6, "range"),
    ]
    plain = exercise("validate", faulty)
    assert plain.out.startswith(f"{faulty.as_posix()}:5\terror\twording\t")
    assert "1 file, 2 findings" in plain.err


def test_validate_without_a_file_is_usage(exercise: Call, tmp_path: Path) -> None:
    result = exercise("validate", tmp_path)
    assert (result.code, result.out) == (2, "")


def test_validate_of_what_is_no_toml_is_a_finding(exercise: Call, tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_bytes(b"a = 1\n\x00\n")
    result = exercise("validate", tmp_path, "--json")
    assert (result.code, result.json["findings"][0]["rule"]) == (3, "unreadable")


def test_validate_writes_each_report(exercise: Call, faulty: Path, tmp_path: Path) -> None:
    for name in ("junit", "sarif", "github", "json"):
        target = tmp_path / f"report.{name}"
        assert exercise("validate", faulty, "--format", name, "-o", target, "-q").code == 3
        assert exercise("validate", faulty, "--format", name).out == target.read_text("utf-8")


AWKWARD = [
    Finding("a b/ü,1.toml", 3, "wording", Severity.ERROR, 'say "no" & <not> 100%\nand\x07 bell'),
    Finding("a b/ü,1.toml", 9, "vocabulary", Severity.WARNING, "plain"),
]


def test_junit_has_the_elements_that_its_schema_names() -> None:
    text = to_junit("checks", ["a b/ü,1.toml", "clean.toml"], AWKWARD)
    suites = ET.fromstring(text)  # noqa: S314 - our own text
    (suite,) = suites
    assert (suites.tag, suite.tag) == ("testsuites", "testsuite")
    cases = list(suite)
    assert [case.tag for case in cases] == ["testcase"] * 3
    assert all(case.get("name") and case.get("classname") for case in cases)
    failures = suite.findall("testcase/failure")
    assert [f.get("type") for f in failures] == ["error", "warning"]
    assert failures[0].get("message") == 'say "no" & <not> 100%\nand  bell'
    for element in (suites, suite):
        assert (element.get("tests"), element.get("failures"), element.get("errors")) == (
            "3",
            "2",
            "0",
        )
    assert cases[2].get("classname") == "clean.toml"
    assert len(cases[2]) == 0


def test_sarif_has_the_properties_that_its_schema_requires() -> None:
    log = json.loads(to_sarif("rehabctl", "1.2.3", AWKWARD))
    assert log["version"] == "2.1.0"
    (sarif_run,) = log["runs"]
    driver = sarif_run["tool"]["driver"]
    assert driver["name"] == "rehabctl"
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == sorted(set(ids))
    for result, finding in zip(sarif_run["results"], AWKWARD, strict=True):
        assert ids[result["ruleIndex"]] == result["ruleId"] == finding.rule
        assert result["message"]["text"] == finding.message
        assert result["level"] == finding.severity.value
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "a%20b/%C3%BC%2C1.toml"
        assert place["region"]["startLine"] == finding.line
    absolute = Finding("/tmp/a b.toml", 1, "x", Severity.ERROR, "m")
    located = json.loads(to_sarif("t", "1", [absolute]))["runs"][0]["results"][0]["locations"][0]
    assert located["physicalLocation"]["artifactLocation"]["uri"] == "file:///tmp/a%20b.toml"


def test_github_annotations_escape_what_would_end_them() -> None:
    first, second = to_github(AWKWARD).splitlines()
    assert first == (
        '::error file=a b/ü%2C1.toml,line=3,title=wording::say "no" & <not> 100%25%0Aand\x07 bell'
    )
    assert second == "::warning file=a b/ü%2C1.toml,line=9,title=vocabulary::plain"


def test_import_then_show_then_export(exercise: Call, tmp_path: Path) -> None:
    source = tmp_path / "own.toml"
    source.write_text(to_toml([sample("our-own"), sample("their-own", region="leg")]), "utf-8")
    dry = exercise("import", source, "--dry-run", "--json")
    assert (dry.code, dry.json["created"], dry.json["rejected"]) == (7, 1, 1)
    assert exercise("show", "our-own").code == 4
    real = exercise("import", source, "--json")
    assert real.code == 7
    assert set(real.json) == {
        "schema_version", "read", "created", "updated", "unchanged", "rejected", "rejects",
    }  # fmt: skip
    (reject,) = real.json["rejects"]
    assert set(reject) == {"file", "line", "field", "message"}
    assert 'region = "leg"' in source.read_text("utf-8").splitlines()[reject["line"] - 1]
    assert exercise("show", "our-own", "--json").json["origin"].endswith("exercises/our-own.toml")
    again = exercise("import", source)
    assert "unchanged\t1\n" in again.out
    assert f"{source.as_posix()}:{reject['line']}: vocabulary" in again.err


def test_export_reads_back(exercise: Call, tmp_path: Path) -> None:
    target = tmp_path / "knee.toml"
    assert exercise("export", "mini-squat", "wall-sit", "-o", target).code == 0
    assert exercise("validate", target, "--json").json["ok"]
    document = tomllib.loads(target.read_text("utf-8"))
    assert [row["slug"] for row in document["exercise"]] == ["mini-squat", "wall-sit"]
    whole = exercise("export", "--region", "thoracic", "--format", "jsonl").out.splitlines()
    assert len(whole) >= 5
    assert all(json.loads(line)["region"] == "thoracic" for line in whole)
    assert exercise("export", "no-such-thing").code == 4


def test_show_needs_none_of_the_heavy_libraries(exercise: Call) -> None:
    heavy = {"numpy", "cv2", "mediapipe", "sqlmodel", "sqlalchemy", "textual", "bleak", "httpx"}
    script = (
        "import sys\n"
        "from rehabctl.services.library import open_library\n"
        "from rehabctl.services.settings import load_settings\n"
        "import rehabctl.commands.exercise\n"
        "open_library(load_settings()).get('sit-to-stand')\n"
        f"print(sorted({heavy!r} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
