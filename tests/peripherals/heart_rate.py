"""A heart-rate strap by the Bluetooth SIG's services: heart rate, battery, device information."""

from __future__ import annotations

import math
import struct

from bumble import gatt
from bumble.core import AdvertisingData

from .faults import LINK
from .sensor import Properties, Sample, VirtualSensor, characteristic

WIDE, CONTACT, CONTACT_SUPPORTED, ENERGY, INTERVALS = 0x01, 0x02, 0x04, 0x08, 0x10


def measurement(
    rate_bpm: int,
    *,
    contact: bool | None = None,
    energy_kj: int | None = None,
    rr_s: tuple[float, ...] = (),
    wide: bool = False,
) -> bytes:
    """Encode 2A37."""
    flags = WIDE if wide or rate_bpm > 255 else 0
    if contact is not None:
        flags |= CONTACT_SUPPORTED | (CONTACT if contact else 0)
    flags |= (ENERGY if energy_kj is not None else 0) | (INTERVALS if rr_s else 0)
    body = struct.pack("<BH" if flags & WIDE else "<BB", flags, rate_bpm)
    if energy_kj is not None:
        body += struct.pack("<H", energy_kj)
    return body + b"".join(struct.pack("<H", round(rr * 1024)) for rr in rr_s)


class HeartRate(VirtualSensor):
    """A pulse that rises from 70 to 110 and falls again, over a minute."""

    model = "heart_rate"
    default_name = "HR Strap"
    address_prefix = "C8:11:6A:90:42"
    possible_faults = LINK | {
        "name_collision",
        "wrong_firmware",
        "contact_lost",
        "wide_heart_rate",
        "many_intervals",
    }

    def unit_name(self, number: int) -> str:
        """Return the name with the unit's number."""
        return f"{self.default_name} {number}"

    def services(self) -> list[gatt.Service]:
        """Return heart rate, battery and device information."""
        self.pulse = characteristic(
            gatt.GATT_HEART_RATE_MEASUREMENT_CHARACTERISTIC, Properties.NOTIFY
        )
        self.battery = characteristic(
            gatt.GATT_BATTERY_LEVEL_CHARACTERISTIC,
            Properties.READ | Properties.NOTIFY,
            read=lambda: bytes([self.battery_percent]),
        )
        firmware = b"0.0.1" if "wrong_firmware" in self.faults else b"2.1.0"
        facts = {
            gatt.GATT_MANUFACTURER_NAME_STRING_CHARACTERISTIC: b"Virtual Straps",
            gatt.GATT_MODEL_NUMBER_STRING_CHARACTERISTIC: b"VS-1",
            gatt.GATT_SERIAL_NUMBER_STRING_CHARACTERISTIC: f"HR-{self.number:04d}".encode(),
            gatt.GATT_FIRMWARE_REVISION_STRING_CHARACTERISTIC: firmware,
            gatt.GATT_HARDWARE_REVISION_STRING_CHARACTERISTIC: b"A",
        }
        self.start_sampling(1.0)
        return [
            gatt.Service(gatt.GATT_HEART_RATE_SERVICE, [self.pulse]),
            gatt.Service(gatt.GATT_BATTERY_SERVICE, [self.battery]),
            gatt.Service(
                gatt.GATT_DEVICE_INFORMATION_SERVICE,
                [characteristic(key, Properties.READ, value) for key, value in facts.items()],
            ),
        ]

    def advertising(self) -> list[tuple[int, bytes]]:
        """Name and the two services."""
        both = gatt.GATT_HEART_RATE_SERVICE.to_bytes() + gatt.GATT_BATTERY_SERVICE.to_bytes()
        return [
            (AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode()),
            (AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, both),
        ]

    def battery_changed(self, percent: int) -> None:
        """Notify the level."""
        self.start_task(self.notify(self.battery, bytes([percent])))

    @staticmethod
    def true_bpm(t_s: float) -> float:
        """Return the pulse at a time."""
        return 90 - 20 * math.cos(2 * math.pi * t_s / 60)

    async def emit(self, sample: Sample) -> None:
        """Send one measurement a second."""
        bpm = self.true_bpm(sample.t_s)
        lost = "contact_lost" in self.faults and sample.t_s >= self.faults["contact_lost"]
        intervals = int(self.faults.value("many_intervals", 1))
        packet = measurement(
            0 if lost else round(bpm),
            contact=not lost,
            rr_s=() if lost else (60 / bpm,) * intervals,
            wide="wide_heart_rate" in self.faults,
        )
        await self.notify(self.pulse, packet, [sample])
