"""Writes export.xml and export.zip as the Health app of an iPhone does, of any size, to disk.

Documented (the DTD inside each export, version 14 of 2025/26 as public projects quote it; reference
page on wearables; public sample tdda/applehealthdata):

- `HealthData(ExportDate, Me, (Record|Correlation|Workout|ActivitySummary|...)*)`; the DTD stands in
  the file, and says that records inside a Correlation stand at the top as well.
- Dates are `2026-03-01 07:00:00 -0600`, in the zone of the phone when it exported, not that of the
  person when they walked (HKTimeZone in the metadata may tell). Units stand with each record: km or
  mi, kcal or Cal, `count/min`. Percentages are fractions with the unit %.
- iPhone and Watch both count the same steps, in overlapping stretches. A device reads
  `<<HKDevice: 0x..>, name:.., manufacturer:.., model:.., hardware:.., software:..>`, escaped.
- `Me` holds birth and sex; the zip holds apple_health_export/export.xml, export_cda.xml and routes.
- Sleep is a category: InBed, AsleepCore, AsleepDeep, AsleepREM, Awake (AsleepUnspecified before).

Assumed: indentation, order by type then time, which types a watch writes how often, that source
names may carry a no-break space and an apostrophe that is not ASCII.

`write_export(path, days=3)` returns a `Truth` that says what is really in the file.
"""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

from tests.integrations.fakes.apple_health_dtd import DTD, ME

ZONE = ZoneInfo("America/Chicago")
PHONE, WATCH = "Zde\u0148ka\u2019s iPhone", "Zde\u0148ka\u2019s Apple\u00a0Watch"
DEVICES = {
    PHONE: (
        "<<HKDevice: 0x3019a5c70>, name:iPhone, manufacturer:Apple Inc., model:iPhone, "
        "hardware:iPhone15,2, software:19.1>"
    ),
    WATCH: (
        "<<HKDevice: 0x3019a7480>, name:Apple Watch, manufacturer:Apple Inc., model:Watch, "
        "hardware:Watch6,6, software:12.1>"
    ),
}
_Q = "HKQuantityTypeIdentifier"
_VALUE = "HKCategoryValueSleepAnalysis"
SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"


class Fault(StrEnum):
    """What is wrong, or odd, in an export."""

    CUT = "cut"
    EXTERNAL_ENTITY = "external_entity"
    ENTITY_BOMB = "entity_bomb"
    ANOTHER_PERSON = "another_person"
    UNIT_CHANGES = "unit_changes"
    UNKNOWN_UNIT = "unknown_unit"
    VALUE_IS_TEXT = "value_is_text"
    VALUE_MISSING = "value_missing"
    NEGATIVE_VALUE = "negative_value"
    END_BEFORE_START = "end_before_start"
    WRONG_DATE = "wrong_date"
    FUTURE_DATE = "future_date"
    OUT_OF_ORDER = "out_of_order"
    EVERYTHING_TWICE = "everything_twice"
    NOT_UTF8 = "not_utf8"
    ANOTHER_ROOT = "another_root"
    DTD_OF_VERSION_11 = "dtd_of_version_11"
    ZIP_CUT = "zip_cut"
    ZIP_WITHOUT_EXPORT = "zip_without_export"
    ZIP_IN_ANOTHER_LANGUAGE = "zip_in_another_language"
    ZIP_NAME_CLIMBS = "zip_name_climbs"


FAULTS = tuple(Fault)


@dataclass
class Truth:
    """What an export holds, whatever its faults."""

    records: int = 0
    steps: dict[date, dict[str, int]] = field(default_factory=dict[date, dict[str, int]])
    """Steps of each local day by source; both sources walked together."""
    together: dict[date, int] = field(default_factory=dict[date, int])
    """Steps of each local day where a minute counts once: the Watch where it was worn."""
    asleep_min: dict[date, int] = field(default_factory=dict[date, int])
    """Minutes asleep by the local day of waking."""
    bytes: int = 0


