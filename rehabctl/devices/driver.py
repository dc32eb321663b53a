"""What a sensor driver offers, whatever carries its bytes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from rehabctl.devices.model import Capabilities, SampleBatch
from rehabctl.domain.errors import UnavailableError
from rehabctl.domain.sensor import BatteryState, SensorIdentity

BatchSink = Callable[[SampleBatch], None]


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a sensor says of itself before it is connected."""

    address: str
    name: str
    rssi_dbm: int | None
    """None for a sensor that is not on the radio."""
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


@runtime_checkable
class OwnTransport(Protocol):
    """The handle of a sensor that is not reached by Bluetooth Low Energy."""

    def opened(self, on_drop: Callable[[], None]) -> AbstractAsyncContextManager[Link]:
        """Connect it; see `transport.connected`."""
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

    async def identify(self, link: Link) -> None:
        """Make the sensor show itself, as by blinking.

        Raises
        ------
        UnavailableError
            It cannot.
        """
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


@runtime_checkable
class LogsOnBoard(Protocol):
    """A driver whose sensor also records into its own memory, from which gaps can be filled."""

    async def start_log(self, link: Link, utc_s: int) -> None:
        """Begin a recording there."""
        ...

    async def stop_log(self, link: Link) -> None:
        """End it."""
        ...

    async def read_log(self, link: Link) -> Sequence[SampleBatch]:
        """Return the samples of the newest recording there."""
        ...


class LinkLostError(Exception):
    """The link broke in the middle of a request. Links raise it, connections handle it."""


@contextmanager
def ignored() -> Generator[None]:
    """Let a lost link pass where there is nothing left to do over it."""
    try:
        yield
    except LinkLostError:
        return


def check_read_back(name: str, wanted: int, got: int | None) -> int:
    """Return the rate that a sensor reads back.

    Parameters
    ----------
    name
        Of the driver.
    wanted, got
        Samples a second.

    Raises
    ------
    UnavailableError
        It kept another one.
    """
    if got != wanted:
        raise UnavailableError(
            f"{name} kept {got} samples a second instead of {wanted}",
            "Stop other programs that use the sensor, switch it off and on, and try again",
        )
    return wanted


def cannot_identify(name: str) -> UnavailableError:
    """Return the error of a sensor without a light that a command can switch.

    Parameters
    ----------
    name
        Of the driver.
    """
    return UnavailableError(
        f"{name} cannot show itself", "Tell it by its address, or switch the others off"
    )
