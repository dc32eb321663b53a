"""The fake export of Health Connect is the database which its description names."""

import sqlite3
import zipfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.integrations.fakes.health_connect import (
    AWAKE,
    DATABASE,
    PHONE_APP,
    WATCH_APP,
    Fault,
    write_export,
)


def _open(folder: Path) -> sqlite3.Connection:
    with zipfile.ZipFile(folder / "Health Connect.zip") as archive:
        assert archive.namelist() == [DATABASE]
        archive.extract(DATABASE, folder)
    return sqlite3.connect(folder / DATABASE)


def test_the_days_hold_what_the_truth_says(tmp_path: Path) -> None:
    truth = write_export(tmp_path / "Health Connect.zip")
    db = _open(tmp_path)
    assert db.execute("PRAGMA user_version").fetchone() == (23,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    counted: dict[date, Counter[str]] = {}
    for days, package, count in db.execute(
        "SELECT local_date, package_name, count FROM steps_record_table s"
        " JOIN application_info_table a ON a.row_id = s.app_info_id"
    ):
        counted.setdefault(date(1970, 1, 1) + timedelta(days=days), Counter())[package] += count
    assert counted == truth.steps
    assert set(truth.priority) == {PHONE_APP, WATCH_APP}
    samples = db.execute(
        "SELECT count(*) FROM heart_rate_record_series_table s"
        " JOIN heart_rate_record_table h ON h.row_id = s.parent_key"
    ).fetchone()
    assert samples == (truth.heart_samples,)


def test_the_night_of_the_change_of_clocks_has_two_offsets(tmp_path: Path) -> None:
    write_export(tmp_path / "Health Connect.zip", first=date(2026, 3, 8), days=1)
    db = _open(tmp_path)
    night = db.execute(
        "SELECT start_zone_offset, end_zone_offset, end_time - start_time,"
        " local_date_time_end_time - local_date_time_start_time FROM sleep_session_record_table"
    ).fetchone()
    assert night == (-6 * 3600, -5 * 3600, 210 * 60_000, 270 * 60_000)
    asleep = db.execute(
        "SELECT sum(stage_end_time - stage_start_time) FROM sleep_stages_table"
        " WHERE stage_type <> ?",
        (AWAKE,),
    ).fetchone()
    assert asleep == (200 * 60_000,)


def test_the_same_seed_writes_the_same_and_each_fault_something_else(tmp_path: Path) -> None:
    names = [None, None, *Fault]
    for number, fault in enumerate(names):
        write_export(tmp_path / f"{number}.zip", days=1, fault=fault)
    made = [(tmp_path / f"{number}.zip").read_bytes() for number in range(len(names))]
    assert made[0] == made[1]
    assert len(set(made)) == len(names) - 1


@pytest.mark.parametrize("fault", [Fault.NOT_SQLITE, Fault.DATABASE_CUT])
def test_a_spoilt_database_cannot_be_read(tmp_path: Path, fault: str) -> None:
    write_export(tmp_path / DATABASE, days=1, fault=fault)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / DATABASE).execute("SELECT count(*) FROM weight_record_table")
