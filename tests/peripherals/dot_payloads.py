"""The payloads of a Movella DOT: measurement modes and the fields of an export."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from .motion import (
    G_MS2,
    Quaternion,
    Vector,
    added,
    conjugate,
    euler_deg,
    multiply,
    scaled,
    to_earth,
)
from .sensor import Sample, counts, field_units

NEW_FIELD = 0x200


@dataclass(frozen=True)
class Frame:
    """Everything that a DOT can report of one instant."""

    time_us: int
    quat_wxyz: Quaternion
    acc_ms2: Vector
    gyr_dps: Vector
    mag_au: Vector
    delta_quat: Quaternion
    delta_v_ms: Vector
    status: int

    @classmethod
    def of(
        cls,
        sample: Sample,
        before: Sample | None = None,
        period_s: float = 0.0,
        gyr_limit_dps: float = 2000.0,
    ) -> Frame:
        """Make the frame of a sample; differences are against the sample before."""
        quat = sample.state.quat_wxyz
        earlier = before.state.quat_wxyz if before else quat
        status = NEW_FIELD
        for bit, rate in enumerate(sample.gyr_dps):
            if abs(rate) >= gyr_limit_dps:
                status |= 0x08 << bit
        for bit, acc in enumerate(sample.acc_ms2):
            if abs(acc) >= 16 * G_MS2:
                status |= 0x01 << bit
        return cls(
            time_us=sample.device_us & 0xFFFFFFFF,
            quat_wxyz=quat,
            acc_ms2=sample.acc_ms2,
            gyr_dps=sample.gyr_dps,
            mag_au=field_units(sample.mag_ut),
            delta_quat=multiply(conjugate(earlier), quat),
            delta_v_ms=scaled(sample.acc_ms2, period_s),
            status=status,
        )

    @property
    def euler_deg(self) -> Vector:
        """Roll, pitch, yaw."""
        return euler_deg(self.quat_wxyz)

    @property
    def free_acc_ms2(self) -> Vector:
        """Acceleration in the earth frame without gravity."""
        return added(to_earth(self.quat_wxyz, self.acc_ms2), (0.0, 0.0, -G_MS2))

    @property
    def clips(self) -> tuple[int, int]:
        """How many axes of accelerometer and gyro are at their limit."""
        return (self.status & 0x07).bit_count(), (self.status & 0x38).bit_count()


def floats(*values: float) -> bytes:
    """Pack as little-endian floats."""
    return struct.pack(f"<{len(values)}f", *values)


def _mag(frame: Frame) -> bytes:
    return struct.pack("<3h", *counts(frame.mag_au, 4096))


def _status(frame: Frame) -> bytes:
    return struct.pack("<HBB", frame.status, *frame.clips)


FIELDS: dict[str, Callable[[Frame], bytes]] = {
    "quat": lambda f: floats(*f.quat_wxyz),
    "euler": lambda f: floats(*f.euler_deg),
    "free_acc": lambda f: floats(*f.free_acc_ms2),
    "acc": lambda f: floats(*f.acc_ms2),
    "gyr": lambda f: floats(*f.gyr_dps),
    "mag": _mag,
    "dq": lambda f: floats(*f.delta_quat),
    "dv": lambda f: floats(*f.delta_v_ms),
    "status": _status,
}


@dataclass(frozen=True)
class Payload:
    """One measurement mode: its characteristic, and its fields after the time stamp."""

    characteristic: int
    fields: tuple[str, ...]

    def pack(self, frame: Frame) -> bytes:
        """Return the bytes, without padding."""
        stamp = struct.pack("<I", frame.time_us)
        return stamp + b"".join(FIELDS[name](frame) for name in self.fields)


PAYLOADS = {
    2: Payload(0x2003, ("quat", "free_acc", "status")),
    3: Payload(0x2003, ("quat", "free_acc")),
    4: Payload(0x2004, ("euler",)),
    5: Payload(0x2004, ("quat",)),
    6: Payload(0x2004, ("free_acc",)),
    7: Payload(0x2003, ("euler", "free_acc", "status")),
    16: Payload(0x2003, ("euler", "free_acc")),
    18: Payload(0x2003, ("dq", "dv", "mag")),
    19: Payload(0x2003, ("dq", "dv")),
    20: Payload(0x2003, ("acc", "gyr", "mag")),
    21: Payload(0x2003, ("acc", "gyr")),
    22: Payload(0x2003, ("euler", "free_acc", "gyr")),
    23: Payload(0x2003, ("euler", "free_acc", "mag")),
    24: Payload(0x2003, ("quat", "gyr")),
    26: Payload(0x2002, ("quat", "acc", "gyr")),
}

EXPORT_FIELDS: dict[int, Callable[[Frame], bytes]] = {
    0x00: lambda f: struct.pack("<I", f.time_us),
    0x01: FIELDS["quat"],
    0x04: FIELDS["euler"],
    0x05: FIELDS["dq"],
    0x06: FIELDS["dv"],
    0x07: FIELDS["acc"],
    0x08: FIELDS["gyr"],
    0x09: FIELDS["mag"],
    0x0A: lambda f: struct.pack("<H", f.status),
    0x0B: lambda f: bytes([f.clips[0]]),
    0x0C: lambda f: bytes([f.clips[1]]),
}
