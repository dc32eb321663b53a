"""An x-IMU3 on TCP: the maker's manual in a few lines, with faults.

It sends binary messages with the escapes of the wire and answers JSON commands. Its clock and its
samples go on while nobody is connected, as a sensor's do. It has no radio, so it is a server of
its own and no part of `link`.
"""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

END, ESC, ESC_END, ESC_ESC = b"\n", b"\xdb", b"\xdc", b"\xdd"
SAMPLE_HZ = 400
FAULTS = (
    "link_drops", "garbage", "config_ignored", "old_firmware", "low_battery", "clock_jump", "mute",
)  # fmt: skip


def framed(message: bytes) -> bytes:
    """Escape a message and end it."""
    return message.replace(ESC, ESC + ESC_ESC).replace(END, ESC + ESC_END) + END


class VirtualXimu3:
    """One sensor. `sent` counts the samples handed to a connection, `taken` all of them."""

    def __init__(self, *faults: str) -> None:
        assert set(faults) <= set(FAULTS)
        self.faults = frozenset(faults)
        self.settings: dict[str, Any] = {
            "serial_number": "0123-4567-89AB-CDEF",
            "firmware_version": "v1.3.2",
            "inertial_message_rate_divisor": 8,
        }
        self.commands: list[str] = []
        self.taken = self.sent = self.drops = 0
        self.port = 0

    async def serve(self, ready: threading.Event, end: asyncio.Event) -> None:
        """Listen until told to end."""
        self._writers: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        sampling = asyncio.create_task(self._sample())
        await end.wait()
        sampling.cancel()
        for writer in self._writers:
            writer.transport.abort()
        server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while line := await reader.readline():
                self._answer(writer, line)
        except ConnectionError:
            pass
        finally:
            if writer in self._writers:
                self._writers.remove(writer)
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        [(key, value)] = json.loads(line).items()
        self.commands.append(key)
        if "mute" in self.faults:
            return
        known = key in self.settings and not ("old_firmware" in self.faults and "rate" in key)
        if key in ("apply", "strobe"):
            answer: Any = None
        elif not known:
            answer = {"error": "Unknown key"}
        else:
            if value is not None and "config_ignored" not in self.faults:
                self.settings[key] = value
            answer = self.settings[key]
        writer.write(json.dumps({key: answer}, separators=(",", ":")).encode() + END)

    async def _sample(self) -> None:
        loop = asyncio.get_running_loop()
        start_s, ticks = loop.time(), 0
        while True:
            step = int(self.settings["inertial_message_rate_divisor"])
            ticks += step
            await asyncio.sleep(max(0.0, start_s + ticks / SAMPLE_HZ - loop.time()))
            jump_s = 7 if "clock_jump" in self.faults and self.sent > 150 else 0
            time_us = 1_000_000 * jump_s + ticks * 1_000_000 // SAMPLE_HZ
            # 10 and 219 are the bytes that the wire escapes
            rate = struct.unpack("<f", bytes((10, 219, 10, 66)))[0]
            self.taken += 1
            out = framed(struct.pack("<BQ6f", 0xC9, time_us, rate, 0, 0, 0, 0, 1))
            if "garbage" in self.faults and self.taken % 20 == 0:
                out = b"\xc9broken\n\x01\x02" + out
            if ticks % SAMPLE_HZ < step:
                percent = 7.0 if "low_battery" in self.faults else 83.0
                out += framed(struct.pack("<BQ3f", 0xC2, time_us, percent, 3.9, 0))
            for writer in list(self._writers):
                writer.write(out)
                self.sent += 1
            # once and early, so that it is back long before the recording ends
            if "link_drops" in self.faults and not self.drops and self.sent > 2 * SAMPLE_HZ / step:
                self.drops += 1
                for writer in list(self._writers):
                    writer.transport.abort()


@contextmanager
def virtual_ximu3(*faults: str) -> Iterator[VirtualXimu3]:
    """Run a sensor in a thread."""
    sensor, ready = VirtualXimu3(*faults), threading.Event()
    loop, end = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(sensor.serve(ready, end),))
    thread.start()
    try:
        assert ready.wait(10)
        yield sensor
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
        loop.close()
