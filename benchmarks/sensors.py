"""Sensors: speed (in processor time) and accuracy against the limits. Prints a ratio a line.

Optical references are read from REHABCTL_TEST_DATA (or ../shared/data beside the project) where
they are; everything else is simulated and says so.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import optical_sets as sets

from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.joint_angle import hinge_motion
from rehabctl.analysis.orientation import FusionMethod, fuse
from rehabctl.analysis.sensor_calibration import accelerometer, magnetometer
from rehabctl.analysis.sensor_drift import drift
from rehabctl.analysis.sensor_simulation import CALIBRATED, SimulatedSensor, knee_pair
from rehabctl.devices.drivers import movella_dot as dot
from rehabctl.reference.sensor_limits import load_sensor_limits
from rehabctl.services.sensor_biofeedback import biofeedback

LIMITS = load_sensor_limits(date(2026, 11, 22))
failed = False


def line(name: str, value: float, limit: float, *, at_least: bool = False) -> None:
    """Print one measurement against its limit."""
    global failed
    ok = value >= limit if at_least else value <= limit
    failed = failed or not ok
    sign = ">=" if at_least else "<="
    print(f"{name:62} {value:10.2f} {sign} {limit:g} {'ok' if ok else 'FAILED'}")


def speed() -> None:
    """Decode and fuse, and measure a joint, against real time."""
    count, rate_hz = 60_000, 60.0
    packets = [
        struct.pack("<I6f3h", i * 16667, 0, 0, 9.8, 1, 2, 3, 100, 0, -200) for i in range(count)
    ]
    start = time.process_time()
    batches = [dot.decode_samples(dot.Mode.RATE_WITH_MAG, packet) for packet in packets]
    stacked = [
        np.concatenate([getattr(b, name) for b in batches])
        for name in ("gyr_rads", "acc_ms2", "mag_ut")
    ]
    fuse(ImuRecording(np.arange(count) / rate_hz, *stacked), FusionMethod.LIVE)
    factor = count / rate_hz / (time.process_time() - start)
    line("decode and fuse one sensor, times real time", factor, 1000, at_least=True)
    thigh, shank, _ = knee_pair(40, 90.0)
    start = time.process_time()
    hinge_motion(thigh, shank, FusionMethod.OFFLINE, LIMITS.of("joint"))
    factor = thigh.duration_s / (time.process_time() - start)
    line("joint angle of two sensors, times real time", factor, 50, at_least=True)


def simulated() -> None:
    """Calibrate simulated sensors."""
    sensor = SimulatedSensor()
    found = accelerometer([sensor.poses(14)], LIMITS).results["holdout_rms_mg"]
    line("simulated: accelerometer hold-out, mg", float(str(found)), 5.0)
    found = magnetometer(sensor.tumble(60), LIMITS).results["holdout_norm_cv_percent"]
    line("simulated: magnetometer norm variation, %", float(str(found)), 2.0)
    still = SimulatedSensor(errors=CALIBRATED).still(1800)
    found = drift(still, LIMITS).results["heading_deg"]
    line("simulated: heading after 30 min still, deg", float(str(found)), 0.5)
    thigh, shank, truth = knee_pair(8, 90.0)
    motion = hinge_motion(thigh, shank, FusionMethod.OFFLINE, LIMITS.of("joint"))
    rms = float(np.sqrt(np.mean((motion.angle_deg - truth) ** 2)))
    line("simulated: knee flexion, deg rms", rms, 2.0)


def latency() -> None:
    """Count and cue two sensors as they stream, at their own pace."""
    thigh, shank, _ = knee_pair(4, 90.0, rate_hz=120.0)
    said: list[str] = []
    follower = biofeedback(
        "standing-knee-flexion", 90.0, 120.0, date(2026, 11, 22), lambda s: said.append(s.text),
        at_once=False,
    )  # fmt: skip
    began = time.perf_counter()
    for i, t_s in enumerate(thigh.t_s):
        time.sleep(max(0.0, began + float(t_s) - time.perf_counter()))
        follower.take(0, float(t_s), thigh.gyr_rads[i], thigh.acc_ms2[i])
        follower.take(1, float(t_s), shank.gyr_rads[i], shank.acc_ms2[i])
    found = follower.finish()
    delay = float(str(found["added_latency_ms_p95"]))
    line(f"simulated: live count of {len(said)} events, added ms p95", delay, 50.0)


def broad(data: Path) -> None:
    """Compare orientation with the optical one of BROAD, by the bars that its files tell."""
    file = data / "imu" / "PROVENANCE.json"
    if not file.is_file():
        print("BROAD: not here, left out")
        return
    for each in json.loads(file.read_text("utf-8"))["sets"]["broad"]["files"]:
        errors = sets.broad_errors_deg(data / "imu" / each["file"])
        for method, name in (("live", "VQF"), ("offline", "offlineVQF")):
            for kind, rms in errors[method].items():
                bar = each["rmse_this_file"][name][kind] + 0.005  # the file's numbers are rounded
                line(f"optical: {each['file'][:8]} {method} {kind}, deg rms", rms, bar)


def optical(data: Path) -> None:
    """Compare with the optical references, where they are."""
    hinges = {"dfjimu_1D_01": (4.04, 3.91), "dfjimu_1D_02": (1.39, 1.16)}
    for name, bars in hinges.items():
        file = data / "imu" / f"{name}.npz"
        if not file.is_file():
            print(f"{name}: not here, left out")
            continue
        for method, bar in zip(FusionMethod, bars, strict=True):
            rms = sets.hinge_error_deg(file, method, LIMITS)
            line(f"optical: {name} {method.value}, deg rms", rms, bar)


def whole_broad(folder: Path) -> None:
    """Print the mean errors over the 30 trials of BROAD that a reader has."""
    files = sets.broad_files(folder)
    errors = [sets.broad_errors_deg(file) for file in files]
    for file, each in zip(files, errors, strict=True):
        print(f"  {file.stem:52} " + "  ".join(
            f"{method} {found['total']:5.2f} (inclination {found['inclination']:.2f})"
            for method, found in each.items()
        ))  # fmt: skip
    for method in ("live", "offline"):
        for kind, name in (("total", method), ("inclination", "inclination")):
            values = [each[method][kind] for each in errors]
            what = f"BROAD {method} {kind}, mean deg rms"
            mean(what, values, sets.TRIALS, sets.BROAD_LIMITS[name])


def whole_two_imu(folder: Path) -> None:
    """Print the mean errors over the five hinges of two IMUs that a reader has."""
    files = sets.two_imu_files(folder)
    for method in FusionMethod:
        values = [sets.hinge_error_deg(file, method, LIMITS) for file in files]
        for file, value in zip(files, values, strict=True):
            print(f"  {file.stem:52} {method.value} {value:5.2f}")
        what = f"two IMUs {method.value}, mean deg rms"
        mean(what, values, sets.HINGES, sets.TWO_IMU_LIMITS[method.value])


def mean(what: str, values: list[float], wanted: int, limit: float) -> None:
    """Judge the mean over a whole set; over a part of it, print it only."""
    if not values:
        sys.exit(f"{what}: no recordings in that folder")
    average = sum(values) / len(values)
    if len(values) == wanted:
        line(f"{what} of {wanted}", average, limit)
    else:
        print(f"{what} of {len(values)} of {wanted}: {average:.2f} (not the set: not judged)")


def main() -> None:
    """Measure the whole sets that are named, or everything else."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broad", type=Path, metavar="FOLDER", help="the .mat files of BROAD")
    parser.add_argument("--two-imu", type=Path, metavar="FOLDER", help="data_1D_*.mat of dfjimu")
    options = parser.parse_args()
    if options.broad or options.two_imu:
        if options.broad:
            whole_broad(options.broad)
        if options.two_imu:
            whole_two_imu(options.two_imu)
        return
    speed()
    simulated()
    latency()
    project = Path(__file__).resolve().parents[1]
    samples = Path(os.environ.get("REHABCTL_TEST_DATA") or project.parent / "shared" / "data")
    broad(samples)
    optical(samples)


if __name__ == "__main__":
    main()
    sys.exit(failed)
