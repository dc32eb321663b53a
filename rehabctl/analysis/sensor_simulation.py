"""Simulated recordings with known truth: for practice on the bench, and for tests.

Every recording says so in its model name. Noise is white, of the density of a usual consumer
gyroscope (0.007 deg/s per root hertz); strap movement and temperature are not simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from rehabctl.analysis.imu_recording import GRAVITY_MS2, Float, ImuRecording, RecordingMeta
from rehabctl.analysis.orientation import conjugate, multiply, rotate

MODEL = "simulated"
_FIELD_UT = np.array([0.0, 20.0, -43.6])
"""Magnetic field in east, north, up: 48 microtesla, 65 degrees dip."""


@dataclass(frozen=True)
class SensorErrors:
    """What the simulated sensor does wrong; the defaults are those of an uncalibrated one."""

    gyroscope_bias_dps: tuple[float, float, float] = (0.3, -0.2, 0.5)
    gyroscope_noise: float = 0.007
    """deg/s per root hertz."""
    accelerometer_scale: tuple[float, float, float] = (1.02, 0.985, 1.01)
    accelerometer_skew: tuple[float, float, float] = (0.012, 0.008, 0.015)
    accelerometer_bias_ms2: tuple[float, float, float] = (0.15, -0.22, 0.31)
    accelerometer_noise_ms2: float = 0.01
    magnetometer_offset_ut: tuple[float, float, float] = (32.0, -18.0, 9.0)
    magnetometer_scale: tuple[float, float, float] = (1.1, 0.93, 1.02)
    magnetometer_noise_ut: float = 0.3


PERFECT = SensorErrors(
    (0.0, 0.0, 0.0), 0.0, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0,
    (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 0.0,
)  # fmt: skip
"""A sensor without any error."""

CALIBRATED = SensorErrors(
    (0.3, -0.2, 0.5), 0.007, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.01,
    (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 0.3,
)  # fmt: skip
"""After a calibration; the gyroscope's bias remains for the filter."""


@dataclass(frozen=True)
class SimulatedSensor:
    """One sensor with its errors.

    Parameters
    ----------
    rate_hz
        Sampling rate.
    seed
        The same seed gives the same recording.
    """

    rate_hz: float = 60.0
    seed: int = 1
    errors: SensorErrors = field(default_factory=SensorErrors)
    serial: str = "SIM-0001"

    def still(self, duration_s: float) -> ImuRecording:
        """Return a recording on a table.

        Parameters
        ----------
        duration_s
            Length.
        """
        count = round(duration_s * self.rate_hz) + 1
        return self.measure(np.tile([1.0, 0.0, 0.0, 0.0], (count, 1)))

    def poses(self, count: int, hold_s: float = 2.5, turn_s: float = 1.0) -> ImuRecording:
        """Return still poses spread over the sphere, with turns between them.

        Parameters
        ----------
        count
            Number of poses; 6 are the axes, up and down.
        hold_s, turn_s
            Length of each pose and of each turn.
        """
        up = np.vstack([np.eye(3), -np.eye(3)]) if count == 6 else _spread(count)
        turns = [_onto_up(vector) for vector in up]
        return self.measure(_path(turns, self.rate_hz, hold_s, turn_s))

    def tumble(self, duration_s: float = 60.0, *, plane_only: bool = False) -> ImuRecording:
        """Return a recording turned through all directions, or about one axis only.

        Parameters
        ----------
        duration_s
            Length.
        plane_only
            Turn about the vertical only.
        """
        t = np.arange(round(duration_s * self.rate_hz) + 1) / self.rate_hz
        yaw = _about(2, 2.0 * np.pi * 0.21 * t)
        if plane_only:
            return self.measure(yaw)
        return self.measure(
            multiply(multiply(yaw, _about(0, 2.0 * np.pi * 0.087 * t)), _about(1, 2.0 * t))
        )

    def measure(self, quat_wxyz: Float, position_m: Float | None = None) -> ImuRecording:
        """Return what the sensor reads on a path.

        Parameters
        ----------
        quat_wxyz
            (N, 4) sensor to east-north-up.
        position_m
            (N, 3) east-north-up; None for a sensor that only turns.
        """
        random = np.random.default_rng(self.seed)
        errors, count = self.errors, len(quat_wxyz)
        step = multiply(conjugate(quat_wxyz[:-1]), quat_wxyz[1:])
        step = np.where(step[:, :1] < 0.0, -step, step)
        size = np.linalg.norm(step[:, 1:], axis=1, keepdims=True)
        angle = 2.0 * np.arctan2(size, step[:, :1])
        rate = self.rate_hz * angle * step[:, 1:] / np.maximum(size, 1e-12)
        gyr = np.vstack([rate[:1], rate])  # the rate of the interval that a sample ends
        noise = errors.gyroscope_noise * np.sqrt(self.rate_hz)
        gyr = gyr + np.radians(
            np.array(errors.gyroscope_bias_dps) + random.normal(0.0, 1.0, (count, 3)) * noise
        )
        force = np.tile([0.0, 0.0, GRAVITY_MS2], (count, 1))
        if position_m is not None:
            force = force + np.gradient(np.gradient(position_m, axis=0), axis=0) * self.rate_hz**2
        skew = errors.accelerometer_skew
        shape = np.array([[1.0, -skew[0], skew[1]], [0.0, 1.0, -skew[2]], [0.0, 0.0, 1.0]])
        inverse = np.linalg.inv(shape @ np.diag(errors.accelerometer_scale))
        acc = rotate(conjugate(quat_wxyz), force) @ inverse.T
        acc = acc - np.array(errors.accelerometer_bias_ms2)
        acc = acc + random.normal(0.0, 1.0, (count, 3)) * errors.accelerometer_noise_ms2
        mag = rotate(conjugate(quat_wxyz), _FIELD_UT) * np.array(errors.magnetometer_scale)
        mag = mag + np.array(errors.magnetometer_offset_ut)
        mag = mag + random.normal(0.0, 1.0, (count, 3)) * errors.magnetometer_noise_ut
        t_s: Float = np.arange(count, dtype=np.float64) / self.rate_hz
        meta = RecordingMeta(self.serial, MODEL, "", self.rate_hz)
        return ImuRecording(t_s, gyr, acc, mag, meta)


