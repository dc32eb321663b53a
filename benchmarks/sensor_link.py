"""Sensors over the air: drops, reconnection and load against the limits. Prints a ratio a line.

Virtual sensors on a real Bluetooth host stack (bumble), no radio. A loaded machine makes times
longer, never shorter.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from vqf import VQF  # noqa: E402

from rehabctl.devices.model import SampleBatch  # noqa: E402
from rehabctl.devices.radio import open_radio  # noqa: E402
from tests.devices.over_the_air import Heard, dot_at_120_hz, record, recorded  # noqa: E402
from tests.peripherals.link import virtual_sensors  # noqa: E402

RATE_HZ = 120
SENSORS = 6
failed = False


def line(name: str, value: float, limit: float) -> None:
    """Print one measurement against its limit."""
    global failed
    failed = failed or value > limit
    print(f"{name:66} {value:8.3f} <= {limit:g} {'ok' if value <= limit else 'FAILED'}", flush=True)


async def through_drops(folder: Path, *, onboard: bool) -> Heard:
    """Record a sensor for a minute through ten random drops."""
    faults = {"stream_at_120_hz": None}
    async with virtual_sensors(["movella_dot"], faults=faults, seed=7) as world:
        [heard] = await record(world, folder, 60.0, RATE_HZ, drops=10, seed=11, onboard=onboard)
    return heard


async def many(address: str, sensors: list[str], folder: Path, seconds: float) -> tuple[int, float]:
    """Record six sensors, each fused as its samples come; return samples and share of a core."""
    filters = [VQF(1.0 / RATE_HZ) for _ in sensors]

    def tap(i: int) -> object:
        def fuse(t_s: float, batch: SampleBatch, row: int) -> None:
            filters[i].update(batch.gyr_rads[row].copy(), batch.acc_ms2[row].copy())
            filters[i].getQuat6D()

        return fuse

    taps = [tap(i) for i in range(len(sensors))]
    async with open_radio(f"tcp:{address}") as radio:
        began, processor = time.perf_counter(), time.process_time()
        outcomes = await recorded(radio, sensors, folder, seconds, RATE_HZ, taps=taps)
        share = (time.process_time() - processor) / (time.perf_counter() - began)
    return sum(outcome.samples for outcome in outcomes), share


def six(folder: Path) -> None:
    """Measure six sensors that live in another process."""
    truth = folder / "truth.jsonl"
    command = [
        sys.executable, "-m", "tests.peripherals", *["movella_dot"] * SENSORS,
        "--hci-tcp", "127.0.0.1:0", "--fault", "stream_at_120_hz", "--truth", str(truth),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        said = process.stdout.readline() if process.stdout else ""
        where = json.loads(said.removeprefix("ready "))
        names = [one["address"] for one in where["sensors"]]
        samples, share = asyncio.run(many(where["hci_tcp"], names, folder, 20.0))
        process.terminate()
    sent = sum(json.loads(row)["outcome"] == "sent" for row in truth.read_text().splitlines())
    print(f"six sensors, 120 Hz, 20 s: {samples} samples recorded of {sent} sent")
    line("six sensors: samples lost", float(sent - samples), 0)
    line("six sensors with fusion and writing, share of a core", share, 0.25)


def main() -> None:
    """Print everything."""
    logging.getLogger("bumble").setLevel(logging.CRITICAL)
    back: list[float] = []
    with tempfile.TemporaryDirectory() as name, dot_at_120_hz():
        folder = Path(name)
        os.environ["REHABCTL_HOME"] = str(folder / "home")
        for onboard in (False, True):
            place = folder / str(onboard)
            place.mkdir()
            heard = asyncio.run(through_drops(place, onboard=onboard))
            what = "with its memory" if onboard else "without its memory"
            gaps = heard.file.gaps
            missing = sum(gap.missing or 0 for gap in gaps)
            print(
                f"ten drops in 60 s, {what}: {heard.outcome.samples} recorded, "
                f"{heard.outcome.filled} of them filled, {missing} missing in {len(gaps)} gaps"
            )
            line(f"{what}: duplicates", float(heard.outcome.duplicates), 0)
            line(f"{what}: samples in neither file nor ledger", float(abs(heard.unaccounted)), 0)
            if onboard:
                line(f"{what}: missing after the fill", float(missing), 0)
            else:
                fewer = sum(b > (g.missing or 0) for g, b in zip(gaps, heard.taken, strict=True))
                line(f"{what}: gaps that name too few", float(fewer), 0)
            back += heard.reconnect_s
        line(f"reconnection p95 of {len(back)}, s", float(np.percentile(back, 95)), 1.0)
        six(folder)


if __name__ == "__main__":
    main()
    sys.exit(failed)
