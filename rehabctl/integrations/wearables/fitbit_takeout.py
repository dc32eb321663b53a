"""Fitbit's export files as Google Takeout gives them: a folder, or the zip file it came in.

Read are the JSON files of `Global Export Data` and the CSV files of later exports. Times of steps
and heart rate are UTC in both; those of sleep are the wearer's own clock.
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
_NAMED = re.compile(r"(steps|heart_rate|resting_heart_rate|sleep)[-_]\d{4}-\d{2}-\d{2}\.(json|csv)")
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
        for file in wanted:
            reading.file = file.name
            if (text := _text(file, reading)) is not None:
                _take(file.name.lower(), text, reading)


def _files(path: Path, stack: ExitStack) -> Iterator[_File]:
    if path.is_dir():
        for number, found in enumerate(path.rglob("*")):
            if number > _MOST_FILES:
                raise RehabctlError(f"{path.name} holds too many files", "Give Takeout/Fitbit")
            if found.is_file() and not found.is_symlink():
                yield _File(found.name, found.stat().st_size, found.read_bytes)
        return
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
    return data.decode("utf-8-sig", "replace")


def _profile(file: _File, reading: Reading) -> None:
    reading.file = file.name
    rows = list(csv.DictReader(io.StringIO(_text(file, reading) or "")))
    if rows:
        said = {str(k).strip().lower(): str(v).strip() for k, v in rows[0].items() if v}
        born = _date(said.get("date_of_birth", ""))
        reading.about(Wearer(born, said.get("first_name"), said.get("last_name")))


def _take(name: str, text: str, reading: Reading) -> None:
    kind = cast("re.Match[str]", _NAMED.fullmatch(name)).group(1)
    if name.endswith(".csv"):
        _csv(kind, text, reading)
        return
    take = {
        "steps": _steps,
        "heart_rate": _heart_rate,
        "resting_heart_rate": _resting,
        "sleep": _sleep,
    }[kind]
    for number, item in enumerate(_items(text, reading), start=1):
        try:
            take(item, number, reading)
        except (KeyError, ValueError, TypeError, OverflowError, AttributeError):
            reading.refuse(number, kind, "is not as an export writes it")


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


def _csv(kind: str, text: str, reading: Reading) -> None:
    columns = {
        "steps": ("steps", DailyMeasure.STEPS, 60),
        "heart_rate": ("beats per minute", DailyMeasure.HEART_RATE, 0),
    }.get(kind)
    if columns is None:
        return
    column, measure, long_s = columns
    rows = csv.DictReader(io.StringIO(text))
    try:
        for row in rows:
            try:
                at_s = datetime.fromisoformat(row["timestamp"]).timestamp()
                value = float(row[column])
            except (KeyError, ValueError, TypeError, OverflowError):
                reading.refuse(rows.line_num, kind, "is not as an export writes it")
                continue
            reading.take(measure, at_s, at_s + long_s, value, line=rows.line_num)
    except csv.Error:
        reading.ends_early(rows.line_num, "the file is damaged here")


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
