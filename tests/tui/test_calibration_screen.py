"""A guided calibration by keys: the picture, the end, the verdict, and leaving in the middle."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from textual.pilot import Pilot

from rehabctl.analysis.calibration_picture import picture
from rehabctl.domain.sensor import Procedure
from rehabctl.services.kit_desk import KitDesk
from rehabctl.services.sensors import simulate_recordings
from rehabctl.services.settings import load_settings
from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.calibration import CalibrationScreen
from rehabctl.tui.screens.dialogs import ConfirmDialog
from rehabctl.tui.screens.kits import KitsScreen
from rehabctl.tui.screens.text_dialog import TextDialog
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle, shown

if TYPE_CHECKING:
    from rehabctl.store.store import Store

SIZE = (80, 24)
TYPED = (*"D422", "tab", *"A. Tech", "tab", *"21,5")


async def asked(pilot: Pilot[None], *typed: str) -> None:
    """Open the question on the kits' screen and answer it."""
    await settle(pilot)
    await press(pilot, "5", "s")
    await pilot.press(*typed)
    await press(pilot, "enter")


async def begin(pilot: Pilot[None], app: PanelApp, *keys: str) -> None:
    """Press keys whose work goes on, and wait until the sensor has shown what it does."""
    for key in keys:
        await pilot.press(key)
    async with asyncio.timeout(20):
        while "Enough" not in shown(app):
            await pilot.pause(0.01)


async def test_poses_are_drawn_ended_and_judged(clinic: ClinicData) -> None:
    clinic.kits.waits_for_end = True
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await asked(pilot, *TYPED)
        await begin(pilot, app, "down", "enter")
        text = shown(app)
        assert "accelerometer: D422" in text
        assert "pose 14 of 12" in text
        assert "Enough: end it, or add more poses." in text
        assert "# seen   . missing   O now" in text
        assert "still [####" in text
        await pilot.press("a")  # not while it runs
        [(request, _)] = clinic.kits.calibrations
        assert (request.operator, request.temperature_c) == ("A. Tech", 21.5)
        assert (request.procedure, request.sensors) == (Procedure.ACCELEROMETER, ("D422",))
        await press(pilot, "enter")
        text = shown(app)
        assert "PASSED" in text
        assert "error on poses left out of the fit" in text
        assert "(at most 5)" in text
        assert "certificate.json" in text
        await press(pilot, "escape")
        assert isinstance(app.screen, KitsScreen)


async def test_a_failure_says_why_and_can_be_done_again(clinic: ClinicData) -> None:
    clinic.kits.poses = 5
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await asked(pilot, *TYPED)
        await press(pilot, "down", "enter")
        assert "FAILED" in shown(app)
        assert "5 different still poses; 6 are the least" in shown(app)
        clinic.kits.poses = 12
        await press(pilot, "a")
        assert "PASSED" in shown(app)
        assert len(clinic.kits.calibrations) == 2


async def test_leaving_in_the_middle_asks_and_keeps_nothing(clinic: ClinicData) -> None:
    clinic.kits.waits_for_end = True
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await asked(pilot, *TYPED)
        await begin(pilot, app, "enter")
        [(_, control)] = clinic.kits.calibrations
        await pilot.press("escape")
        assert isinstance(app.screen, ConfirmDialog)
        await pilot.press("n")
        assert not control.ended.is_set()
        await pilot.press("escape", "y")
        await settle(pilot)
        assert control.left.is_set()
        assert isinstance(app.screen, KitsScreen)


@pytest.mark.parametrize("keys", [("escape", "1"), ("ctrl+q",)], ids=["place", "quit"])
async def test_whatever_closes_the_screen_ends_the_recording(
    clinic: ClinicData, keys: tuple[str, ...]
) -> None:
    clinic.kits.waits_for_end = True
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await asked(pilot, *TYPED)
        await begin(pilot, app, "enter")
        await pilot.press(*keys)
    [(_, control)] = clinic.kits.calibrations
    assert control.left.is_set()


async def test_what_is_wrong_is_said_in_its_place(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await asked(pilot)
        assert "no sensor is named" in shown(app)
        await pilot.press(*"nowhere", "tab", "tab", *"warm")
        await press(pilot, "enter")
        assert "the temperature is no number" in shown(app)
        assert isinstance(app.screen, TextDialog)
        await pilot.press(*["backspace"] * 4)
        await press(pilot, "enter", "enter")
        assert "no sensor 'nowhere' was heard. Switch it on." in shown(app)
        clinic.offline = True
        await press(pilot, "a")
        assert "a: begin again" in shown(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, KitsScreen)


async def test_the_real_desk_calibrates_from_a_recording(
    clinic: ClinicData, tmp_path: Path, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    simulate_recordings("poses", Path("p.npz"), None, 0.0, 12, 1)
    desk = KitDesk(cast("Store", None), load_settings())
    monkeypatch.setattr(clinic.kits, "calibrate", desk.calibrate)
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await asked(pilot, *"p.npz")
        await press(pilot, "down", "enter")
        assert "PASSED" in shown(app)
    [certificate] = (isolated_home / "certificates").iterdir()
    assert certificate.name.startswith("SIM-0001")


async def test_a_joint_is_calibrated_between_two_sensors(
    clinic: ClinicData, tmp_path: Path, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    simulate_recordings("knee", Path("a.npz"), Path("b.npz"), 0.0, 3, 1)
    desk = KitDesk(cast("Store", None), load_settings())
    monkeypatch.setattr(clinic.kits, "calibrate", desk.calibrate)
    app = make_panel(clinic)
    drawn: list[str] = []
    monkeypatch.setattr(
        CalibrationScreen, "on_guided", lambda self, m: drawn.extend(picture(m.view))
    )
    async with app.run_test(size=SIZE) as pilot:
        await asked(pilot, *"a.npz")
        await press(pilot, "down", "down", "down", "enter")
        assert "a.npz sits above the joint." in shown(app)
        await pilot.press(*"b.npz")
        await press(pilot, "enter")
        text = shown(app)
        assert "functional: a.npz, b.npz" in text
        assert "PASSED" in text
        assert re.search(r"bent by +89\.9 deg  \(at least 30\)", text), text
    assert any("direction" in line for line in drawn)
    [certificate] = (isolated_home / "certificates").iterdir()
    assert "functional" in certificate.name