def knee_pair(
    repetitions: int = 5,
    peak_deg: float = 90.0,
    *,
    rate_hz: float = 60.0,
    seed: int = 1,
    errors: SensorErrors = CALIBRATED,
) -> tuple[ImuRecording, ImuRecording, Float]:
    """Return thigh and shank recordings of knee flexions, and the true flexion (N,) in degrees.

    The person stands still for 4 s, then lifts and bends the leg while turning slowly; both
    sensors are strapped on at arbitrary angles.

    Parameters
    ----------
    repetitions, peak_deg
        Number and depth.
    rate_hz, seed, errors
        Of both sensors.
    """
    wait_s, period_s = 4.0, 3.0
    t = np.arange(round((2 * wait_s + repetitions * period_s) * rate_hz) + 1) / rate_hz
    phase = np.clip((t - wait_s) / period_s, 0.0, repetitions)
    bend = (1.0 - np.cos(2.0 * np.pi * phase)) / 2.0
    flexion = peak_deg * bend
    sway = np.sin(2.0 * np.pi * phase / max(repetitions, 1))
    turn = multiply(_about(2, 0.4 * sway), _about(0, 0.12 * sway))
    thigh = multiply(turn, _about(1, -np.radians(45.0) * bend))  # the knee comes forward
    shank = multiply(thigh, _about(1, np.radians(flexion)))
    knee = rotate(thigh, np.array([0.0, 0.0, -0.4]))
    places = (
        rotate(thigh, np.array([0.05, 0.0, -0.2])),
        knee + rotate(shank, np.array([0.04, 0.0, -0.15])),
    )
    recordings = _strapped((thigh, shank), places, rate_hz, seed, errors)
    return recordings[0], recordings[1], flexion


def shoulder_pair(
    movements: int = 8,
    *,
    rate_hz: float = 60.0,
    seed: int = 1,
    errors: SensorErrors = CALIBRATED,
) -> tuple[ImuRecording, ImuRecording, Float]:
    """Return trunk and upper arm recordings, and the true turn (N,) of the shoulder in degrees.

    The person stands still for 4 s, then moves the arm about all three axes while the trunk sways.

    Parameters
    ----------
    movements
        Number, of 3 s each.
    rate_hz, seed, errors
        Of both sensors.
    """
    wait_s, move_s = 4.0, 3.0 * movements
    t = np.arange(round((2 * wait_s + move_s) * rate_hz) + 1) / rate_hz
    s = np.clip(t - wait_s, 0.0, move_s)
    grown = np.clip(np.minimum(s, move_s - s) / 2.0, 0.0, 1.0)
    size = grown**2 * (3.0 - 2.0 * grown)

    def wave(axis: int, reach_rad: float, period_s: float) -> Float:
        return _about(axis, size * reach_rad * np.sin(2.0 * np.pi * s / period_s))

    trunk = multiply(wave(2, 0.3, 9.0), wave(0, 0.15, 5.0))
    raised = _about(1, -size * 0.6 * (1.0 - np.cos(2.0 * np.pi * s / 3.1)))
    turn = multiply(raised, multiply(wave(0, 0.9, 4.3), wave(2, 0.7, 3.7)))
    arm = multiply(trunk, turn)
    shoulder = rotate(trunk, np.array([0.0, 0.18, 0.35]))
    places = (
        rotate(trunk, np.array([0.1, 0.0, 0.2])),
        shoulder + rotate(arm, np.array([0.04, 0.02, -0.18])),
    )
    recordings = _strapped((trunk, arm), places, rate_hz, seed, errors)
    angle = 2.0 * np.arctan2(np.linalg.norm(turn[:, 1:], axis=1), np.abs(turn[:, 0]))
    return recordings[0], recordings[1], np.degrees(angle)


