"""The offline page in a real browser: from the exported file to a session in the records."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehabctl.integrations.hand_outs.page import write_page
from tests.conftest import Rehabctl
from tests.integrations.hand_outs.browser import Page, browser
from tests.integrations.hand_outs.samples import exercise, hand_out, in_spanish

pytestmark = pytest.mark.slow
NOW = "2026-03-02T15:00:00Z"
MRN = "1042"


def good(result: Any) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def exported(rehabctl: Rehabctl, tmp_path: Path) -> Path:
    """A page with three exercises: a counted one with a figure, a timed one, and another one."""
    who = {
        "mrn": MRN, "given-name": "Ana", "family-name": "Diaz", "birth-date": "1961-04-02",
        "sex": "female", "state": "CO", "surgery-date": "2026-01-19", "side": "left",
    }  # fmt: skip
    options = [part for key, value in who.items() for part in (f"--{key}", value)]
    good(rehabctl("patient", "create", *options, REHABCTL_NOW=NOW))
    protocol = ("protocol", "assign", "total-knee-replacement", "--patient", MRN)
    good(rehabctl(*protocol, "--start", "2026-03-01", "--phase", "strength", REHABCTL_NOW=NOW))
    shown = good(rehabctl("program", "show", MRN, "--json", REHABCTL_NOW=NOW))
    slugs = [line["exercise"] for line in json.loads(shown)["exercises"]]
    remove = [part for slug in slugs if slug != "quad-set" for part in ("--remove", slug)]
    add = ("--add", "bodyweight-squat", "--add", "hamstring-stretch-supine")
    dose = ("--set", "bodyweight-squat.sets=2", "--set", "bodyweight-squat.reps=2")
    timed = (
        "--set", "hamstring-stretch-supine.sets=1", "--set", "hamstring-stretch-supine.reps=1",
        "--set", "hamstring-stretch-supine.hold_s=1",
    )  # fmt: skip
    note = ("--note", "quad-set=</script><script>document.title='x'</script>@script@")
    good(rehabctl("program", "edit", MRN, *remove, *add, *dose, *timed, *note, REHABCTL_NOW=NOW))
    file = tmp_path / "programme.html"
    export = ("program", "export", MRN, "--format", "html", "-o", str(file))
    good(rehabctl(*export, REHABCTL_NOW=NOW))
    return file


@pytest.fixture
def page(tmp_path: Path, exported: Path) -> Iterator[Page]:
    with browser(tmp_path / "browser") as opened:
        opened.open(exported)
        yield opened


@pytest.fixture
def plain_file(tmp_path: Path) -> Path:
    file = tmp_path / "plain.html"
    file.write_text(write_page(hand_out()), "utf-8")
    return file


@pytest.fixture
def plain(tmp_path: Path, plain_file: Path) -> Iterator[Page]:
    """The same kind of page without records behind it."""
    with browser(tmp_path / "browser") as opened:
        opened.open(plain_file)
        yield opened


def saved(page: Page) -> Path:
    for _ in range(300):
        found = list(page.downloads.glob("*.json"))
        if found:
            return found[0]
        time.sleep(0.1)
        page.run("1")
    raise AssertionError("nothing was saved")


def wait_until(page: Page, text: str) -> None:
    for _ in range(300):
        if page.heading() == text:
            return
        time.sleep(0.1)
    raise AssertionError(page.text())


def squat(page: Page) -> None:
    assert page.heading() == "2 of 3: Bodyweight squat"
    assert "From your therapist" not in page.text()
    for _ in range(3):
        page.button("One more")
    assert "Set 2 of 2: 1 of 2" in page.text()
    page.button("One more")
    page.choose("pain", "4")
    page.choose("difficulty", "6")
    page.button("Next")


def test_a_session_goes_from_the_page_into_the_records(
    page: Page, exported: Path, rehabctl: Rehabctl
) -> None:
    text = exported.read_text("utf-8")
    assert "Diaz" not in text
    assert f'"{MRN}"' not in text
    assert page.run("document.title") == "Your exercise programme"
    page.choose("pain", "3")
    page.button("Start")
    assert page.heading() == "1 of 3: Quadriceps set (isometric)"
    assert "</script><script>document.title='x'</script>@script@" in page.text()
    page.button("Skip this exercise")
    page.button("Too hard")
    page.open(exported)  # the tab was closed
    assert page.heading() == "Welcome back"
    page.button("Go on where I stopped")
    squat(page)
    page.button("Start the clock")
    wait_until(page, "Well done: Hamstring stretch, supine with strap")
    page.choose("pain", "2")
    page.button("Next")
    page.choose("pain", "1")
    page.choose("difficulty", "5")
    page.run("document.getElementById('notes').value = 'café, ok'")
    page.button("Save")
    file = saved(page)
    assert page.heading() == "Saved"
    upload = json.loads(file.read_text("utf-8"))
    # the browser's clock is the machine's; the records' clock follows it
    now = upload["completed_at"].replace("Z", "+00:00")
    log = ("session", "log", "--patient", MRN, "--file", str(file), "--json")
    first = json.loads(good(rehabctl(*log, REHABCTL_NOW=now)))
    assert (first["created"], first["journal"], first["held"]) == (True, True, False)
    assert json.loads(good(rehabctl(*log, REHABCTL_NOW=now)))["created"] is False
    shown = json.loads(good(rehabctl("session", "show", first["session"], "--json")))
    assert [
        (e["exercise"], e["done"], e["reps_per_set"], e["pain_after"], e["difficulty"])
        for e in shown["exercises"]
    ] == [
        ("quad-set", False, [], None, None),
        ("bodyweight-squat", True, [2, 2], 4.0, 6),
        ("hamstring-stretch-supine", True, [1], 2.0, None),
    ]
    assert shown["exercises"][0]["skip_reason"] == "Too hard"
    assert all(e["prescription_id"] for e in shown["exercises"])
    assert (shown["pain_before"], shown["pain_after"], shown["notes"]) == (3.0, 1.0, "café, ok")
    page.button("Finish")
    assert page.heading() == "Your exercise programme"
    assert page.errors == []
    assert {re.sub(":.*", "", url) for url in page.requests} <= {"file", "blob"}


def test_a_red_flag_stops_the_session_and_holds_the_programme(
    page: Page, rehabctl: Rehabctl
) -> None:
    page.choose("flag", "calf_swelling")
    page.button("Start")
    assert page.heading() == "Please stop"
    page.button("Save")
    file = saved(page)
    upload = json.loads(file.read_text("utf-8"))
    assert (upload["exercises"], upload["completed_at"]) == ([], None)
    now = upload["started_at"].replace("Z", "+00:00")
    log = ("session", "log", "--patient", MRN, "--file", str(file), "--json")
    done = rehabctl(*log, REHABCTL_NOW=now)
    assert json.loads(good(done))["held"] is True
    alerts = good(rehabctl("alert", "list", "--patient", MRN, REHABCTL_NOW=now))
    assert "RED_FLAG" in alerts
    assert '"held_reason": "red_flag"' in good(
        rehabctl("program", "show", MRN, "--json", REHABCTL_NOW=now)
    )
    assert rehabctl("program", "export", MRN, "-f", "html", REHABCTL_NOW=now).returncode == 3


def test_the_keyboard_alone_is_enough(plain: Page) -> None:
    def tab_to(text: str) -> None:
        for _ in range(60):
            plain.press("Tab")
            if plain.run("document.activeElement.textContent") == text:
                return
        raise AssertionError(f"{text!r} is not reached by the keyboard")

    tab_to("Start")
    plain.press("Enter")
    assert plain.run("document.activeElement.tagName") == "H1"  # a reader starts at the heading
    tab_to("Skip this exercise")
    plain.press("Enter")
    tab_to("No time")
    plain.press(" ")
    tab_to("One more")
    plain.press(" ")
    plain.press(" ")
    assert "Set 2 of 2: 0 of 2" in plain.text()


def test_the_page_reads_well(plain: Page) -> None:
    checks = plain.run("""
      (() => {
        const inputs = [...document.querySelectorAll('input')];
        const small = [...document.querySelectorAll('body *')].filter((e) => e.innerText
          && parseFloat(getComputedStyle(e).fontSize) < 17);
        const targets = [...document.querySelectorAll('button, .choice label')]
          .map((e) => e.getBoundingClientRect()).filter((r) => r.width < 44 || r.height < 44);
        return { unlabelled: inputs.filter((i) => !i.labels.length).length, small: small.length,
          targets: targets.length, lang: document.documentElement.lang,
          legends: [...document.querySelectorAll('fieldset')]
            .every((f) => f.querySelector('legend')),
          wide: document.documentElement.scrollWidth > innerWidth };
      })()
    """)
    assert checks == {
        "unlabelled": 0, "small": 0, "targets": 0, "lang": "en", "legends": True, "wide": False,
    }  # fmt: skip


def test_nothing_can_be_fetched_or_run_from_outside(plain: Page, plain_file: Path) -> None:
    text = plain_file.read_text("utf-8")
    assert not re.search(r"(src|href)=\"?https?:", text)
    plain.run(
        "fetch('https://example.org/').catch(() => 0);"
        "const s = document.createElement('script'); s.textContent = 'document.title = 1';"
        "document.body.append(s); 0"
    )
    time.sleep(0.3)
    assert plain.run("document.title") == "Your exercise programme"
    assert any("Content Security Policy" in error for error in plain.errors)


def test_a_page_in_spanish_marks_what_is_in_english(tmp_path: Path) -> None:
    file = tmp_path / "pagina.html"
    file.write_text(write_page(in_spanish("quad-set", "clamshell")), "utf-8")
    with browser(tmp_path / "browser") as opened:
        opened.open(file)
        assert opened.run("document.documentElement.lang") == "es"
        assert opened.heading() == "Su programa de ejercicios"
        assert "Clinic, 2 de marzo de 2026" in opened.text()
        opened.button("Empezar")
        assert opened.heading() == "1 de 2: Contracción del cuádriceps (isométrica)"
        assert (
            "2 series de 2, descanse 30 segundos entre series. Su lado izquierdo." in opened.text()
        )
        assert opened.run("document.querySelector('ol').lang") == ""
        opened.button("Saltar este ejercicio")
        opened.button("No tuve tiempo")
        assert "Este ejercicio todavía está descrito solo en inglés" in opened.text()
        assert opened.run("document.querySelector('ol').lang") == "en"
        kept = json.loads(opened.run("Object.values(localStorage)[0]"))
        assert kept["exercises"][0]["skip_reason"] == "No time"
        assert opened.errors == []


def test_a_figure_says_what_it_shows_and_a_missing_one_that_it_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "figures.html"
    chosen = (exercise("abdominal-brace"), exercise("heel-slide-supine"))
    file.write_text(write_page(hand_out(exercises=chosen, made_by="Thea Lang")), "utf-8")
    with browser(tmp_path / "browser") as opened:
        opened.open(file)
        assert "Clinic, March 2, 2026, handed out by Thea Lang" in opened.text()
        opened.button("Start")
        assert "There is no picture of this exercise" in opened.text()
        assert opened.run("document.querySelectorAll('svg').length") == 0
        opened.button("Skip this exercise")
        opened.button("No time")
        assert "The figure shows how the joint moves that is counted" in opened.text()
        assert opened.run("document.querySelectorAll('svg line').length") == 11
        assert opened.errors == []
