"""Movella DOT over a link: the order of reads and writes around its pure decoders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rehabctl.devices.driver import Advertisement, BatchSink, Link, check_read_back, ignored
from rehabctl.devices.drivers import movella_dot as dot
from rehabctl.devices.drivers import movella_dot_log as log
from rehabctl.devices.model import Capabilities, SampleBatch
from rehabctl.domain.errors import UnavailableError
from rehabctl.domain.sensor import BatteryState, SensorIdentity

_ANSWER_S = 5.0
"""Longest wait for the next part of an answer."""
_ATTEMPTS = 3
_ANSWERS = (log.INFORMATION, log.INFORMATION_DONE, log.NO_FILE)


class MovellaDotDriver:
    """Movella DOT, streaming rate and field with the sensor's time."""

    name = "movella-dot"
    capabilities: Capabilities = dot.CAPABILITIES
    _mode = dot.Mode.RATE_WITH_MAG
    _company = 2182

    def match(self, advertisement: Advertisement) -> bool:
        """Tell by the name or the maker's number."""
        named = advertisement.name.lower().startswith(("movella dot", "xsens dot"))
        return named or self._company in advertisement.manufacturers

    async def identity(self, link: Link) -> SensorIdentity:
        """Read characteristic 1001."""
        found = dot.decode_information(await link.read(dot.INFORMATION))
        if found is None:
            return SensorIdentity(model="Movella DOT")
        return SensorIdentity(found.serial, f"Movella DOT {found.product}", found.firmware)

    async def battery(self, link: Link) -> BatteryState | None:
        """Read characteristic 3001."""
        return dot.decode_battery(await link.read(dot.BATTERY))

    async def identify(self, link: Link) -> None:
        """Make it blink."""
        await link.write(dot.CONTROL, dot.identify_command())

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Set the rate and read it back; a measurement that still runs is ended first."""
        await link.write(dot.MEASUREMENT, dot.stop_command(self._mode))
        await link.write(dot.CONTROL, dot.rate_command(rate_hz))
        kept = dot.decode_rate(await link.read(dot.CONTROL))
        return check_read_back(self.name, rate_hz, kept)

    async def start(self, link: Link, sink: BatchSink) -> None:
        """Subscribe before starting: the sensor does not send what nobody listens to."""

        def received(data: bytes) -> None:
            batch = dot.decode_samples(self._mode, data)
            if len(batch):
                sink(batch)

        await link.subscribe(dot.payload_characteristic(self._mode), received)
        await link.write(dot.MEASUREMENT, dot.start_command(self._mode))

    async def stop(self, link: Link) -> None:
        """Stop first, then unsubscribe."""
        await link.write(dot.MEASUREMENT, dot.stop_command(self._mode))
        await link.unsubscribe(dot.payload_characteristic(self._mode))

    async def start_log(self, link: Link, utc_s: int) -> None:
        """Begin a recording in the sensor's own memory.

        Raises
        ------
        UnavailableError
            It refuses: its memory is full, or it is busy.
        """
        frame = dot.message(log.RECORDING, log.start_recording(utc_s))
        await self._asked(link, frame, log.START)

    async def stop_log(self, link: Link) -> None:
        """End the recording in the sensor's own memory."""
        await self._asked(link, dot.message(log.RECORDING, bytes((log.STOP,))), log.STOP)

    async def _asked(self, link: Link, frame: bytes, request: int) -> None:
        await link.write(dot.MESSAGE, frame)
        result = log.decode_acknowledgement(await link.read(dot.ACKNOWLEDGE), request)
        if result != 0:
            raise UnavailableError(
                f"the sensor refused the request {request:02x} for its memory",
                "Stop other programs that use it; erase old recordings with the maker's program",
            )

    async def read_log(self, link: Link) -> Sequence[SampleBatch]:
        """Return every sample of the newest recording in the sensor's memory.

        Frames carry a counter; what was lost on the way is asked for again.
        """
        frames: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()

        def received(data: bytes) -> None:
            decoded = dot.decode_message(data)
            if decoded is not None:
                frames.put_nowait(decoded)

        await link.subscribe(dot.NOTIFICATION, received)
        try:
            files = await self._files(link, frames)
            if not files:
                return ()
            fields = bytes((log.SELECT, *log.SELECTED_FIELDS))
            await self._asked(link, dot.message(log.RECORDING, fields), log.SELECT)
            request = bytes((log.REQUEST_FILE, files[-1]))
            await self._asked(link, dot.message(log.RECORDING, request), log.REQUEST_FILE)
            export = log.Export()
            for _ in range(_ATTEMPTS):
                done = await self._collected(frames, export)
                missing = export.first_missing()
                if done and missing is None:
                    return export.batches()
                again = log.retransmit_from(export.next() if missing is None else missing)
                await self._asked(link, dot.message(log.RECORDING, again), log.RETRANSMIT)
            return export.batches()
        finally:
            with ignored():
                await link.unsubscribe(dot.NOTIFICATION)

    async def _files(self, link: Link, frames: asyncio.Queue[tuple[int, bytes]]) -> list[int]:
        """Return the numbers of the recordings, the newest last."""
        found: list[int] = []
        for number in range(1, log.MOST_FILES + 1):
            request = bytes((log.REQUEST_INFORMATION, number))
            await link.write(dot.MESSAGE, dot.message(log.RECORDING, request))
            answer = await _next(frames)
            while answer is not None and answer[0] not in _ANSWERS:
                answer = await _next(frames)
            if answer is None or answer[0] != log.INFORMATION:
                return found
            found.append(number)
        return found

    async def _collected(
        self, frames: asyncio.Queue[tuple[int, bytes]], export: log.Export
    ) -> bool:
        """Take what comes; return whether the sensor said that it was all."""
        while (answer := await _next(frames)) is not None:
            if answer[0] == log.FILE_DONE:
                return True
            export.add(answer)
        return False


async def _next(frames: asyncio.Queue[tuple[int, bytes]]) -> bytes | None:
    """Return the data of the next frame of the recording service; None when none comes."""
    while True:
        try:
            kind, data = await asyncio.wait_for(frames.get(), _ANSWER_S)
        except TimeoutError:
            return None
        if kind == log.RECORDING and data:
            return data
