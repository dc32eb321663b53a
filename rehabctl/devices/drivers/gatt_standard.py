"""Standard Bluetooth services: battery (180F), device information (180A), heart rate (180D).

Decoders never raise: bytes that are too short give None.
"""

from __future__ import annotations

from dataclasses import dataclass

from rehabctl.domain.sensor import BatteryState


def sig_uuid(short: int) -> str:
    """Return the full form of a 16-bit UUID of the Bluetooth SIG.

    Parameters
    ----------
    short
        Such as 0x2A19.
    """
    return f"0000{short:04x}-0000-1000-8000-00805f9b34fb"


BATTERY_LEVEL = sig_uuid(0x2A19)
HEART_RATE = sig_uuid(0x2A37)
DEVICE_INFORMATION = {
    "manufacturer": sig_uuid(0x2A29),
    "model": sig_uuid(0x2A24),
    "serial": sig_uuid(0x2A25),
    "firmware": sig_uuid(0x2A26),
    "hardware": sig_uuid(0x2A27),
}


@dataclass(frozen=True, slots=True)
class HeartRate:
    """One heart rate measurement."""

    beats_per_min: int
    contact: bool | None
    """None where the sensor does not tell."""
    rr_s: tuple[float, ...]
    energy_kj: int | None


def decode_battery(data: bytes) -> BatteryState | None:
    """Decode 2A19.

    Parameters
    ----------
    data
        One byte, 0 to 100.
    """
    return BatteryState(percent=data[0]) if data and data[0] <= 100 else None


def decode_text(data: bytes) -> str:
    """Decode a string of the device information service.

    Parameters
    ----------
    data
        UTF-8, perhaps ended by zeros.
    """
    text = data.split(b"\0", 1)[0].decode("utf-8", errors="replace")
    return "".join(c for c in text if c.isprintable()).strip()[:100]


def decode_heart_rate(data: bytes) -> HeartRate | None:
    """Decode 2A37: flags, rate of 8 or 16 bits, energy, beat intervals in 1/1024 s.

    Parameters
    ----------
    data
        The notification.
    """
    if not data:
        return None
    flags, at = data[0], 1
    width = 2 if flags & 0x01 else 1
    rate = data[at : at + width]
    at += width
    energy: int | None = None
    if flags & 0x08:
        if len(data) < at + 2:
            return None
        energy = int.from_bytes(data[at : at + 2], "little")
        at += 2
    if len(rate) < width:
        return None
    intervals: tuple[float, ...] = ()
    if flags & 0x10:
        whole = range(at, len(data) - 1, 2)
        intervals = tuple(int.from_bytes(data[i : i + 2], "little") / 1024.0 for i in whole)
    contact = bool(flags & 0x02) if flags & 0x04 else None
    return HeartRate(int.from_bytes(rate, "little"), contact, intervals, energy)
