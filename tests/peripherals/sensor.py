"""What all virtual sensors share: radio, clock, sampling, battery, and the faults of these."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bumble import att, gatt, hci
from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration

from .faults import INERTIAL, Faults
from .motion import FIELD_NORM_UT, Motion, State, Vector, added, random_direction, scaled

Properties = gatt.Characteristic.Properties
CONNECTION_TIMEOUT = 0x08
SUPERVISION_S = 0.25


@dataclass
class Sample:
    """One sample: the truth, what the sensor measured, and what became of its packet.

    `outcome` is `sent` when the packet was handed to the radio whole, once at least; `no_link`,
    `link_lost` (the link was dead and neither side knew), `not_subscribed`, `not_measuring`
    (recorded only), or the name of the fault that spoiled it.
    """

    index: int
    t_s: float
    device_us: int
    state: State
    acc_ms2: Vector
    gyr_dps: Vector
    mag_ut: Vector
    outcome: str = "not_measuring"


@dataclass
class DeviceClock:
    """A clock that starts at a number of its own and runs fast by some parts per million."""

    start_us: int = 0
    drift_ppm: float = 0.0
    zero_s: float = 0.0

    def us(self, t_s: float) -> int:
        """Return the device's microseconds at world time `t_s`."""
        return self.start_us + round((t_s - self.zero_s) * 1e6 * (1 + self.drift_ppm * 1e-6))

    def set(self, t_s: float, device_us: int) -> None:
        """Make the clock read `device_us` at world time `t_s`."""
        self.start_us, self.zero_s = device_us, t_s


@dataclass
class Radio:
    """The air between one sensor and the central: may be slow, may be dead."""

    interval_s: float = 0.0
    dead: bool = False


@dataclass
class Setup:
    """Everything that a sensor is given when the world is made."""

    number: int
    motion: Motion
    faults: Faults
    rng: random.Random
    now: Callable[[], float]
    ideal: bool = False
    neighbours: list[VirtualSensor] = field(default_factory=list)


def characteristic(
    uuid: Any,
    properties: Properties,
    value: bytes = b"",
    read: Callable[[], bytes] | None = None,
    write: Callable[[bytes], Any] | None = None,
) -> gatt.Characteristic[bytes]:
    """Make a characteristic whose reads and writes go to two functions."""
    content: Any = value
    if read or write:
        content = gatt.CharacteristicValue(
            read=(lambda _c: read()) if read else None,
            write=(lambda _c, data: write(bytes(data))) if write else None,
        )
    permissions = gatt.Characteristic.Permissions(0)
    if properties & Properties.READ:
        permissions |= gatt.Characteristic.READABLE
    if properties & (Properties.WRITE | Properties.WRITE_WITHOUT_RESPONSE):
        permissions |= gatt.Characteristic.WRITEABLE
    return gatt.Characteristic(uuid, properties, permissions, content)


