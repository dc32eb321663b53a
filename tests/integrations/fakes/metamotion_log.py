"""A MetaMotion of MbientLab which has logged acceleration on board, as bytes in and bytes out.

Documented (public MetaWear C++ SDK: core/cpp/logging.cpp, logging_register.h, test/test_logging.py,
test_logging_mms.py, and the recorded downloads of test/logdata.py). Numbers are little-endian.

    0b 80                        -> 0b 80 00 rev loggers capacity:u32     (rev 2; 3 on the MMS)
    0b 01 on | 0b 0b overwrite      start, stop; what a full log does
    0b 02 mod reg data spec      -> 0b 02 id     spec = (size - 1) << 5 | offset; 1 to 4 bytes
    0b 82 id                     -> 0b 82 mod reg data spec, or a bare 0b 82 if there is none
    0b 03 id | 0b 0a                remove a logger, or all
    0b 84                        -> 0b 84 tick:u32 reset    a tick is 48/32768 s; reset is 0 to 7
    0b 85                        -> 0b 85 entries:u32
    0b 07 01 | 0b 08 01 | 0b 0d 01  tell entries, progress, ends of pages (0d only before rev 3)
    0b 06 entries:u32 every:u32     read out; progress after each `every`
       -> 0b 07 (reset << 5 | id) tick:u32 data:4, once (11 bytes) or twice (20 bytes)
       -> 0b 08 left:u32, 0 at the end;  0b 0d at the end of a page, goes on after 0b 0e
    0b 09 entries:u32               forget entries (ffffffff all);  0b 10 01 flush the page (rev 3)

Acceleration is 03 04 ff with spec 60 (x, y) and 24 (z): two loggers, whose halves may come in two
notifications, over the end of a page, with ticks that differ by one. 8 g are 4096 to a g.
The recordings show it all, gaps of a sample too.

Assumed: the size of a page, that a page not confirmed is sent again, that `entries` left out of a
read-out stay, that the last page is completed too, that removing entries takes the oldest.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

TICK_MS = 48 / 32768 * 1000
SCALE = 4096
HALVES = ((0x03, 0x04, 0xFF, 0x60), (0x03, 0x04, 0xFF, 0x24))
LOGGERS, CAPACITY = 8, 0x2B80
_LOG = 0x0B


class Fault(StrEnum):
    """What is wrong, or odd, in a log or its read-out."""

    NO_ENTRIES = "no_entries"
    NO_LOGGERS = "no_loggers"
    LOGGERS_OF_ANOTHER = "loggers_of_another"
    UNKNOWN_LOGGER = "unknown_logger"
    NO_LOGGER_FREE = "no_logger_free"
    RESET_IN_BETWEEN = "reset_in_between"
    TICKS_ROLL_OVER = "ticks_roll_over"
    HALF_MISSING = "half_missing"
    HALVES_SWAPPED = "halves_swapped"
    ENTRY_TWICE = "entry_twice"
    OUT_OF_ORDER = "out_of_order"
    CUT_NOTIFICATION = "cut_notification"
    OTHER_MODULE_BETWEEN = "other_module_between"
    LENGTH_TOO_LONG = "length_too_long"
    PAGE_NOT_COMPLETED = "page_not_completed"
    SILENT_HALF_WAY_ONCE = "silent_half_way_once"
    NO_LAST_PROGRESS = "no_last_progress"
    NO_TIME = "no_time"


FAULTS = tuple(Fault)


@dataclass(frozen=True)
class Sample:
    """One reading as it was logged."""

    tick: int
    reset: int
    g: tuple[float, float, float]


@dataclass(frozen=True)
class _Entry:
    logger: int
    reset: int
    tick: int
    data: bytes

    def bytes(self) -> bytes:
        return struct.pack("<BI", self.reset << 5 | self.logger, self.tick) + self.data


@dataclass
class FakeMetaMotionLog:
    """`write` takes what a client writes to 326a9001 and answers what 326a9006 then notifies."""

    count: int = 200
    hz: float = 50
    seed: int = 1
    fault: str | None = None
    page: int = 63
    revision: int = 2
    samples: list[Sample] = field(default_factory=list[Sample])
    """What was really measured; `tick_now` and `reset_now` stand for the time of reading."""
    commands: list[bytes] = field(default_factory=list[bytes])
    loggers: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    tick_now: int = 0
    reset_now: int = 5
    logging: bool = False

    def __post_init__(self) -> None:
        self._told: set[int] = {0x0D} if self.revision > 2 else set()
        self._entries: list[_Entry] = []
        self._queue: Iterator[bytes] | None = None
        self._silent = self.fault == Fault.SILENT_HALF_WAY_ONCE
        self.loggers = dict(enumerate(HALVES))
        if self.fault == Fault.LOGGERS_OF_ANOTHER:  # the gyroscope's before the accelerometer's
            gyro = ((0x13, 0x05, 0xFF, 0x60), (0x13, 0x05, 0xFF, 0x24))
            self.loggers = dict(enumerate((*gyro, *HALVES)))
        self._measure()

    def _measure(self) -> None:
        chance, step = random.Random(self.seed), 1000 / self.hz / TICK_MS
        start = 2**32 - 900 if self.fault == Fault.TICKS_ROLL_OVER else 17_000
        count = 0 if self.fault == Fault.NO_ENTRIES else self.count
        low = max(self.loggers) - 1
        tick = start
        for number in range(count):
            reset = self.reset_now
            if self.fault == Fault.RESET_IN_BETWEEN:  # the clock of the board began again
                reset, start = (4, 17_000) if number < count // 2 else (5, 0)
            since = number - (count // 2 if start == 0 else 0)
            tick = (start + round(since * step)) % 2**32
            swing = math.sin(number / 8)
            raw = [round(SCALE * one) for one in (0.2 * swing, 0.1, 1 + 0.3 * swing)]
            raw = [one + chance.randrange(-40, 40) for one in raw]
            x, y, z = (one / SCALE for one in raw)
            self.samples.append(Sample(tick, reset, (x, y, z)))
            late = (tick + (number % 9 == 4)) % 2**32  # now and then the halves differ by a tick
            self._entries.append(_Entry(low, reset, tick, struct.pack("<hh", *raw[:2])))
            self._entries.append(_Entry(low + 1, reset, late, struct.pack("<hh", raw[2], 0)))
        self.tick_now = (tick + 900) % 2**32
        if self.fault == Fault.NO_LOGGERS:
            self.loggers.clear()
        self._spoil()

    def _spoil(self) -> None:
        entries, middle = self._entries, len(self._entries) // 2 // 2 * 2
        match self.fault:
            case Fault.HALF_MISSING:
                del entries[middle + 1]
            case Fault.HALVES_SWAPPED:
                entries[middle : middle + 2] = reversed(entries[middle : middle + 2])
            case Fault.ENTRY_TWICE:
                entries.insert(middle, entries[middle])
            case Fault.OUT_OF_ORDER:
                entries[middle : middle + 20] = (
                    entries[middle + 10 : middle + 20] + entries[middle : middle + 10]
                )
            case Fault.UNKNOWN_LOGGER:
                one = entries[middle]
                entries.insert(middle, _Entry(29, one.reset, one.tick, one.data))
            case _:
                pass

    def write(self, command: bytes) -> list[bytes]:
        """Answer the notifications which follow a command, up to the end of a page."""
        self.commands.append(command)
        if len(command) < 2 or command[0] != _LOG:
            return []
        register, rest = command[1], command[2:]
        match register:
            case 0x80:
                return [struct.pack("<BBBBBI", _LOG, 0x80, 0, self.revision, LOGGERS, CAPACITY)]
            case 0x84:
                if self.fault == Fault.NO_TIME:
                    return []
                return [struct.pack("<BBIB", _LOG, 0x84, self.tick_now, self.reset_now)]
            case 0x85:
                more = 7 if self.fault == Fault.LENGTH_TOO_LONG else 0
                return [struct.pack("<BBI", _LOG, 0x85, len(self._entries) + more)]
            case 0x82 if rest:
                return [bytes((_LOG, 0x82, *self.loggers.get(rest[0], ())))]
            case 0x02 if len(rest) == 4:
                return self._add_logger(tuple(rest))
            case 0x06 if len(rest) == 8:
                count, every = struct.unpack("<II", rest)
                self._queue = self._read_out(count, every)
                return list(self._until_page_ends())
            case 0x0E:
                return list(self._until_page_ends())
            case _:
                self._set(register, rest)
                return []

    def _set(self, register: int, rest: bytes) -> None:
        match register:
            case 0x01 if rest:
                self.logging = bool(rest[0])
            case 0x07 | 0x08 | 0x0D if rest:
                self._told = self._told | {register} if rest[0] else self._told - {register}
            case 0x03 if rest:
                self.loggers.pop(rest[0], None)
            case 0x0A:
                self.loggers.clear()
            case 0x09 if len(rest) == 4:
                del self._entries[: struct.unpack("<I", rest)[0]]
                self._queue = None
            case _:
                pass

    def _add_logger(self, spec: tuple[int, ...]) -> list[bytes]:
        free = [one for one in range(LOGGERS) if one not in self.loggers]
        if not free or self.fault == Fault.NO_LOGGER_FREE:
            return []
        self.loggers[free[0]] = spec
        return [bytes((_LOG, 0x02, free[0]))]

    def _until_page_ends(self) -> Iterator[bytes]:
        for one in self._queue or ():
            if one[1] in self._told:
                yield one
            if one[1] == 0x0D:
                return

    def _read_out(self, count: int, every: int) -> Iterator[bytes]:
        """Yield notifications; what follows the end of a page runs once it was confirmed."""
        left = count = min(count, len(self._entries))
        told_at = left - every
        while left:
            page = self._entries[: min(self.page, left)]
            for number, start in enumerate(range(0, len(page), 2)):
                if self._silent and left < count * 2 // 3 and number == 4:
                    self._silent, self._queue = False, None
                    return
                pair = page[start : start + 2]
                yield from self._notified(pair, start)
                left -= len(pair)
                if every and left <= told_at and left:
                    told_at -= every
                    yield struct.pack("<BBI", _LOG, 0x08, left)
            if not (left and self.fault == Fault.PAGE_NOT_COMPLETED):
                yield bytes((_LOG, 0x0D))
            else:
                return
            del self._entries[: len(page)]
        if self.fault != Fault.NO_LAST_PROGRESS:
            yield struct.pack("<BBI", _LOG, 0x08, 0)

    def _notified(self, pair: list[_Entry], start: int) -> Iterator[bytes]:
        told = bytes((_LOG, 0x07)) + b"".join(one.bytes() for one in pair)
        yield told[:9] if self.fault == Fault.CUT_NOTIFICATION and start == 10 else told
        if self.fault == Fault.OTHER_MODULE_BETWEEN and start == 20:
            self._told.add(0x04)
            yield bytes.fromhex("030416c494a22ad0")
