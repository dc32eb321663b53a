"""x-io x-IMU3 over a link of its own (`ximu3_link`), by Wi-Fi, USB or serial port."""

from __future__ import annotations

import asyncio

from rehabctl.devices.driver import Advertisement, BatchSink, Link, check_read_back, ignored
from rehabctl.devices.drivers import ximu3
from rehabctl.devices.model import Capabilities
from rehabctl.domain.sensor import BatteryState, SensorIdentity

_BATTERY_S = 1.5
"""Battery messages come once a second."""


class Ximu3Driver:
    """x-IMU3, rate and acceleration with the sensor's time."""

    name = "ximu3"
    capabilities: Capabilities = ximu3.CAPABILITIES

    def match(self, advertisement: Advertisement) -> bool:
        """Tell by the kind of address."""
        return advertisement.address.lower().startswith("ximu3:")

    async def identity(self, link: Link) -> SensorIdentity:
        """Read serial number and firmware."""
        words = [
            ximu3.decode_text(await link.read(key)) for key in ("serial_number", "firmware_version")
        ]
        return SensorIdentity(words[0], "x-IMU3", words[1])

    async def battery(self, link: Link) -> BatteryState | None:
        """Wait for the next battery message."""
        found: asyncio.Future[BatteryState] = asyncio.get_running_loop().create_future()

        def received(message: bytes) -> None:
            charge = ximu3.decode_battery(message)
            if charge is not None and not found.done():
                found.set_result(charge)

        await link.subscribe(ximu3.BATTERY, received)
        try:
            return await asyncio.wait_for(found, _BATTERY_S)
        except TimeoutError:
            return None
        finally:
            with ignored():
                await link.unsubscribe(ximu3.BATTERY)

    async def identify(self, link: Link) -> None:
        """Strobe its light for five seconds."""
        await link.write("strobe", b"null")

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Set the divisor of the rate, apply it at once, and read it back."""
        await link.write(ximu3.RATE_DIVISOR, ximu3.rate_divisor(rate_hz))
        await link.write("apply", b"null")
        kept = ximu3.decode_rate(await link.read(ximu3.RATE_DIVISOR))
        return check_read_back(self.name, rate_hz, kept)

    async def start(self, link: Link, sink: BatchSink) -> None:
        """Listen: it sends all the time."""

        def received(message: bytes) -> None:
            batch = ximu3.decode_inertial(message)
            if len(batch):
                sink(batch)

        await link.subscribe(ximu3.INERTIAL, received)

    async def stop(self, link: Link) -> None:
        """Listen no more."""
        await link.unsubscribe(ximu3.INERTIAL)
