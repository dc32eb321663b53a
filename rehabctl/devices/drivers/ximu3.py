"""x-io x-IMU3: binary data messages and settings of its communication protocol.

Written from the maker's user manual. Bytes arrive here whole and without the escapes of the wire:
the maker's own library (`ximu3_link`) takes the stream apart. Verified against that library over
TCP and against the manual's examples, not against a device. Magnetometer messages are not read:
they come at another rate, at times of their own.
"""

from __future__ import annotations

import json
import struct
from math import isfinite, radians

from rehabctl.analysis.imu_recording import GRAVITY_MS2
from rehabctl.devices.model import EMPTY, Capabilities, SampleBatch, batch
from rehabctl.domain.sensor import BatteryState

SAMPLE_HZ = 400
"""Of the sensor itself; messages come at a whole fraction of it."""
INERTIAL, BATTERY = "inertial", "battery"
"""Kinds of messages, as the link names them."""
_INERTIAL = struct.Struct("<BQ6f")
_BATTERY = struct.Struct("<BQ3f")
_INERTIAL_KIND, _BATTERY_KIND = 0xC9, 0xC2
_WRAP_US = 2**32
RATE_DIVISOR = "inertial_message_rate_divisor"
CAPABILITIES = Capabilities(
    device_time=True,
    magnetometer=False,
    onboard_log=False,
    rates_hz=(20, 25, 40, 50, 80, 100, 200),
    verified_against="vendor bytes",
    serial=True,
    gyroscope_dps_max=2000.0,
    accelerometer_g_max=16.0,
    battery_mid_stream=True,
)


def decode_inertial(message: bytes) -> SampleBatch:
    """Decode an inertial message: C9, microseconds, rate in deg/s, acceleration in g.

    Parameters
    ----------
    message
        Without escapes and without the line feed that ends it.
    """
    if len(message) != _INERTIAL.size or message[0] != _INERTIAL_KIND:
        return EMPTY
    _, time_us, *values = _INERTIAL.unpack(message)
    if not all(isfinite(value) for value in values):
        return EMPTY
    return batch(
        gyr=[[radians(value) for value in values[:3]]],
        acc=[[value * GRAVITY_MS2 for value in values[3:]]],
        device_time_us=(time_us % _WRAP_US,),
    )


def decode_battery(message: bytes) -> BatteryState | None:
    """Decode a battery message: C2, microseconds, percent, volts, charging (0 is unplugged).

    Parameters
    ----------
    message
        As of `decode_inertial`.
    """
    if len(message) != _BATTERY.size or message[0] != _BATTERY_KIND:
        return None
    _, _, percent, volts, status = _BATTERY.unpack(message)
    if not all(isfinite(value) for value in (percent, volts, status)) or not 0 <= percent <= 100:
        return None
    return BatteryState(round(percent), status != 0, volts)


def rate_divisor(rate_hz: int) -> bytes:
    """Return the value of `RATE_DIVISOR` for a rate, as JSON.

    Parameters
    ----------
    rate_hz
        One of the rates.
    """
    return str(SAMPLE_HZ // rate_hz).encode()


def decode_rate(value: bytes) -> int | None:
    """Return the rate that a divisor read back stands for; None for one that is none.

    Parameters
    ----------
    value
        JSON.
    """
    try:
        divisor = json.loads(value)
    except ValueError:
        return None
    whole = isinstance(divisor, int) and divisor > 0 and SAMPLE_HZ % divisor == 0
    return SAMPLE_HZ // divisor if whole else None


def decode_text(value: bytes) -> str:
    """Return a setting that is a text; empty for any other.

    Parameters
    ----------
    value
        JSON.
    """
    try:
        text = json.loads(value)
    except ValueError:
        return ""
    return text.strip() if isinstance(text, str) and text.strip().isprintable() else ""
