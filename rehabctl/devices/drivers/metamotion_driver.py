"""MbientLab MetaMotion over a link: acceleration and rate arrive in frames of their own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import numpy as np

from rehabctl.devices.driver import Advertisement, BatchSink, Link, cannot_identify, ignored
from rehabctl.devices.drivers import gatt_standard, metamotion
from rehabctl.devices.drivers import metamotion_log as log
from rehabctl.devices.model import Capabilities, SampleBatch
from rehabctl.domain.errors import UnavailableError
from rehabctl.domain.sensor import BatteryState, SensorIdentity

_ANSWER_S = 1.0
_MOST_WAITING = 50
"""Frames of one quantity that may wait for the other; older ones were lost on the air."""


class MetamotionDriver:
    """MetaMotion with a BMI160, 100 samples a second, 4 g and 500 deg/s."""

    name = "metamotion"
    capabilities: Capabilities = metamotion.CAPABILITIES
    _ranges = metamotion.Ranges()

    def match(self, advertisement: Advertisement) -> bool:
        """Tell by the service or the name."""
        named = advertisement.name.lower().startswith(("metawear", "metamotion"))
        return metamotion.SERVICE in advertisement.services or named

    async def identity(self, link: Link) -> SensorIdentity:
        """Read the standard device information."""
        information = gatt_standard.DEVICE_INFORMATION
        words = [
            gatt_standard.decode_text(await link.read(information[key]))
            for key in ("serial", "model", "firmware")
        ]
        return SensorIdentity(words[0], f"MetaMotion {words[1]}".strip(), words[2])

    async def battery(self, link: Link) -> BatteryState | None:
        """Ask the settings module."""
        answer = await self._asked(link, metamotion.BATTERY_READ)
        return None if answer is None else metamotion.decode_battery(answer)

    async def identify(self, link: Link) -> None:
        """Raise: how to switch its light is not among the documented bytes."""
        raise cannot_identify(self.name)

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Check that the board has the sensors of this driver, and set range and rate.

        Raises
        ------
        UnavailableError
            The board has another chip, whose bytes differ.
        """
        answer = await self._asked(link, bytes((metamotion.ACCELEROMETER, 0x80)))
        if answer is not None and not metamotion.is_supported(answer):
            raise UnavailableError(
                "this MetaMotion has another sensor chip than the supported BMI160",
                "Use another sensor, or convert its exported file",
            )
        for command in metamotion.configuration(self._ranges):
            await link.write(metamotion.COMMAND, command)
        return rate_hz

    async def start(self, link: Link, sink: BatchSink) -> None:
        """Subscribe, then switch both sensors on; one sample is one frame of each."""
        acc: deque[SampleBatch] = deque(maxlen=_MOST_WAITING)
        gyr: deque[SampleBatch] = deque(maxlen=_MOST_WAITING)
        paired = False

        def received(data: bytes) -> None:
            nonlocal paired
            found = metamotion.decode_samples(data, self._ranges)
            if not len(found) or not np.isnan(found.quat_wxyz).all():
                return
            (gyr if np.isnan(found.acc_ms2).all() else acc).append(found)
            while gyr and not paired and len(acc) > 1:
                acc.popleft()  # the accelerometer was switched on before the gyroscope
            paired = paired or bool(acc and gyr)
            while acc and gyr:
                sink(metamotion.joined(acc.popleft(), gyr.popleft()))

        await link.subscribe(metamotion.NOTIFY, received)
        for command in metamotion.START:
            await link.write(metamotion.COMMAND, command)

    async def stop(self, link: Link) -> None:
        """Switch both sensors off, then unsubscribe."""
        for command in metamotion.STOP:
            await link.write(metamotion.COMMAND, command)
        await link.unsubscribe(metamotion.NOTIFY)

    async def start_log(self, link: Link, utc_s: int) -> None:
        """Begin to log both sensors; what its memory held is erased.

        Raises
        ------
        UnavailableError
            It refuses: it has no memory, or no logger is free.
        """
        for command in log.CLEAR:
            await link.write(metamotion.COMMAND, command)
        for command in log.triggers():
            answer = await self._asked(link, command)
            if answer is None or len(answer) < 3:
                raise UnavailableError(
                    "the sensor refused to record into its memory",
                    "Update its firmware, or record without --onboard",
                )
        for command in log.START:
            await link.write(metamotion.COMMAND, command)

    async def stop_log(self, link: Link) -> None:
        """End it."""
        await link.write(metamotion.COMMAND, log.STOP)

    async def read_log(self, link: Link) -> Sequence[SampleBatch]:
        """Return what its memory holds of both sensors."""
        loggers: dict[int, tuple[int, int]] = {}
        for number in range(log.MOST_LOGGERS):
            query = bytes((log.LOGGING, log.READ | log.TRIGGER, number))
            answer = await self._asked(link, query)
            if answer is None:
                break
            if len(answer) >= 6:  # an empty one has no source
                loggers[number] = (answer[2], answer[5] & 0x1F)
        found = log.Readout(loggers)
        known = -1
        while loggers and len(found) > known:  # what came is told once; what did not, is told again
            known = len(found)
            answer = await self._asked(link, log.LENGTH_READ)
            request = None if answer is None else log.readout(answer)
            if request is None or await self._collected(link, request, found):
                break
        return found.batches(self._ranges, 1e6 / self.capabilities.rates_hz[0])

    async def _collected(self, link: Link, request: bytes, found: log.Readout) -> bool:
        """Take entries; return whether the sensor said that none is left."""
        frames: asyncio.Queue[bytes] = asyncio.Queue()
        await link.subscribe(metamotion.NOTIFY, frames.put_nowait)
        try:
            for command in (*log.LISTEN, request):
                await link.write(metamotion.COMMAND, command)
            while True:
                try:
                    data = await asyncio.wait_for(frames.get(), _ANSWER_S)
                except TimeoutError:
                    return False
                if data[:2] == bytes((log.LOGGING, log.PAGE_DONE)):
                    await link.write(metamotion.COMMAND, log.PAGE_CONFIRM)
                elif log.entries_left(data) == 0:
                    return True
                found.add(data)
        finally:
            with ignored():
                await link.unsubscribe(metamotion.NOTIFY)

    async def _asked(self, link: Link, command: bytes) -> bytes | None:
        """Return the answer to a read of one register; None without one."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def received(data: bytes) -> None:
            same = data[:1] == command[:1] and data[1:2] and data[1] & 0x7F == command[1] & 0x7F
            if (same or metamotion.decode_battery(data) is not None) and not answer.done():
                answer.set_result(data)

        await link.subscribe(metamotion.NOTIFY, received)
        try:
            await link.write(metamotion.COMMAND, command)
            return await asyncio.wait_for(answer, _ANSWER_S)
        except TimeoutError:
            return None
        finally:
            with ignored():
                await link.unsubscribe(metamotion.NOTIFY)
