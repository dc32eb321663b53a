"""Android Health Connect's database: apps that counted the same, stages, and damage."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.errors import RehabctlError
from rehabctl.integrations.wearables import health_connect
from tests.integrations.wearables.readings import by_name, numbers, reading

TABLES = """
CREATE TABLE application_info_table (row_id INTEGER PRIMARY KEY, package_name TEXT);
CREATE TABLE steps_record_table (row_id INTEGER PRIMARY KEY, uuid BLOB, app_info_id INTEGER,
 device_info_id INTEGER, start_time INTEGER, end_time INTEGER, count INTEGER);
CREATE TABLE heart_rate_record_series_table (parent_key INTEGER, beats_per_minute INTEGER,
 epoch_millis INTEGER);
CREATE TABLE resting_heart_rate_record_table (row_id INTEGER PRIMARY KEY, app_info_id INTEGER,
 time INTEGER, beats_per_minute INTEGER);
CREATE TABLE sleep_session_record_table (row_id INTEGER PRIMARY KEY, app_info_id INTEGER,
 start_time INTEGER, end_time INTEGER);
CREATE TABLE sleep_stages_table (parent_key INTEGER, stage_start_time INTEGER,
 stage_end_time INTEGER, stage_type INTEGER);
INSERT INTO application_info_table VALUES (1, 'com.google.android.apps.fitness'), (2, 'com.ring');
"""


def ms(hour: int, minute: int = 0, day: int = 10) -> int:
    return int(datetime(2026, 3, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "health_connect_export.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(TABLES)
        made.executemany(
            "INSERT INTO steps_record_table VALUES (NULL, x'00', ?, 1, ?, ?, ?)",
            [
                (1, ms(14), ms(15), 1000),
                (2, ms(14, 30), ms(14, 45), 500),  # the same walk, by another app
                (1, ms(16), ms(17), 200),
                (2, ms(20), ms(20, 10), 70),
                (1, ms(9, day=12), ms(10, day=12), 5),
            ],
        )
        made.executemany(
            "INSERT INTO heart_rate_record_series_table VALUES (1, ?, ?)",
            [(88, ms(14)), (92, ms(14, 1)), (4000, ms(14, 2))],
        )
        made.execute("INSERT INTO resting_heart_rate_record_table VALUES (1, 1, ?, 61)", (ms(14),))
        made.executemany(
            "INSERT INTO sleep_session_record_table VALUES (?, 1, ?, ?)",
            [(1, ms(4), ms(10)), (2, ms(4, day=11), ms(9, day=11))],
        )
        made.executemany(
            "INSERT INTO sleep_stages_table VALUES (1, ?, ?, ?)",
            [(ms(4), ms(6), 4), (ms(6), ms(7), 1), (ms(7), ms(10), 5)],
        )
        made.commit()
    return path


def packed(database: Path) -> Path:
    path = database.with_name("Health Connect.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(database, database.name)
    return path


@pytest.mark.parametrize("pack", [False, True])
def test_apps_that_counted_the_same_count_once(database: Path, pack: bool) -> None:
    found, said = reading()
    health_connect.read(packed(database) if pack else database, found)
    assert numbers(found) == {
        ("steps", "2026-03-10"): 1270,
        ("steps", "2026-03-12"): 5,
        ("heart_rate_bpm", "2026-03-10"): 90,
        ("resting_heart_rate_bpm", "2026-03-10"): 61,
        ("sleep_h", "2026-03-10"): 5,
        ("sleep_h", "2026-03-11"): 5,  # a night without stages is asleep as a whole
    }
    steps = by_name(found)["steps", "2026-03-10"]
    assert steps.method == "com.google.android.apps.fitness over com.ring"
    assert said == []
    assert [r.field for r in found.refusals] == ["heart_rate_bpm"]


@pytest.mark.parametrize("keep", [0.2, 0.7])
def test_a_cut_archive_is_refused_whole(database: Path, keep: float) -> None:
    path = packed(database)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(RehabctlError, match="no whole zip"):
        health_connect.read(path, reading()[0])


def test_a_view_in_the_place_of_a_table_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "evil.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(
            "CREATE TABLE heart_rate_record_series_table (x);"
            "CREATE VIEW steps_record_table AS WITH RECURSIVE n(row_id) AS "
            "(SELECT 1 UNION ALL SELECT row_id + 1 FROM n) SELECT row_id, 0 start_time, "
            "0 end_time, 1 count, 1 app_info_id FROM n;"
        )
    found, _ = reading()
    health_connect.read(path, found)
    assert found.records == 0
    assert found.cut is not None  # the table of heart rates lacks its columns


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"SQLite format 3\0", b"hello" * 50])
def test_something_else_is_no_export(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "export.db"
    path.write_bytes(content)
    with pytest.raises(RehabctlError):
        health_connect.read(path, reading()[0])


@given(
    damage=st.lists(st.tuples(st.integers(16, 20_000), st.integers(0, 255)), max_size=8),
    keep=st.floats(0.4, 1),
)
def test_any_damage_ends_in_a_reading_or_one_error(
    tmp_path_factory: pytest.TempPathFactory,
    undamaged: Path,
    damage: list[tuple[int, int]],
    keep: float,
) -> None:
    spoilt = bytearray(undamaged.read_bytes())
    for place, value in damage:
        spoilt[place % len(spoilt)] = value
    path = tmp_path_factory.mktemp("fuzz") / "export.db"
    path.write_bytes(spoilt[: int(len(spoilt) * keep)])
    found, _ = reading()
    with suppress(RehabctlError):
        health_connect.read(path, found)
    assert all(value >= 0 for value in numbers(found).values())


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "export.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(TABLES)
        made.executemany(
            "INSERT INTO steps_record_table VALUES (NULL, x'00', 1, 1, ?, ?, 10)",
            [(ms(14, m), ms(14, m + 1)) for m in range(50)],
        )
        made.commit()
    return path
