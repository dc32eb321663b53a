"""Writes "Health Connect.zip" as the export of Android's Health Connect does: one SQLite database.

Documented (the open source of Android's health module as public importers describe it): the zip
holds just health_connect_export.db; user_version counts its schema. Each record has a 16-byte uuid,
the app and the device that wrote it, a recording method and a hash against doubles. Times are ms in
UTC, zone offsets are seconds, local_date counts days since 1970. Weight is in grams, energy in
small calories, distance in metres. Heart rate and sleep stages stand in child tables by parent_key.
Several apps count the same steps; which of them rules is said by the order of priorities. The order
of columns differs between phones, so that only names can be trusted.

Assumed: user_version 23 for the summer of 2026, the names of the apps, which of the tables an
export without data still holds (all of them), that foreign keys are not declared.

`write_export(path, days=3)` returns a `Truth` that says what is really in the file.
"""

from __future__ import annotations

import random
import sqlite3
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Chicago")
USER_VERSION = 23
DATABASE = "health_connect_export.db"
PHONE_APP, WATCH_APP = "com.google.android.apps.fitness", "com.garmin.android.apps.connectmobile"
_BEFORE = (
    "row_id INTEGER PRIMARY KEY AUTOINCREMENT, uuid BLOB NOT NULL UNIQUE,"
    " last_modified_time INTEGER, client_record_id TEXT, client_record_version TEXT,"
    " device_info_id INTEGER, app_info_id INTEGER, recording_method INTEGER,"
    " dedupe_hash BLOB UNIQUE"
)
_AT = "time INTEGER, zone_offset INTEGER, local_date INTEGER"
_FROM_TO = (
    "start_time INTEGER, start_zone_offset INTEGER, end_time INTEGER, end_zone_offset INTEGER,"
    " local_date INTEGER"
)
_AT_LOCAL = "local_date_time INTEGER AS (time + 1000 * zone_offset)"
_FROM_TO_LOCAL = (
    "local_date_time_start_time INTEGER AS (start_time + 1000 * start_zone_offset),"
    " local_date_time_end_time INTEGER AS (end_time + 1000 * end_zone_offset)"
)
MOMENTS = {
    "weight_record_table": "weight REAL",
    "height_record_table": "height REAL",
    "resting_heart_rate_record_table": "beats_per_minute INTEGER",
    "oxygen_saturation_record_table": "percentage REAL",
    "blood_pressure_record_table": "systolic REAL, diastolic REAL, body_position TEXT,"
    " measurement_location TEXT",
}
STRETCHES = {
    "steps_record_table": "count INTEGER",
    "distance_record_table": "distance REAL",
    "total_calories_burned_record_table": "energy REAL",
    "active_calories_burned_record_table": "energy REAL",
    "sleep_session_record_table": "notes TEXT, title TEXT",
    "exercise_session_record_table": "notes TEXT, exercise_type INTEGER, title TEXT,"
    " has_route INTEGER",
    "heart_rate_record_table": "",
}
_OTHERS = {
    "application_info_table": "row_id INTEGER PRIMARY KEY AUTOINCREMENT, package_name TEXT UNIQUE,"
    " app_name TEXT, app_icon BLOB, record_types_used TEXT",
    "device_info_table": "row_id INTEGER PRIMARY KEY AUTOINCREMENT, manufacturer TEXT, model TEXT,"
    " device_type INTEGER",
    "health_data_category_priority_table": "row_id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " health_data_category INTEGER UNIQUE, app_id_priority_order TEXT",
    "activity_date_table": "row_id INTEGER PRIMARY KEY AUTOINCREMENT, epoch_days INTEGER,"
    " record_type_id INTEGER",
    "heart_rate_record_series_table": "parent_key INTEGER, beats_per_minute INTEGER,"
    " epoch_millis INTEGER",
    "sleep_stages_table": "parent_key INTEGER, stage_start_time INTEGER, stage_end_time INTEGER,"
    " stage_type INTEGER",
}
AWAKE, LIGHT, DEEP, REM = 1, 4, 5, 6
_EPOCH = date(1970, 1, 1)


