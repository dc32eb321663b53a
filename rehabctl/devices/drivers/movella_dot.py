"""Movella (Xsens) DOT: byte formats of its BLE service specification (XD0506P, revision C).

All numbers are little endian. Decoders never raise: what is too short, unknown or not a number
gives no sample. Verified against the vendor's documented bytes, not against a device.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite, radians

from rehabctl.devices.model import EMPTY, Capabilities, SampleBatch, batch
from rehabctl.domain.sensor import BatteryState

MAG_PER_UNIT = 1 / 4096
"""Of the sensor's arbitrary unit; VQF needs no unit."""
CAPABILITIES = Capabilities(
    device_time=True,
    magnetometer=True,
    onboard_log=True,
    rates_hz=(1, 4, 10, 12, 15, 20, 30, 60),
    verified_against="vendor bytes",
    serial=True,
    gyroscope_dps_max=2000.0,
    accelerometer_g_max=16.0,
    battery_mid_stream=True,
)


def uuid(short: int) -> str:
    """Return the full form of one of the sensor's UUIDs.

    Parameters
    ----------
    short
        Such as 0x2001.
    """
    return f"1517{short:04x}-4947-11e9-8646-d663bd873d93"


INFORMATION, CONTROL, REPORT = uuid(0x1001), uuid(0x1002), uuid(0x1004)
MEASUREMENT, LONG, MEDIUM, SHORT = uuid(0x2001), uuid(0x2002), uuid(0x2003), uuid(0x2004)
BATTERY = uuid(0x3001)
MESSAGE, ACKNOWLEDGE, NOTIFICATION = uuid(0x7001), uuid(0x7002), uuid(0x7003)


class Mode(IntEnum):
    """Payloads that are decoded; the number is the one sent to the sensor."""

    EXTENDED_QUATERNION = 2
    COMPLETE_QUATERNION = 3
    ORIENTATION_QUATERNION = 5
    FREE_ACCELERATION = 6
    DELTA_WITH_MAG = 18
    DELTA = 19
    RATE_WITH_MAG = 20
    RATE = 21
    CUSTOM_5 = 26


@dataclass(frozen=True, slots=True)
class _Layout:
    fields: str
    """struct codes after the time stamp."""
    characteristic: str


_LAYOUTS = {
    Mode.EXTENDED_QUATERNION: _Layout("7fHBB", MEDIUM),
    Mode.COMPLETE_QUATERNION: _Layout("7f", MEDIUM),
    Mode.ORIENTATION_QUATERNION: _Layout("4f", SHORT),
    Mode.FREE_ACCELERATION: _Layout("3f", SHORT),
    Mode.DELTA_WITH_MAG: _Layout("7f3h", MEDIUM),
    Mode.DELTA: _Layout("7f", MEDIUM),
    Mode.RATE_WITH_MAG: _Layout("6f3h", MEDIUM),
    Mode.RATE: _Layout("6f", MEDIUM),
    Mode.CUSTOM_5: _Layout("10f", LONG),
}


_STRUCTS = {mode: struct.Struct(f"<I{layout.fields}") for mode, layout in _LAYOUTS.items()}


@dataclass(frozen=True, slots=True)
class Information:
    """What characteristic 1001 says."""

    address: str
    firmware: str
    built: str
    serial: str
    product: str


@dataclass(frozen=True, slots=True)
class Payload:
    """One decoded notification, every field as the sensor sent it."""

    mode: Mode
    time_us: int
    values: tuple[float, ...]


def payload_characteristic(mode: Mode) -> str:
    """Return the characteristic whose notifications carry a mode.

    Parameters
    ----------
    mode
        Any.
    """
    return _LAYOUTS[mode].characteristic


def decode_payload(mode: Mode, data: bytes) -> Payload | None:
    """Return the fields of one notification; zero padding behind them is ignored.

    Parameters
    ----------
    mode
        The mode that was started.
    data
        The notification.
    """
    layout = _STRUCTS[mode]
    if len(data) < layout.size:
        return None
    time_us, *values = layout.unpack_from(data)
    if not all(map(isfinite, values)):
        return None
    return Payload(mode, time_us, tuple(values))


