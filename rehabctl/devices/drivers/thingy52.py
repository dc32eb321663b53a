"""Nordic Thingy:52: the motion service of its published firmware.

Neither time nor counter is sent: what was lost between two connections is known, what was lost on
the air is not. Verified against documented formats, not against a device.
"""

from __future__ import annotations

import struct
from math import radians

from rehabctl.analysis.imu_recording import GRAVITY_MS2
from rehabctl.devices.model import EMPTY, Capabilities, SampleBatch, batch

CAPABILITIES = Capabilities(
    device_time=False,
    magnetometer=True,
    onboard_log=False,
    rates_hz=(5, 10, 20, 50, 60, 100, 200),
    verified_against="documentation only",
    serial=False,
    gyroscope_dps_max=2000.0,
    accelerometer_g_max=16.0,
    battery_mid_stream=True,
)


def uuid(short: int) -> str:
    """Return the full form of one of the sensor's UUIDs.

    Parameters
    ----------
    short
        Such as 0x0406.
    """
    return f"ef68{short:04x}-9b35-4933-9b10-52ffa9740042"


MOTION_SERVICE, CONFIGURATION = uuid(0x0400), uuid(0x0401)
QUATERNION, RAW = uuid(0x0404), uuid(0x0406)


def decode_raw(data: bytes) -> SampleBatch:
    """Decode characteristic 0406: acceleration /2^10 g, rate /2^5 deg/s, field /2^4 microtesla.

    Parameters
    ----------
    data
        18 bytes.
    """
    if len(data) < 18:
        return EMPTY
    words = struct.unpack("<9h", data[:18])
    return batch(
        acc=[[w / 1024.0 * GRAVITY_MS2 for w in words[:3]]],
        gyr=[[radians(w / 32.0) for w in words[3:6]]],
        mag=[[w / 16.0 for w in words[6:9]]],
    )


def decode_quaternion(data: bytes) -> tuple[float, float, float, float] | None:
    """Decode characteristic 0404: w, x, y, z in 1/2^30.

    Parameters
    ----------
    data
        16 bytes.
    """
    if len(data) < 16:
        return None
    w, x, y, z = struct.unpack("<4i", data[:16])
    return w / 2**30, x / 2**30, y / 2**30, z / 2**30


def configuration(rate_hz: int) -> bytes:
    """Return the 9 bytes of characteristic 0401 for a motion rate.

    Parameters
    ----------
    rate_hz
        5 to 200.

    Raises
    ------
    ValueError
        Another rate.
    """
    if not 5 <= rate_hz <= 200:
        raise ValueError("rates of this sensor: 5 to 200")
    return struct.pack("<4HB", 1000, 1000, 1000, rate_hz, 0)


def decode_rate(data: bytes) -> int | None:
    """Return the motion rate that characteristic 0401 reads back.

    Parameters
    ----------
    data
        9 bytes.
    """
    return None if len(data) < 8 else int.from_bytes(data[6:8], "little")
