"""Fitbit's export files as Google Takeout gives them: a folder, or the zip file it came in.

Read are the JSON files of `Global Export Data` and the CSV files of later exports, which mostly say
the same. CSV says that its times are UTC, so that it comes first, and a record of JSON counts only
away from it. Of JSON, heart rate is UTC and so, by most accounts, are steps; sleep is the wearer's
own clock.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.wearable import DailyMeasure, Wearer

if TYPE_CHECKING:
    from rehabctl.integrations.wearables.reading import Reading

_MOST_BYTES = 128 * 1024 * 1024
"""Of one file: they hold a day, or at most a month."""
_MOST_FILES = 200_000
_PROFILE = "profile.csv"
_NAMED = re.compile(
    r"(steps|heart_rate|resting_heart_rate|sleep)[-_]\d{4}-\d{2}-\d{2}\.(?:json|csv)"
    r"|(daily_resting_heart_rate)\.csv"
)
_TWIN_S = 14 * 3600
"""How far from the records of CSV a record of JSON may be the same one, told by another clock."""
_NO_DATA = "no data"
_ASLEEP = frozenset({"light", "deep", "rem", "asleep"})
_AWAKE = frozenset({"wake", "awake", "restless", "unknown"})


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    """Without its folders: they may name a person."""
    size: int
    data: Callable[[], bytes]


def read(path: Path, reading: Reading) -> None:
    """Read an export.

    Parameters
    ----------
    path
        Folder or zip file.
    reading
        Gets the records.

    Raises
    ------
    RehabctlError
        It holds no file of a Fitbit export.
    """
    with ExitStack() as stack:
        files = sorted(_files(path, stack), key=lambda file: file.name)
        wanted = [file for file in files if _NAMED.fullmatch(file.name.lower())]
        for file in files:
            if file.name.lower() == _PROFILE:
                _profile(file, reading)
        if not wanted:
            raise RehabctlError(
                f"{path.name} holds no Fitbit export",
                "Give the folder Takeout/Fitbit, or the zip file of Google Takeout",
            )
        wanted.sort(key=lambda file: (not file.name.lower().endswith(".csv"), file.name))
        told: dict[str, tuple[float, float]] = {}
        for file in wanted:
            reading.file = file.name
            if (text := _text(file, reading)) is not None:
                _take(file.name.lower(), text, reading, told)


def _files(path: Path, stack: ExitStack) -> Iterator[_File]:
    """Yield every file of a folder, those in its archives too: large exports come in parts."""
    if not path.is_dir():
        yield from _packed(path, stack)
        return
    for number, found in enumerate(path.rglob("*")):
        if number > _MOST_FILES:
            raise RehabctlError(f"{path.name} holds too many files", "Give Takeout/Fitbit")
        if found.is_symlink() or not found.is_file():
            continue
        if found.suffix.lower() == ".zip":
            yield from _packed(found, stack)
        else:
            yield _File(found.name, found.stat().st_size, found.read_bytes)


def _packed(path: Path, stack: ExitStack) -> Iterator[_File]:
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise RehabctlError(
            f"{path.name} is no whole zip file", "Copy it again, or give the unpacked folder"
        ) from None
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
    for entry in archive.infolist()[:_MOST_FILES]:

        def data(entry: zipfile.ZipInfo = entry) -> bytes:
            with archive.open(entry) as stream:
                return stream.read(_MOST_BYTES + 1)

        yield _File(entry.filename.rpartition("/")[2], entry.file_size, data)


def _text(file: _File, reading: Reading) -> str | None:
    """Return the text of a file; None, and why, where it cannot be read."""
    data = b""
    if file.size <= _MOST_BYTES:
        try:
            data = file.data()
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError):
            reading.ends_early(0, "the file cannot be unpacked")
            return None
    if file.size > _MOST_BYTES or len(data) > _MOST_BYTES:
        reading.ends_early(0, "the file is larger than any of an export")
        return None
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return data.decode("utf-16" if is_wide else "utf-8-sig", "replace")


def _profile(file: _File, reading: Reading) -> None:
    reading.file = file.name
    rows = list(csv.DictReader(io.StringIO(_text(file, reading) or "")))
    if rows:
        said = {str(k).strip().lower(): str(v).strip() for k, v in rows[0].items() if v}
        born = _date(said.get("date_of_birth", ""))
        reading.about(Wearer(born, said.get("first_name"), said.get("last_name")))


def _take(name: str, text: str, reading: Reading, told: dict[str, tuple[float, float]]) -> None:
    """Take the records of one file; `told` is the time for which CSV spoke of each kind."""
    found = cast("re.Match[str]", _NAMED.fullmatch(name))
    kind = found.group(1) or "resting_heart_rate"
    if text.strip().lower() == _NO_DATA:
        return
    if name.endswith(".csv"):
        if (span := _csv(kind, text, reading)) is not None:
            first, last = told.get(kind, span)
            told[kind] = (min(first, span[0]), max(last, span[1]))
        return
    take = {
        "steps": _steps,
        "heart_rate": _heart_rate,
        "resting_heart_rate": _resting,
        "sleep": _sleep,
    }[kind]
    span = told.get(kind)
    for number, item in enumerate(_items(text, reading), start=1):
        try:
            if span is None or not _is_twin(item, span):
                take(item, number, reading)
        except (KeyError, ValueError, TypeError, OverflowError, AttributeError):
            reading.refuse(number, kind, "is not as an export writes it")


def _is_twin(item: Mapping[str, Any], span: tuple[float, float]) -> bool:
    return span[0] - _TWIN_S <= _utc(item["dateTime"]) <= span[1] + _TWIN_S


def _items(text: str, reading: Reading) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a JSON array one by one, up to where it breaks off."""
    decoder = json.JSONDecoder()
    place, number = _after_space(text, 0), 0
    if text[place : place + 1] != "[":
        return reading.ends_early(0, "the file is no list of records")
    place = _after_space(text, place + 1)
    while text[place : place + 1] != "]":
        number += 1
        try:
            item, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return reading.ends_early(number, "the file breaks off at this record")
        if isinstance(item, dict):
            yield cast("Mapping[str, Any]", item)
        else:
            reading.refuse(number, "", "is no record")
        place = _after_space(text, place)
        if text[place : place + 1] == ",":
            place = _after_space(text, place + 1)
        elif text[place : place + 1] != "]":
            return reading.ends_early(number, "the file breaks off after this record")
    return None