def write_export(
    path: Path, *, first: date = date(2026, 3, 6), days: int = 3, heart_rate_s: int = 600,
    seed: int = 1, fault: str | None = None, zone: ZoneInfo = ZONE,
) -> Truth:  # fmt: skip
    """Write export.xml, or the zip around it if `path` ends so; one record leaves memory at a time.

    Sixty days with `heart_rate_s=5` make about 320 MB. The clocks of `zone` change on 8 March 2026.
    """
    writer = _Writer(first, days, heart_rate_s, seed, fault, zone)
    if path.suffix != ".zip":
        with path.open("wb") as stream:
            writer.write(stream)
    else:
        _zip(path, writer)
    if fault in (Fault.CUT, Fault.ZIP_CUT):
        with path.open("r+b") as stream:
            stream.truncate(path.stat().st_size * 2 // 3)
    writer.truth.bytes = path.stat().st_size
    return writer.truth


def _zip(path: Path, writer: _Writer) -> None:
    folder, name = "apple_health_export", "export.xml"
    if writer.fault == Fault.ZIP_IN_ANOTHER_LANGUAGE:
        folder, name = "apple_health_export", "Exportación.xml"
    if writer.fault == Fault.ZIP_NAME_CLIMBS:
        folder = "../../apple_health_export"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if writer.fault != Fault.ZIP_WITHOUT_EXPORT:
            with archive.open(_member(f"{folder}/{name}"), "w", force_zip64=True) as stream:
                writer.write(stream)
        archive.writestr(_member(f"{folder}/export_cda.xml"), "<ClinicalDocument/>")
        route = f"{folder}/workout-routes/route_2026-03-06_6.30pm.gpx"
        archive.writestr(_member(route), '<?xml version="1.0"?><gpx version="1.1"/>')


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, (2026, 3, 9, 12, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


@dataclass
class _Writer:
    first: date
    days: int
    heart_rate_s: int
    seed: int
    fault: str | None
    zone: ZoneInfo
    truth: Truth = field(default_factory=Truth)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def write(self, stream: IO[bytes]) -> None:
        coding = "latin-1" if self.fault == Fault.NOT_UTF8 else "utf-8"
        for text in self._texts():
            stream.write(text.encode(coding, "replace"))

    def _texts(self) -> Iterator[str]:
        root = "HealthDate" if self.fault == Fault.ANOTHER_ROOT else "HealthData"
        yield '<?xml version="1.0" encoding="UTF-8"?>\n'
        yield self._dtd()
        yield f'<{root} locale="en_US">\n'
        now = self._text_of(self._at(self.first + timedelta(days=self.days), 9))
        yield f' <ExportDate value="{now}"/>\n'
        born = "1991-12-31" if self.fault == Fault.ANOTHER_PERSON else "1958-02-28"
        values = [born, "HKBiologicalSexFemale", "HKBloodTypeNotSet"]
        values += ["HKFitzpatrickSkinTypeNotSet", "None"]
        pairs = zip(ME.split(), values, strict=True)
        told = " ".join(f'HKCharacteristicTypeIdentifier{name}="{one}"' for name, one in pairs)
        yield f" <Me {told}/>\n"
        if self.fault in (Fault.EXTERNAL_ENTITY, Fault.ENTITY_BOMB):
            yield self._record(f"{_Q}StepCount", "&x;", "count", PHONE, self._at(self.first, 8), 60)
        days = [self.first + timedelta(days=number) for number in range(self.days)]
        if self.fault == Fault.OUT_OF_ORDER:
            days.reverse()
        for make in (self._walked, self._hearts, self._gait, self._slept, self._pressures):
            for day in days:
                for one in make(day):
                    yield one
                    if self.fault == Fault.EVERYTHING_TWICE:
                        yield one
        for day in days:
            yield self._workout(day)
        for day in days:
            yield self._summary(day)
        yield f"</{root}>\n"

    def _dtd(self) -> str:
        if self.fault == Fault.DTD_OF_VERSION_11:
            return DTD.replace("Version: 14", "Version: 11").replace(
                "appleMoveTime", "appleMoveMin"
            )
        if self.fault == Fault.EXTERNAL_ENTITY:
            return DTD.replace("]>", '<!ENTITY x SYSTEM "file:///etc/passwd">\n]>')
        if self.fault == Fault.ENTITY_BOMB:
            steps = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">\n' for n in range(1, 10))
            return DTD.replace("]>", f'<!ENTITY x0 "ha">\n{steps}<!ENTITY x "&x9;">\n]>')
        return DTD

    def _at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)

    def _text_of(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        if self.fault == Fault.WRONG_DATE:
            return f"{local:%d/%m/%Y %H:%M:%S}"
        return f"{local:%Y-%m-%d %H:%M:%S %z}"

    def _record(
        self, kind: str, value: str, unit: str | None, source: str, start: datetime,
        seconds: int, inside: str = "",
    ) -> str:  # fmt: skip
        self.truth.records += 1
        if self.fault == Fault.FUTURE_DATE:
            start = start.replace(year=2999)
        end = start.astimezone(ZoneInfo("UTC")) + timedelta(seconds=seconds)
        if self.fault == Fault.END_BEFORE_START:
            start, end = end, start
        told = {"type": kind, "sourceName": source, "sourceVersion": "19.1"}
        told["device"] = DEVICES[source]
        if unit is not None:
            told["unit"] = unit
        told["creationDate"] = self._text_of(end)
        told["startDate"], told["endDate"] = self._text_of(start), self._text_of(end)
        told["value"] = value
        if self.fault == Fault.VALUE_MISSING and unit == "count":
            del told["value"]
        said = " ".join(
            f'{name}="&x;"' if one == "&x;" else f"{name}={quoteattr(one)}"
            for name, one in told.items()
        )
        return f" <Record {said}>\n{inside} </Record>\n" if inside else f" <Record {said}/>\n"

    def _walked(self, day: date) -> Iterator[str]:
        """Yield ten-minute stretches of both devices; the Watch is off for the first hour."""
        by_source = self.truth.steps.setdefault(day, {PHONE: 0, WATCH: 0})
        for hour in (7, 8, 12, 17):
            for ten in range(0, 60, 10):
                start = self._at(day, hour, ten)
                phone = 300 + self._random.randrange(200)
                watch = phone + self._random.randrange(-20, 40) if hour > 7 else 0
                self.truth.together[day] = self.truth.together.get(day, 0) + (watch or phone)
                yield self._steps(PHONE, phone, start, 600)
                by_source[PHONE] += phone
                if watch:  # a stretch of its own, half a minute later
                    yield self._steps(WATCH, watch, start + timedelta(seconds=30), 570)
                    by_source[WATCH] += watch
            metres = 1800 + self._random.randrange(400)
            late = self.fault == Fault.UNIT_CHANGES and day > self.first
            far, unit = (metres / 1609.344, "mi") if late else (metres / 1000, "km")
            kind = f"{_Q}DistanceWalkingRunning"
            start = self._at(day, hour)
            yield self._record(kind, f"{far:.6g}", unit, PHONE, start, 3600)

    def _steps(self, source: str, count: int, start: datetime, seconds: int) -> str:
        value = f"-{count}" if self.fault == Fault.NEGATIVE_VALUE else str(count)
        if self.fault == Fault.VALUE_IS_TEXT:
            value = "many"
        unit = "furlong" if self.fault == Fault.UNKNOWN_UNIT else "count"
        return self._record(f"{_Q}StepCount", value, unit, source, start, seconds)

    def _hearts(self, day: date) -> Iterator[str]:
        moment, end = self._at(day, 0), self._at(day + timedelta(days=1), 0)
        utc = ZoneInfo("UTC")
        moment, end = moment.astimezone(utc), end.astimezone(utc)
        kind, context = f"{_Q}HeartRate", "HKMetadataKeyHeartRateMotionContext"
        inside = f'  <MetadataEntry key="{context}" value="1"/>\n'
        while moment < end:
            value = f"{58 + self._random.randrange(50)}"
            yield self._record(kind, value, "count/min", WATCH, moment, 0, inside)
            moment += timedelta(seconds=self.heart_rate_s)
        resting = f"{55 + self._random.randrange(6)}"
        yield self._record(
            f"{_Q}RestingHeartRate", resting, "count/min", WATCH, self._at(day, 0), 86340
        )

    def _gait(self, day: date) -> Iterator[str]:
        start, draw = self._at(day, 8, 5), self._random.random
        yield self._record(f"{_Q}WalkingSpeed", f"{3.6 + draw():.4g}", "km/hr", PHONE, start, 30)
        yield self._record(f"{_Q}WalkingStepLength", f"{60 + draw():.4g}", "cm", PHONE, start, 30)
        for name, low in (("AsymmetryPercentage", 0.02), ("DoubleSupportPercentage", 0.28)):
            yield self._record(
                f"{_Q}Walking{name}", f"{low + draw() / 50:.4g}", "%", PHONE, start, 30
            )
        steady = f"{0.86 + draw() / 20:.4g}"
        yield self._record(
            f"{_Q}AppleWalkingSteadiness", steady, "%", PHONE, self._at(day, 0), 3600
        )
        yield self._record(f"{_Q}SixMinuteWalkTestDistance", "431", "m", WATCH, start, 0)
        yield self._record(
            f"{_Q}StairAscentSpeed", f"{0.3 + draw() / 9:.3g}", "m/s", WATCH, start, 9
        )

    def _slept(self, day: date) -> Iterator[str]:
        """Yield the night that ends on `day`; 90 minutes a stage, by wall clock from 23:00 on."""
        moment = self._at(day - timedelta(days=1), 23).astimezone(ZoneInfo("UTC"))
        zone = f'  <MetadataEntry key="HKTimeZone" value="{self.zone.key}"/>\n'
        yield self._record(SLEEP, f"{_VALUE}InBed", None, PHONE, moment, 27000, zone)
        for stage, minutes in (
            ("AsleepCore", 90),
            ("AsleepDeep", 60),
            ("Awake", 10),
            ("AsleepREM", 50),
        ):
            yield self._record(SLEEP, _VALUE + stage, None, WATCH, moment, minutes * 60, zone)
            moment += timedelta(minutes=minutes)
            if stage != "Awake":
                self.truth.asleep_min[day] = self.truth.asleep_min.get(day, 0) + minutes

    def _pressures(self, day: date) -> Iterator[str]:
        start = self._at(day, 7, 5)
        both = [
            self._record(f"{_Q}BloodPressure{name}", value, "mmHg", PHONE, start, 0)
            for name, value in (("Systolic", "128"), ("Diastolic", "79"))
        ]
        yield from both
        said = f"sourceName={quoteattr(PHONE)} device={quoteattr(DEVICES[PHONE])}"
        at = self._text_of(start)
        yield (
            f' <Correlation type="HKCorrelationTypeIdentifierBloodPressure" {said}'
            f' creationDate="{at}" startDate="{at}" endDate="{at}">\n{"".join(both)}'
            " </Correlation>\n"
        )

    def _workout(self, day: date) -> str:
        start, end = self._text_of(self._at(day, 17)), self._text_of(self._at(day, 17, 30))
        said = f'sourceName={quoteattr(WATCH)} startDate="{start}" endDate="{end}"'
        inner = f'startDate="{start}" endDate="{end}"'
        return (
            f' <Workout workoutActivityType="HKWorkoutActivityTypeWalking" duration="30"'
            f' durationUnit="min" {said}>\n'
            f'  <WorkoutStatistics type="{_Q}HeartRate" {inner} average="101" minimum="84"'
            f' maximum="119" unit="count/min"/>\n'
            f'  <WorkoutStatistics type="{_Q}ActiveEnergyBurned" {inner} sum="112" unit="kcal"/>\n'
            f" </Workout>\n"
        )

    def _summary(self, day: date) -> str:
        return (
            f' <ActivitySummary dateComponents="{day}" activeEnergyBurned="412.5"'
            f' activeEnergyBurnedGoal="450" activeEnergyBurnedUnit="kcal" appleMoveTime="0"'
            f' appleMoveTimeGoal="0" appleExerciseTime="31" appleExerciseTimeGoal="30"'
            f' appleStandHours="10" appleStandHoursGoal="12"/>\n'
        )
