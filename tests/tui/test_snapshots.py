"""Pictures of the screens at fixed size, time and data. State is asserted elsewhere.

Update with `pytest tests/tui/test_snapshots.py --snapshot-update`, then look at every picture.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

from rehabctl.tui.saved_views import save_views
from rehabctl.tui.worklist_pages import WorklistQuery
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

SMALL, USUAL, LARGE = (80, 24), (120, 40), (200, 60)
_CALIBRATE = ("5", "s", *"D422", "enter")
_PRINT = "print('status\\tname\\tdetail\\nok\\tpython\\t3.11\\nwarn\\tkey\\tin a file')"


@dataclass(frozen=True)
class Picture:
    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    theme: str = "rehabctl-dark"
    rows: int = 40
    secret: str | None = None


PICTURES = (
    Picture("worklist-80x24", SMALL),
    Picture("worklist-120x40", USUAL),
    Picture("worklist-200x60", LARGE),
    Picture("worklist-light", USUAL, theme="rehabctl-light"),
    Picture("worklist-high-contrast", USUAL, theme="rehabctl-high-contrast"),
    Picture("worklist-marks", SMALL, ("space", "j", "space", "j")),
    Picture("worklist-filter", SMALL, ("slash", *"raman", "@pause")),
    Picture("worklist-sort-menu", SMALL, ("s", "down")),
    Picture("worklist-by-name-reversed", USUAL, ("s", "down", "enter", "S", "j")),
    Picture("worklist-offline", SMALL, ("@offline", "R")),
    Picture("worklist-empty", SMALL, rows=0),
    Picture("acknowledge", USUAL, ("a", *"called")),
    Picture("acknowledge-refused", USUAL, ("a", "enter")),
    Picture("snooze", SMALL, ("j", "z", "down")),
    Picture("note", USUAL, ("e", *"better")),
    Picture("quit-with-a-draft", SMALL, ("e", "x", "escape", "q")),
    Picture("patient-80x24", SMALL, ("enter",)),
    Picture("patient-120x40", USUAL, ("enter",)),
    Picture("patient-200x60", LARGE, ("j", "j", "enter")),
    Picture("patient-activity", LARGE, ("j", "enter")),
    Picture("patient-assessments", USUAL, ("enter", "3", "j")),
    Picture("patient-high-contrast", USUAL, ("enter",), theme="rehabctl-high-contrast"),
    Picture("review-80x24", SMALL, ("r", "j")),
    Picture("review-120x40", USUAL, ("r", "j", "j")),
    Picture("review-nobody-found", USUAL, ("r", "m")),
    Picture("review-remark", USUAL, ("r", "m", "m", "e", *"lean", "ctrl+s")),
    Picture("review-labels", USUAL, ("r", "j", "1", "2", "3", "right_square_bracket")),
    Picture("review-film", USUAL, ("r", "j", "i")),
    Picture("patient-record", USUAL, ("enter", "6")),
    Picture("alerts-80x24", SMALL, ("j", "j", "j", "w")),
    Picture("alerts-assign", USUAL, ("w", "A")),
    Picture("claims-80x24", SMALL, ("7",)),
    Picture("monitoring-80x24", SMALL, ("8", "j")),
    Picture("monitoring-120x40", USUAL, ("8",)),
    Picture("kits-80x24", SMALL, ("5", "j")),
    Picture("kits-200x60", LARGE, ("5", "j", "j")),
    Picture("calibration-80x24", SMALL, (*_CALIBRATE, "down", "!enter")),
    Picture("calibration-failed-80x24", SMALL, (*_CALIBRATE, "down", "enter")),
    Picture(
        "calibration-field",
        USUAL,
        (*_CALIBRATE, "down", "down", "!enter"),
        theme="rehabctl-high-contrast",
    ),
    Picture("plan-80x24", SMALL, ("p", "j")),
    Picture("plan-blocked", USUAL, ("p", "slash", *"lunge", "@pause", "enter")),
    Picture("plan-search", USUAL, ("p", "slash")),
    Picture("plan-200x60", LARGE, ("p", "p", "enter"), theme="rehabctl-high-contrast"),
    Picture("questionnaire", USUAL, ("t", "enter", "1", "2", "minus", "0", "3", "9")),
    Picture("schedule-80x24", SMALL, ("2", "j")),
    Picture("schedule-week", USUAL, ("2", "m", "w")),
    Picture("check-in-80x24", SMALL, ("2", "enter", "s", "enter", *"CO", "enter", "@pause")),
    Picture("check-in-refused", USUAL, ("2", "enter", "s", "enter", *"UT", "enter")),
    Picture("visit-note-80x24", SMALL, ("2", "h", "enter", "e")),
    Picture(
        "visit-note-sign",
        USUAL,
        ("2", "h", "enter", "e", "e", "x", "ctrl+s", "e", "y", "ctrl+s", "S"),
    ),
    Picture("course-80x24", SMALL, ("o",)),
    Picture("course-120x40", USUAL, ("o",), theme="rehabctl-high-contrast"),
    Picture("cohort-80x24", SMALL, ("6",)),
    Picture("cohort-too-small", USUAL, ("6", "h")),
    Picture("views", SMALL, ("s", "down", "enter", "V")),
    Picture("help", USUAL, ("question_mark",)),
    Picture("help-focused", SMALL, ("f1",)),
    Picture("command-output", SMALL, ("colon", "x", "enter")),
    Picture("lock", SMALL, ("ctrl+l",), secret="open sesame"),
)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="pictures are made on Python 3.11")
@pytest.mark.parametrize("picture", PICTURES, ids=lambda p: p.name)
def test_picture(picture: Picture, snap_compare: Callable[..., bool], tmp_path: Path) -> None:
    views = tmp_path / "views.json"
    save_views(views, {"In pain": WorklistQuery("pain", "pain")})
    clinic = ClinicData(picture.rows, secret=picture.secret)
    clinic.kits.poses = 5
    app = make_panel(clinic, theme=picture.theme)
    app.context.views_path = views
    app.context.executable = (sys.executable, "-c", _PRINT)

    async def act(pilot: Pilot[None]) -> None:
        await settle(pilot)
        for key in picture.keys:
            if key == "@offline":
                clinic.offline = True
            elif key == "@pause":
                await pilot.pause(0.2)
                await settle(pilot)
            elif key.startswith("!"):  # what it starts goes on
                clinic.kits.waits_for_end = True
                await pilot.press(key.removeprefix("!"))
                while not clinic.kits.shown_all.is_set():
                    await pilot.pause(0.05)
                await pilot.pause(0.1)
            else:
                await press(pilot, key)

    assert snap_compare(app, terminal_size=picture.size, run_before=act)