def shaken_pair(
    duration_s: float,
    *,
    offset_s: float = 0.25,
    skew_ppm: float = 40.0,
    rate_hz: float = 60.0,
    seed: int = 1,
    errors: SensorErrors = CALIBRATED,
) -> tuple[ImuRecording, ImuRecording]:
    """Return two sensors held together, shaken for 5 s at the start and again at the end.

    Parameters
    ----------
    duration_s
        Length.
    offset_s, skew_ppm
        By how much the second clock is ahead at the start, and how much faster it runs.
    rate_hz, seed, errors
        Of both sensors.
    """
    t = np.arange(round(duration_s * rate_hz) + 1) / rate_hz
    random = np.random.default_rng(seed)
    angle = np.zeros_like(t)
    for frequency, phase in zip(
        random.uniform(0.3, 3.0, 12), random.uniform(0.0, 6.3, 12), strict=True
    ):
        angle += 0.2 * np.sin(2.0 * np.pi * frequency * t + phase)
    grown = np.clip(np.abs(t - duration_s / 2.0) - (duration_s / 2.0 - 6.0), 0.0, 1.0)
    path = _about(0, grown * angle)
    first, second = (
        SimulatedSensor(rate_hz, seed + i, errors, f"SIM-000{i + 1}").measure(path) for i in (0, 1)
    )
    ahead = second.t_s * (1.0 + 1e-6 * skew_ppm) + offset_s
    return first, replace(second, t_s=ahead)


def _strapped(
    segments: tuple[Float, Float],
    places: tuple[Float, Float],
    rate_hz: float,
    seed: int,
    errors: SensorErrors,
) -> list[ImuRecording]:
    """Return what two sensors read that are strapped on at arbitrary angles."""
    straps = (_unit(np.array([[0.9, 0.3, -0.2, 0.25]])), _unit(np.array([[0.4, -0.5, 0.7, 0.1]])))
    return [
        SimulatedSensor(rate_hz, seed + i, errors, f"SIM-000{i + 1}").measure(
            multiply(segment, strap), place
        )
        for i, (segment, strap, place) in enumerate(zip(segments, straps, places, strict=True))
    ]


def _about(axis: int, angle_rad: Float) -> Float:
    quat = np.zeros((len(angle_rad), 4))
    quat[:, 0], quat[:, 1 + axis] = np.cos(angle_rad / 2.0), np.sin(angle_rad / 2.0)
    return quat


def _onto_up(vector: Float) -> Float:
    """Return a rotation that takes a sensor direction to up."""
    up = np.array([0.0, 0.0, 1.0])
    if vector[2] < -1.0 + 1e-9:
        return np.array([0.0, 1.0, 0.0, 0.0])
    return _unit(np.concatenate([[1.0 + vector[2]], np.cross(vector, up)])[None, :])[0]


def _spread(count: int) -> Float:
    """Return directions over the whole sphere (a Fibonacci lattice)."""
    number = np.arange(count) + 0.5
    z = 1.0 - 2.0 * number / count
    round_ = np.pi * (3.0 - np.sqrt(5.0)) * number
    level = np.sqrt(1.0 - z**2)
    return np.stack([level * np.cos(round_), level * np.sin(round_), z], axis=1)


def _path(turns: list[Float], rate_hz: float, hold_s: float, turn_s: float) -> Float:
    parts: list[Float] = []
    share = np.linspace(0.0, 1.0, round(turn_s * rate_hz))
    smooth = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
    for i, quat in enumerate(turns):
        if i:
            between = multiply(conjugate(turns[i - 1]), quat)
            between = between if between[0] >= 0.0 else -between
            angle = 2.0 * np.arctan2(np.linalg.norm(between[1:]), between[0])
            axis = between[1:] / max(float(np.linalg.norm(between[1:])), 1e-12)
            half = smooth * angle / 2.0
            parts.append(
                multiply(
                    turns[i - 1][None, :],
                    np.concatenate([np.cos(half)[:, None], np.sin(half)[:, None] * axis], axis=1),
                )
            )
        parts.append(np.tile(quat, (round(hold_s * rate_hz), 1)))
    return np.concatenate(parts)


def _unit(quat: Float) -> Float:
    return quat / np.linalg.norm(quat, axis=1, keepdims=True)
