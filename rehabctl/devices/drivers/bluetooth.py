"""Drivers of the Bluetooth sensors: the order of reads and writes around the pure decoders."""

from __future__ import annotations

from rehabctl.devices.driver import Advertisement, BatchSink, Link
from rehabctl.devices.drivers import gatt_standard, movella_dot, thingy52, witmotion
from rehabctl.devices.model import Capabilities
from rehabctl.domain.errors import UnavailableError
from rehabctl.domain.sensor import BatteryState, SensorIdentity


def _check_read_back(name: str, wanted: int, got: int | None) -> int:
    if got != wanted:
        raise UnavailableError(
            f"{name} kept {got} samples a second instead of {wanted}",
            "Stop other programs that use the sensor, switch it off and on, and try again",
        )
    return wanted


class MovellaDotDriver:
    """Movella DOT, streaming rate and field with the sensor's time."""

    name = "movella-dot"
    capabilities: Capabilities = movella_dot.CAPABILITIES
    _mode = movella_dot.Mode.RATE_WITH_MAG
    _company = 2182

    def match(self, advertisement: Advertisement) -> bool:
        """Tell by the name or the maker's number."""
        named = advertisement.name.lower().startswith(("movella dot", "xsens dot"))
        return named or self._company in advertisement.manufacturers

    async def identity(self, link: Link) -> SensorIdentity:
        """Read characteristic 1001."""
        found = movella_dot.decode_information(await link.read(movella_dot.INFORMATION))
        if found is None:
            return SensorIdentity(model="Movella DOT")
        return SensorIdentity(found.serial, f"Movella DOT {found.product}", found.firmware)

    async def battery(self, link: Link) -> BatteryState | None:
        """Read characteristic 3001."""
        return movella_dot.decode_battery(await link.read(movella_dot.BATTERY))

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Set the rate and read it back."""
        await link.write(movella_dot.CONTROL, movella_dot.rate_command(rate_hz))
        kept = movella_dot.decode_rate(await link.read(movella_dot.CONTROL))
        return _check_read_back(self.name, rate_hz, kept)

    async def start(self, link: Link, sink: BatchSink) -> None:
        """Subscribe before starting: the sensor does not send what nobody listens to."""

        def received(data: bytes) -> None:
            batch = movella_dot.decode_samples(self._mode, data)
            if len(batch):
                sink(batch)

        await link.subscribe(movella_dot.payload_characteristic(self._mode), received)
        await link.write(movella_dot.MEASUREMENT, movella_dot.start_command(self._mode))

    async def stop(self, link: Link) -> None:
        """Stop first, then unsubscribe."""
        await link.write(movella_dot.MEASUREMENT, movella_dot.stop_command(self._mode))
        await link.unsubscribe(movella_dot.payload_characteristic(self._mode))


class WitmotionDriver:
    """WitMotion over Bluetooth 5: acceleration and rate, without time or magnetometer."""

    name = "witmotion"
    capabilities: Capabilities = witmotion.CAPABILITIES

    def match(self, advertisement: Advertisement) -> bool:
        """Tell by the service or the name."""
        named = advertisement.name.upper().startswith(("WT", "BWT"))
        return witmotion.SERVICE in advertisement.services or named

    async def identity(self, link: Link) -> SensorIdentity:
        """Return the model only: the protocol names no serial number."""
        return SensorIdentity(model="WitMotion BLE 5.0")

    async def battery(self, link: Link) -> BatteryState | None:
        """Return None: the charge comes as a notification among the samples."""
        return None

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Unlock, set and save the rate; the sensor does not read it back."""
        for command in (witmotion.UNLOCK, witmotion.rate_command(rate_hz), witmotion.SAVE):
            await link.write(witmotion.WRITE, command)
        return rate_hz

    async def start(self, link: Link, sink: BatchSink) -> None:
        """Subscribe; the sensor sends all the time."""
        stream = witmotion.PacketStream()

        def received(data: bytes) -> None:
            for packet in stream.feed(data):
                batch = witmotion.decode_samples(packet)
                if len(batch):
                    sink(batch)

        await link.subscribe(witmotion.NOTIFY, received)

    async def stop(self, link: Link) -> None:
        """Unsubscribe."""
        await link.unsubscribe(witmotion.NOTIFY)


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

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Set the motion rate and read it back."""
        await link.write(thingy52.CONFIGURATION, thingy52.configuration(rate_hz))
        kept = thingy52.decode_rate(await link.read(thingy52.CONFIGURATION))
        return _check_read_back(self.name, rate_hz, kept)

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
