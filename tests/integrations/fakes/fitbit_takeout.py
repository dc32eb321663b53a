"""Writes the Fitbit folder of a Google Takeout: JSON of before, CSV twins of since, and the rest.

Documented by public parsers and descriptions of real archives (there is no specification):

- `Takeout/Fitbit/` (since the rename of 2026 `Takeout/Google Health/`) holds Global Export Data,
  Physical Activity_GoogleData, Sleep Score, Heart Rate Variability, Your Profile; most of it twice.
- JSON times read `03/06/26 07:00:00` and carry no zone; a heart rate is in UTC though its file is
  named by a local day. Sleep is by wall clock (`2026-03-05T23:00:00.000`). Counts are texts.
- Weights are pounds in JSON, grams in CSV. Resting heart rate is 0 where none was found.
- `shortData` of a night repeats short wakes over `data`; nights of old devices are of type
  `classic` (asleep, restless, awake). A hundred exercises stand in a file, whose number counts on.
- CSV stamps end with Z; `data source` names the device, or the app whose data came round by Health
  Connect. A kind of which nothing is known is a file that says `no data`, or a lone header.
- Large archives come in parts: takeout-...-001.zip, -002.zip, mixed with other products.

Contradictory in public: whether the minutes of steps are in UTC or local (`steps_in_utc` chooses).
Assumed: how many days share a file, which columns a profile has, that minutesAsleep leaves out the
wakes of shortData.
"""

from __future__ import annotations

import json
import random
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Chicago")
OLD, NEW = "Takeout/Fitbit", "Takeout/Google Health"
WATCH, ROUND_TRIP = "Charge 6", "Phone Health Connect"
_JSON, _CSV = "Global Export Data", "Physical Activity_GoogleData"


class Fault(StrEnum):
    """What is wrong, or odd, in an archive."""

    ZIP_CUT = "zip_cut"
    JSON_CUT = "json_cut"
    TWINS_DISAGREE = "twins_disagree"
    VALUE_IS_NOT_A_NUMBER = "value_is_not_a_number"
    NEGATIVE_VALUE = "negative_value"
    OTHER_DATE_FORMAT = "other_date_format"
    ANOTHER_PERSON = "another_person"
    DISTANCE_UNIT_CHANGES = "distance_unit_changes"
    NIGHT_TWICE = "night_twice"
    NIGHT_ENDS_BEFORE_IT_STARTS = "night_ends_before_it_starts"
    CLASSIC_NIGHTS = "classic_nights"
    NO_DATA = "no_data"
    NO_RESTING_HEART_RATE = "no_resting_heart_rate"
    BYTE_ORDER_MARK = "byte_order_mark"
    NOT_UTF8 = "not_utf8"
    CSV_WITHOUT_A_COLUMN = "csv_without_a_column"
    FUTURE_DATES = "future_dates"
    NAME_CLIMBS = "name_climbs"
    WITHOUT_FITBIT = "without_fitbit"


FAULTS = tuple(Fault)


@dataclass
class Truth:
    """What an archive holds, had it no fault; each measurement counted once, not once a twin."""

    steps: dict[date, int] = field(default_factory=dict[date, int])
    heart_samples: int = 0
    resting: dict[date, float] = field(default_factory=dict[date, float])
    asleep_min: dict[date, int] = field(default_factory=dict[date, int])
    weight_g: dict[date, int] = field(default_factory=dict[date, int])
    walks_m: dict[date, int] = field(default_factory=dict[date, int])
    files: list[Path] = field(default_factory=list[Path])


