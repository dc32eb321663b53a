"""Exports that somebody else's generators write, with every fault that they know.

The generators were written without sight of the readers; what they say to be in a file is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.wearable import Wearer
from rehabctl.integrations.wearables import apple_health, fitbit_takeout, health_connect
from rehabctl.integrations.wearables.reading import Reading
from tests.integrations.fakes import apple_health as apple_fake
from tests.integrations.fakes import fitbit_takeout as fitbit_fake
from tests.integrations.fakes import health_connect as connect_fake
from tests.integrations.wearables.readings import by_name, numbers, reading

HOME = "America/Chicago"
BORN = date(1958, 2, 28)


def of(found: Reading, measure: str) -> dict[date, float]:
    return {
        date.fromisoformat(day): v for (name, day), v in numbers(found).items() if name == measure
    }


def hours(minutes: Mapping[date, int]) -> object:
    return pytest.approx({day: count / 60 for day, count in minutes.items()}, abs=0.01)


class TestAppleHealth:
    REFUSED: ClassVar = {
        "external_entity", "entity_bomb", "another_root", "zip_without_export", "zip_name_climbs",
    }  # fmt: skip
    NO_STEPS: ClassVar = {
        "unknown_unit", "value_is_text", "value_missing", "negative_value", "wrong_date",
        "future_date", "end_before_start",
    }  # fmt: skip
    CUT: ClassVar = {"cut", "zip_cut", "not_utf8"}

    def read(self, tmp_path: Path, fault: str | None) -> tuple[apple_fake.Truth, Reading, Wearer]:
        packed = fault is None or str(fault).startswith("zip")
        path = tmp_path / ("export.zip" if packed else "export.xml")
        truth = apple_fake.write_export(path, fault=fault)
        found, said = reading(HOME)
        apple_health.read(path, found)
        return truth, found, said[0]

    @pytest.mark.parametrize("fault", [None, *apple_fake.FAULTS])
    def test_fault(self, tmp_path: Path, fault: str | None) -> None:
        if fault in self.REFUSED:
            with pytest.raises(RehabctlError):
                self.read(tmp_path, fault)
            return
        truth, found, wearer = self.read(tmp_path, fault)
        assert (wearer.birth_date == BORN) is (fault != "another_person")
        steps, asleep = of(found, "steps"), of(found, "sleep_h")
        if fault in self.NO_STEPS:
            assert steps == {}
            assert found.refused > 0
        elif fault in self.CUT:
            assert found.cut is not None
            assert not any(value.is_whole for value in by_name(found).values())
            assert all(count <= truth.together[day] * 1.1 for day, count in steps.items())
        else:
            assert (steps, found.refused) == (truth.together, 0)
            assert asleep == hours(truth.asleep_min)
            assert of(found, "six_minute_walk_m") == dict.fromkeys(truth.together, 431)

    def test_source_names_stay_out_of_what_is_kept(self, tmp_path: Path) -> None:
        _, found, _ = self.read(tmp_path, None)
        assert {v.method for v in by_name(found).values() if "over" in v.method} == {
            "watch over phone"
        }


class TestFitbit:
    REFUSED: ClassVar = {"zip_cut", "without_fitbit"}
    NO_STEPS: ClassVar = {"value_is_not_a_number", "negative_value", "no_data", "future_dates"}
    NO_SLEEP: ClassVar = {"no_data", "future_dates", "json_cut"}
    NOTED: ClassVar = {"json_cut", "csv_without_a_column", "other_date_format"}
    """What is told although the other of two twins gives the values."""

    @pytest.mark.parametrize("fault", [None, *fitbit_fake.FAULTS])
    def test_fault(self, tmp_path: Path, fault: str | None) -> None:
        path = tmp_path / "takeout.zip"
        truth = fitbit_fake.write_takeout(path, fault=fault)
        found, said = reading(HOME)
        if fault in self.REFUSED:
            with pytest.raises(RehabctlError):
                fitbit_takeout.read(path, found)
            return
        fitbit_takeout.read(path, found)
        if fault != "no_data":  # nor a profile
            assert (said[0].birth_date == BORN) is (fault != "another_person")
        if fault in self.NO_STEPS:
            assert of(found, "steps") == {}
            assert (found.refused > 0) is (fault != "no_data")
        elif fault == "twins_disagree":
            more = {day: count + 7 * 90 for day, count in truth.steps.items()}
            assert of(found, "steps") == more  # CSV says that its times are UTC, and counts alone
        else:
            assert of(found, "steps") == truth.steps
        if fault not in self.NO_SLEEP:
            assert of(found, "sleep_h") == hours(truth.asleep_min)
        if fault not in self.NO_STEPS | {"no_resting_heart_rate"}:
            assert of(found, "resting_heart_rate_bpm") == pytest.approx(truth.resting, abs=0.001)
        if fault not in self.NO_STEPS | self.NOTED:
            assert found.refused == 0

    @pytest.mark.parametrize("in_utc", [True, False])
    def test_twins_count_once_whatever_clock_json_has(self, tmp_path: Path, in_utc: bool) -> None:
        truth = fitbit_fake.write_takeout(tmp_path, steps_in_utc=in_utc, root=fitbit_fake.OLD)
        found, _ = reading(HOME)
        fitbit_takeout.read(tmp_path, found)
        assert of(found, "steps") == truth.steps

    def test_an_export_in_parts(self, tmp_path: Path) -> None:
        truth = fitbit_fake.write_takeout(tmp_path / "takeout.zip", parts=3)
        found, _ = reading(HOME)
        fitbit_takeout.read(tmp_path, found)
        assert of(found, "steps") == truth.steps
        assert of(found, "sleep_h") == hours(truth.asleep_min)


class TestHealthConnect:
    REFUSED: ClassVar = {"not_sqlite", "zip_cut", "zip_without_database"}
    NO_STEPS: ClassVar = {
        "column_renamed", "negative_count", "count_is_text", "end_before_start", "future_time",
        "times_in_seconds", "empty", "database_cut",
    }  # fmt: skip

    @pytest.mark.parametrize("fault", [None, *connect_fake.FAULTS])
    def test_fault(self, tmp_path: Path, fault: str | None) -> None:
        path = tmp_path / "Health Connect.zip"
        truth = connect_fake.write_export(path, fault=fault)
        found, _ = reading(HOME)
        if fault in self.REFUSED:
            with pytest.raises(RehabctlError):
                health_connect.read(path, found)
            return
        try:
            health_connect.read(path, found)
        except RehabctlError:
            assert fault == "database_cut"
            return
        steps = of(found, "steps")
        if fault in self.NO_STEPS:
            assert steps == {} or found.cut is not None
            assert (found.refused > 0) is (fault != "empty")
            return
        watch, phone = truth.priority
        assert set(steps) == set(truth.steps)
        for day, by_app in truth.steps.items():
            if fault == "unknown_app":  # whose priority is not known: the device that covers more
                assert by_app[phone] <= steps[day] < 1.05 * by_app[phone]
                continue
            # the watch where it was worn, and the phone's first hour
            assert steps[day] == by_app[watch] + self.first_hour(truth, day, path, fault)
        if fault != "table_missing":
            assert of(found, "sleep_h") == hours(truth.asleep_min)

    def first_hour(
        self, truth: connect_fake.Truth, day: date, path: Path, fault: str | None
    ) -> int:
        """Return the phone's steps from seven to eight, read by a query of the test's own."""
        import sqlite3
        import zipfile
        from contextlib import closing
        from datetime import datetime

        with zipfile.ZipFile(path) as archive, closing(sqlite3.connect(":memory:")) as made:
            name = next(n for n in archive.namelist() if n.endswith(connect_fake.DATABASE))
            content = archive.read(name)
            made.deserialize(content[:18] + b"\1\1" + content[20:])
            start = datetime(day.year, day.month, day.day, 7, tzinfo=connect_fake.ZONE)
            begun = int(start.timestamp() * 1000)
            (count,) = made.execute(
                "SELECT sum(count) FROM steps_record_table WHERE start_time BETWEEN ? AND ?",
                (begun, begun + 3_599_000),
            ).fetchone()
        return count
