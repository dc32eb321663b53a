"""Motion sensors: what they are, what was found about them, and their calibration certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Procedure(StrEnum):
    """A calibration procedure of the bench."""

    STATIC = "static"
    """Still on a table: gyroscope bias and noise."""
    ACCELEROMETER = "accelerometer"
    """Still in many poses: scale, bias and axis misalignment."""
    MAGNETOMETER = "magnetometer"
    """Tumbled through all directions: hard and soft iron."""
    FUNCTIONAL = "functional"
    """A hinge joint moved: its axis in the sensor, from one or two sensors."""
    ALLAN = "allan"
    """Still for half an hour or more: noise density and bias instability."""


class Joint(StrEnum):
    """A joint between two sensors."""

    KNEE = "knee"
    ELBOW = "elbow"
    ANKLE = "ankle"
    WRIST = "wrist"
    HIP = "hip"
    SHOULDER = "shoulder"


HINGE_JOINTS = frozenset({Joint.KNEE, Joint.ELBOW})
"""Joints that move about one axis, by which the heading between the sensors is corrected."""


@dataclass(frozen=True, slots=True)
class SensorFinding:
    """Something about a recording that limits its use; the keys are the contract's."""

    code: str
    text: str
    at_s: tuple[float, ...] = ()
    """Seconds from the start of the recording, the first places only."""


@dataclass(frozen=True, slots=True)
class SensorIdentity:
    """Who made a recording."""

    serial: str = ""
    model: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class BatteryState:
    """Charge of a sensor."""

    percent: int | None
    charging: bool | None = None
    volts: float | None = None


@dataclass(frozen=True)
class CalibrationResult:
    """What one procedure gave, and whether it is within the limits."""

    procedure: Procedure
    passed: bool
    limits: Mapping[str, float]
    results: Mapping[str, object]
    findings: tuple[SensorFinding, ...] = ()


@dataclass(frozen=True)
class CalibrationCertificate:
    """The statement that is signed. It names a sensor and an operator, never a patient."""

    procedure: Procedure
    sensor: SensorIdentity
    passed: bool
    limits: Mapping[str, float]
    results: Mapping[str, object]
    findings: tuple[SensorFinding, ...]
    operator: str
    temperature_c: float | None
    software: str
    input_sha256: tuple[str, ...]
    issued_at: datetime
    valid_until: datetime
    uncertainty: Mapping[str, float] = field(default_factory=dict[str, float])
    """Standard uncertainty of results, by their names."""


@dataclass(frozen=True)
class GapRecord:
    """Samples that a recording lacks."""

    from_s: float
    to_s: float
    missing: int | None
    """Exact where the sensor counts or times its samples, else None."""
    reason: str
    estimated: int | None = field(default=None)
    """By the nominal rate, where the exact number cannot be known."""