def _after_space(text: str, place: int) -> int:
    while text[place : place + 1].isspace():
        place += 1
    return place


def _steps(item: Mapping[str, Any], number: int, reading: Reading) -> None:
    at_s = _utc(item["dateTime"])
    reading.take(DailyMeasure.STEPS, at_s, at_s + 60, float(item["value"]), line=number)


def _heart_rate(item: Mapping[str, Any], number: int, reading: Reading) -> None:
    at_s = _utc(item["dateTime"])
    bpm = float(item["value"]["bpm"])
    reading.take(DailyMeasure.HEART_RATE, at_s, at_s, bpm, line=number)


def _resting(item: Mapping[str, Any], number: int, reading: Reading) -> None:
    value = item["value"]
    if not value.get("date") or not value["value"]:
        return  # written for every day, also for those without a value
    noon = datetime.strptime(value["date"], "%m/%d/%y") + timedelta(hours=12)
    at_s = _local(noon, reading)
    reading.take(DailyMeasure.RESTING_HEART_RATE, at_s, at_s, float(value["value"]), line=number)


def _sleep(item: Mapping[str, Any], number: int, reading: Reading) -> None:
    """Take what was asleep; awake for some minutes within a stage is told apart, and taken off."""
    levels = cast("Mapping[str, Any]", item.get("levels") or {})
    stages = _stages(levels.get("data") or [], reading)
    if not stages:
        start, end = (_local(datetime.fromisoformat(item[n]), reading)
                      for n in ("startTime", "endTime"))  # fmt: skip
        reading.take(DailyMeasure.SLEEP, start, end, 0, line=number)
        return
    awake = [(s, e) for level, s, e in _stages(levels.get("shortData") or [], reading)
             if level in _AWAKE]  # fmt: skip
    for level, start_s, end_s in stages:
        if level not in _ASLEEP:
            if level not in _AWAKE:
                reading.refuse(number, "level", "is no stage of sleep")
            continue
        for begun_s, ended_s in _without(start_s, end_s, awake):
            reading.take(DailyMeasure.SLEEP, begun_s, ended_s, 0, line=number)


def _stages(found: list[Any], reading: Reading) -> list[tuple[str, float, float]]:
    stages: list[tuple[str, float, float]] = []
    for stage in found:
        start_s = _local(datetime.fromisoformat(stage["dateTime"]), reading)
        stages.append((str(stage["level"]), start_s, start_s + float(stage["seconds"])))
    return stages


def _without(
    start_s: float, end_s: float, taken: list[tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    for s, e in sorted(taken):
        if s < end_s and e > start_s:
            if s > start_s:
                yield start_s, s
            start_s = max(start_s, e)
    if start_s < end_s:
        yield start_s, end_s


def _csv(kind: str, text: str, reading: Reading) -> tuple[float, float] | None:
    """Take the rows of a file and return the first and last moment that they speak of."""
    columns = {
        "steps": ("steps", DailyMeasure.STEPS, 60),
        "heart_rate": ("beats per minute", DailyMeasure.HEART_RATE, 0),
        "resting_heart_rate": ("beats per minute", DailyMeasure.RESTING_HEART_RATE, 0),
    }
    if kind not in columns:
        return None
    column, measure, long_s = columns[kind]
    rows = csv.DictReader(io.StringIO(text))
    moments: list[float] = []
    try:
        if not {"timestamp", column} <= set(rows.fieldnames or ()):
            reading.refuse(1, kind, "has not the columns of an export")
            return None
        for row in rows:
            try:
                moment = datetime.fromisoformat(row["timestamp"])
                if kind == "resting_heart_rate":  # the day, written as midnight
                    moment = moment.replace(hour=12, tzinfo=None)
                at_s, value = _local(moment, reading), float(row[column])
            except (ValueError, TypeError, OverflowError):
                reading.refuse(rows.line_num, kind, "is not as an export writes it")
                continue
            if reading.take(measure, at_s, at_s + long_s, value, line=rows.line_num):
                moments = [min(at_s, *moments), max(at_s, *moments)] if moments else [at_s, at_s]
    except csv.Error:
        reading.ends_early(rows.line_num, "the file is damaged here")
    return (moments[0], moments[1]) if moments else None


def _utc(text: str) -> float:
    """Return `01/31/23 08:00:05`, in UTC, as seconds since 1970."""
    hours, minutes, seconds = int(text[9:11]), int(text[12:14]), int(text[15:17])
    if len(text) != 17 or not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 61):
        raise ValueError("no time of an export")
    return _midnight(text[:8]) + hours * 3600 + minutes * 60 + seconds


@lru_cache(maxsize=64)
def _midnight(text: str) -> float:
    return datetime.strptime(text, "%m/%d/%y").replace(tzinfo=UTC).timestamp()


def _local(moment: datetime, reading: Reading) -> float:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=reading.totals.zone)
    return moment.timestamp()


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
