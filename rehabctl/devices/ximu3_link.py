"""x-IMU3 sensors through the maker's library `ximu3` (extra `ximu3`), which is imported only here.

They are no Bluetooth Low Energy devices. An address says how one is reached:
`ximu3:tcp:HOST:PORT`, `ximu3:usb:PORT` or `ximu3:serial:PORT`. Sensors on Wi-Fi announce
themselves once a second; nothing is sent to find them.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rehabctl.devices.driver import Advertisement, LinkLostError
from rehabctl.domain.errors import UnavailableError, UsageError

PREFIX = "ximu3:"
_OPEN_S = 10.0
_RETRIES, _ANSWER_MS = 2, 500
_BAUD = 115200


def is_address(text: str) -> bool:
    """Tell whether a sensor is named by the address of an x-IMU3.

    Parameters
    ----------
    text
        As typed.
    """
    return text.lower().startswith(PREFIX)


def _library() -> Any:
    try:
        import ximu3
    except ImportError:
        raise UnavailableError("ximu3 is not installed", "Install rehabctl[ximu3]") from None
    return ximu3


@dataclass(frozen=True, slots=True)
class Ximu3Device:
    """One sensor, by its address."""

    address: str

    @property
    def advertisement(self) -> Advertisement:
        """What there is to say of it before it is connected."""
        return Advertisement(self.address, "", None)

    def configuration(self) -> Any:
        """Return how the library reaches it.

        Raises
        ------
        UsageError
            The address is none.
        """
        library = _library()
        _, _, rest = self.address.partition(":")
        kind, _, place = rest.partition(":")
        if kind == "usb" and place:
            return library.UsbConnectionConfig(place)
        if kind == "serial" and place:
            return library.SerialConnectionConfig(place, _BAUD, False)
        host, _, port = place.rpartition(":")
        if kind == "tcp" and host and port.isdecimal() and 0 < int(port) < 2**16:
            return library.TcpConnectionConfig(host, int(port))
        raise UsageError(
            f"{self.address!r} is no address of an x-IMU3",
            "Use ximu3:tcp:HOST:PORT, ximu3:usb:PORT or ximu3:serial:PORT",
        )

    @asynccontextmanager
    async def opened(self, on_drop: Callable[[], None]) -> AsyncGenerator[Ximu3Link]:
        """Connect it, and disconnect it whatever happens.

        Parameters
        ----------
        on_drop
            Called when the link is lost.

        Raises
        ------
        LinkLostError
            It does not answer.
        """
        connection = _library().Connection(self.configuration())
        loop = asyncio.get_running_loop()
        link = Ximu3Link(connection, loop)
        try:
            try:
                await asyncio.wait_for(asyncio.to_thread(connection.open), _OPEN_S)
            except (RuntimeError, TimeoutError):
                raise LinkLostError from None
            link.watch(on_drop)
            yield link
        finally:
            await asyncio.to_thread(link.close)


class Ximu3Link:
    """A `Link` whose characteristics are settings, commands and kinds of messages.

    Parameters
    ----------
    connection
        Of the library.
    loop
        In which sinks are called; the library calls back from threads of its own.
    """

    def __init__(self, connection: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._connection, self._loop = connection, loop
        self._callbacks: dict[str, int] = {}

    async def read(self, uuid: str) -> bytes:
        """Return the value of a setting, as JSON."""
        return await self._told(uuid, "null")

    async def write(self, uuid: str, data: bytes) -> None:
        """Write a setting or give a command, its value as JSON, and wait for the answer."""
        await self._told(uuid, data.decode())

    async def _told(self, key: str, value: str) -> bytes:
        command = f"{{{json.dumps(key)}:{value}}}"
        send = self._connection.send_command
        answer = await asyncio.to_thread(send, command, _RETRIES, _ANSWER_MS)
        if answer is None:
            raise LinkLostError
        if answer.error:
            raise UnavailableError(
                f"the sensor does not know {key}; its firmware is not the expected one",
                "Update it with its maker's program",
            )
        return str(answer.value).encode()

    async def subscribe(self, uuid: str, sink: Callable[[bytes], None]) -> None:
        """Hand on messages of a kind, in the protocol's binary form without its escapes."""
        packed = {"inertial": _inertial, "battery": _battery}[uuid]

        def received(message: Any) -> None:
            self._in_loop(sink, packed(message))

        add = getattr(self._connection, f"add_{uuid}_callback")
        self._callbacks[uuid] = add(received)

    async def unsubscribe(self, uuid: str) -> None:
        """End the messages of a kind."""
        number = self._callbacks.pop(uuid, None)
        if number is not None:
            self._connection.remove_callback(number)

    def watch(self, on_drop: Callable[[], None]) -> None:
        """Tell when the library says that the link is lost.

        Parameters
        ----------
        on_drop
            Called in the event loop.
        """
        lost = _library().CONNECTION_STATUS_DISCONNECTED

        def changed(status: int) -> None:
            if status == lost:
                self._in_loop(on_drop)

        self._callbacks["status"] = self._connection.add_status_callback(changed)

    def close(self) -> None:
        """Disconnect."""
        for number in self._callbacks.values():
            self._connection.remove_callback(number)
        self._callbacks.clear()
        self._connection.close()

    def _in_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            return  # the loop has ended; so has the recording


def _inertial(message: Any) -> bytes:
    m = message
    rate = (m.gyroscope_x, m.gyroscope_y, m.gyroscope_z)
    force = (m.accelerometer_x, m.accelerometer_y, m.accelerometer_z)
    return struct.pack("<BQ6f", 0xC9, m.timestamp, *rate, *force)


def _battery(message: Any) -> bytes:
    m = message
    values = (m.percentage, m.voltage, m.charging_status)
    return struct.pack("<BQ3f", 0xC2, m.timestamp, *values)


async def announced(seconds: float) -> list[Advertisement]:
    """Return the x-IMU3 sensors that announce themselves on the network; none without the library.

    Parameters
    ----------
    seconds
        How long to listen.
    """
    try:
        listener = _library().NetworkAnnouncement()
    except (UnavailableError, RuntimeError):
        return []
    await asyncio.sleep(seconds)
    found = {
        f"{PREFIX}tcp:{one.ip_address}:{one.tcp_port}": one.device_name
        for one in listener.get_messages()
        if one.tcp_port
    }
    return [Advertisement(address, name, None) for address, name in sorted(found.items())]
