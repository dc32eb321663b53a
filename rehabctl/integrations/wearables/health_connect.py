"""Android Health Connect's export: a SQLite database in a zip file.

Times are milliseconds since 1970. The app that recorded a step is named by its package; where two
apps counted the same time, the one that covers more of the day counts.
"""

from __future__ import annotations

import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.wearable import DailyMeasure

if TYPE_CHECKING:
    from rehabctl.integrations.wearables.reading import Reading

Scratch = Callable[[str, Callable[[BinaryIO], int]], AbstractContextManager[Path]]
"""Holds an unpacked database where only this process can read it."""
_MOST_BYTES = 2 * 1024**3
_SQLITE = b"SQLite format 3\0"
_MOST_VALUE = 1_000_000
"""Bytes of one value or row."""
_MOST_STEPS = 500_000_000
"""Of SQLite's virtual machine, in one query: a file may hold a query that does not end."""
_QUERIES = (
    (
        DailyMeasure.STEPS,
        "steps_record_table",
        "SELECT row_id, start_time, end_time, count, app_info_id FROM steps_record_table",
    ),
    (
        DailyMeasure.HEART_RATE,
        "heart_rate_record_series_table",
        "SELECT parent_key, epoch_millis, epoch_millis, beats_per_minute, NULL "
        "FROM heart_rate_record_series_table",
    ),
    (
        DailyMeasure.RESTING_HEART_RATE,
        "resting_heart_rate_record_table",
        "SELECT row_id, time, time, beats_per_minute, app_info_id "
        "FROM resting_heart_rate_record_table",
    ),
    (
        DailyMeasure.SLEEP,
        "sleep_stages_table",
        "SELECT parent_key, stage_start_time, stage_end_time, 0, NULL FROM sleep_stages_table "
        "WHERE stage_type IN (2, 4, 5, 6)",  # sleeping, light, deep, REM
    ),
)
_WHOLE_NIGHTS = (
    "SELECT row_id, start_time, end_time, 0, app_info_id FROM sleep_session_record_table"
)
_WITHOUT_STAGES = " WHERE row_id NOT IN (SELECT parent_key FROM sleep_stages_table)"


def read(path: Path, reading: Reading, scratch: Scratch) -> None:
    """Read an export.

    Parameters
    ----------
    path
        The zip file, or the database out of it.
    reading
        Gets the records.
    scratch
        Holds the unpacked database.

    Raises
    ------
    RehabctlError
        It is no export of Health Connect, or is not whole.
    """
    with ExitStack() as stack:
        try:
            with path.open("rb") as stream:
                head = stream.read(len(_SQLITE))
        except OSError as error:
            raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
        database = path
        if head[:4] == b"PK\x03\x04":
            database = stack.enter_context(scratch("export.db", _unpacking(path, reading)))
            with database.open("rb") as stream:
                head = stream.read(len(_SQLITE))
        if head != _SQLITE:
            raise _no_export(path.name)
        reading.file = path.name
        _read(database, path.name, reading)


def _no_export(name: str) -> RehabctlError:
    return RehabctlError(
        f"{name} is no export of Health Connect", "Give the zip file that the phone wrote"
    )


def _unpacking(path: Path, reading: Reading) -> Callable[[BinaryIO], int]:
    def fill(target: BinaryIO) -> int:
        try:
            with zipfile.ZipFile(path) as archive:
                found = [e for e in archive.infolist() if e.filename.lower().endswith(".db")]
                if not found:
                    raise _no_export(path.name)
                entry = max(found, key=lambda e: e.file_size)
                if entry.file_size > _MOST_BYTES:
                    raise RehabctlError(
                        f"{path.name} is larger than 2 GB unpacked", "Export fewer kinds of data"
                    )
                with archive.open(entry) as stream:
                    shutil.copyfileobj(_Limited(stream, entry.file_size), target, 1 << 20)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError):
            # NotImplementedError is a RuntimeError
            raise RehabctlError(
                f"{path.name} is no whole zip file", "Copy the export from the phone again"
            ) from None
        return path.stat().st_mtime_ns

    return fill


class _Limited:
    """A stream that gives no more than was announced."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(self._left, size if size >= 0 else self._left))
        self._left -= len(data)
        return data


def _read(database: Path, name: str, reading: Reading) -> None:
    address = f"{database.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA cell_size_check=ON")
            connection.text_factory = _text
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_VALUE)
            tables = {
                row[0]
                for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            }
            if not tables & {table for _, table, _ in _QUERIES}:
                raise _no_export(name)
            _tables(connection, tables, reading)
    except sqlite3.Error:
        raise RehabctlError(
            f"{name} is damaged: its database cannot be opened", "Copy the export again"
        ) from None


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
    number, start_ms, end_ms, value, app = row
    line = number if isinstance(number, int) else 0
    told = (start_ms, end_ms, value)
    if not all(isinstance(each, int | float) for each in told):
        return reading.refuse(line, measure.value, "is no number")
    device = apps.get(app, "app")
    reading.take(measure, start_ms / 1000, end_ms / 1000, float(value), device, line)


def _apps(connection: sqlite3.Connection, tables: set[str], reading: Reading) -> dict[Any, str]:
    """Return the packages that recorded, by their number."""
    if "application_info_table" not in tables:
        return {}

    def rows() -> Iterator[tuple[Any, ...]]:
        try:
            yield from connection.execute(
                "SELECT row_id, package_name FROM application_info_table LIMIT 1000"
            )
        except sqlite3.Error:
            reading.ends_early(0, "application_info_table is damaged")

    return {number: str(package)[:100] for number, package in rows()}