class Fault(StrEnum):
    """What is wrong, or odd, in an export."""

    NEWER_VERSION = "newer_version"
    TABLE_MISSING = "table_missing"
    COLUMN_RENAMED = "column_renamed"
    COLUMNS_IN_ANOTHER_ORDER = "columns_in_another_order"
    MORE_COLUMNS = "more_columns"
    OFFSET_IN_MILLISECONDS = "offset_in_milliseconds"
    OFFSET_MISSING = "offset_missing"
    NEGATIVE_COUNT = "negative_count"
    COUNT_IS_TEXT = "count_is_text"
    END_BEFORE_START = "end_before_start"
    FUTURE_TIME = "future_time"
    TIMES_IN_SECONDS = "times_in_seconds"
    ORPHAN_SAMPLES = "orphan_samples"
    UNKNOWN_APP = "unknown_app"
    EMPTY = "empty"
    DATABASE_CUT = "database_cut"
    NOT_SQLITE = "not_sqlite"
    JOURNAL_AHEAD = "journal_ahead"
    ZIP_CUT = "zip_cut"
    TWO_DATABASES = "two_databases"
    ZIP_WITHOUT_DATABASE = "zip_without_database"
    ZIP_NAME_CLIMBS = "zip_name_climbs"


FAULTS = tuple(Fault)


@dataclass
class Truth:
    """What an export holds, had it no fault."""

    steps: dict[date, dict[str, int]] = field(default_factory=dict[date, dict[str, int]])
    """Steps of each local day by app; both apps counted the same walks."""
    asleep_min: dict[date, int] = field(default_factory=dict[date, int])
    heart_samples: int = 0
    weights_g: dict[date, float] = field(default_factory=dict[date, float])
    priority: tuple[str, ...] = (WATCH_APP, PHONE_APP)


