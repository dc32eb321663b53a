"""Signal checks of recordings, and whether each sensor is where its label says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from rehabctl.analysis.sensor_checks import check
from rehabctl.analysis.sensor_placement import mounted_as_calibrated, moved_as_asked, untold_sides
from rehabctl.devices.recorder import is_chunk_file, read_chunk_file
from rehabctl.devices.timeline import CLOCK_JUMP
from rehabctl.domain.errors import UsageError
from rehabctl.domain.sensor import SensorFinding
from rehabctl.reference.sensor_limits import load_sensor_limits
from rehabctl.services.sensor_certificates import hinge_axis_of
from rehabctl.services.sensors import open_recording


def check_files(
    paths: Sequence[Path],
    moved: str = "",
    calibration: Path | None = None,
    on: date | None = None,
    note: Callable[[str], None] = lambda text: None,
    key: bytes | None = None,
) -> tuple[SensorFinding, ...]:
    """Return everything that limits the use of recordings.

    Parameters
    ----------
    paths
        Recording files; of several, each finding names its own.
    moved
        Side or segment that the person was asked to move; empty to leave that out.
    calibration
        Certificate of the functional calibration of two recordings, above and below the joint.
    on
        Day whose limits apply; None for the newest.
    note
        Told what was not checked.
    key
        Of recordings of a patient.
    """
    limits = load_sensor_limits(on)
    recordings = [open_recording(path, key) for path in paths]
    found: list[SensorFinding] = []
    for path, recording in zip(paths, recordings, strict=True):
        name = f"{path.name}: " if len(paths) > 1 else ""
        own = (*_told_by_file(path, key), *check(recording, limits))
        found += [replace(f, text=name + f.text) for f in own]
    if moved:
        found += _checked(
            lambda: moved_as_asked(recordings, moved, limits),
            "Label the recordings by side or segment when you record them",
        )
    elif calibration is None and untold_sides(recordings):
        note(
            "left and right were not checked: walking does not tell them apart; record one side "
            "moving alone, and name it with --moved"
        )
    if calibration is not None:
        if len(recordings) != 2:
            raise UsageError("a joint has two recordings", "Name the one above, then the one below")
        axis = hinge_axis_of(calibration)
        found += _checked(
            lambda: mounted_as_calibrated(recordings[0], recordings[1], axis, limits),
            "Record five bends of the joint",
        )
    return tuple(found)


def _told_by_file(path: Path, key: bytes | None) -> tuple[SensorFinding, ...]:
    """Return what an append-only recording says of itself: clock jumps, and an end that is lost."""
    if not is_chunk_file(path):
        return ()
    file = read_chunk_file(path, key)
    found: list[SensorFinding] = []
    jumps = tuple(round(gap.from_s, 3) for gap in file.gaps if gap.reason == CLOCK_JUMP)
    if jumps:
        text = "the sensor's clock jumped; times go on by the computer's clock"
        found.append(SensorFinding("clock_jump", text, jumps))
    if not file.complete or file.dropped_bytes:
        last_s = float(file.recording.t_s[-1])
        text = f"the recording was cut after {last_s:.1f} s; what came before is whole"
        found.append(SensorFinding("cut", text, (round(last_s, 3),)))
    return tuple(found)


def _checked(
    run: Callable[[], tuple[SensorFinding, ...]], next_step: str
) -> tuple[SensorFinding, ...]:
    try:
        return run()
    except ValueError as error:
        raise UsageError(str(error), next_step) from None