def write_takeout(
    path: Path, *, first: date = date(2026, 3, 6), days: int = 3, seed: int = 1,
    fault: str | None = None, zone: ZoneInfo = ZONE, root: str = NEW, parts: int = 1,
    steps_in_utc: bool = True,
) -> Truth:  # fmt: skip
    """Write a zip (`parts` > 1: its name with -001 and on), or a folder if `path` is no .zip."""
    maker = _Maker(random.Random(seed), fault, zone, steps_in_utc)
    files = maker.files([first + timedelta(days=number) for number in range(days)])
    named = {_placed(name, root, fault): content for name, content in files.items()}
    named["Takeout/archive_browser.html"] = b"<html><title>Takeout</title></html>"
    named["Takeout/Calendar/Family.ics"] = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    if fault == Fault.WITHOUT_FITBIT:
        named = {name: one for name, one in named.items() if not name.startswith(root)}
    truth = maker.truth
    if path.suffix != ".zip":
        for name, content in named.items():
            target = path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        truth.files = [path]
        return truth
    names = sorted(named)
    for part in range(parts):
        target = path if parts == 1 else path.with_name(f"{path.stem}-{part + 1:03}.zip")
        with zipfile.ZipFile(target, "w") as archive:
            for name in names[part::parts]:
                member = zipfile.ZipInfo(name, (2026, 3, 9, 12, 0, 0))
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, named[name])
        if fault == Fault.ZIP_CUT:
            target.write_bytes(target.read_bytes()[:-300])
        truth.files.append(target)
    return truth


def _placed(name: str, root: str, fault: str | None) -> str:
    climbs = fault == Fault.NAME_CLIMBS and "steps" in name
    return f"Takeout/../../{name}" if climbs else f"{root}/{name}"


