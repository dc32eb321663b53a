"""Xsens MVNX files: XML with the orientation and free acceleration of every sensor."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from rehabctl.analysis.imu_recording import Float, ImuRecording, RecordingMeta
from rehabctl.devices.files.opensim_sto import chosen_sensor
from rehabctl.devices.files.orientations import recording_of
from rehabctl.domain.errors import NotFoundError, RehabctlError

_MOST_BYTES = 2**31


def read_mvnx(path: Path, sensor: str, meta: RecordingMeta) -> ImuRecording:
    """Read one sensor of an MVNX file as a recording.

    Parameters
    ----------
    path
        The file.
    sensor
        Its label, such as RightUpperLeg; may be empty where there is one only.
    meta
        What the caller knows.
    """
    damaged = RehabctlError(f"{path.name} is no MVNX file", "Export it again")
    labels: list[str] = []
    times: list[float] = []
    quats: list[str] = []
    forces: list[str] = []
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RehabctlError(f"{path.name} is too large", "Split the export")
        with path.open("rb") as stream:
            # an MVNX file has no document type; one that has may declare entities, and is refused
            for _, element in iterparse(stream, forbid_dtd=True):
                kind = element.tag.rsplit("}", 1)[-1]
                if kind == "sensor" and "label" in element.attrib:
                    labels.append(element.attrib["label"])
                elif kind == "frame":
                    if element.get("type", "normal") == "normal":
                        times.append(float(element.attrib["time"]) / 1000.0)
                        parts = {c.tag.rsplit("}", 1)[-1]: c.text or "" for c in element}
                        quats.append(parts.get("sensorOrientation", ""))
                        forces.append(parts.get("sensorFreeAcceleration", ""))
                    element.clear()
    except FileNotFoundError:
        raise NotFoundError(f"no file {path.name}", "Check the path") from None
    except (OSError, ParseError, DefusedXmlException, ValueError, KeyError):
        raise damaged from None
    labels = list(dict.fromkeys(labels))
    at = labels.index(chosen_sensor(labels, sensor, path.name))
    quat = _of_sensor(quats, at, 4, path.name)
    force = _of_sensor(forces, at, 3, path.name) if all(forces) and forces else None
    return recording_of(np.array(times), quat, force, meta, path.name)


def _of_sensor(rows: list[str], at: int, width: int, name: str) -> Float:
    """Return the numbers (N, width) of one sensor out of those of all."""
    try:
        cells = [row.split()[width * at : width * (at + 1)] for row in rows]
        return np.array(cells, dtype=np.float64).reshape(len(rows), width)
    except ValueError:
        raise RehabctlError(
            f"{name} lacks the orientation of a sensor", "Export sensor data with the segments"
        ) from None