def decode_samples(mode: Mode, data: bytes) -> SampleBatch:
    """Return the sample of one notification in SI units.

    Parameters
    ----------
    mode
        The mode that was started.
    data
        The notification.
    """
    payload = decode_payload(mode, data)
    if payload is None:
        return EMPTY
    values, times = payload.values, (payload.time_us,)
    if mode in (Mode.RATE, Mode.RATE_WITH_MAG):
        mag = [[v * MAG_PER_UNIT for v in values[6:9]]] if mode is Mode.RATE_WITH_MAG else None
        gyr = [radians(v) for v in values[3:6]]
        return batch(acc=[values[:3]], gyr=[gyr], mag=mag, device_time_us=times)
    if mode is Mode.CUSTOM_5:
        gyr = [radians(v) for v in values[7:10]]
        return batch(quat=[values[:4]], acc=[values[4:7]], gyr=[gyr], device_time_us=times)
    if mode in (Mode.EXTENDED_QUATERNION, Mode.COMPLETE_QUATERNION, Mode.ORIENTATION_QUATERNION):
        status = (int(values[7]),) if mode is Mode.EXTENDED_QUATERNION else ()
        return batch(quat=[values[:4]], device_time_us=times, status=status)
    return EMPTY  # increments and free acceleration are no inputs of a filter


def decode_information(data: bytes) -> Information | None:
    """Decode characteristic 1001 (34 bytes).

    Parameters
    ----------
    data
        As read.
    """
    if len(data) < 34:
        return None
    address = ":".join(f"{byte:02X}" for byte in data[:6])
    major, minor, revision = data[6:9]
    year, month, day, hour, minute, second = struct.unpack("<HBBBBB", data[9:16])
    serial = struct.unpack("<Q", data[20:28])[0]
    product = data[28:34].split(b"\0", 1)[0].decode("ascii", errors="replace")
    return Information(
        address=address,
        firmware=f"{major}.{minor}.{revision}",
        built=f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}",
        serial=f"{serial:016X}",
        product=product,
    )


def decode_battery(data: bytes) -> BatteryState | None:
    """Decode characteristic 3001.

    Parameters
    ----------
    data
        Percent, then whether it is charging.
    """
    if len(data) < 2 or data[0] > 100:
        return None
    return BatteryState(percent=data[0], charging=data[1] != 0)


def start_command(mode: Mode) -> bytes:
    """Return what starts a measurement.

    Parameters
    ----------
    mode
        Which payload.
    """
    return bytes((1, 1, mode))


def stop_command(mode: Mode) -> bytes:
    """Return what stops a measurement.

    Parameters
    ----------
    mode
        The one that was started.
    """
    return bytes((1, 0, mode))


def identify_command() -> bytes:
    """Return the 32 bytes that make the sensor blink."""
    return bytes((1, 1)) + bytes(30)


def rate_command(rate_hz: int) -> bytes:
    """Return the 32 bytes that set the output rate.

    Parameters
    ----------
    rate_hz
        One of `CAPABILITIES.rates_hz`.

    Raises
    ------
    ValueError
        Another rate.
    """
    if rate_hz not in CAPABILITIES.rates_hz:
        raise ValueError(f"rates of this sensor: {CAPABILITIES.rates_hz}")
    return bytes((0x10,)) + bytes(23) + struct.pack("<H", rate_hz) + bytes(6)


def decode_rate(control: bytes) -> int | None:
    """Return the rate that the control characteristic reads back.

    Parameters
    ----------
    control
        32 bytes of 1002.
    """
    return None if len(control) < 26 else int.from_bytes(control[24:26], "little")


def message(kind: int, data: bytes) -> bytes:
    """Return a frame of the message service: kind, length, data, checksum.

    Parameters
    ----------
    kind
        1 recording, 2 synchronisation, 3 configuration.
    data
        Up to 255 bytes.
    """
    body = bytes((kind, len(data))) + data
    return body + bytes((-sum(body) & 0xFF,))


def decode_message(frame: bytes) -> tuple[int, bytes] | None:
    """Return kind and data of a frame whose length and checksum are right.

    Parameters
    ----------
    frame
        As read; zero padding behind it is allowed.
    """
    if len(frame) < 3:
        return None
    end = 2 + frame[1]
    if len(frame) <= end or sum(frame[: end + 1]) & 0xFF:
        return None
    return frame[0], bytes(frame[2:end])
