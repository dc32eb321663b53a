"""Apple Health's export (`export.zip`, or `export.xml` out of it), streamed.

Taken: records at the top level. Those inside a `Correlation` stand at the top level too, and would
count twice. A watch ranks before a phone, and both before other apps. Names of sources hold
people's names, so that only the kind of device is kept.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast
from xml.parsers import expat

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.wearable import DailyMeasure, Wearer
from rehabctl.integrations.wearables.cut_zip import CutZip

if TYPE_CHECKING:
    from rehabctl.integrations.wearables.reading import Reading

_CHUNK = 1 << 18
_HEAD = 1 << 18
"""Within so many bytes the document type has to end."""
_TYPES = {
    "HKQuantityTypeIdentifierStepCount": DailyMeasure.STEPS,
    "HKQuantityTypeIdentifierHeartRate": DailyMeasure.HEART_RATE,
    "HKQuantityTypeIdentifierRestingHeartRate": DailyMeasure.RESTING_HEART_RATE,
    "HKQuantityTypeIdentifierWalkingSpeed": DailyMeasure.WALKING_SPEED,
    "HKQuantityTypeIdentifierWalkingStepLength": DailyMeasure.STEP_LENGTH,
    "HKQuantityTypeIdentifierWalkingAsymmetryPercentage": DailyMeasure.ASYMMETRY,
    "HKQuantityTypeIdentifierWalkingDoubleSupportPercentage": DailyMeasure.DOUBLE_SUPPORT,
    "HKQuantityTypeIdentifierAppleWalkingSteadiness": DailyMeasure.STEADINESS,
    "HKQuantityTypeIdentifierSixMinuteWalkTestDistance": DailyMeasure.SIX_MINUTE_WALK,
    "HKQuantityTypeIdentifierStairAscentSpeed": DailyMeasure.STAIR_SPEED,
    "HKCategoryTypeIdentifierSleepAnalysis": DailyMeasure.SLEEP,
}
_BEATS = {"count/min": 1.0}
_SPEEDS = {"m/s": 1.0, "km/hr": 1 / 3.6, "mi/hr": 0.44704, "ft/s": 0.3048}
_LENGTHS = {"m": 1.0, "cm": 0.01, "in": 0.0254, "ft": 0.3048, "km": 1000.0, "mi": 1609.344}
_SHARES = {"%": 100.0}
_UNITS: Mapping[DailyMeasure, Mapping[str, float]] = {
    DailyMeasure.STEPS: {"count": 1.0},
    DailyMeasure.HEART_RATE: _BEATS,
    DailyMeasure.RESTING_HEART_RATE: _BEATS,
    DailyMeasure.WALKING_SPEED: _SPEEDS,
    DailyMeasure.STEP_LENGTH: _LENGTHS,
    DailyMeasure.ASYMMETRY: _SHARES,
    DailyMeasure.DOUBLE_SUPPORT: _SHARES,
    DailyMeasure.STEADINESS: _SHARES,
    DailyMeasure.SIX_MINUTE_WALK: _LENGTHS,
    DailyMeasure.STAIR_SPEED: _SPEEDS,
}
_ASLEEP = "HKCategoryValueSleepAnalysisAsleep"
_MOST_HOURS = 5_000
_KINDS = ("watch", "phone", "other app")
_DOCTYPE = re.compile(rb"<!DOCTYPE.*?\]\s*>", re.DOTALL)
_CUT = {
    expat.errors.codes[text]
    for text in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    )
}
_MOST_TOKEN = 1 << 20
"""A longer element is none of an export, and would have to be held in memory."""
_TOO_LONG = "the file is damaged here: an element does not end"
_DAMAGED_ZIP = "the archive is damaged: what comes after is lost"


def read(path: Path, reading: Reading) -> None:
    """Read an export.

    Parameters
    ----------
    path
        `export.zip` or `export.xml`.
    reading
        Gets the records.

    Raises
    ------
    RehabctlError
        It is no export of Apple Health, or declares entities.
    """
    with ExitStack() as stack:
        try:
            stream: BinaryIO = stack.enter_context(path.open("rb"))
            if stream.read(4) == b"PK\x03\x04":
                stream.seek(0)
                stream = cast("BinaryIO", stack.enter_context(_member(path, stream)))
            else:
                stream.seek(0)
        except OSError as error:
            raise RehabctlError(
                f"cannot read {path.name}: {error.strerror}", "Check the path"
            ) from None
        reading.file = path.name
        _Parser(reading).parse(stream)


def _member(path: Path, stream: BinaryIO) -> IO[bytes] | CutZip:
    """Return the export in an archive: its largest XML that is no clinical document."""

    def fits(name: str) -> bool:
        return name.count("/") <= 1 and name.lower().endswith(".xml") and "cda" not in name.lower()

    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        try:
            return CutZip(stream, fits)
        except zlib.error:
            raise _no_export(path.name) from None
    found = [entry for entry in archive.infolist() if fits(entry.filename)]
    if not found:
        raise _no_export(path.name)
    try:
        return archive.open(max(found, key=lambda entry: entry.file_size))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
        raise RehabctlError(
            f"{path.name} cannot be unpacked", "Make the export again, without a password"
        ) from None


def _no_export(name: str) -> RehabctlError:
    return RehabctlError(
        f"{name} is no Apple Health export", "Give export.zip, or export.xml out of it"
    )


class _Parser:
    """Expat with our handlers; of XML only what an export needs."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._devices: dict[tuple[str, str], str] = {}
        self._hours: dict[str, float] = {}
        self._is_export = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EntityDeclHandler = self._entity
        self._parser.ExternalEntityRefHandler = self._entity

    def parse(self, stream: BinaryIO) -> None:
        """Read a stream of XML to its end, or to where it breaks off."""
        reading, parser = self._reading, self._parser
        try:
            chunk = _without_type(stream.read(_HEAD))
            fed = 0
            while chunk:
                parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - parser.CurrentByteIndex > _MOST_TOKEN:
                    return reading.ends_early(parser.CurrentLineNumber, _TOO_LONG)
                chunk = stream.read(_CHUNK)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            if not self._is_export:
                raise _no_export(reading.file) from None
            is_cut = error.code in _CUT
            reading.ends_early(
                error.lineno, "the file breaks off here" if is_cut else "the file is damaged here"
            )
        except (zipfile.BadZipFile, EOFError, zlib.error):
            if not self._is_export:
                raise _no_export(reading.file) from None
            reading.ends_early(parser.CurrentLineNumber, _DAMAGED_ZIP)
        if not self._is_export:
            raise _no_export(reading.file)

    def _start(self, name: str, said: dict[str, str]) -> None:
        if name == "Record":
            measure = _TYPES.get(said.get("type", ""))
            if measure is not None:
                self._record(measure, said)
        elif name == "Correlation":
            self._parser.StartElementHandler = None
            self._parser.EndElementHandler = self._end
        elif not self._is_export:
            if name != "HealthData":
                raise _no_export(self._reading.file)
            self._is_export = True
        elif name == "ExportDate":
            self._reading.known_until_s = self._moment(said.get("value", ""))
        elif name == "Me":
            born = said.get("HKCharacteristicTypeIdentifierDateOfBirth", "")
            self._reading.about(Wearer(birth_date=_date(born)))

    def _end(self, name: str) -> None:
        if name == "Correlation":
            self._parser.StartElementHandler = self._start
            self._parser.EndElementHandler = None

    def _entity(self, *_: object) -> int:
        raise RehabctlError(
            f"{self._reading.file} declares entities, which no export does",
            "Make the export again, on the phone",
        )

    def _record(self, measure: DailyMeasure, said: Mapping[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        start, end = said.get("startDate", ""), said.get("endDate", "")
        start_s = self._moment(start)
        end_s = start_s if end == start else self._moment(end)
        value = 0.0
        if measure is DailyMeasure.SLEEP:
            if not said.get("value", "").startswith(_ASLEEP):
                return
        else:
            factor = _UNITS[measure].get(said.get("unit", ""))
            if factor is None:
                self._reading.refuse(line, "unit", "is not one that this type has")
                return
            try:
                value = float(said.get("value", "")) * factor
            except ValueError:
                value = float("nan")
        if start_s is None or end_s is None:
            self._reading.refuse(line, "time", "is no time with an offset")
            return
        self._reading.take(measure, start_s, end_s, value, self._device(said), line)

    def _device(self, said: Mapping[str, str]) -> str:
        """Return a name of a device that tells nothing of its owner: `watch`, `phone 2`."""
        source, device = said.get("sourceName", "")[:400], said.get("device", "")[:400]
        known = self._devices.get((source, device))
        if known is None:
            kind = _kind(source, device)
            number = sum(name.startswith(kind) for name in set(self._devices.values())) + 1
            same = [n for (s, _), n in self._devices.items() if s == source and n.startswith(kind)]
            known = same[0] if same else kind if number == 1 else f"{kind} {number}"
            if len(self._devices) < 10_000:
                self._devices[source, device] = known
            self._reading.totals.ranks[known] = _KINDS.index(kind)
        return known

    def _moment(self, text: str) -> float | None:
        """Return `2014-09-13 10:27:54 +0100` as seconds since 1970; None where it is none."""
        hour = text[:13] + text[19:]
        hour_s = self._hours.get(hour)
        try:
            if hour_s is None:
                begun = datetime.fromisoformat(f"{text[:13]}:00:00{text[20:]}")
                if begun.tzinfo is None:
                    return None
                if len(self._hours) > _MOST_HOURS:
                    self._hours.clear()
                hour_s = self._hours[hour] = begun.timestamp()
            minutes, seconds = int(text[14:16]), int(text[17:19])
        except (ValueError, OverflowError):
            return None
        if len(text) != 25 or not (0 <= minutes < 60 and 0 <= seconds < 61):
            return None
        return hour_s + minutes * 60 + seconds


def _kind(source: str, device: str) -> str:
    told = device or source
    if "Watch" in told:
        return "watch"
    return "phone" if any(word in told for word in ("iPhone", "iPad", "iPod")) else "other app"


def _without_type(head: bytes) -> bytes:
    """Blank out the document type: some versions of the phone wrote one that is not well-formed."""
    found = _DOCTYPE.search(head)
    if found is None or b"<!ENTITY" in found.group():
        return head
    return head[: found.start()] + b"\n" * found.group().count(b"\n") + head[found.end() :]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
