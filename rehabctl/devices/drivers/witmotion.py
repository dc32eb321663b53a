"""WitMotion sensors of the Bluetooth 5.0 protocol (WT901BLECL, WT9011DCL, BWT901BLE).

The packets have no checksum, counter or time, and notifications may split them: the stream is read
again from every header. Verified against documented bytes and one capture, not against a device.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from math import radians

from rehabctl.analysis.imu_recording import GRAVITY_MS2
from rehabctl.devices.model import EMPTY, Capabilities, SampleBatch, batch
from rehabctl.domain.sensor import BatteryState

SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
"""Not the base of the Bluetooth SIG: short forms do not match."""
NOTIFY = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE = "0000ffe9-0000-1000-8000-00805f9a34fb"

_RATE_CODES = {1: 3, 2: 4, 5: 5, 10: 6, 20: 7, 50: 8, 100: 9, 200: 10}
CAPABILITIES = Capabilities(
    device_time=False,
    magnetometer=False,
    onboard_log=False,
    rates_hz=tuple(_RATE_CODES),
    verified_against="documentation only",
    serial=False,
    gyroscope_dps_max=2000.0,
    accelerometer_g_max=16.0,
    battery_mid_stream=False,
)
_LENGTH = 20
_DATA, _REGISTER = 0x61, 0x71
_BATTERY_CENTIVOLT = (
    (396, 100), (393, 90), (387, 75), (382, 60), (379, 50), (377, 40), (373, 30), (370, 20),
    (368, 15), (350, 10), (340, 5),
)  # fmt: skip

MAGNETOMETER_REGISTER, QUATERNION_REGISTER = 0x3A, 0x51
TEMPERATURE_REGISTER, BATTERY_REGISTER = 0x40, 0x64
RATE_REGISTER = 0x03


@dataclass(frozen=True, slots=True)
class Register:
    """The answer to a register read: eight 16-bit words from `address` on."""

    address: int
    words: tuple[int, ...]


@dataclass
class PacketStream:
    """Cuts a stream of notifications into packets, and finds its place again after garbage."""

    _rest: bytearray = field(default_factory=bytearray)
    skipped_bytes: int = 0
    """Bytes that belonged to no packet."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the packets that are complete now.

        Parameters
        ----------
        data
            One notification.
        """
        self._rest += data
        packets: list[bytes] = []
        while len(self._rest) >= 2:
            if self._rest[0] != 0x55 or self._rest[1] not in (_DATA, _REGISTER):
                del self._rest[0]
                self.skipped_bytes += 1
                continue
            if len(self._rest) < _LENGTH:
                break
            packets.append(bytes(self._rest[:_LENGTH]))
            del self._rest[:_LENGTH]
        return packets


def decode_samples(packet: bytes) -> SampleBatch:
    """Decode a data packet (55 61): acceleration, rate, angles.

    Parameters
    ----------
    packet
        At least the 14 bytes up to the rate.
    """
    if len(packet) < 14 or packet[0] != 0x55 or packet[1] != _DATA:
        return EMPTY
    words = struct.unpack("<6h", packet[2:14])
    acc = [w / 32768.0 * 16.0 * GRAVITY_MS2 for w in words[:3]]
    gyr = [radians(w / 32768.0 * 2000.0) for w in words[3:]]
    return batch(acc=[acc], gyr=[gyr])


def decode_acceleration_g(packet: bytes) -> tuple[float, float, float] | None:
    """Return the acceleration in g, as the manufacturer's software shows it.

    Parameters
    ----------
    packet
        At least the 8 bytes up to the acceleration.
    """
    if len(packet) < 8 or packet[0] != 0x55 or packet[1] != _DATA:
        return None
    x, y, z = struct.unpack("<3h", packet[2:8])
    return x / 32768.0 * 16.0, y / 32768.0 * 16.0, z / 32768.0 * 16.0


def decode_register(packet: bytes) -> Register | None:
    """Decode the answer to a register read (55 71); as many words as came.

    Parameters
    ----------
    packet
        Header, address, words.
    """
    if len(packet) < 6 or packet[0] != 0x55 or packet[1] != _REGISTER:
        return None
    body = packet[4:_LENGTH]
    count = len(body) // 2
    return Register(
        int.from_bytes(packet[2:4], "little"), struct.unpack(f"<{count}h", body[: 2 * count])
    )


def battery_of(register: Register) -> BatteryState | None:
    """Return the charge that a battery register stands for.

    Parameters
    ----------
    register
        Of address 0x64, in hundredths of a volt.
    """
    if register.address != BATTERY_REGISTER or not register.words:
        return None
    level = register.words[0]
    percent = next((share for least, share in _BATTERY_CENTIVOLT if level >= least), 0)
    return BatteryState(percent=percent, volts=level / 100.0)


def rate_of(register: Register) -> int | None:
    """Return the rate that a rate register stands for; None for one that is not whole.

    Parameters
    ----------
    register
        Of address 0x03.
    """
    codes = {code: rate for rate, code in _RATE_CODES.items()}
    return codes.get(register.words[0] & 0xFF) if register.words else None


def read_command(register: int) -> bytes:
    """Return what reads eight registers.

    Parameters
    ----------
    register
        The first.
    """
    return bytes((0xFF, 0xAA, 0x27, register & 0xFF, register >> 8))


def write_command(register: int, value: int) -> bytes:
    """Return what writes one register; it takes effect after `UNLOCK` and stays after `SAVE`.

    Parameters
    ----------
    register, value
        A byte and a 16-bit word.
    """
    return bytes((0xFF, 0xAA, register)) + struct.pack("<H", value)


UNLOCK = write_command(0x69, 0xB588)
SAVE = write_command(0x00, 0x0000)


def rate_command(rate_hz: int) -> bytes:
    """Return what sets the output rate.

    Parameters
    ----------
    rate_hz
        One of `CAPABILITIES.rates_hz`.

    Raises
    ------
    ValueError
        Another rate.
    """
    if rate_hz not in _RATE_CODES:
        raise ValueError(f"rates of this sensor: {CAPABILITIES.rates_hz}")
    return write_command(0x03, _RATE_CODES[rate_hz])
