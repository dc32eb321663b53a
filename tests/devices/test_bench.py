"""A calibration at the bench over the air: guidance, and nothing left behind when it is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rehabctl.analysis.calibration_guide import GuideView
from rehabctl.analysis.calibration_picture import BenchView
from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.domain.sensor import Procedure
from rehabctl.services.sensor_bench import BenchControl, BenchRequest, calibrate_live
from rehabctl.services.settings import Settings, load_settings
from tests.peripherals.link import hci_server, virtual_sensors


@asynccontextmanager
async def bench(
    monkeypatch: pytest.MonkeyPatch, motion: str, count: int = 1
) -> AsyncIterator[tuple[str, Settings]]:
    """Put virtual sensors within reach; yield the first's address and settings that find them."""
    async with (
        virtual_sensors(["movella_dot"] * count, motion=motion, central=False) as world,
        hci_server(world.air, "127.0.0.1", 0) as port,
    ):
        monkeypatch.setenv("REHABCTL_BLUETOOTH", f"tcp:127.0.0.1:{port}")
        yield world.sensors[0].address, load_settings()


def left_over(settings: Settings) -> list[Path]:
    home = settings.paths.home
    return [path for path in home.rglob("*") if "bench/" in str(path) or "certif" in str(path)]


async def test_a_person_ends_it_when_it_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(monkeypatch, "still") as (address, settings):
        views: list[GuideView] = []
        control = BenchControl()

        def show(view: BenchView) -> None:
            assert isinstance(view, GuideView)
            views.append(view)
            if view.enough:
                control.end()

        request = BenchRequest(Procedure.STATIC, (address,), duration_s=60.0)
        result, certificate = await asyncio.to_thread(
            calibrate_live, request, settings, show=show, control=control
        )
    assert result.passed, result.findings
    assert certificate is not None
    assert certificate.is_file()
    assert 3.0 < views[-1].t_s < 20.0
    assert views[-1].up is not None
    assert sum(each**2 for each in views[-1].up) == pytest.approx(1.0)


@pytest.mark.nightly
async def test_a_joint_is_calibrated_until_it_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(monkeypatch, "leaning_hinge", 2) as (above, settings):
        views: list[BenchView] = []
        said: list[str] = []
        control = BenchControl()

        def show(view: BenchView) -> None:
            views.append(view)
            if view.enough:
                control.end()

        below = f"{above[:-1]}2"
        request = BenchRequest(Procedure.FUNCTIONAL, (above, below), duration_s=60.0)
        result, certificate = await asyncio.to_thread(
            calibrate_live, request, settings, show=show, note=said.append, control=control
        )
    assert result.passed, result.findings
    assert certificate is not None
    assert views[-1].t_s < 50.0
    assert any("Enough" in line for line in said)


@pytest.mark.parametrize("wanted", ["the sensor", "one that is not there"])
async def test_leaving_keeps_nothing(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    """In the middle of a recording, and while the sensor is looked for."""
    control = BenchControl()
    async with bench(monkeypatch, "tumble") as (address, settings):
        if wanted != "the sensor":
            address = "nobody"
            asyncio.get_running_loop().call_later(0.2, control.leave)
        request = BenchRequest(Procedure.MAGNETOMETER, (address,), duration_s=60.0)
        with pytest.raises(RehabctlError, match="the calibration was left"):
            await asyncio.to_thread(
                calibrate_live, request, settings, show=lambda _: control.leave(), control=control
            )
    assert control.left.is_set()
    assert left_over(settings) == []


async def test_a_sensor_that_is_not_there_leaves_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehabctl.services.sensor_choice.SCAN_S", 0.3)
    async with bench(monkeypatch, "still") as (_, settings):
        request = BenchRequest(Procedure.STATIC, ("nobody",))
        with pytest.raises(NotFoundError):
            await asyncio.to_thread(calibrate_live, request, settings)
    assert left_over(settings) == []
