"""From single records of a wearable to one value a day, in memory that grows with days only.

A step that phone and watch both counted counts once: a minute in which the device that ranks higher
has a record is that device's, and of the other only the share outside counts. Asleep is the union
of what any device says. A record that comes twice counts once.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rehabctl.clinic.local_days import day_start
from rehabctl.domain.wearable import DailyMeasure, DailyValue

_NIGHT_ENDS_H = 18
"""Sleep that begins at this hour or later belongs to the night that ends the next day."""
_MOST_MINUTES = 27 * 60
"""Of a day on which the clocks go back; one zone puts them back by two hours."""
_MOST_HOURS = 25
_MOST_PIECES = 4 * 1440
"""Records of a day and device that are kept apart; beyond, they are joined by minutes."""
_SUMMED = DailyMeasure.STEPS
_Key = tuple[int, DailyMeasure]


@dataclass
class DayTotals:
    """Collects records in any order.

    Parameters
    ----------
    zone
        In which days are counted.
    ranks
        Rank of each device as records name it, the lowest counts first; a device without one comes
        last. Of two with the same rank, the one that covers more of the day.
    """

    zone: ZoneInfo
    ranks: dict[str, int] = field(default_factory=dict[str, int])
    latest_s: float = 0.0
    """End of the latest record."""
    _pieces: dict[_Key, dict[str, array[float]]] = field(
        default_factory=dict[_Key, dict[str, "array[float]"]]
    )
    _minutes: dict[int, bytearray] = field(default_factory=dict[int, bytearray])
    _hours: dict[int, int] = field(default_factory=dict[int, int])
    _starts: dict[int, float] = field(default_factory=dict[int, float])
    _current: tuple[int, float, float] = (0, 0.0, 0.0)

    def add(
        self, measure: DailyMeasure, start_s: float, end_s: float, value: float, device: str = ""
    ) -> None:
        """Take one record.

        Parameters
        ----------
        measure
            What; of sleep the value is not read.
        start_s, end_s
            Seconds since 1970 in UTC; the end is not before the start.
        value
            In the measure's unit; steps of the whole interval.
        device
            Which of the source's devices.
        """
        self.latest_s = max(self.latest_s, end_s)
        day, first_s, last_s = self._day(start_s)
        if measure is DailyMeasure.HEART_RATE:
            self._reading(day, first_s, start_s, value)
            return
        if measure is DailyMeasure.SLEEP:
            begins_late = start_s >= last_s - (24 - _NIGHT_ENDS_H) * 3600
            night = day + 1 if begins_late else day
            self._piece((night, measure), device, start_s - self._start(night), end_s - start_s, 0)
            return
        if measure is not _SUMMED:
            self._piece((day, measure), device, start_s - first_s, end_s - start_s, value)
            return
        whole_s = end_s - start_s
        while end_s > last_s:  # over midnight: by the time on each side
            part = value * (last_s - start_s) / whole_s
            self._steps(day, first_s, start_s, last_s, part, device)
            day, first_s, start_s, value = day + 1, last_s, last_s, value - part
            last_s, whole_s = self._start(day + 1), end_s - start_s
        self._steps(day, first_s, start_s, end_s, value, device)

    def _steps(
        self, day: int, first_s: float, start_s: float, end_s: float, value: float, device: str
    ) -> None:
        self._piece((day, _SUMMED), device, start_s - first_s, end_s - start_s, value)
        first, last = int(start_s - first_s) // 3600, int(max(start_s, end_s - 1) - first_s) // 3600
        self._hours[day] = self._hours.get(day, 0) | ((1 << (last + 1)) - (1 << first))

    def _reading(self, day: int, first_s: float, at_s: float, value: float) -> None:
        minutes = self._minutes.get(day)
        if minutes is None:
            minutes = self._minutes[day] = bytearray(_MOST_MINUTES)
            self._hours.setdefault(day, 0)
        minute = int(at_s - first_s) // 60
        bpm = min(255, max(1, round(value)))
        if bpm > minutes[minute]:
            minutes[minute] = bpm
        self._hours[day] |= 1 << minute // 60

    def _piece(self, key: _Key, device: str, at_s: float, long_s: float, value: float) -> None:
        devices = self._pieces.get(key)
        if devices is None:
            devices = self._pieces[key] = {}
        kept = devices.get(device)
        if kept is None:
            kept = devices[device] = array("f")
        kept.extend((at_s, long_s, value))
        if len(kept) > 3 * _MOST_PIECES:
            devices[device] = _joined(kept, summed=key[1] is _SUMMED)

    def _day(self, moment_s: float) -> tuple[int, float, float]:
        """Return the local day of a moment, its first second, and that of the next day."""
        day, first_s, last_s = self._current
        if first_s <= moment_s < last_s:
            return self._current
        day = datetime.fromtimestamp(moment_s, self.zone).toordinal()
        self._current = (day, self._start(day), self._start(day + 1))
        return self._current

    def _start(self, day: int) -> float:
        found = self._starts.get(day)
        if found is None:
            found = self._starts[day] = day_start(day, self.zone).timestamp()
        return found

    def values(self, until_s: float, *, is_whole: bool) -> Iterator[DailyValue]:
        """Yield every value in the order of days and measures.

        Parameters
        ----------
        until_s
            When the source was made; days that end later are not whole.
        is_whole
            Whether the source was read to its end.
        """
        beats = [(day, DailyMeasure.HEART_RATE) for day in self._minutes]
        for day, measure in sorted({*self._pieces, *beats}):
            whole = is_whole and self._start(day + 1) <= until_s
            yield self._value(day, measure, whole)

    def _value(self, day: int, measure: DailyMeasure, is_whole: bool) -> DailyValue:
        hours = min(_MOST_HOURS, self._hours[day].bit_count()) if day in self._hours else None
        on = date.fromordinal(day)
        if measure is DailyMeasure.HEART_RATE:
            found = [bpm for bpm in self._minutes[day] if bpm]
            counts: dict[int, int] = {}
            for bpm in sorted(found):
                counts[bpm] = counts.get(bpm, 0) + 1
            mean = round(sum(found) / len(found), 1)
            method = "mean of the highest reading of each minute"
            return DailyValue(on, measure, mean, len(found), hours, is_whole, method, counts)
        devices = self._ranked({n: _distinct(p) for n, p in self._pieces[day, measure].items()})
        records = sum(len(pieces) for _, pieces in devices)
        if measure is _SUMMED:
            value, used = _once(devices)
            method = " over ".join(used) if any(used) else "sum"
            return DailyValue(on, measure, float(round(value)), records, hours, is_whole, method)
        if measure is DailyMeasure.SLEEP:
            spans = _union([(at, at + long) for _, pieces in devices for at, long, _ in pieces])
            asleep_h = round(sum(end - start for start, end in spans) / 3600, 2)
            return DailyValue(on, measure, asleep_h, records, hours, is_whole, "union of asleep")
        name, pieces = devices[0]
        mean = round(sum(value for *_, value in pieces) / len(pieces), 4)
        method = f"mean of {name}" if name else "mean"
        return DailyValue(on, measure, mean, len(pieces), hours, is_whole, method)

    def _ranked(self, devices: Mapping[str, _Pieces]) -> list[tuple[str, _Pieces]]:
        def rank(named: tuple[str, _Pieces]) -> tuple[int, float, str]:
            name, pieces = named
            covered = sum(e - s for s, e in _union([(at, at + long) for at, long, _ in pieces]))
            return self.ranks.get(name, len(self.ranks)), -covered, name

        return sorted(devices.items(), key=rank)


_Pieces = Sequence[tuple[float, float, float]]
"""Second of the day, length in seconds, value."""


def _distinct(kept: array[float]) -> _Pieces:
    """Return each piece once, in order."""
    return sorted(set(zip(kept[::3], kept[1::3], kept[2::3], strict=True)))


def _joined(kept: array[float], *, summed: bool) -> array[float]:
    """Return pieces without copies, joined by the minute in which they begin if still too many."""
    pieces = _distinct(kept)
    joined: array[float] = array("f")
    if len(pieces) <= _MOST_PIECES // 2:
        for piece in pieces:
            joined.extend(piece)
        return joined
    minutes: dict[int, list[tuple[float, float, float]]] = {}
    for piece in pieces:
        minutes.setdefault(int(piece[0]) // 60, []).append(piece)
    for found in minutes.values():
        first = found[0][0]
        last = max(at + long for at, long, _ in found)
        value = sum(value for *_, value in found)
        joined.extend((first, last - first, value if summed else value / len(found)))
    return joined


def _union(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans in order that neither touch nor overlap and cover the same."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _minutes(at: float, long: float) -> tuple[float, float]:
    """Return a span out to whole minutes: clocks and stretches of two devices differ by seconds."""
    return at // 60 * 60, -(-max(at + long, at + 1) // 60) * 60


def _once(devices: Sequence[tuple[str, _Pieces]]) -> tuple[float, list[str]]:
    """Return the sum in which no minute counts for two devices, and whose records count."""
    total, used = 0.0, list[str]()
    covered: list[tuple[float, float]] = []
    for name, pieces in devices:
        told = sum(value * _outside(at, at + long, covered) for at, long, value in pieces)
        if told or not used:
            used.append(name)
        total += told
        covered = _union([*covered, *(_minutes(at, long) for at, long, _ in pieces)])
    return total, used


def _outside(start: float, end: float, covered: Sequence[tuple[float, float]]) -> float:
    """Return the share of a span that lies outside ordered spans."""
    place = max(0, bisect_right(covered, (start, float("inf"))) - 1)
    if end <= start:
        return float(not any(s <= start < e for s, e in covered[place : place + 2]))
    inside = 0.0
    for s, e in covered[place:]:
        if s >= end:
            break
        inside += max(0.0, min(end, e) - max(start, s))
    return 1 - inside / (end - start)
