"""OpenSim orientation files (`.sto`): a table of quaternions, one column a sensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rehabctl.analysis.imu_recording import ImuRecording, RecordingMeta
from rehabctl.devices.files.orientations import recording_of
from rehabctl.domain.errors import NotFoundError, RehabctlError, suggestion

_MOST_BYTES = 2**30


def read_sto(path: Path, sensor: str, meta: RecordingMeta) -> ImuRecording:
    """Read the orientations of one sensor as a recording.

    Parameters
    ----------
    path
        The file: header lines up to `endheader`, column names, rows of `w,x,y,z` cells.
    sensor
        Name of the column; may be empty where there is one only.
    meta
        What the caller knows.
    """
    rows = _lines(path)
    names = rows[0].split("\t")
    known = [name.strip() for name in names[1:]]
    chosen = chosen_sensor(known, sensor, path.name)
    column = 1 + known.index(chosen)
    times: list[float] = []
    quats: list[list[float]] = []
    for row in rows[1:]:
        cells = row.split("\t")
        try:
            quat = [float(value) for value in cells[column].split(",")]
            moment = float(cells[0])
        except (ValueError, IndexError):
            raise RehabctlError(f"{path.name} holds a damaged row", "Export it again") from None
        if len(quat) != 4:
            raise RehabctlError(f"{path.name} holds no quaternions", "Export orientations")
        times.append(moment)
        quats.append(quat)
    if not quats:
        raise RehabctlError(f"{path.name} holds no rows", "Export it again")
    return recording_of(np.array(times), np.array(quats), None, meta, path.name)


def chosen_sensor(known: list[str], wanted: str, name: str) -> str:
    """Return the sensor that is meant.

    Parameters
    ----------
    known
        Those of the file.
    wanted
        As typed; may be empty where there is one only.
    name
        Of the file.

    Raises
    ------
    NotFoundError
        It is not in the file, or several are and none was named.
    """
    if wanted in known:
        return wanted
    if not wanted and len(known) == 1:
        return known[0]
    near = suggestion(wanted, known)
    listed = ", ".join(known[:20]) or "none"
    raise NotFoundError(
        f"{name} has no sensor {wanted!r}" if wanted else f"{name} holds several sensors",
        near or f"Name one with --sensor: {listed}",
    )


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RehabctlError(f"{path.name} is too large", "Split the export")
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(f"no file {path.name}", "Check the path") from None
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(f"{path.name} is no text", "Export it again") from None
    lines = [line for line in text.splitlines() if line.strip()]
    heads = [i for i, line in enumerate(lines) if line.strip().lower() == "endheader"]
    if not heads or len(lines) < heads[0] + 3:
        raise RehabctlError(f"{path.name} is no OpenSim table", "Export orientations as .sto")
    return lines[heads[0] + 1 :]