@dataclass
class _Maker:
    chance: random.Random
    fault: str | None
    zone: ZoneInfo
    steps_in_utc: bool
    truth: Truth = field(default_factory=Truth)
    _files: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def files(self, days: list[date]) -> dict[str, bytes]:
        if self.fault == Fault.FUTURE_DATES:
            days = [day.replace(year=2999) for day in days]
        self._steps(days)
        self._hearts(days)
        self._nights(days)
        self._weights(days)
        self._walks(days)
        self._around(days)
        return self._files

    def _put_json(self, name: str, content: object) -> None:
        text = json.dumps(content, indent=2, ensure_ascii=False)
        if self.fault == Fault.NO_DATA:
            text = "no data"
        if self.fault == Fault.JSON_CUT:
            text = text[: len(text) // 2]
        mark = "\ufeff" if self.fault == Fault.BYTE_ORDER_MARK else ""
        coding = "utf-16" if self.fault == Fault.NOT_UTF8 else "utf-8"
        self._files[f"{_JSON}/{name}"] = (mark + text).encode(coding)

    def _put_csv(self, name: str, header: str, rows: list[str]) -> None:
        if self.fault == Fault.NO_DATA:
            rows = []
        lines = [header, *rows]
        if self.fault == Fault.CSV_WITHOUT_A_COLUMN:
            lines = [line.split(",", 1)[1] for line in lines]
        mark = "\ufeff" if self.fault == Fault.BYTE_ORDER_MARK else ""
        coding = "utf-16" if self.fault == Fault.NOT_UTF8 else "utf-8"
        self._files[name] = (mark + "\n".join(lines) + "\n").encode(coding)

    def _at(self, day: date, hour: int, minute: int = 0) -> datetime:
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
        return local.astimezone(UTC)

    def _short(self, moment: datetime, *, utc: bool) -> str:
        seen = moment if utc else moment.astimezone(self.zone)
        style = "%d.%m.%Y %H:%M" if self.fault == Fault.OTHER_DATE_FORMAT else "%m/%d/%y %H:%M:%S"
        return seen.strftime(style)

    def _wall(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%dT%H:%M:%S}.000"

    def _steps(self, days: list[date]) -> None:
        minutes: list[dict[str, str]] = []
        rows: list[str] = []
        for day in days:
            for hour in (7, 12, 18):  # six in the evening is tomorrow in UTC
                for minute in range(0, 60, 2):
                    count, at = 40 + self.chance.randrange(80), self._at(day, hour, minute)
                    self.truth.steps[day] = self.truth.steps.get(day, 0) + count
                    value = self._number(count)
                    at_text = self._short(at, utc=self.steps_in_utc)
                    minutes.append({"dateTime": at_text, "value": value})
                    twin = count + 7 if self.fault == Fault.TWINS_DISAGREE else count
                    source = WATCH if hour > 7 else ROUND_TRIP
                    rows.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{self._number(twin)},{source}")
        self._put_json(f"steps-{days[0]}.json", minutes)
        name = f"{_CSV}/steps_{days[0].replace(day=1)}.csv"
        self._put_csv(name, "timestamp,steps,data source", rows)

    def _number(self, count: int) -> str:
        if self.fault == Fault.VALUE_IS_NOT_A_NUMBER:
            return "NaN"
        return f"-{count}" if self.fault == Fault.NEGATIVE_VALUE else str(count)

    def _hearts(self, days: list[date]) -> None:
        resting: list[dict[str, object]] = []
        resting_rows: list[str] = []
        for day in days:
            samples: list[dict[str, object]] = []
            rows: list[str] = []
            moment, end = self._at(day, 0), self._at(day + timedelta(days=1), 0)
            while moment < end:
                bpm, at = 58 + self.chance.randrange(50), self._short(moment, utc=True)
                sure = self.chance.randrange(4)
                samples.append({"dateTime": at, "value": {"bpm": bpm, "confidence": sure}})
                rows.append(f"{moment:%Y-%m-%dT%H:%M:%SZ},{bpm}.0,{WATCH}")
                self.truth.heart_samples += 1
                moment += timedelta(minutes=10)
            self._put_json(f"heart_rate-{day}.json", samples)
            header = "timestamp,beats per minute,data source"
            self._put_csv(f"{_CSV}/heart_rate_{day}.csv", header, rows)
            value = 56 + self.chance.randrange(5000) / 1000
            at, noon = f"{day:%m/%d/%y} 00:00:00", f"{day:%m/%d/%y}"
            told: dict[str, object] = {"date": noon, "value": value, "error": 6.787}
            if self.fault == Fault.NO_RESTING_HEART_RATE:
                told = {"date": None, "value": 0.0, "error": 0.0}
            else:
                self.truth.resting[day] = value
                resting_rows.append(f"{day}T00:00:00Z,{value},{WATCH}")
            resting.append({"dateTime": at, "value": told})
        self._put_json(f"resting_heart_rate-{days[0]}.json", resting)
        header = "timestamp,beats per minute,data source"
        self._put_csv(f"{_CSV}/daily_resting_heart_rate.csv", header, resting_rows)

    def _nights(self, days: list[date]) -> None:
        nights = [self._night(day, number) for number, day in enumerate(days)]
        if self.fault == Fault.NIGHT_TWICE:
            nights += nights
        self._put_json(f"sleep-{days[0]}.json", nights)
        rows = [f"{40 + n},{day}T07:00:00Z,81,17,24,40,60,57,0.1" for n, day in enumerate(days)]
        header = (
            "sleep_log_entry_id,timestamp,overall_score,composition_score,revitalization_score,"
            "duration_score,deep_sleep_in_minutes,resting_heart_rate,restlessness"
        )
        self._put_csv("Sleep Score/sleep_score.csv", header, rows)

    def _night(self, day: date, number: int) -> dict[str, object]:
        """Return the night that ends on `day`: 210 minutes, of which 199 asleep."""
        moment = start = self._at(day - timedelta(days=1), 23)
        end = start + timedelta(minutes=210)
        classic = self.fault == Fault.CLASSIC_NIGHTS
        stages = [("light", 90), ("deep", 60), ("wake", 10), ("rem", 50)]
        if classic:
            stages = [("asleep", 150), ("restless", 11), ("asleep", 49)]
        data: list[dict[str, object]] = []
        summary: dict[str, dict[str, int]] = {}
        for level, minutes in stages:
            seconds = minutes * 60
            data.append({"dateTime": self._wall(moment), "level": level, "seconds": seconds})
            before = summary.get(level, {"count": 0, "minutes": 0})
            summary[level] = {k: v + (1, minutes)[k == "minutes"] for k, v in before.items()}
            moment += timedelta(minutes=minutes)
        levels: dict[str, object] = {"summary": summary, "data": data}
        if not classic:
            wake = self._wall(start + timedelta(minutes=30))
            levels["shortData"] = [{"dateTime": wake, "level": "wake", "seconds": 60}]
        self.truth.asleep_min[day] = 199
        if self.fault == Fault.NIGHT_ENDS_BEFORE_IT_STARTS:
            start, end = end, start
        return {
            "logId": 48000000000 + number, "dateOfSleep": str(day), "startTime": self._wall(start),
            "endTime": self._wall(end), "duration": 210 * 60_000, "minutesToFallAsleep": 0,
            "minutesAsleep": 199, "minutesAwake": 11, "minutesAfterWakeup": 0, "timeInBed": 210,
            "efficiency": 95, "type": "classic" if classic else "stages", "infoCode": 0,
            "logType": "auto_detected", "levels": levels, "mainSleep": True,
        }  # fmt: skip

    def _weights(self, days: list[date]) -> None:
        logs: list[dict[str, object]] = []
        rows: list[str] = []
        for number, day in enumerate(days):
            grams = 71000 + self.chance.randrange(900)
            self.truth.weight_g[day] = grams
            logs.append({"logId": 1772700000000 + number, "weight": round(grams / 453.59237, 1),
                         "bmi": 26.1, "date": f"{day:%m/%d/%y}", "time": "07:05:00",
                         "source": "API"})  # fmt: skip
            rows.append(f"{self._at(day, 7, 5):%Y-%m-%dT%H:%M:%SZ},{grams},{ROUND_TRIP}")
        self._put_json(f"weight-{days[0]}.json", logs)
        self._put_csv(f"{_CSV}/weight.csv", "timestamp,weight grams,data source", rows)

    def _walks(self, days: list[date]) -> None:
        walks: list[dict[str, object]] = []
        for number, day in enumerate(days):
            metres = 1800 + self.chance.randrange(500)
            self.truth.walks_m[day] = metres
            miles = self.fault == Fault.DISTANCE_UNIT_CHANGES and number > 0
            walks.append({
                "logId": 61000000000 + number, "activityName": "Walk", "activityTypeId": 90013,
                "startTime": self._short(self._at(day, 18), utc=True), "duration": 1860000,
                "activeDuration": 1800000, "calories": 121, "logType": "auto_detected",
                "steps": 3100, "distance": metres / (1609.344 if miles else 1000),
                "distanceUnit": "Mile" if miles else "Kilometer", "averageHeartRate": 101,
                "heartRateZones": [{"name": "Fat Burn", "min": 91, "max": 127, "minutes": 22}],
                "activityLevel": [{"minutes": 28, "name": "fairly"}], "hasGps": False,
            })  # fmt: skip
        self._put_json("exercise-0.json", walks)

    def _around(self, days: list[date]) -> None:
        name = "Weber" if self.fault == Fault.ANOTHER_PERSON else "Novak"
        born = "1991-12-31" if name == "Weber" else "1958-02-28"
        self._put_csv(
            "Your Profile/Profile.csv",
            "id,full_name,first_name,last_name,display_name_setting,timezone,gender,date_of_birth",
            [f"8ZZZZ{len(name)},Zde\u0148ka {name},Zde\u0148ka,{name},name,{self.zone.key},"
             f"FEMALE,{born}"],
        )  # fmt: skip
        folder = "Heart Rate Variability/Daily Heart Rate Variability Summary"
        rows = [f"{day}T00:00:00,28.6,57.{n},2.4" for n, day in enumerate(days)]
        self._put_csv(f"{folder} - {days[0]:%Y-%m}-(1).csv", "timestamp,rmssd,nremhr,entropy", rows)
        zones = [f"{day}T18:05,FAT_BURN,1" for day in days]
        minutes = f"Active Zone Minutes (AZM)/Active Zone Minutes - {days[0].replace(day=1)}.csv"
        self._put_csv(minutes, "date_time,heart_zone_id,total_minutes", zones)
        self._files["Sleep Score/README.txt"] = b"Sleep Score\n\nThe files below hold scores.\n"
        self._files["Stress Score/Stress Score.csv"] = b"no data"
