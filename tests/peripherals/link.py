"""The air: sensors and one central on a bumble link, in this process or served as HCI over TCP."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.device import Device
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import StreamPacketSink, StreamPacketSource

from .bleak_bumble import make_client_backend, make_scanner_backend
from .faults import Faults
from .heart_rate import HeartRate
from .metamotion import MetaMotion
from .motion import MOTIONS
from .movella_dot import MovellaDot
from .sensor import Setup, VirtualSensor
from .thingy52 import Thingy52
from .witmotion import WitMotion

MODELS: dict[str, type[VirtualSensor]] = {
    sensor.model: sensor for sensor in (MovellaDot, WitMotion, Thingy52, MetaMotion, HeartRate)
}
CENTRAL_ADDRESS = "F0:00:00:00:00:AA"
NamedFaults = Mapping[str, float | None]


class Air(LocalLink):
    """A link on which the radio of each sensor may be slow or dead."""

    def __init__(self) -> None:
        super().__init__()
        self.radios: dict[str, Any] = {}
        self._last_s: dict[tuple[str, str], float] = {}

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Deliver now, at the next connection event, or never; always in order."""
        sender = sender_controller.random_address.to_string(False)
        receiver = destination_address.to_string(False)
        radio = self.radios.get(sender) or self.radios.get(receiver)
        if radio is None or not (radio.dead or radio.interval_s):
            super().send_acl_data(sender_controller, destination_address, transport, data)
            return
        if radio.dead:
            return
        loop = asyncio.get_running_loop()
        event_s = math.ceil(loop.time() / radio.interval_s) * radio.interval_s
        when_s = max(event_s, self._last_s.get((sender, receiver), 0.0) + 1e-6)
        self._last_s[sender, receiver] = when_s
        deliver = super().send_acl_data
        loop.call_at(when_s, deliver, sender_controller, destination_address, transport, data)


@dataclass
class World:
    """Sensors on the air. `scanner` and `client` are bleak backends of the central in here."""

    air: Air
    sensors: list[VirtualSensor]
    central: Device | None = None
    scanner: Any = None
    client: Any = None

    def truth(self) -> list[dict[str, Any]]:
        """Return every sample of every sensor: the truth and what became of its packet."""
        return [
            {
                "address": sensor.address,
                "model": sensor.model,
                "index": sample.index,
                "t_s": sample.t_s,
                "device_us": sample.device_us,
                "acc_ms2": sample.acc_ms2,
                "gyr_dps": sample.gyr_dps,
                "mag_ut": sample.mag_ut,
                "quat_wxyz": sample.state.quat_wxyz,
                "flexion_deg": sample.state.flexion_deg,
                "outcome": sample.outcome,
            }
            for sensor in self.sensors
            for sample in sensor.log
        ]

    def write_truth(self, path: Path) -> None:
        """Write the truth as JSON lines."""
        path.write_text("".join(json.dumps(row) + "\n" for row in self.truth()))


@asynccontextmanager
async def virtual_sensors(
    models: Sequence[str],
    *,
    faults: NamedFaults | Sequence[NamedFaults] | None = None,
    seed: int = 1,
    motion: str = "hinge",
    ideal: bool = False,
    central: bool = True,
) -> AsyncIterator[World]:
    """Put sensors on the air.

    Parameters
    ----------
    models
        Names out of `MODELS`; sensor numbers count from 1 in this order.
    faults
        Name to value (None: its own default) for all sensors, or one mapping a sensor.
    seed
        Everything that is drawn comes from it: errors, mountings, moments of faults.
    motion
        A name out of `motion.MOTIONS`.
    ideal
        Leave out noise, biases and clock drift.
    central
        Make a central in this process, with its bleak backends.
    """
    logging.getLogger("bumble").setLevel(logging.CRITICAL)  # a drop is no error here
    for model in models:
        if model not in MODELS:
            raise ValueError(f"no sensor is called {model!r}; there are {', '.join(MODELS)}")
    each = [faults or {}] * len(models) if faults is None or isinstance(faults, Mapping) else faults
    if len(each) != len(models):
        raise ValueError(f"{len(each)} sets of faults for {len(models)} sensors")
    loop = asyncio.get_running_loop()
    zero_s = loop.time()
    air = Air()
    world = World(air, [])
    for number, (model, named) in enumerate(zip(models, each, strict=True), 1):
        rng = random.Random(f"{seed}/{number}")
        setup = Setup(
            number=number,
            motion=MOTIONS[motion](number, rng),
            faults=Faults(named, random.Random(f"{seed}/{number}/faults")),
            rng=rng,
            now=lambda: loop.time() - zero_s,
            ideal=ideal,
            neighbours=world.sensors,
        )
        world.sensors.append(MODELS[model](setup))
    try:
        for sensor in world.sensors:
            air.radios[sensor.address] = sensor.radio
            await sensor.power_on(Controller(sensor.address, link=air))
        if central:
            controller = Controller("central", link=air)
            world.central = Device(
                name="central",
                address=hci.Address(CENTRAL_ADDRESS),
                host=Host(controller, controller),
            )
            await world.central.power_on()
            world.client = make_client_backend(world.central)
            world.scanner = make_scanner_backend(world.central)
        yield world
    finally:
        for sensor in world.sensors:
            if sensor.powered:
                await sensor.power_off()
    failures = [error for sensor in world.sensors for error in sensor.failures]
    if failures:
        raise ExceptionGroup("virtual sensors failed", failures)


_FAREWELL_S = 0.3
"""How long a process waits whose predecessor may be gone already."""


@asynccontextmanager
async def hci_server(air: Air, host: str, port: int) -> AsyncIterator[int]:
    """Serve a Bluetooth controller to one process at a time, as HCI over TCP; yields the port."""
    served: list[asyncio.BaseTransport] = []
    loop = asyncio.get_running_loop()

    class Client(StreamPacketSource):
        controller: Controller | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            self.transport = transport
            if served:  # whose end may not have been read yet
                transport.pause_reading()
                loop.call_later(_FAREWELL_S, self._serve)
            else:
                self._serve()

        def _serve(self) -> None:
            if served:
                self.transport.close()
            elif not self.transport.is_closing():
                served.append(self.transport)
                sink = StreamPacketSink(self.transport)
                self.controller = Controller("adapter", host_source=self, host_sink=sink, link=air)
                self.transport.resume_reading()

        def connection_lost(self, _exc: Exception | None) -> None:
            if self.controller is None:
                return
            served.remove(self.transport)
            unplug(self.controller)

    server = await loop.create_server(Client, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in list(served):
            transport.close()
        await asyncio.sleep(0)


def unplug(controller: Controller) -> None:
    """Take a controller off the air as if its process had been killed: its links time out."""
    controller.host = None
    controller.le_scan_enable = False
    for connection in list(controller.le_connections.values()):
        connection.send_ll_control_pdu(ll.TerminateInd(0x08))
    controller.le_connections.clear()
    if controller.link is not None:
        controller.link.remove_controller(controller)
