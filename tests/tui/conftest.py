"""The panel on the clinic in memory, at a fixed time, zone and size."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from rehabctl.tui.app import PanelApp
from rehabctl.tui.context import PanelContext
from tui.clinic import ClinicData
from tui.times import NOW, ZONE

MakePanel = Callable[..., PanelApp]


@pytest.fixture(autouse=True)
def still_screens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing slides: a screen depends on its state alone."""
    monkeypatch.setattr(PanelApp, "animation_level", "none", raising=False)


def make_panel(data: ClinicData, **options: object) -> PanelApp:
    """Return a panel that neither refreshes nor locks by itself."""
    context = PanelContext(
        data=data,
        now=lambda: data.now,
        zone=ZONE,
        executable=(sys.executable, "-m", "rehabctl"),
        refresh_s=3600.0,
        lock_after_s=None,
    )
    return PanelApp(context, **options)  # type: ignore[arg-type]


def shown(app: PanelApp) -> str:
    """Return the text of the screen on top."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def settle(pilot: Pilot[None]) -> None:
    """Wait until no worker runs and every message is handled."""
    for _ in range(2):
        async with asyncio.timeout(20):
            while any(not worker.is_finished for worker in pilot.app.workers):
                await asyncio.sleep(0.005)
        await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one by one, each after the work of the one before has ended."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


@pytest.fixture
def clinic() -> ClinicData:
    assert NOW.tzinfo is not None
    return ClinicData(40)


@pytest.fixture
def panel(clinic: ClinicData) -> PanelApp:
    return make_panel(clinic)