def write_export(
    path: Path, *, first: date = date(2026, 3, 6), days: int = 3, seed: int = 1,
    fault: str | None = None, zone: ZoneInfo = ZONE,
) -> Truth:  # fmt: skip
    """Write the zip, or the bare database if `path` ends with .db."""
    truth = Truth()
    with TemporaryDirectory() as folder:
        made = Path(folder) / DATABASE
        _Writer(made, random.Random(seed), zone, truth, fault).write(first, days)
        content = made.read_bytes()
    if fault == Fault.DATABASE_CUT:
        content = content[: len(content) // 2]
    elif fault == Fault.NOT_SQLITE:
        content = bytes(random.Random(seed).randbytes(len(content)))
    elif fault == Fault.JOURNAL_AHEAD:  # says that a -wal file belongs to it
        content = content[:18] + b"\x02\x02" + content[20:]
    if path.suffix == ".db":
        path.write_bytes(content)
        return truth
    names = [f"../../{DATABASE}" if fault == Fault.ZIP_NAME_CLIMBS else DATABASE]
    if fault == Fault.TWO_DATABASES:
        names.append("another_export.db")
    if fault == Fault.ZIP_WITHOUT_DATABASE:
        names = ["README.txt"]
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            member = zipfile.ZipInfo(name, (2026, 3, 9, 12, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    if fault == Fault.ZIP_CUT:
        path.write_bytes(path.read_bytes()[:-200])
    return truth


class _Writer:
    def __init__(
        self, path: Path, chance: random.Random, zone: ZoneInfo, truth: Truth, fault: str | None
    ) -> None:
        self._db, self._random, self._zone = sqlite3.connect(path), chance, zone
        self._truth, self._fault = truth, fault

    def write(self, first: date, days: int) -> None:
        self._db.execute("PRAGMA synchronous = OFF")
        self._make_tables()
        apps = {PHONE_APP: "Fit", WATCH_APP: "Garmin Connect"}
        for row_id, (package, name) in enumerate(apps.items(), 1):
            self._insert("application_info_table", row_id=row_id, package_name=package,
                         app_name=name, app_icon=b"\x89PNG", record_types_used="1,11")  # fmt: skip
        for row_id, device in enumerate(((None, None, 0), ("Google", "Pixel 9", 2),
                                         ("Garmin", "Venu 3", 1)), 1):  # fmt: skip
            named = dict(zip(("manufacturer", "model", "device_type"), device, strict=True))
            self._insert("device_info_table", row_id=row_id, **named)
        self._insert("health_data_category_priority_table", health_data_category=1,
                     app_id_priority_order="2,1")  # fmt: skip
        for day in range(0 if self._fault == Fault.EMPTY else days):
            self._day(first + timedelta(days=day))
        if self._fault == Fault.TABLE_MISSING:
            self._db.execute("DROP TABLE sleep_stages_table")
        if self._fault == Fault.COLUMN_RENAMED:
            self._db.execute("ALTER TABLE steps_record_table RENAME COLUMN count TO step_count")
        version = USER_VERSION + (9 if self._fault == Fault.NEWER_VERSION else 0)
        self._db.execute(f"PRAGMA user_version = {version}")
        self._db.commit()
        self._db.close()

    def _make_tables(self) -> None:
        made = {name: f"{_BEFORE}, {_AT}, {own}, {_AT_LOCAL}" for name, own in MOMENTS.items()}
        for name, own in STRETCHES.items():
            columns = [_BEFORE, _FROM_TO, own, _FROM_TO_LOCAL]
            if self._fault == Fault.COLUMNS_IN_ANOTHER_ORDER:
                columns = [own, _FROM_TO, _FROM_TO_LOCAL, _BEFORE]
            if self._fault == Fault.MORE_COLUMNS:
                columns.append("device_data_provider_id INTEGER")
            made[name] = ", ".join(one for one in columns if one)
        for name, columns in (made | _OTHERS).items():
            self._db.execute(f"CREATE TABLE {name} ({columns})")

    def _insert(self, table: str, **values: object) -> int:
        asked = ", ".join("?" * len(values))
        done = self._db.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({asked})",  # noqa: S608
            tuple(values.values()),
        )
        return done.lastrowid or 0

    def _day(self, day: date) -> None:
        """Write a day of both apps; the phone counts all, the watch is put on at eight."""
        by_app = self._truth.steps.setdefault(day, {PHONE_APP: 0, WATCH_APP: 0})
        for hour in (7, 8, 12, 17):
            for quarter in range(0, 60, 15):
                phone = 400 + self._random.randrange(300)
                watch = phone + self._random.randrange(-20, 40) if hour > 7 else 0
                for app, count, late in ((1, phone, 0), (2, watch, 40)):
                    if count:
                        start = self._at(day, hour, quarter) + timedelta(seconds=late)
                        self._stretch("steps_record_table", app, start, 840,
                                      count=self._count(count))  # fmt: skip
                        by_app[(PHONE_APP, WATCH_APP)[app - 1]] += count
            start = self._at(day, hour)
            self._stretch("distance_record_table", 1, start, 3600, distance=1850.5 + hour)
            self._stretch("active_calories_burned_record_table", 2, start, 3600, energy=96500.0)
        self._hearts(day)
        self._night(day)
        weight = 71000.0 + self._random.randrange(900)
        self._truth.weights_g[day] = weight
        self._moment("weight_record_table", 1, self._at(day, 7), weight=weight)
        self._moment("resting_heart_rate_record_table", 2, self._at(day, 6), beats_per_minute=57)
        self._moment("blood_pressure_record_table", 1, self._at(day, 7, 5), systolic=128.0,
                     diastolic=79.0, body_position="2", measurement_location="3")  # fmt: skip
        self._stretch("exercise_session_record_table", 2, self._at(day, 17), 1800,
                      exercise_type=79, title="Walk", has_route=0)  # fmt: skip
        for kind in (1, 11, 26, 37, 38):
            self._insert("activity_date_table", epoch_days=(day - _EPOCH).days, record_type_id=kind)

    def _count(self, count: int) -> object:
        if self._fault == Fault.NEGATIVE_COUNT:
            return -count
        return f"{count} steps" if self._fault == Fault.COUNT_IS_TEXT else count

    def _hearts(self, day: date) -> None:
        for hour in (8, 12, 17):
            start = self._at(day, hour)
            parent = self._stretch("heart_rate_record_table", 2, start, 3600)
            if self._fault == Fault.ORPHAN_SAMPLES:
                parent += 100_000
            for minute in range(0, 60, 5):
                self._truth.heart_samples += 1
                at = self._ms(start + timedelta(minutes=minute))
                self._insert("heart_rate_record_series_table", parent_key=parent, epoch_millis=at,
                             beats_per_minute=70 + self._random.randrange(40))  # fmt: skip

    def _night(self, day: date) -> None:
        """Write the night that ends on `day`; it is counted in UTC, whatever the clocks do."""
        moment = self._at(day - timedelta(days=1), 23)
        parent = self._stretch("sleep_session_record_table", 2, moment, 210 * 60)
        for stage, minutes in ((LIGHT, 90), (DEEP, 60), (AWAKE, 10), (REM, 50)):
            end = moment + timedelta(minutes=minutes)
            self._insert("sleep_stages_table", parent_key=parent, stage_type=stage,
                         stage_start_time=self._ms(moment),
                         stage_end_time=self._ms(end))  # fmt: skip
            moment = end
        self._truth.asleep_min[day] = 200

    def _at(self, day: date, hour: int, minute: int = 0) -> datetime:
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self._zone)
        return local.astimezone(UTC)

    def _ms(self, moment: datetime) -> int:
        seconds = int(moment.timestamp())
        if self._fault == Fault.FUTURE_TIME:
            seconds += 30_000_000_000
        return seconds if self._fault == Fault.TIMES_IN_SECONDS else seconds * 1000

    def _offset(self, moment: datetime) -> int | None:
        offset = moment.astimezone(self._zone).utcoffset() or timedelta()
        if self._fault == Fault.OFFSET_MISSING:
            return None
        times = 1000 if self._fault == Fault.OFFSET_IN_MILLISECONDS else 1
        return int(offset.total_seconds()) * times

    def _common(self, app: int, *moments: datetime) -> dict[str, object]:
        app_id = 77 if self._fault == Fault.UNKNOWN_APP else app
        times = b"".join(self._ms(one).to_bytes(8, "big") for one in moments)
        local = moments[0].astimezone(self._zone).date()
        return {
            "uuid": UUID(int=self._random.getrandbits(128), version=4).bytes,
            "last_modified_time": self._ms(moments[-1]), "client_record_version": "0",
            "device_info_id": app + 1, "app_info_id": app_id, "recording_method": 2,
            "dedupe_hash": app_id.to_bytes(8, "big") + (app + 1).to_bytes(8, "big") + times,
            "local_date": (local - _EPOCH).days,
        }  # fmt: skip

    def _moment(self, table: str, app: int, at: datetime, **values: object) -> int:
        times = {"time": self._ms(at), "zone_offset": self._offset(at)}
        return self._insert(table, **self._common(app, at), **times, **values)

    def _stretch(
        self, table: str, app: int, start: datetime, seconds: int, **values: object
    ) -> int:
        end = start + timedelta(seconds=seconds)
        common = self._common(app, start, end)
        if self._fault == Fault.END_BEFORE_START:
            start, end = end, start
        times = {"start_time": self._ms(start), "start_zone_offset": self._offset(start)}
        times |= {"end_time": self._ms(end), "end_zone_offset": self._offset(end)}
        return self._insert(table, **common, **times, **values)
