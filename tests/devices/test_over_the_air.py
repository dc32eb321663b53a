"""Drops and many sensors on a real Bluetooth stack in this process: nothing may go unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.devices.over_the_air import dot_at_120_hz, record
from tests.peripherals.link import virtual_sensors
from tests.peripherals.movella_dot import MovellaDot, Recording, Settings

pytestmark = pytest.mark.slow
FAST = {"stream_at_120_hz": None}


@pytest.fixture(autouse=True)
def fast() -> Iterator[None]:
    with dot_at_120_hz():
        yield


@pytest.mark.parametrize(
    "case",
    [
        "own beat",
        "filled from its memory",
        pytest.param("started anew", marks=pytest.mark.nightly),
    ],
)
async def test_ten_random_drops_at_120_hz(case: str, tmp_path: Path) -> None:
    async with virtual_sensors(["movella_dot"], faults=FAST, seed=3) as world:
        [sensor] = world.sensors
        assert isinstance(sensor, MovellaDot)
        if case == "own beat":  # a sensor that also records for somebody else samples on
            sensor.settings, sensor.recording = Settings(rate_hz=120), Recording(0, 10**6)
        [heard] = await record(
            world, tmp_path, 24.0, 120, drops=10, seed=5, onboard=case.startswith("filled")
        )
    assert len(sensor.drops) == heard.outcome.drops == 10
    assert (heard.outcome.duplicates, heard.unaccounted) == (0, 0)
    steps = np.diff(heard.file.device_t_s)
    assert steps.min() > 0.5 / 120
    missing = [gap.missing for gap in heard.file.gaps]
    if case == "filled from its memory":
        assert heard.outcome.filled > 0
        assert (missing, steps.max() < 1.5 / 120) == ([], True)
        return
    assert len(missing) == 10
    assert {gap.reason for gap in heard.file.gaps} == {"link lost"}
    if case == "own beat":
        assert missing == heard.taken
    else:  # each reconnection stops it for a moment: what it did not take then is missing too
        assert all(a >= b for a, b in zip(missing, heard.taken, strict=True))
        lost = [120 * (gap.to_s - gap.from_s) for gap in heard.file.gaps]
        assert all(number < each for number, each in zip(missing, lost, strict=True))


async def test_six_sensors_at_120_hz_lose_nothing(tmp_path: Path) -> None:
    async with virtual_sensors(["movella_dot"] * 6, faults=FAST, seed=2) as world:
        all_heard = await record(world, tmp_path, 6.0, 120)
        sent = [sum(s.outcome == "sent" for s in sensor.log) for sensor in world.sensors]
    for heard, count in zip(all_heard, sent, strict=True):
        assert (heard.outcome.drops, heard.outcome.gaps, heard.outcome.duplicates) == (0, (), 0)
        assert heard.outcome.samples == count == len(heard.file.recording)
