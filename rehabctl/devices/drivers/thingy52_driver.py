"""Nordic Thingy:52 over a link."""

from __future__ import annotations

from rehabctl.devices.driver import (
    Advertisement,
    BatchSink,
    Link,
    cannot_identify,
    check_read_back,
)
from rehabctl.devices.drivers import gatt_standard, thingy52
from rehabctl.devices.model import Capabilities
from rehabctl.domain.sensor import BatteryState, SensorIdentity


class Thingy52Driver:
    """Nordic Thingy:52, raw motion."""

    name = "thingy52"
    capabilities: Capabilities = thingy52.CAPABILITIES

    def match(self, advertisement: Advertisement) -> bool:
        """Tell by the service or the name."""
        named = advertisement.name.lower().startswith("thingy")
        return thingy52.uuid(0x0100) in advertisement.services or named

    async def identity(self, link: Link) -> SensorIdentity:
        """Return the model only; the firmware offers no serial number."""
        return SensorIdentity(model="Thingy:52")

    async def battery(self, link: Link) -> BatteryState | None:
        """Read the standard battery service."""
        return gatt_standard.decode_battery(await link.read(gatt_standard.BATTERY_LEVEL))

    async def identify(self, link: Link) -> None:
        """Raise: how to switch its light is not among the documented bytes."""
        raise cannot_identify(self.name)

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Set the motion rate and read it back."""
        await link.write(thingy52.CONFIGURATION, thingy52.configuration(rate_hz))
        kept = thingy52.decode_rate(await link.read(thingy52.CONFIGURATION))
        return check_read_back(self.name, rate_hz, kept)

    async def start(self, link: Link, sink: BatchSink) -> None:
        """Subscribe; that starts the measurement."""

        def received(data: bytes) -> None:
            batch = thingy52.decode_raw(data)
            if len(batch):
                sink(batch)

        await link.subscribe(thingy52.RAW, received)

    async def stop(self, link: Link) -> None:
        """Unsubscribe; that stops the measurement."""
        await link.unsubscribe(thingy52.RAW)