class VirtualSensor:
    """A device on the air. Subclasses add services, encodings and commands.

    `log` holds every sample that the device took, sent or not: the truth for a test.
    """

    model: ClassVar[str]
    default_name: ClassVar[str]
    address_prefix: ClassVar[str]
    possible_faults: ClassVar[frozenset[str]] = INERTIAL
    acc_range_ms2: float = 16 * 9.80665
    gyr_range_dps: float = 2000.0

    def __init__(self, setup: Setup) -> None:
        impossible = setup.faults.names - self.possible_faults
        if impossible:
            raise ValueError(f"{self.model} cannot have: {', '.join(sorted(impossible))}")
        self.number, self.motion = setup.number, setup.motion
        self.faults, self.rng, self.now = setup.faults, setup.rng, setup.now
        self.neighbours = setup.neighbours
        self.address = f"{self.address_prefix}:{self.number:02X}"
        self.name = self.unit_name(1 if "name_collision" in self.faults else self.number)
        self.radio = Radio(self.faults.value("slow_connection", 0.0) / 1000)
        drift = 0.0 if setup.ideal else self.rng.uniform(-40, 40)
        self.clock = DeviceClock(self.rng.randrange(2**31), self.faults.value("clock_drift", drift))
        spread = 0.0 if setup.ideal else 1.0
        self.gyr_bias_dps = scaled(random_direction(self.rng), 0.4 * spread)
        self.acc_bias_ms2 = scaled(random_direction(self.rng), 0.03 * spread)
        self.noise = spread
        self.log: list[Sample] = []
        self.events: list[str] = []
        self.drops: list[float] = []
        self.full_percent = self.faults.value("low_battery", 87.0)
        self.connection: Connection | None = None
        self.powered = True
        self.sampling = False
        self.rate_hz = 0.0
        self._changed = asyncio.Event()
        self._epoch_s = 0.0
        self._taken = 0
        self._tasks: set[asyncio.Future[None]] = set()
        self.failures: list[Exception] = []
        self._refusals = int(self.faults.value("refused_connections", 0))
        self._silent_from_s = float("inf")
        self._stuck: Vector | None = None
        self._began_s = 0.0

    # --- what a subclass provides

    def services(self) -> Sequence[gatt.Service]:
        """Return the GATT services."""
        raise NotImplementedError

    def advertising(self) -> list[tuple[int, bytes]]:
        """Return the fields of the advertisement after the flags (31 bytes with them)."""
        raise NotImplementedError

    async def emit(self, sample: Sample) -> None:
        """Encode and send one sample."""
        raise NotImplementedError

    def unit_name(self, number: int) -> str:
        """Return the advertised name of the unit with this number."""
        return self.default_name

    def link_ended(self) -> None:
        """React to the end of a connection."""

    def battery_changed(self, percent: int) -> None:
        """React to a new battery level."""

    # --- power and link

    async def power_on(self, controller: Controller) -> None:
        """Put the device on the air."""
        self.device = Device.from_config_with_hci(
            DeviceConfiguration(
                name=self.name,
                address=hci.Address(self.address),
                advertising_interval_min=40,
                advertising_interval_max=40,
                gap_service_enabled=True,
            ),
            controller,
            controller,
        )
        self.device.add_services(list(self.services()))
        flags = bytes([0x06])
        data = bytes(AdvertisingData([(AdvertisingData.FLAGS, flags), *self.advertising()]))
        if len(data) > 31:
            raise ValueError(f"advertisement of {self.model} has {len(data)} bytes")
        self.device.advertising_data = data
        if "small_mtu" in self.faults:
            self.device.gatt_server.max_mtu = int(self.faults["small_mtu"])
        self.device.on("connection", self._on_connection)
        await self.device.power_on()
        await self.device.start_advertising()
        for work in (self._sample_forever(), self._drop_at_random(), self._drain_battery()):
            self.start_task(work)

    def start_task(self, work: Any) -> None:
        """Run a coroutine until the sensor is switched off."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self.failures.append(error)

    async def power_off(self) -> None:
        """Take the device off the air."""
        self.powered = self.sampling = False
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.connection:
            await self.connection.disconnect(0x15)
        await self.device.stop_advertising()

    async def drop(self) -> None:
        """Lose the link: nothing passes for the supervision time, then both sides notice."""
        if not self.connection:
            return
        connection = self.connection
        self.drops.append(self.now())
        self.radio.dead = True
        await asyncio.sleep(SUPERVISION_S)
        if self.connection is connection:
            await connection.disconnect(CONNECTION_TIMEOUT)

    def _on_connection(self, connection: Connection) -> None:
        self.connection = connection
        connection.on("disconnection", self._on_disconnection)
        if self._refusals > 0:
            self._refusals -= 1
            self.start_task(connection.disconnect(0x13))

    def _on_disconnection(self, _reason: int) -> None:
        self.connection = None
        self.radio.dead = False
        self._silent_from_s = float("inf")
        self.link_ended()
        if self.powered:
            self.start_task(self._advertise_again())

    async def _advertise_again(self) -> None:
        await asyncio.sleep(self.faults.value("out_of_range", 0.0))
        if not self.device.is_advertising and self.connection is None:
            await self.device.start_advertising()

    async def _drop_at_random(self) -> None:
        while "link_drops" in self.faults:
            await asyncio.sleep(self.faults["link_drops"] * self.rng.uniform(0.5, 1.5))
            await self.drop()

    # --- battery

    @property
    def battery_percent(self) -> int:
        """Charge; with `low_battery` it falls by 1 % every second."""
        spent = self.now() if "low_battery" in self.faults else 0.0
        return max(0, int(self.full_percent - spent))

    async def _drain_battery(self) -> None:
        before = self.battery_percent
        while "low_battery" in self.faults:
            await asyncio.sleep(0.1)
            if self.battery_percent != before:
                before = self.battery_percent
                self.battery_changed(before)
            if before == 0:
                self.events.append("battery empty")
                self.start_task(self.power_off())
                return

    # --- sampling

    def start_sampling(self, rate_hz: float) -> None:
        """Take samples from now on, numbered on from the last."""
        factor = self.faults.value("wrong_rate", 1.0) * (1 + self.clock.drift_ppm * 1e-6)
        self.rate_hz = rate_hz * factor
        self._epoch_s, self._taken, self.sampling = self.now(), 0, True
        self._began_s = self._epoch_s
        if "counter_wrap" in self.faults:
            self.clock.set(self._epoch_s, 2**32 - round(self.faults["counter_wrap"] * 1e6))
        self._changed.set()

    def stop_sampling(self) -> None:
        """Take no more samples."""
        self.sampling = False
        self._changed.set()

    async def _sample_forever(self) -> None:
        while True:
            self._changed.clear()
            if not self.sampling:
                await self._changed.wait()
                continue
            due_s = self._epoch_s + self._taken / self.rate_hz
            wait_s = due_s - self.now()
            if wait_s > 0:
                try:
                    async with asyncio.timeout(wait_s):
                        await self._changed.wait()
                except TimeoutError:
                    pass
                continue
            self._taken += 1
            sample = self._measure(due_s)
            self.log.append(sample)
            await self.emit(sample)

    def _measure(self, t_s: float) -> Sample:
        state = self.motion.at(t_s)
        since_s = t_s - self._began_s
        acc = self._noisy(added(state.acc_ms2, self.acc_bias_ms2), 0.02)
        if "stuck_accelerometer" in self.faults and since_s >= self.faults["stuck_accelerometer"]:
            self._stuck = acc = self._stuck or acc
        gyr = self._noisy(added(state.gyr_dps, self.gyr_bias_dps), 0.05)
        gyr_limit = self.faults.value("saturated_gyro", self.gyr_range_dps)
        return Sample(
            index=len(self.log),
            t_s=t_s,
            device_us=self.clock.us(t_s) + self._jump_us(since_s),
            state=state,
            acc_ms2=_clipped(acc, self.acc_range_ms2),
            gyr_dps=_clipped(gyr, gyr_limit),
            mag_ut=self._noisy(state.mag_ut, 0.3),
        )

    def _jump_us(self, since_s: float) -> int:
        seconds = 0.0
        if since_s >= 1.0:
            seconds = self.faults.value("clock_jump", 0.0) - self.faults.value(
                "clock_backwards", 0.0
            )
        return round(seconds * 1e6)

    def _noisy(self, v: Vector, sigma: float) -> Vector:
        s, gauss = sigma * self.noise, self.rng.gauss
        return v[0] + gauss(0, s), v[1] + gauss(0, s), v[2] + gauss(0, s)

    # --- sending

    def subscribed(self, to: gatt.Characteristic[bytes]) -> bool:
        """Tell whether the central asked for notifications of a characteristic."""
        if self.connection is None:
            return False
        of_link = self.device.gatt_server.subscribers.get(self.connection, {})
        return bool(of_link.get(to.handle, b"\0")[0] & 1)

    async def notify(
        self, to: gatt.Characteristic[bytes], packet: bytes, samples: Sequence[Sample] = ()
    ) -> None:
        """Send one packet, or let a fault spoil it, and note in the samples what happened."""
        outcome = await self._send(to, packet, bool(samples))
        for sample in samples:
            if sample.outcome in ("not_measuring", "sent"):
                sample.outcome = outcome

    async def _send(self, to: gatt.Characteristic[bytes], packet: bytes, data: bool) -> str:
        if self.connection is None:
            return "no_link"
        if self.radio.dead:
            return "link_lost"
        if not self.subscribed(to):
            return "not_subscribed"
        if data and "silent_notifications" in self.faults:
            if self._silent_from_s == float("inf"):
                self._silent_from_s = self.now() + self.faults["silent_notifications"]
            if self.now() >= self._silent_from_s:
                return "silent_notifications"
        outcome = "sent"
        if data and self.faults.strikes("garbage_packets"):
            await self._out(to, self.rng.randbytes(self.rng.randrange(len(packet) + 4)))
        if data and self.faults.strikes("truncated_packets"):
            packet = packet[: self.rng.randrange(1, len(packet))]
            outcome = "truncated_packets"
        await self._out(to, packet)
        if data and self.faults.strikes("duplicated_packets"):
            await self._out(to, packet)
        return outcome

    async def _out(self, to: gatt.Characteristic[bytes], packet: bytes) -> None:
        if self.connection is not None:
            await self.device.notify_subscriber(self.connection, to, packet)


def refuse_length(data: bytes, *allowed: int) -> None:
    """Answer a write of the wrong length as an attribute server does."""
    if len(data) not in allowed:
        raise att.ATT_Error(att.ATT_INVALID_ATTRIBUTE_LENGTH_ERROR)


def field_units(mag_ut: Vector) -> Vector:
    """Return the field in units of the undisturbed field."""
    return scaled(mag_ut, 1 / FIELD_NORM_UT)


def counts(values: Sequence[float], per_unit: float) -> list[int]:
    """Return values as saturated 16-bit counts."""
    return [max(-32768, min(32767, round(v * per_unit))) for v in values]


def _clipped(v: Vector, limit: float) -> Vector:
    x, y, z = (max(-limit, min(limit, a)) for a in v)
    return x, y, z
