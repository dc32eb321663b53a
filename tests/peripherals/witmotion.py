"""WitMotion BLE 5.0 (WT901BLECL): a stream without counter, time or check sum, and registers."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from bumble import gatt
from bumble.core import AdvertisingData

from .faults import INERTIAL
from .motion import G_MS2, Vector, about, euler_deg, multiply
from .sensor import Properties, Sample, VirtualSensor, characteristic, counts

BASE = "0000{}-0000-1000-8000-00805f9a34fb"
SERVICE, NOTIFY, WRITE = (BASE.format(short) for short in ("ffe5", "ffe4", "ffe9"))
RATES_HZ = dict(zip(range(1, 11), (0.1, 0.5, 1, 2, 5, 10, 20, 50, 100, 200), strict=True))
CENTIVOLTS = (
    (396, 100), (393, 90), (387, 75), (382, 60), (379, 50), (377, 40), (373, 30), (370, 20),
    (368, 15), (350, 10), (340, 5),
)  # fmt: skip
UNLOCK = bytes.fromhex("FFAA6988B5")
RATE, MAG, TEMPERATURE, QUATERNION, BATTERY = 0x03, 0x3A, 0x40, 0x51, 0x64


def motion_packet(acc_g: Vector, gyr_dps: Vector, angles_deg: Vector) -> bytes:
    """Encode `55 61`: acceleration, angular rate, angles."""
    values = (
        counts(acc_g, 32768 / 16) + counts(gyr_dps, 32768 / 2000) + counts(angles_deg, 32768 / 180)
    )
    return struct.pack("<BB9h", 0x55, 0x61, *values)


def register_packet(register: int, values: list[int]) -> bytes:
    """Encode `55 71`: a register's number and eight values from it on."""
    return struct.pack("<BBH8h", 0x55, 0x71, register, *(values + [0] * 8)[:8])


@dataclass
class Registers:
    """Settings, those that survive without power, and the lock."""

    rate: int = 6
    saved_rate: int = 6
    unlocked: bool = False
    queue: list[Sample] = field(default_factory=list)


class WitMotion(VirtualSensor):
    """It streams from the moment that it has power, whether or not anybody listens."""

    model = "witmotion"
    default_name = "WT901BLE"
    address_prefix = "E5:A0:21:3C:77"
    possible_faults = INERTIAL | {"merged_packets", "split_packets", "name_collision"}

    def unit_name(self, number: int) -> str:
        """Return the name with the unit's number."""
        return f"{self.default_name}{number:02d}"

    def services(self) -> list[gatt.Service]:
        """Return the one service."""
        self.registers = Registers()
        self.yaw_zero_deg = 0.0
        self.stream = characteristic(NOTIFY, Properties.NOTIFY)
        writes = Properties.WRITE | Properties.WRITE_WITHOUT_RESPONSE
        command = characteristic(WRITE, writes, write=self._command)
        self.start_sampling(RATES_HZ[self.registers.rate])
        return [gatt.Service(SERVICE, [self.stream, command])]

    def advertising(self) -> list[tuple[int, bytes]]:
        """Name only: it and the service do not fit together."""
        return [(AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode())]

    def power_cycle(self) -> None:
        """Lose what was not saved."""
        self.registers = Registers(self.registers.saved_rate, self.registers.saved_rate)
        self.start_sampling(RATES_HZ[self.registers.rate])

    def link_ended(self) -> None:
        """Lock the registers again."""
        self.registers.unlocked = False
        self.registers.queue.clear()
        if "config_forgotten" in self.faults:
            self.registers.saved_rate = 6
            self.power_cycle()

    def _command(self, data: bytes) -> None:
        if len(data) != 5 or data[:2] != b"\xff\xaa":
            return
        register, low, high = data[2:]
        if data == UNLOCK:
            self.registers.unlocked = True
        elif register == 0x27:
            answer = register_packet(low | high << 8, self._values(low | high << 8))
            self.start_task(self.notify(self.stream, answer))
        elif self.registers.unlocked and "config_ignored" not in self.faults:
            self._set(register, low)

    def _set(self, register: int, low: int) -> None:
        if register == 0x00:
            self.registers.saved_rate = self.registers.rate
            self.registers.unlocked = False
        elif register == RATE and low in RATES_HZ:
            self.registers.rate = low
            self.start_sampling(RATES_HZ[low])
        elif register == 0x01 and low == 1:
            self.acc_bias_ms2 = (0.0, 0.0, 0.0)
            self.events.append("accelerometer calibrated")
        elif register == 0x01 and low == 4 and self.log:
            self.yaw_zero_deg = euler_deg(self.log[-1].state.quat_wxyz)[2]
            self.events.append("yaw zeroed")

    def _values(self, first: int) -> list[int]:
        return [self._value(register) for register in range(first, first + 8)]

    def _value(self, register: int) -> int:
        if register == RATE:
            return self.registers.rate
        if register == TEMPERATURE:
            return 2650
        if register == BATTERY:
            percent = self.battery_percent
            return next((cv for cv, least in CENTIVOLTS if percent >= least), 330)
        state = self.log[-1].state if self.log else self.motion.at(self.now())
        if MAG <= register < MAG + 3:
            return counts(state.mag_ut, 10)[register - MAG]  # milligauss
        if QUATERNION <= register < QUATERNION + 4:
            return counts(state.quat_wxyz, 32768)[register - QUATERNION]
        return 0

    async def emit(self, sample: Sample) -> None:
        """Send the sample, alone or in pieces as the faults will."""
        self.registers.queue.append(sample)
        if len(self.registers.queue) < self.faults.value("merged_packets", 1):
            return
        samples, self.registers.queue = self.registers.queue, []
        packet = b"".join(self._encode(each) for each in samples)
        if self.faults.strikes("split_packets"):
            cut = self.faults.rng.randrange(1, len(packet))
            await self.notify(self.stream, packet[:cut], samples)
            await self.notify(self.stream, packet[cut:], samples)
        else:
            await self.notify(self.stream, packet, samples)

    def _encode(self, sample: Sample) -> bytes:
        x, y, z = sample.acc_ms2
        quat = multiply(about((0.0, 0.0, 1.0), -self.yaw_zero_deg), sample.state.quat_wxyz)
        return motion_packet((x / G_MS2, y / G_MS2, z / G_MS2), sample.gyr_dps, euler_deg(quat))
