"""The therapist's page is walked: its keys are pressed, its words seen, its pictures compared.

After a wanted change of a screen run it with REHABCTL_UPDATE_SCREENSHOTS=1, then look at every
picture.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

from rehabctl.domain.review import RepetitionLabel, ReviewDecision
from rehabctl.tui.app import PanelApp

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "therapist.md"
PICTURES = DOCS / "screenshots"
SIZE = (110, 34)
_BLOCK = re.compile(r"^```panel\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NAMES = {"+": "plus", "-": "minus"}


def steps(page: str) -> list[tuple[str, str]]:
    """Return (verb, rest) of every line of every block."""
    lines = [line for block in _BLOCK.findall(page) for line in block.splitlines()]
    return [(verb, rest) for verb, _, rest in (line.partition(" ") for line in lines)]


def shown(app: PanelApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def characters(text: str) -> list[str]:
    names = {" ": "space", ",": "comma"}
    return [names.get(letter, letter) for letter in text]


async def walk(page: str, pictures: dict[str, str]) -> ClinicData:
    """Do what a page says, and collect its pictures."""
    clinic = ClinicData(40)
    app = make_panel(clinic)
    app.context.views_path = Path(os.devnull).parent / "no-views-here"
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        for verb, rest in steps(page):
            await step(app, pilot, verb, rest, pictures)
    return clinic


async def step(
    app: PanelApp, pilot: Pilot[None], verb: str, rest: str, pictures: dict[str, str]
) -> None:
    match verb:
        case "press":
            await press(pilot, *(_NAMES.get(key, key) for key in rest.split()))
        case "type":
            await press(pilot, *characters(rest))
            await pilot.pause(0.2)  # a search waits for the end of a word
            await settle(pilot)
        case "see":
            assert rest in shown(app), f"{rest!r} is not on the screen:\n{shown(app)}"
        case "picture":
            app.clear_notifications()
            await settle(pilot)
            pictures[rest] = app.export_screenshot(title="rehabctl panel")
        case _:
            pytest.fail(f"unknown step {verb!r}")


async def test_the_morning_of_the_page_can_be_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PanelApp, "animation_level", "none", raising=False)
    page, pictures = PAGE.read_text("utf-8"), dict[str, str]()
    clinic = await walk(page, pictures)
    assert clinic.notes == [("1004", "better on stairs")]
    assert clinic.decisions["1004/0"] == (ReviewDecision.ACCEPTED, "")
    assert [remark.text for remark in clinic.reviews.remarks["1004/0"]] == ["deeper than last week"]
    assert list(clinic.reviews.labels["1004/0"].values()) == [RepetitionLabel.CORRECT]
    assert [line.slug for line in clinic.plans.saved["1004"].lines][-1] == "step-up"
    assert clinic.forms.stored[0][:2] == ("1004", "koos-jr")
    assert set(pictures) == set(re.findall(r"screenshots/([a-z-]+)\.svg", page))
    if os.environ.get("REHABCTL_UPDATE_SCREENSHOTS"):
        PICTURES.mkdir(exist_ok=True)
        for name, svg in pictures.items():
            (PICTURES / f"{name}.svg").write_text(svg, "utf-8")
    if sys.version_info[:2] == (3, 11):  # pictures are made there
        stored = {name: (PICTURES / f"{name}.svg").read_text("utf-8") for name in pictures}
        different = [name for name in pictures if pictures[name] != stored[name]]
        assert different == [], "see the head of this file"


def test_every_stored_picture_is_shown_on_a_page() -> None:
    shown_on_pages = {
        name
        for page in PAGE.parent.glob("*.md")
        for name in re.findall(r"screenshots/([a-z-]+)\.svg", page.read_text("utf-8"))
    }
    assert {path.stem for path in PICTURES.glob("*.svg")} == shown_on_pages


async def test_a_page_that_says_too_much_is_found_out() -> None:
    with pytest.raises(AssertionError, match="is not on the screen"):
        await walk("```panel\nsee 99 of 40 need you\n```\n", {})
