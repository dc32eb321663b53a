"""WitMotion over a link: registers are asked for by a write and answered among the samples."""

from __future__ import annotations

import asyncio

from rehabctl.devices.driver import (
    Advertisement,
    BatchSink,
    Link,
    cannot_identify,
    check_read_back,
    ignored,
)
from rehabctl.devices.drivers import witmotion
from rehabctl.devices.model import Capabilities
from rehabctl.domain.sensor import BatteryState, SensorIdentity

_ANSWER_S = 1.0


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
        """Ask for the voltage, by which the maker's table gives the charge."""
        found = await self._register(link, witmotion.BATTERY_REGISTER)
        return None if found is None else witmotion.battery_of(found)

    async def identify(self, link: Link) -> None:
        """Raise: it has no light that a command switches."""
        raise cannot_identify(self.name)

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Unlock, set and save the rate, then read its register.

        A model that does not answer is taken at its word; the recorder measures the rate anyway.
        """
        for command in (witmotion.UNLOCK, witmotion.rate_command(rate_hz), witmotion.SAVE):
            await link.write(witmotion.WRITE, command)
        found = await self._register(link, witmotion.RATE_REGISTER)
        if found is None or not found.words:
            return rate_hz
        return check_read_back(self.name, rate_hz, witmotion.rate_of(found))

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

    async def _register(self, link: Link, address: int) -> witmotion.Register | None:
        """Return a register before the stream is started; None without an answer."""
        stream = witmotion.PacketStream()
        answer: asyncio.Future[witmotion.Register] = asyncio.get_running_loop().create_future()

        def received(data: bytes) -> None:
            for packet in stream.feed(data):
                found = witmotion.decode_register(packet)
                if found is not None and found.address == address and not answer.done():
                    answer.set_result(found)

        await link.subscribe(witmotion.NOTIFY, received)
        try:
            await link.write(witmotion.WRITE, witmotion.read_command(address))
            return await asyncio.wait_for(answer, _ANSWER_S)
        except TimeoutError:
            return None
        finally:
            with ignored():
                await link.unsubscribe(witmotion.NOTIFY)
