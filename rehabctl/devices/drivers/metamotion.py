"""MbientLab MetaMotion (boards with a BMI160): frames of module, register, data.

Written from the bytes that the manufacturer's tests show, not from its library. Boards with a
BMI270 differ and are not supported. Verified against vendor bytes, not against a device.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import isfinite, radians

from rehabctl.analysis.imu_recording import GRAVITY_MS2
from rehabctl.devices.model import EMPTY, Capabilities, SampleBatch, batch
from rehabctl.domain.sensor import BatteryState

SERVICE = "326a9000-85cb-9195-d9dd-464cfbbae75a"
COMMAND = "326a9001-85cb-9195-d9dd-464cfbbae75a"
NOTIFY = "326a9006-85cb-9195-d9dd-464cfbbae75a"
CAPABILITIES = Capabilities(
    device_time=False,
    magnetometer=False,
    onboard_log=True,
    rates_hz=(100,),
    verified_against="vendor bytes",
    serial=True,
    gyroscope_dps_max=2000.0,
    accelerometer_g_max=16.0,
    battery_mid_stream=False,
)
ACCELEROMETER, GYROSCOPE, FUSION, SETTINGS = 0x03, 0x13, 0x19, 0x11
_ACC_PER_G = {2: 16384.0, 4: 8192.0, 8: 4096.0, 16: 2048.0}
_GYR_PER_DPS = {2000: 16.4, 1000: 32.8, 500: 65.6, 250: 131.2, 125: 262.4}
BATTERY_READ = bytes((SETTINGS, 0xCC))


@dataclass(frozen=True, slots=True)
class Ranges:
    """The ranges that were configured; frames do not carry them."""

    acc_g: int = 4
    gyr_dps: int = 500


def decode_acceleration_g(data: bytes, acc_g: int) -> list[tuple[float, ...]]:
    """Decode acceleration frames: one sample (03 04) or three (03 1C), in g.

    Parameters
    ----------
    data
        The notification.
    acc_g
        Range that was configured.
    """
    if data[:2] == bytes((ACCELEROMETER, 0x04)):
        return _vectors(data[2:8], _ACC_PER_G[acc_g])
    if data[:2] == bytes((ACCELEROMETER, 0x1C)):
        return _vectors(data[2:20], _ACC_PER_G[acc_g])
    return []


def decode_rate_dps(data: bytes, gyr_dps: int) -> list[tuple[float, ...]]:
    """Decode a rotation rate frame (13 05), in deg/s.

    Parameters
    ----------
    data
        The notification.
    gyr_dps
        Range that was configured.
    """
    if data[:2] != bytes((GYROSCOPE, 0x05)):
        return []
    return _vectors(data[2:8], _GYR_PER_DPS[gyr_dps])


def decode_quaternion(data: bytes) -> tuple[float, float, float, float] | None:
    """Decode a fusion quaternion frame (19 07): w, x, y, z.

    Parameters
    ----------
    data
        The notification.
    """
    if len(data) < 18 or data[:2] != bytes((FUSION, 0x07)):
        return None
    w, x, y, z = struct.unpack("<4f", data[2:18])
    return (w, x, y, z) if all(isfinite(v) for v in (w, x, y, z)) else None


def decode_samples(data: bytes, ranges: Ranges) -> SampleBatch:
    """Return what a frame carries in SI units; acceleration and rate come in frames of their own.

    Parameters
    ----------
    data
        The notification.
    ranges
        As configured.
    """
    acc = decode_acceleration_g(data, ranges.acc_g)
    if acc:
        return batch(acc=[[v * GRAVITY_MS2 for v in row] for row in acc])
    gyr = decode_rate_dps(data, ranges.gyr_dps)
    if gyr:
        return batch(gyr=[[radians(v) for v in row] for row in gyr])
    quat = decode_quaternion(data)
    return EMPTY if quat is None else batch(quat=[quat])


def decode_battery(data: bytes) -> BatteryState | None:
    """Decode the answer to `BATTERY_READ`: percent, then millivolts.

    Parameters
    ----------
    data
        The notification.
    """
    if len(data) < 5 or data[0] != SETTINGS or data[1] & 0x3F != 0x0C or data[2] > 100:
        return None
    return BatteryState(percent=data[2], volts=int.from_bytes(data[3:5], "little") / 1000.0)


def _vectors(body: bytes, per_unit: float) -> list[tuple[float, ...]]:
    count = len(body) // 6
    words = struct.unpack(f"<{3 * count}h", body[: 6 * count])
    return [tuple(w / per_unit for w in words[3 * i : 3 * i + 3]) for i in range(count)]


_ODR_100_HZ = 0x28
_ACC_RANGE_CODES = {2: 0x03, 4: 0x05, 8: 0x08, 16: 0x0C}
_GYR_RANGE_CODES = {2000: 0x00, 1000: 0x01, 500: 0x02, 250: 0x03, 125: 0x04}
_BMI270 = 0x04
"""Implementation number in the answer of a module read; from general knowledge, not documented."""

START = (
    bytes((ACCELEROMETER, 0x04, 0x01)), bytes((GYROSCOPE, 0x05, 0x01)),
    bytes((ACCELEROMETER, 0x02, 0x01, 0x00)), bytes((GYROSCOPE, 0x02, 0x01, 0x00)),
    bytes((ACCELEROMETER, 0x01, 0x01)), bytes((GYROSCOPE, 0x01, 0x01)),
)  # fmt: skip
"""Listen, enable and start, of both sensors."""
STOP = (
    bytes((ACCELEROMETER, 0x01, 0x00)), bytes((GYROSCOPE, 0x01, 0x00)),
    bytes((ACCELEROMETER, 0x02, 0x00, 0x01)), bytes((GYROSCOPE, 0x02, 0x00, 0x01)),
    bytes((ACCELEROMETER, 0x04, 0x00)), bytes((GYROSCOPE, 0x05, 0x00)),
)  # fmt: skip


def configuration(ranges: Ranges) -> tuple[bytes, bytes]:
    """Return what sets both sensors to 100 samples a second.

    Parameters
    ----------
    ranges
        Of acceleration and rate.
    """
    return (
        bytes((ACCELEROMETER, 0x03, _ODR_100_HZ, _ACC_RANGE_CODES[ranges.acc_g])),
        bytes((GYROSCOPE, 0x03, _ODR_100_HZ, _GYR_RANGE_CODES[ranges.gyr_dps])),
    )


def is_supported(module: bytes) -> bool:
    """Tell whether the answer to a read of the acceleration module names no BMI270.

    Parameters
    ----------
    module
        Module, register, implementation, revision.
    """
    return len(module) < 3 or module[2] != _BMI270


def joined(acc: SampleBatch, gyr: SampleBatch) -> SampleBatch:
    """Return one batch of a frame of acceleration and one of rate.

    Parameters
    ----------
    acc, gyr
        Of one sample each.
    """
    return batch(acc=acc.acc_ms2.tolist(), gyr=gyr.gyr_rads.tolist())
