"""Nordic Thingy:52: the motion service. A subscription starts a stream, its end stops it.

Of the configuration service the reference gives the number only; it is there without content.
"""

from __future__ import annotations

import struct

from bumble import att, gatt
from bumble.core import UUID, AdvertisingData

from .motion import G_MS2, Quaternion, Vector, euler_deg, matrix, scaled, to_sensor
from .sensor import Properties, Sample, VirtualSensor, characteristic, counts, refuse_length

DEFAULT_CONFIG = struct.pack("<4HB", 500, 500, 500, 10, 1)
STREAMED = (0x0404, 0x0406, 0x0407, 0x0408, 0x0409, 0x040A)


def uuid(short: int) -> str:
    """Return a Thingy UUID from its 16 bits."""
    return f"ef68{short:04x}-9b35-4933-9b10-52ffa9740042"


def raw_packet(acc_g: Vector, gyr_dps: Vector, mag_ut: Vector) -> bytes:
    """Encode 0406."""
    values = counts(acc_g, 2**10) + counts(gyr_dps, 2**5) + counts(mag_ut, 2**4)
    return struct.pack("<9h", *values)


def quaternion_packet(quat_wxyz: Quaternion) -> bytes:
    """Encode 0404."""
    return struct.pack("<4i", *(round(v * 2**30) for v in quat_wxyz))


class Thingy52(VirtualSensor):
    """It has no counter and no clock that a client can read."""

    model = "thingy52"
    default_name = "Thingy"
    address_prefix = "F7:52:0A:11:30"
    gyr_range_dps = 1000.0

    def services(self) -> list[gatt.Service]:
        """Return configuration, motion and battery services."""
        self.config = DEFAULT_CONFIG
        notify = Properties.NOTIFY
        self.outputs = {
            short: characteristic(uuid(short), notify) for short in (0x0402, 0x0403, 0x0405)
        } | {short: characteristic(uuid(short), notify) for short in STREAMED}
        self.battery = characteristic(
            gatt.GATT_BATTERY_LEVEL_CHARACTERISTIC,
            Properties.READ | notify,
            read=lambda: bytes([self.battery_percent]),
        )
        config = characteristic(
            uuid(0x0401),
            Properties.READ | Properties.WRITE,
            read=lambda: self.config,
            write=self._configure,
        )
        for short in STREAMED:
            self.outputs[short].on("subscription", self._follow_subscriptions)
        return [
            gatt.Service(uuid(0x0100), []),
            gatt.Service(uuid(0x0400), [config, *self.outputs.values()]),
            gatt.Service(gatt.GATT_BATTERY_SERVICE, [self.battery]),
        ]

    def advertising(self) -> list[tuple[int, bytes]]:
        """Name and configuration service."""
        return [
            (AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode()),
            (
                AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                UUID(uuid(0x0100)).to_bytes(),
            ),
        ]

    def battery_changed(self, percent: int) -> None:
        """Notify the level."""
        self.start_task(self.notify(self.battery, bytes([percent])))

    async def tap(self, direction: int, count: int) -> None:
        """Knock on the device."""
        await self.notify(self.outputs[0x0402], bytes([direction, count]))

    def _configure(self, data: bytes) -> None:
        refuse_length(data, 9)
        step_ms, temperature_ms, compass_ms, motion_hz, wake = struct.unpack("<4HB", data)
        if not (
            100 <= step_ms <= 5000
            and 100 <= temperature_ms <= 5000
            and 100 <= compass_ms <= 1000
            and 5 <= motion_hz <= 200
            and wake in (0, 1)
        ):
            raise att.ATT_Error(att.ErrorCode(0x80))
        if "config_ignored" in self.faults:
            return
        self.config = data
        if self.sampling:
            self.start_sampling(motion_hz)

    def _listening(self) -> bool:
        return any(self.subscribed(self.outputs[short]) for short in STREAMED)

    def _follow_subscriptions(self, *_change: object) -> None:
        if self._listening() and not self.sampling:
            self.start_sampling(struct.unpack_from("<H", self.config, 6)[0])
        elif not self._listening():
            self.stop_sampling()

    def link_ended(self) -> None:
        """A stream ends with its link."""
        self.stop_sampling()
        if "config_forgotten" in self.faults:
            self.config = DEFAULT_CONFIG

    async def emit(self, sample: Sample) -> None:
        """Send what is subscribed."""
        for short, output in self.outputs.items():
            if short in STREAMED and self.subscribed(output):
                await self.notify(output, self._encode(short, sample), [sample])

    def _encode(self, short: int, sample: Sample) -> bytes:
        quat = sample.state.quat_wxyz
        if short == 0x0404:
            return quaternion_packet(quat)
        if short == 0x0406:
            return raw_packet(scaled(sample.acc_ms2, 1 / G_MS2), sample.gyr_dps, sample.mag_ut)
        if short == 0x0407:
            return struct.pack("<3i", *(round(v * 2**16) for v in euler_deg(quat)))
        if short == 0x0408:
            return struct.pack("<9h", *counts(matrix(quat), 2**14))
        if short == 0x0409:
            return struct.pack("<i", round(euler_deg(quat)[2] * 2**16))
        return struct.pack("<3f", *to_sensor(quat, (0.0, 0.0, G_MS2)))
