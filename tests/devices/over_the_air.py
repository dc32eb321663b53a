"""Recording virtual sensors over bumble in this process, beside the truth of what they measured."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rehabctl.devices.drivers import movella_dot as dot
from rehabctl.devices.radio import Radio
from rehabctl.devices.recorder import RecordedFile, read_chunk_file
from rehabctl.devices.registry import driver_for, drivers
from rehabctl.devices.transport import scan
from rehabctl.domain.errors import RehabctlError
from rehabctl.services.sensor_choice import Chosen
from rehabctl.services.sensor_intake import Tap
from rehabctl.services.sensor_link import LinkOutcome, LinkRequest, _record_one
from rehabctl.services.settings import load_settings
from tests.peripherals.link import World
from tests.peripherals.sensor import SUPERVISION_S, VirtualSensor


@contextmanager
def dot_at_120_hz() -> Iterator[None]:
    """Let the driver ask a Movella DOT for 120 Hz, which the real one keeps for its own memory."""
    before = dot.CAPABILITIES
    dot.CAPABILITIES = replace(before, rates_hz=(*before.rates_hz, 120))
    try:
        yield
    finally:
        dot.CAPABILITIES = before


@dataclass
class Heard:
    """One sensor: the truth, what was recorded of it, and how fast it came back after drops."""

    sensor: VirtualSensor
    outcome: LinkOutcome
    file: RecordedFile
    reconnect_s: list[float]

    @property
    def taken(self) -> list[int]:
        """Samples that the sensor took inside each gap of the ledger, by the truth."""
        clock = self.file.clock
        assert clock is not None
        true_s = [clock.to_host(sample.device_us / 1e6) for sample in self.sensor.log]
        return [
            sum(gap.from_s + 1e-3 < t < gap.to_s - 1e-3 for t in true_s) for gap in self.file.gaps
        ]

    @property
    def unaccounted(self) -> int:
        """Samples from the first to the last recorded one that neither file nor ledger knows."""
        first, last = self.file.device_t_s[[0, -1]] * 1e6
        took = sum(first - 100 < sample.device_us < last + 100 for sample in self.sensor.log)
        return took - len(self.file.device_t_s) - sum(self.taken)


async def recorded(
    radio: Radio,
    addresses: Sequence[str],
    folder: Path,
    seconds: float,
    rate_hz: int,
    *,
    onboard: bool = False,
    taps: Sequence[Tap] | None = None,
) -> list[LinkOutcome]:
    """Record sensors as the service does, at a rate of the caller's."""
    found = await scan(5.0, radio, lambda said: set(addresses) <= {one.address for one in said})
    known, _ = drivers()
    stop, start_s = asyncio.Event(), time.monotonic()
    works = []
    for i, address in enumerate(addresses):
        [(said, device)] = [pair for pair in found if pair[0].address == address]
        driver = driver_for(said, known)
        assert driver is not None
        request = LinkRequest(address, folder / f"{i}.imurec", rate_hz, seconds, onboard=onboard)
        tap: Tap = taps[i] if taps else lambda t_s, batch, row: None
        work = _record_one(
            request, Chosen(said, driver, device), rate_hz, load_settings(), radio, stop, start_s,
            tap, lambda text: None,
        )  # fmt: skip
        works.append(asyncio.create_task(work))
    await asyncio.sleep(seconds)
    stop.set()
    outcomes: list[LinkOutcome] = []
    for outcome in await asyncio.gather(*works):
        if isinstance(outcome, RehabctlError):
            raise outcome
        outcomes.append(outcome)
    return outcomes


async def record(
    world: World,
    folder: Path,
    seconds: float,
    rate_hz: int,
    *,
    drops: int = 0,
    seed: int = 1,
    onboard: bool = False,
) -> list[Heard]:
    """Record every sensor of a world at once, through random drops of each."""
    rng = random.Random(seed)
    lost = [asyncio.create_task(_drop(s, seconds, drops, rng)) for s in world.sensors if drops]
    addresses = [sensor.address for sensor in world.sensors]
    radio = Radio(world.scanner, world.client)
    outcomes = await recorded(radio, addresses, folder, seconds, rate_hz, onboard=onboard)
    for task in lost:
        task.cancel()
    return [
        Heard(sensor, outcome, read_chunk_file(outcome.path), _back_s(sensor))
        for sensor, outcome in zip(world.sensors, outcomes, strict=True)
    ]


async def _drop(sensor: VirtualSensor, seconds: float, count: int, rng: random.Random) -> None:
    """Lose the link so often, at random moments of equal stretches."""
    each = (seconds - 4.0) / count
    began = asyncio.get_running_loop().time() + 2.0
    for i in range(count):
        at = began + each * (i + rng.uniform(0.0, 0.5))
        await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
        await _until(lambda: sensor.connection is not None)
        await sensor.drop()


async def _until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.01)


def _back_s(sensor: VirtualSensor) -> list[float]:
    """Return how long after the end of each link the next sample went out."""
    ends = [moment + SUPERVISION_S for moment in sensor.drops]
    sent = [sample.t_s for sample in sensor.log if sample.outcome == "sent"]
    return [next(t for t in sent if t >= end) - end for end in ends if sent and sent[-1] >= end]
