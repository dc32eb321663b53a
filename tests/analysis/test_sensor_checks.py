"""Clipping, rate, gaps, magnetic field, mounting: found when there, silent when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from rehabctl.analysis.imu_recording import Float, ImuRecording, RecordingMeta
from rehabctl.analysis.sensor_checks import check, clipping, gaps, still_stretches
from rehabctl.analysis.sensor_simulation import CALIBRATED, SimulatedSensor, knee_pair
from rehabctl.reference.sensor_limits import load_sensor_limits

LIMITS = load_sensor_limits(date(2026, 11, 22))


def session(**changes: object) -> ImuRecording:
    return replace(knee_pair(5, 90.0)[1], **changes)  # type: ignore[arg-type]


def codes(recording: ImuRecording) -> list[str]:
    return [finding.code for finding in check(recording, LIMITS)]


def test_a_good_recording_has_no_findings() -> None:
    assert codes(session()) == []


@pytest.mark.parametrize("rate_hz", [50.0, 120.0, 285.0, 1000.0])
def test_a_smooth_peak_is_no_plateau(rate_hz: float) -> None:
    gyr = _swing(rate_hz, 250.0)
    assert clipping(_turning(gyr, rate_hz), LIMITS.of("clipping")) == ()


@pytest.mark.parametrize("rate_hz", [50.0, 120.0, 285.0])
@pytest.mark.parametrize("ripple", [0.0, 0.0003])
def test_a_clipped_gyroscope_is_found(rate_hz: float, ripple: float) -> None:
    """A ceiling is found, also where a calibration matrix has made it wavy."""
    random = np.random.default_rng(2)
    gyr = np.clip(_swing(rate_hz, 700.0), -422.0, 422.0)
    gyr = gyr * (1 + ripple * random.uniform(-1, 1, len(gyr)))
    found = clipping(_turning(gyr, rate_hz), LIMITS.of("clipping"))
    assert [f.code for f in found] == ["clipping"]
    assert "gyroscope x" in found[0].text
    assert found[0].at_s


def test_a_clipped_accelerometer_is_found() -> None:
    base = session()
    acc = base.acc_ms2.copy()
    acc[300:306, 1] = 19.61
    found = clipping(replace(base, acc_ms2=acc), LIMITS.of("clipping"))
    assert "accelerometer y" in found[0].text


def test_wrong_rate() -> None:
    base = session()
    slow = replace(base, meta=replace(base.meta, rate_hz=100.0))
    assert "rate" in codes(slow)


def test_lost_samples_are_counted_exactly() -> None:
    base = session()
    kept = np.ones(len(base), dtype=bool)
    kept[200:219] = kept[500:503] = False
    cut = _chosen(base, kept)
    assert [g.estimated for g in gaps(cut, LIMITS.of("recording"))] == [19, 3]
    assert "gap" in codes(cut)
    one = np.ones(len(base), dtype=bool)
    one[300] = False
    assert codes(_chosen(base, one)) == []  # one sample in 1400 is within the limit


def test_metal_nearby() -> None:
    base = SimulatedSensor(errors=CALIBRATED).tumble(90)
    assert base.mag_ut is not None
    mag = base.mag_ut.copy()
    near = (base.t_s > 40) & (base.t_s < 70)
    mag[near] *= 1.6
    assert "magnetic" in codes(replace(base, mag_ut=mag))
    assert "magnetic" not in codes(base)


def test_mounting() -> None:
    base = session()
    no_start = _chosen(base, base.t_s > 4.5)
    late = [f for f in check(no_start, LIMITS) if f.code == "mounting"]
    assert late
    slipped = replace(base, meta=RecordingMeta(rate_hz=60.0, segment="shank"))
    assert codes(slipped) == []
    acc, gyr = base.acc_ms2.copy(), base.gyr_rads.copy()
    end = base.t_s > 18
    acc[end] = acc[end][:, [1, 2, 0]]
    gyr[end] = gyr[end][:, [1, 2, 0]]
    assert "mounting" in codes(replace(slipped, acc_ms2=acc, gyr_rads=gyr))
    assert "mounting" in codes(replace(base, acc_ms2=base.acc_ms2 / 9.80665))  # in g


def test_still_stretches_of_poses() -> None:
    poses = SimulatedSensor().poses(7, hold_s=2.5)
    found = still_stretches(poses, LIMITS.of("still"), min_s=1.0)
    assert len(found) == 7
    steady = _turning(np.full(600, 90.0), 60.0)
    assert still_stretches(steady, LIMITS.of("still")) == []


def _swing(rate_hz: float, top_dps: float) -> Float:
    t = np.arange(round(20 * rate_hz)) / rate_hz
    return top_dps * np.sin(2 * np.pi * 0.6 * t)


def _turning(gyr_x_dps: Float, rate_hz: float) -> ImuRecording:
    count = len(gyr_x_dps)
    gyr, acc = np.zeros((count, 3)), np.zeros((count, 3))
    gyr[:, 0], acc[:, 2] = np.radians(gyr_x_dps), 9.81
    return ImuRecording(np.arange(count) / rate_hz, gyr, acc)


def _chosen(base: ImuRecording, kept: np.ndarray) -> ImuRecording:  # type: ignore[type-arg]
    mag = None if base.mag_ut is None else base.mag_ut[kept]
    return ImuRecording(base.t_s[kept], base.gyr_rads[kept], base.acc_ms2[kept], mag, base.meta)
