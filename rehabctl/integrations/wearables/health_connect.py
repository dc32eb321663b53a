"""Android Health Connect's export: a SQLite database in a zip file.

Times are milliseconds since 1970. Where two apps counted the same minute's steps, the phone's own
order of priority says which counts; without one, the app that covers more of the day.
"""

from __future__ import annotations

import sqlite3
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.wearable import DailyMeasure

if TYPE_CHECKING:
    from rehabctl.integrations.wearables.reading import Reading

_MOST_BYTES = 512 * 1024**2
"""Unpacked, since it is held in memory: nothing of it is written to a disk."""
_JOURNAL = slice(18, 20)
"""Bytes that say whether a second file, the write-ahead log, belongs to the database."""
_NAME = "health_connect_export.db"
_SQLITE = b"SQLite format 3\0"
_MOST_VALUE = 1_000_000
"""Bytes of one value or row."""
_MOST_STEPS = 500_000_000
"""Of SQLite's virtual machine, in one query: a file may hold a query that does not end."""
_QUERIES = (
    (
        DailyMeasure.STEPS,
        "steps_record_table",
        "SELECT row_id, start_time, end_time, count, app_info_id, device_info_id "
        "FROM steps_record_table",
    ),
    (
        DailyMeasure.HEART_RATE,
        "heart_rate_record_series_table",
        "SELECT parent_key, epoch_millis, epoch_millis, beats_per_minute, NULL, NULL "
        "FROM heart_rate_record_series_table",
    ),
    (
        DailyMeasure.RESTING_HEART_RATE,
        "resting_heart_rate_record_table",
        "SELECT row_id, time, time, beats_per_minute, app_info_id, NULL "
        "FROM resting_heart_rate_record_table",
    ),
    (
        DailyMeasure.SLEEP,
        "sleep_stages_table",
        "SELECT parent_key, stage_start_time, stage_end_time, 0, NULL, NULL "
        "FROM sleep_stages_table WHERE stage_type IN (2, 4, 5, 6)",  # sleeping, light, deep, REM
    ),
)
_WHOLE_NIGHTS = (
    "SELECT row_id, start_time, end_time, 0, app_info_id, NULL FROM sleep_session_record_table"
)
_WITHOUT_STAGES = " WHERE row_id NOT IN (SELECT parent_key FROM sleep_stages_table)"


def read(path: Path, reading: Reading) -> None:
    """Read an export.

    Parameters
    ----------
    path
        The zip file, or the database out of it.
    reading
        Gets the records.

    Raises
    ------
    RehabctlError
        It is no export of Health Connect, or is not whole.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_SQLITE))
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
    content = _unpacked(path) if head[:4] == b"PK\x03\x04" else None
    if not (content or head).startswith(_SQLITE):
        raise _no_export(path.name)
    reading.file = path.name
    try:
        with closing(_opened(path, content)) as connection:
            _read(connection, path.name, reading)
    except sqlite3.Error:
        raise RehabctlError(
            f"{path.name} is damaged: its database cannot be opened", "Copy the export again"
        ) from None


def _no_export(name: str) -> RehabctlError:
    return RehabctlError(
        f"{name} is no export of Health Connect", "Give the zip file that the phone wrote"
    )


def _unpacked(path: Path) -> bytearray:
    """Return the database in an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = [e for e in archive.infolist() if e.filename.lower().endswith(".db")]
            named = [e for e in found if e.filename.rpartition("/")[2] == _NAME]
            if len(named or found) != 1:
                raise _no_export(path.name)
            (entry,) = named or found
            with archive.open(entry) as stream:
                content = bytearray(stream.read(_MOST_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError):
        # NotImplementedError is a RuntimeError
        raise RehabctlError(
            f"{path.name} is no whole zip file", "Copy the export from the phone again"
        ) from None
    if len(content) > _MOST_BYTES:
        raise RehabctlError(
            f"{path.name} is larger than 512 MB unpacked", f"Unpack it, and give {_NAME}"
        )
    content[_JOURNAL] = b"\1\1"
    return content


def _opened(path: Path, content: bytearray | None) -> sqlite3.Connection:
    if content is None:
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        return sqlite3.connect(address, uri=True)
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(content)
    except BaseException:
        connection.close()
        raise
    return connection


def _read(connection: sqlite3.Connection, name: str, reading: Reading) -> None:
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.text_factory = _text
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_VALUE)
    tables = {
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    }
    if not tables & {table for _, table, _ in _QUERIES}:
        raise _no_export(name)
    _tables(connection, tables, reading)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _tables(connection: sqlite3.Connection, tables: set[str], reading: Reading) -> None:
    apps = _apps(connection, tables, reading)
    queries = list(_QUERIES)
    if "sleep_session_record_table" in tables:
        has_stages = "sleep_stages_table" in tables
        nights = _WHOLE_NIGHTS + (_WITHOUT_STAGES if has_stages else "")
        queries.append((DailyMeasure.SLEEP, "sleep_session_record_table", nights))
    for measure, table, query in queries:
        if table not in tables:
            continue
        budget = iter(range(_MOST_STEPS // 1_000_000))
        connection.set_progress_handler(lambda left=budget: next(left, None) is None, 1_000_000)
        try:
            for row in connection.execute(query):
                _row(measure, row, apps, reading)
        except sqlite3.Error:
            reading.ends_early(0, f"{table} is damaged: what comes after is lost")


def _row(
    measure: DailyMeasure, row: tuple[Any, ...], apps: dict[Any, str], reading: Reading
) -> None:
    number, start_ms, end_ms, value, app, device = row
    line = number if isinstance(number, int) else 0
    told = (start_ms, end_ms, value)
    if not all(isinstance(each, int | float) for each in told):
        reading.refuse(line, measure.value, "is no number")
        return
    # of an app that is not told of, its devices stand for two that counted the same
    known = apps.get(app) or f"app {app} on {device}"[:40]
    reading.take(measure, start_ms / 1000, end_ms / 1000, float(value), known, line)


def _apps(connection: sqlite3.Connection, tables: set[str], reading: Reading) -> dict[Any, str]:
    """Return the packages that recorded, by their number, and note their order of priority."""
    apps: dict[Any, str] = {}
    try:
        if "application_info_table" in tables:
            apps = {
                number: str(package)[:100]
                for number, package in connection.execute(
                    "SELECT row_id, package_name FROM application_info_table LIMIT 1000"
                )
            }
        if "health_data_category_priority_table" in tables:
            found = connection.execute(
                "SELECT app_id_priority_order FROM health_data_category_priority_table "
                "WHERE health_data_category = 1"  # activity
            ).fetchone()
            for rank, number in enumerate(str(found[0] if found else "").split(",")[:1000]):
                if number.strip().isdecimal() and int(number) in apps:
                    reading.totals.ranks.setdefault(apps[int(number)], rank)
    except sqlite3.Error:
        reading.ends_early(0, "the apps that recorded cannot be read")
    return apps
