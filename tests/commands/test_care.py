"""Bad input to the commands of care: one clear line, the right exit code, nothing half-saved."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rehabctl import cli

Run = Callable[..., tuple[int, str, str]]
NOW = "2026-03-02T15:00:00Z"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one command in this process; return exit code, output and errors."""
    monkeypatch.setenv("REHABCTL_NOW", NOW)
    monkeypatch.setenv("TZ", "UTC")

    def act(*argv: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = cli.run(list(argv))
        out, err = capfd.readouterr()
        return code, out, err

    return act


@pytest.fixture
def clinic(run: Run, made_home: Path, tmp_path: Path) -> Run:
    """A patient without a diagnosis."""
    file = tmp_path / "patient.json"
    who = {
        "mrn": "1", "given_name": "Zoraida", "family_name": "Quispe",
        "birth_date": "1961-04-02", "sex": "female", "state": "CO",
    }  # fmt: skip
    file.write_text(json.dumps(who))
    assert run("patient", "create", "--file", str(file))[0] == 0
    return run


BAD = [
    (("prom", "record", "koos-jr", "--patient", "1", "--answers", "1,1,1,1,1,1,9"), 3, "q7"),
    (("prom", "record", "koos-jr", "--patient", "9", "--answers", "1,1,1,1,1,1,1"), 4, "patient"),
    (("prom", "record", "koos", "--patient", "1"), 2, "--answers or --interactive"),
    (
        ("prom", "record", "nprs", "--patient", "1", "--answers", "3", "--at", "2026-03-03T00:00Z"),
        2,
        "future",
    ),
    (("prom", "record", "nprs", "--patient", "1", "--answers", "3", "--at", "noon"), 2, "zone"),
    (("prom", "record", "nprs", "--patient", "1", "--answers", "3", "--by", "son"), 4, "contact"),
    (("prom", "history", "1", "--instrument", "knee"), 4, "knee"),
    (
        ("prom", "licence", "add", "odi", "--holder", " ", "--reference", "1", "--from",
         "2026-01-01"), 2, "holder",
    ),
    (("episode", "open", "1", "--condition", "knee"), 2, "TKR"),
    (("episode", "open", "1", "--pathway", "knees"), 4, "knee-replacement"),
    (("episode", "open", "1", "--surgery-date", "31.1.2026"), 2, "--surgery-date"),
    (("episode", "show", "x"), 4, "identifier"),
    (("episode", "edit", "x"), 2, "nothing to change"),
    (("visit", "add", "1", "--start", "2026-03-02"), 2, "zone"),
    (("visit", "add", "1", "--start", NOW, "--provider", "nobody"), 4, "nobody"),
    (("visit", "add", "1", "--start", NOW, "--kind", "chat"), 2, "treatment"),
    (("visit", "start", "x"), 4, "identifier"),
    (("visit", "list"), 2, "--patient"),
    (("message", "send", "--patient", "1"), 2, "--text"),
    (("message", "send", "--patient", "1", "--text", " "), 2, "characters"),
    (("message", "send", "--patient", "1", "--text", "x", "--channel", "fax"), 2, "portal"),
    (("message", "read", "x"), 4, "identifier"),
    (("patient", "contact", "add", "1", "--name", "A", "--relationship", "son", "--scope",
      "all"), 2, "messages"),
    (("patient", "contact", "end", "1", "x"), 4, "identifier"),
    (("alert", "call", "--patient", "1", "--outcome", "fine"), 2, "reached"),
    (("adherence", "show", "9"), 4, "patient"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "code", "word"), BAD, ids=lambda v: "-".join(v) if isinstance(v, tuple) else ""
)
def test_bad_input_is_one_clear_line(
    clinic: Run, argv: tuple[str, ...], code: int, word: str
) -> None:
    got, _, err = clinic(*argv)
    lines = [line for line in err.splitlines() if "warning" not in line]
    assert got == code, err
    assert len(lines) == 1
    assert word in lines[0]
    assert "Quispe" not in err and "Traceback" not in err  # noqa: PT018
    for verb in (
        ("prom", "history", "1"), ("episode", "list", "1"), ("visit", "list", "--patient", "1"),
        ("message", "list"), ("patient", "contact", "list", "1"), ("prom", "licence", "list"),
    ):  # fmt: skip
        assert clinic(*verb)[:2] == (0, ""), verb


def test_a_patient_without_diagnosis_is_seen_and_asked_for_nothing(clinic: Run) -> None:
    assert clinic("prom", "due", "--patient", "1")[:2] == (0, "")
    assert clinic("adherence", "show", "1", "--format", "json")[0] == 0
    code, out, _ = clinic("triage", "list", "--format", "json")
    assert code == 0
    (row,) = json.loads(out)["items"]
    assert (row["mrn"], row["tier"], row["reasons"]) == ("1", "stable", [])


def test_a_form_is_asked_item_by_item_in_the_clinics_own_words(
    clinic: Run, rehabctl: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    options = {str(code): f"answer {code}" for code in range(6)}
    words = {
        "instrument": "odi",
        "instrument_version": "2.1a",
        "language": "en-US",
        "licence_reference": "E-1",
        "items": {f"q{n}": {"text": f"own words {n}", "options": options} for n in range(1, 11)},
    }
    file = tmp_path / "odi.json"
    file.write_text(json.dumps(words))
    verb = (
        "prom", "record", "odi", "--patient", "1", "--interactive", "--text", str(file),
        "--format", "json",
    )  # fmt: skip
    refused = rehabctl(*verb, stdin="1\n" * 10, REHABCTL_NOW=NOW, TZ="UTC")
    assert refused.returncode == 5
    assert "licence" in refused.stderr
    noted = clinic(
        "prom", "licence", "add", "odi", "--holder", "C", "--reference", "E-1",
        "--from", "2026-01-01",
    )  # fmt: skip
    assert noted[0] == 0
    # 7 is no answer of this form and is asked for again
    asked = rehabctl(*verb, stdin="7\n" + "1\n" * 10, REHABCTL_NOW=NOW, TZ="UTC")
    assert asked.returncode == 0, asked.stderr
    assert "own words 3" in asked.stderr
    assert "answer 5" in asked.stderr
    stored = json.loads(asked.stdout)
    assert (stored["scores"][0]["score"], stored["rule_version"][:3]) == (20, "odi")
