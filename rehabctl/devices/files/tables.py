"""Recordings in tables (CSV, tab-separated text), by a layout that names columns and units."""

from __future__ import annotations

import csv
import io
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import cast

import numpy as np

from rehabctl.analysis.imu_recording import GRAVITY_MS2, ImuRecording, RecordingMeta
from rehabctl.domain.errors import NotFoundError, RehabctlError, suggestion

_ACC_UNITS = {"m/s2": 1.0, "g": GRAVITY_MS2, "mg": GRAVITY_MS2 / 1000.0}
_GYR_UNITS = {"rad/s": 1.0, "deg/s": math.pi / 180.0}
_MOST_BYTES = 2**30
_HEADER_LINES = 200


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns hold what, and in which units."""

    time: str
    time_unit_s: float
    acc: tuple[str, ...]
    acc_to_ms2: float
    gyr: tuple[str, ...]
    gyr_to_rads: float
    mag: tuple[str, ...]
    """Empty without a magnetometer; optional in the file."""
    delimiter: str
    time_wraps_at: int
    """0 for a clock that does not wrap."""


@dataclass(frozen=True)
class ImportedTable:
    """A recording, and the lines (1-based) that were left out."""

    recording: ImuRecording
    rejected_lines: tuple[int, ...]


def packaged_layouts() -> tuple[str, ...]:
    """Return the names of the layouts that come with the program."""
    return tuple(_packaged())


def load_layout(name: str) -> Layout:
    """Return a packaged layout, or the one in a TOML file of that name.

    Parameters
    ----------
    name
        Such as `movella-dot-csv`, or a path ending in `.toml`.

    Raises
    ------
    NotFoundError
        Neither is there.
    RehabctlError
        The file has no usable [layout] table.
    """
    if not name.endswith(".toml"):
        known = _packaged()
        if name not in known:
            near = suggestion(name, list(known)) or f"known: {', '.join(known)}"
            raise NotFoundError(f"no layout {name!r}", f"Name a .toml file, or: {near}")
        return _layout(known[name])
    try:
        table = tomllib.loads(Path(name).read_text("utf-8"))["layout"]
        return _layout(table)
    except FileNotFoundError:
        raise NotFoundError(f"no layout file {Path(name).name}", "Check the path") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"{Path(name).name} is no layout: {error}"
        raise RehabctlError(what, "Name time, acc, gyr and their units in [layout]") from None


def _packaged() -> dict[str, Mapping[str, object]]:
    path = files("rehabctl.reference") / "sensors" / "layouts.toml"
    return tomllib.loads(path.read_text("utf-8"))["layout"]


def _layout(table: Mapping[str, object]) -> Layout:
    def columns(key: str) -> tuple[str, ...]:
        names = tuple(str(name) for name in cast("list[object]", table.get(key, [])))
        if len(names) != 3 and (names or key != "mag"):
            raise ValueError(f"{key} needs three columns")
        return names

    acc_unit, gyr_unit = str(table.get("acc_unit", "m/s2")), str(table.get("gyr_unit", "rad/s"))
    if acc_unit not in _ACC_UNITS or gyr_unit not in _GYR_UNITS:
        raise ValueError(f"units: {', '.join([*_ACC_UNITS, *_GYR_UNITS])}")
    return Layout(
        time=str(table["time"]),
        time_unit_s=float(cast("float", table.get("time_unit_s", 1.0))),
        acc=columns("acc"),
        acc_to_ms2=_ACC_UNITS[acc_unit],
        gyr=columns("gyr"),
        gyr_to_rads=_GYR_UNITS[gyr_unit],
        mag=columns("mag"),
        delimiter=str(table.get("delimiter", ",")),
        time_wraps_at=int(cast("int", table.get("time_wraps_at", 0))),
    )


def read_table(path: Path, layout: Layout, meta: RecordingMeta) -> ImportedTable:
    """Read an exported table.

    Lines above the row of column names are skipped; lines with missing or wrong numbers, or whose
    time does not go on, are left out and named.

    Parameters
    ----------
    path
        The file.
    layout
        Its columns.
    meta
        What the caller knows of it.

    Raises
    ------
    NotFoundError
        There is no such file.
    RehabctlError
        The columns are not there, or fewer than two lines can be used.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RehabctlError(f"{path.name} is too large", "Split the export")
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(f"no file {path.name}", "Check the path") from None
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(f"{path.name} is no text", "Export it as text") from None
    return parse_table(text, layout, meta, path.name)


def parse_table(text: str, layout: Layout, meta: RecordingMeta, name: str) -> ImportedTable:
    """Read the text of an exported table; see `read_table`.

    Parameters
    ----------
    text
        The whole file.
    layout, meta
        As there.
    name
        Of the file, for messages.
    """
    reader = csv.reader(io.StringIO(text), delimiter=layout.delimiter)
    needed = [layout.time, *layout.acc, *layout.gyr]
    places: list[int] | None = None
    rows: list[list[float]] = []
    rejected: list[int] = []
    has_mag = False
    try:
        for cells in reader:
            names = [cell.strip() for cell in cells]
            if places is None:
                if all(column in names for column in needed):
                    has_mag = bool(layout.mag) and all(column in names for column in layout.mag)
                    wanted = [*needed, *(layout.mag if has_mag else ())]
                    places = [names.index(column) for column in wanted]
                elif reader.line_num > _HEADER_LINES:
                    break
            elif any(names):
                row = _numbers(names, places)
                if row is None:
                    rejected.append(reader.line_num)
                else:
                    rows.append([reader.line_num, *row])
    except csv.Error:
        raise RehabctlError(f"{name} is no table", "Export it as text") from None
    if places is None:
        raise RehabctlError(f"{name} has no columns {', '.join(needed)}", "Choose another --layout")
    return _recording(rows, rejected, layout, meta, has_mag, name)


def _numbers(cells: list[str], places: list[int]) -> list[float] | None:
    try:
        row = [float(cells[i]) for i in places]
    except (ValueError, IndexError):
        return None
    return row if all(math.isfinite(value) for value in row) else None


def _recording(
    rows: list[list[float]],
    rejected: list[int],
    layout: Layout,
    meta: RecordingMeta,
    has_mag: bool,
    name: str,
) -> ImportedTable:
    kept: list[list[float]] = []
    turns = 0
    last = -math.inf
    for row in rows:
        moment = row[1] + turns * layout.time_wraps_at
        if layout.time_wraps_at and last - moment > layout.time_wraps_at / 2:
            turns += 1
            moment += layout.time_wraps_at
        if moment <= last:
            rejected.append(int(row[0]))
            continue
        last = moment
        kept.append([moment, *row[2:]])
    if len(kept) < 2:
        raise RehabctlError(f"{name} has no usable lines", "Check units and columns of the layout")
    values = np.array(kept, dtype=np.float64)
    t_s = (values[:, 0] - values[0, 0]) * layout.time_unit_s
    recording = ImuRecording(
        t_s,
        values[:, 4:7] * layout.gyr_to_rads,
        values[:, 1:4] * layout.acc_to_ms2,
        values[:, 7:10] if has_mag else None,
        meta,
    )
    return ImportedTable(recording, tuple(sorted(rejected)))
