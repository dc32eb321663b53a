"""What a sensor driver offers, whatever carries its bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rehabctl.devices.model import Capabilities, SampleBatch
from rehabctl.domain.sensor import BatteryState, SensorIdentity

BatchSink = Callable[[SampleBatch], None]


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a sensor says of itself before it is connected."""

    address: str
    name: str
    rssi_dbm: int
    services: tuple[str, ...] = ()
    """Full UUIDs, lower case."""
    manufacturers: Mapping[int, bytes] = field(default_factory=dict[int, bytes])


class Link(Protocol):
    """A connection to one sensor."""

    async def read(self, uuid: str) -> bytes:
        """Return the value of a characteristic."""
        ...

    async def write(self, uuid: str, data: bytes) -> None:
        """Write a characteristic and wait for its answer."""
        ...

    async def subscribe(self, uuid: str, sink: Callable[[bytes], None]) -> None:
        """Hand on every notification of a characteristic."""
        ...

    async def unsubscribe(self, uuid: str) -> None:
        """End the notifications of a characteristic."""
        ...


class Driver(Protocol):
    """One kind of sensor. Its decoders are pure functions of the same module."""

    @property
    def name(self) -> str:
        """Short name, such as `movella-dot`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the sensor offers."""
        ...

    def match(self, advertisement: Advertisement) -> bool:
        """Tell whether an advertisement is of this kind of sensor."""
        ...

    async def identity(self, link: Link) -> SensorIdentity:
        """Read who the sensor is."""
        ...

    async def battery(self, link: Link) -> BatteryState | None:
        """Read its charge; None where it does not tell."""
        ...

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Set the rate and return what the sensor reads back."""
        ...

    async def start(self, link: Link, sink: BatchSink) -> None:
        """Subscribe, then start the measurement."""
        ...

    async def stop(self, link: Link) -> None:
        """Stop the measurement, then unsubscribe."""
        ...
