"""The memory of a MetaMotion (module 0B): what is logged, how it is read out, and by which ticks.

Written from what the manufacturer's public library and its tests show: entries of a logger number,
the count of resets, a tick of 48/32768 s and four bytes. A value of six bytes takes two loggers.
Verified against documentation only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from rehabctl.devices.drivers import metamotion
from rehabctl.devices.model import SampleBatch, batch

LOGGING = 0x0B
TICK_US = 48e6 / 32768
TRIGGER, LENGTH, READOUT, ENTRIES, PROGRESS, PAGE_DONE = 0x02, 0x05, 0x06, 0x07, 0x08, 0x0D
READ = 0x80
CLEAR = (
    bytes((LOGGING, PAGE_DONE, 0x01)),
    bytes((LOGGING, 0x09, 0xFF, 0xFF, 0xFF, 0xFF)),
    bytes((LOGGING, 0x0A)),
)
"""Forget every entry, then every logger."""
START = (bytes((LOGGING, 0x0B, 0x01)), bytes((LOGGING, 0x01, 0x01)))
"""The newest entries replace the oldest; begin."""
STOP = bytes((LOGGING, 0x01, 0x00))
LISTEN = (
    bytes((LOGGING, PAGE_DONE, 0x01)),
    bytes((LOGGING, ENTRIES, 0x01)),
    bytes((LOGGING, PROGRESS, 0x01)),
)
PAGE_CONFIRM = bytes((LOGGING, 0x0E))
LENGTH_READ = bytes((LOGGING, READ | LENGTH))
MOST_LOGGERS = 8
_ENTRY = struct.Struct("<BI4s")
_SOURCES = ((metamotion.ACCELEROMETER, 0x04), (metamotion.GYROSCOPE, 0x05))
_PARTS = ((4, 0), (2, 4))
"""Bytes and offset of the two halves of three 16-bit numbers."""


def triggers() -> list[bytes]:
    """Return the requests that log acceleration and rate, each in two halves."""
    return [
        bytes((LOGGING, TRIGGER, module, register, 0xFF, (size - 1) << 5 | offset))
        for module, register in _SOURCES
        for size, offset in _PARTS
    ]


def readout(answer: bytes) -> bytes | None:
    """Return the request for every entry; None where there are none.

    Parameters
    ----------
    answer
        To `LENGTH_READ`: the number of entries, in two or four bytes.
    """
    count = int.from_bytes(answer[2:], "little")
    if count == 0:
        return None
    report_every = max(1, count // 20)
    return bytes((LOGGING, READOUT)) + answer[2:] + struct.pack("<I", report_every)


def decode_entries(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Return logger, resets, tick and value of each entry of a frame (one or two).

    Parameters
    ----------
    data
        The notification.
    """
    if data[:2] != bytes((LOGGING, ENTRIES)):
        return []
    found: list[tuple[int, int, int, bytes]] = []
    for at in range(2, len(data) - _ENTRY.size + 1, _ENTRY.size):
        number, tick, value = _ENTRY.unpack_from(data, at)
        found.append((number & 0x1F, number >> 5, tick, value))
    return found


def entries_left(data: bytes) -> int | None:
    """Return how many entries are still to come; None for another frame.

    Parameters
    ----------
    data
        The notification.
    """
    if data[:2] != bytes((LOGGING, PROGRESS)) or len(data) < 3:
        return None
    return int.from_bytes(data[2:6], "little")


@dataclass
class Readout:
    """Entries of the loggers, joined to samples.

    Parameters
    ----------
    loggers
        Number -> module and offset, as the sensor names them.
    """

    loggers: dict[int, tuple[int, int]]
    _values: dict[tuple[int, int], list[tuple[int, int, bytes]]] = field(
        default_factory=dict[tuple[int, int], list[tuple[int, int, bytes]]]
    )
    _last: tuple[int, int] = (0, 0)

    def add(self, data: bytes) -> None:
        """Take a frame; what is no entry of these loggers is left out.

        Parameters
        ----------
        data
            The notification.
        """
        for number, resets, tick, value in decode_entries(data):
            if number in self.loggers:
                self._values.setdefault(self.loggers[number], []).append((resets, tick, value))
                self._last = (resets, tick)

    def batches(self, ranges: metamotion.Ranges, step_us: float) -> tuple[SampleBatch, ...]:
        """Return the samples since the last reset, each once, with the time of their ticks.

        Parameters
        ----------
        ranges
            As configured.
        step_us
            Between two samples; parts of one lie nearer than half of it.
        """
        near = step_us / TICK_US / 2
        acc, gyr = (self._merged(source, near) for source in _SOURCES)
        if not gyr:  # only the accelerometer was logged
            return tuple(_sample(tick, ranges, value, b"") for tick, value in acc)
        return tuple(_sample(tick, ranges, *values) for tick, values in _joined(acc, gyr, near))

    def __len__(self) -> int:
        """Return how many different entries came."""
        return sum(len(set(values)) for values in self._values.values())

    def _merged(self, source: tuple[int, int], near: float) -> list[tuple[int, bytes]]:
        """Return tick and six bytes of one quantity."""
        first, second = (self._in_order((source[0], offset)) for _, offset in _PARTS)
        return [(tick, start[:4] + end[:2]) for tick, (start, end) in _joined(first, second, near)]

    def _in_order(self, part: tuple[int, int]) -> list[tuple[int, bytes]]:
        """Return what was logged since the last reset, by ticks that may have begun anew at 2^32.

        A page that was not confirmed is sent again, and entries may come in any order.
        """
        resets, start = self._last
        ticks = {
            start + (tick - start + 2**31) % 2**32 - 2**31: value
            for number, tick, value in self._values.get(part, [])
            if number == resets
        }
        return sorted(ticks.items())


def _sample(tick: int, ranges: metamotion.Ranges, acc: bytes, gyr: bytes) -> SampleBatch:
    frames = [
        metamotion.decode_samples(bytes(source) + value, ranges)
        for source, value in zip(_SOURCES, (acc, gyr), strict=True)
    ]
    return batch(
        acc=frames[0].acc_ms2.tolist(),
        gyr=frames[1].gyr_rads.tolist() if gyr else None,
        device_time_us=(round(tick * TICK_US),),
    )


def _joined(
    first: list[tuple[int, bytes]], second: list[tuple[int, bytes]], near: float
) -> list[tuple[int, tuple[bytes, bytes]]]:
    """Return what two rows hold at the same time, by ticks that differ by less than `near`."""
    found: list[tuple[int, tuple[bytes, bytes]]] = []
    i = j = 0
    while i < len(first) and j < len(second):
        apart = first[i][0] - second[j][0]
        if abs(apart) < near:
            found.append((first[i][0], (first[i][1], second[j][1])))
            i, j = i + 1, j + 1
        elif apart < 0:
            i += 1
        else:
            j += 1
    return found
