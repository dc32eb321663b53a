"""Sensor recordings as files: orientation, checks, joint angles. Nothing here needs a database."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from rehabctl.analysis.assessment import CodedText, MovementAssessment, QualityStatus
from rehabctl.analysis.ball_joint import ball_motion
from rehabctl.analysis.imu_recording import ImuRecording, RecordingMeta
from rehabctl.analysis.instrument_comparison import InstrumentComparison, compare_instruments
from rehabctl.analysis.joint_angle import (
    JointMotion,
    hinge_motion,
    is_moving,
    on_common_time,
)
from rehabctl.analysis.joint_assessment import MOTIONS, JointGoal, assess, refused
from rehabctl.analysis.orientation import FusionMethod, Orientation, fuse
from rehabctl.analysis.sensor_checks import magnetically_disturbed
from rehabctl.devices.recorder import is_chunk_file, read_chunk_file
from rehabctl.devices.recording_file import read_recording, write_arrays, write_recording
from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.domain.sensor import Joint
from rehabctl.reference.sensor_limits import SensorLimits, load_sensor_limits

_BALL_JOINTS = frozenset({Joint.HIP, Joint.SHOULDER})


@dataclass(frozen=True)
class FusedRecording:
    """A recording with its orientation."""

    recording: ImuRecording
    orientation: Orientation
    method: FusionMethod
    disturbed_percent: float | None
    """None without a magnetometer."""


@dataclass(frozen=True)
class JointOutcome:
    """The assessment of a joint, and the angle behind it (None when it was refused)."""

    assessment: MovementAssessment
    motion: JointMotion | None
    joint: Joint
    method: FusionMethod
    camera: InstrumentComparison | None = None
    serials: tuple[str, ...] = ()
    """Of the sensors, as far as the recordings name them."""


def open_recording(path: Path, key: bytes | None = None) -> ImuRecording:
    """Read a recording, as a whole (`.npz`) or append-only (`.imurec`) file.

    Parameters
    ----------
    path
        The file.
    key
        Of an encrypted one.
    """
    return read_chunk_file(path, key).recording if is_chunk_file(path) else read_recording(path)


def save_recording(path: Path, recording: ImuRecording) -> None:
    """Write a recording as `.npz`.

    Parameters
    ----------
    path
        Target file.
    recording
        What to write.
    """
    write_recording(path, recording)


def sample_rows(recording: ImuRecording) -> list[dict[str, object]]:
    """Return one row a sample.

    Parameters
    ----------
    recording
        Any.
    """
    mag = recording.mag_ut
    return [
        {
            "t_s": t_s,
            "gyr_rads": recording.gyr_rads[i].tolist(),
            "acc_ms2": recording.acc_ms2[i].tolist(),
            "mag_ut": None if mag is None else mag[i].tolist(),
        }
        for i, t_s in enumerate(recording.t_s.tolist())
    ]


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file.

    Parameters
    ----------
    path
        The file; it was read before.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise RehabctlError(
            f"cannot read {path.name}: {error.strerror}", "Check the path"
        ) from None


def fuse_file(path: Path, method: FusionMethod, magnetometer: bool | None = None) -> FusedRecording:
    """Return the orientation of a recording.

    Without a word from the caller the magnetometer is used where there is one, and left out where
    the field was disturbed for most of the recording, as beside a metal bed.

    Parameters
    ----------
    path
        A recording file.
    method
        Live or offline.
    magnetometer
        True or False to decide, None to let the field decide.
    """
    recording = open_recording(path)
    if magnetometer and recording.mag_ut is None:
        raise UsageError(f"{path.name} has no magnetometer", "Leave out --magnetometer")
    percent: float | None = None
    if recording.mag_ut is not None and magnetometer is not False:
        judged = fuse(recording, FusionMethod.OFFLINE)
        rows = load_sensor_limits().of("magnetic")
        percent = 100.0 * float(magnetically_disturbed(recording, judged, rows).mean())
        least = rows["without_magnetometer_percent_min"]
        use = magnetometer or percent < least
        if use and method is FusionMethod.OFFLINE:
            return FusedRecording(recording, judged, method, percent)
        magnetometer = use
    return FusedRecording(
        recording, fuse(recording, method, magnetometer=magnetometer), method, percent
    )


def write_orientation(path: Path, fused: FusedRecording) -> None:
    """Write `quat_wxyz`, `rest`, `bias_rads` and the times as `.npz`.

    Parameters
    ----------
    path
        Target file.
    fused
        What to write.
    """
    found = fused.orientation
    arrays = {
        "t_s": fused.recording.t_s,
        "quat_wxyz": found.quat_wxyz,
        "rest": found.rest,
        "bias_rads": found.bias_rads,
    }
    write_arrays(path, {name: np.asarray(array) for name, array in arrays.items()})


def joint_goal(exercise: str | None, rest_deg: float | None, target_deg: float | None) -> JointGoal:
    """Return rest and target from the exercise, where one is named, and the caller's own numbers.

    Parameters
    ----------
    exercise
        A slug of the library.
    rest_deg, target_deg
        Replace the exercise's own.
    """
    if exercise is None:
        return JointGoal("", rest_deg or 0.0, target_deg)
    from rehabctl.reference.exercise_library import load_exercise

    measurement = load_exercise(exercise).measurement
    rest = rest_deg if rest_deg is not None else measurement.rest_deg
    target = target_deg if target_deg is not None else measurement.target_deg
    if rest is None or target is None:
        raise UsageError(
            f"{exercise} has no driving angle",
            "Name another exercise, or --rest-deg and --peak-deg",
        )
    return JointGoal(exercise, rest, target, measurement.min_rep_s)


@dataclass(frozen=True)
class JointRequest:
    """Which joint to measure, from what."""

    proximal: Path
    distal: Path
    joint: Joint
    method: FusionMethod
    goal: JointGoal
    camera: Path | None = None
    """Angles of the same movement by a camera (`pose analyze --timeseries`)."""


def measure_joint(
    request: JointRequest, on: date | None = None, key: bytes | None = None
) -> JointOutcome:
    """Measure a joint between two recordings of one clock.

    Parameters
    ----------
    request
        Recordings, joint and goal.
    on
        Day whose limits apply; None for the newest.
    key
        Of encrypted recordings.
    """
    from rehabctl.reference.measurement import load_measurement_data

    limits = load_sensor_limits(on)
    joint, goal = request.joint, request.goal
    paths = (request.proximal, request.distal)
    pair = (open_recording(paths[0], key), open_recording(paths[1], key))
    side = _side(*pair)
    comparison: InstrumentComparison | None = None
    try:
        motion = _motion(pair, joint, request.method, limits)
        if request.camera is not None:
            comparison = _compared(motion, request.camera, _columns(joint, side), limits)
            motion = _zeroed(motion, comparison)
    except ValueError as error:
        reason = CodedText(_CODES.get(str(error), "not_measurable"), str(error))
        found = refused(joint, goal, side, reason)
        motion = None
    else:
        thresholds = load_measurement_data(on).repetitions
        found = assess(motion, joint, side, goal, thresholds, limits.of("joint"))
        reasons = [] if comparison is None else [(f.code, f.text) for f in comparison.findings]
        reasons += _apart(paths, key, limits)
        found = doubted(found, [CodedText(code, text) for code, text in reasons])
    parameters = {**found.parameters, "fusion": request.method.value}
    inputs = " ".join(sha256_of(path) for path in paths)
    found = replace(found, input_sha256=inputs, parameters=parameters)
    serials = tuple(dict.fromkeys(r.meta.serial for r in pair if r.meta.serial))
    return JointOutcome(found, motion, joint, request.method, comparison, serials)


def _apart(
    paths: tuple[Path, Path], key: bytes | None, limits: SensorLimits
) -> list[tuple[str, str]]:
    """Return what to say of two recordings that were not begun together, so share no clock."""
    if not all(is_chunk_file(path) for path in paths):
        return []
    first, second = (read_chunk_file(path, key).started_at for path in paths)
    if first is None or second is None:
        return []
    apart_s = abs((first - second).total_seconds())
    if apart_s <= limits.of("sync")["start_apart_s_max"]:
        return []
    return [
        (
            "not_one_clock",
            f"the recordings began {apart_s:.0f} s apart; record both sensors with one command",
        )
    ]


def _columns(joint: Joint, side: str) -> list[str]:
    """Return the camera's columns of a joint, the right side's first where it is known."""
    sides = [side] if side in ("left", "right") else ["left", "right"]
    return [f"{MOTIONS[joint]}_{one}_deg" for one in sides]


def _compared(
    motion: JointMotion, camera: Path, names: Sequence[str], limits: SensorLimits
) -> InstrumentComparison:
    """Compare with the camera's column of the same motion.

    Raises
    ------
    ValueError
        The two cannot be compared.
    """
    from rehabctl.services.angle_series import read_table

    try:
        table = read_table(camera.read_text("utf-8"), camera.name)
    except FileNotFoundError:
        raise NotFoundError(f"no file {camera.name}", "Check the path") from None
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(f"{camera.name} cannot be read", "Export the angles as CSV") from None
    columns = [column for column in names if column in table.columns]
    if not columns or "t_s" not in table.columns:
        raise UsageError(
            f"{camera.name} has no columns t_s and {names[0]}", "Write it with --timeseries"
        )
    t_s, deg = (np.array(table.numbers(column)) for column in ("t_s", columns[0]))
    if len(t_s) < 2 or not bool(np.all(np.diff(t_s) > 0)):
        raise RehabctlError(f"the times of {camera.name} do not rise", "Export it again")
    return compare_instruments(t_s, deg, motion.t_s, motion.angle_deg, limits.of("camera_imu"))


def _zeroed(motion: JointMotion, comparison: InstrumentComparison) -> JointMotion:
    """Take the camera's zero where the sensors had no neutral pose, and both agree otherwise."""
    if motion.neutral_s is not None or comparison.findings:
        return motion
    return replace(motion, angle_deg=motion.angle_deg + comparison.bias_deg)


def doubted(found: MovementAssessment, reasons: Sequence[CodedText]) -> MovementAssessment:
    """Return an assessment with further reasons to rely on it less; without any, itself.

    Parameters
    ----------
    found
        The assessment.
    reasons
        What speaks against it.
    """
    if not reasons or found.quality.status is QualityStatus.REFUSED:
        return found
    quality = replace(
        found.quality,
        status=QualityStatus.LIMITED,
        confidence=min(found.quality.confidence, 0.5),
        reasons=(*found.quality.reasons, *reasons),
    )
    return replace(found, quality=quality)


_CODES = {
    "too few angles to compare": "camera_too_short",
    "the joint hardly moves": "no_movement",
    "the recordings overlap by less than a second": "no_overlap",
    "a ball joint needs a magnetometer in both sensors": "ball_joint_heading",
}


def _motion(
    pair: tuple[ImuRecording, ImuRecording],
    joint: Joint,
    method: FusionMethod,
    limits: SensorLimits,
) -> JointMotion:
    first, second = on_common_time(*pair)
    rows = limits.of("joint")
    if joint in _BALL_JOINTS:
        return ball_motion(first, second, method, rows)
    moving = is_moving(first, second, rows["moving_dps_min"])
    if float(moving.sum()) * first.interval_s < rows["moving_s_min"]:
        raise ValueError("the joint hardly moves")
    return hinge_motion(first, second, method, rows)


def _side(proximal: ImuRecording, distal: ImuRecording) -> str:
    sides = {r.meta.side for r in (proximal, distal) if r.meta.side}
    if len(sides) > 1:
        raise UsageError(
            "one recording is of the left and one of the right side", "Name two of one side"
        )
    return sides.pop() if sides else "unknown"


def timeseries_csv(motion: JointMotion, column: str) -> str:
    """Return `t_s,<motion>_<side>_deg,residual_deg` as CSV text.

    Parameters
    ----------
    motion
        The angle over time.
    column
        Name of the angle's column.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("t_s", column, "residual_deg"))
    residual = motion.residual_deg
    for i, (t_s, angle) in enumerate(zip(motion.t_s, motion.angle_deg, strict=True)):
        rest = "" if residual is None else f"{residual[i]:.3f}"
        writer.writerow((f"{t_s:.6f}", f"{angle:.3f}", rest))
    return text.getvalue()


def simulate_recordings(
    what: str,
    path: Path,
    distal: Path | None,
    duration_s: float,
    count: int,
    seed: int,
    side: str = "",
) -> tuple[Path, ...]:
    """Write recordings of simulated sensors.

    Parameters
    ----------
    what
        still, poses, tumble, shake, knee or shoulder.
    path, distal
        Targets; a joint and a shake of two sensors need both.
    duration_s
        Of still, tumble and shake.
    count
        Poses or repetitions.
    seed
        Chooses the noise.
    side
        Of the body; without one a joint is the left one.
    """
    from rehabctl.analysis import sensor_simulation as simulation
    from rehabctl.analysis.sensor_simulation import CALIBRATED, SimulatedSensor

    if what in ("knee", "shoulder", "shake"):
        if distal is None:
            raise UsageError(f"a {what} needs two recordings", "Name the second with --distal")
        if what == "knee":
            *pair, _ = simulation.knee_pair(count, 90.0, seed=seed)
            segments = ("thigh", "shank")
        elif what == "shake":
            pair = list(simulation.shaken_pair(duration_s, seed=seed))
            segments = ("", "")
        else:
            *pair, _ = simulation.shoulder_pair(count, seed=seed)
            segments = ("trunk", "upper_arm")
        for target, recording, segment in zip((path, distal), pair, segments, strict=True):
            meta = replace(
                recording.meta, segment=segment, side=side or ("left" if segment else "")
            )
            write_recording(target, replace(recording, meta=meta))
        return path, distal
    sensor = SimulatedSensor(seed=seed)
    if what == "still":
        recording = replace(sensor, errors=CALIBRATED).still(duration_s)
    elif what == "poses":
        recording = sensor.poses(count)
    elif what == "tumble":
        recording = sensor.tumble(duration_s)
    else:
        raise UsageError(f"cannot simulate {what!r}", "Name one of those in --help")
    write_recording(path, replace(recording, meta=replace(recording.meta, side=side)))
    return (path,)


def convert_table(
    path: Path, layout: str, target: Path, meta: RecordingMeta, sensor: str = ""
) -> tuple[int, tuple[int, ...]]:
    """Convert another program's table into a recording.

    Parameters
    ----------
    path
        The table.
    layout
        Name of a packaged layout, or a `.toml` file.
    target
        Recording file to write.
    meta
        What the caller knows of it.
    sensor
        Which of a file that holds several (`.sto`, `.mvnx`, `.h5`).

    Returns
    -------
    samples, rejected_lines
        How many were read, and which lines were left out.
    """
    from rehabctl.devices.files.tables import load_layout, read_table

    reader = _reader(path)
    if reader is not None:
        recording = reader(path, sensor, replace(meta, model=path.suffix[1:].lower()))
        write_recording(target, recording)
        return len(recording), ()
    found = read_table(path, load_layout(layout), meta)
    write_recording(target, found.recording)
    return len(found.recording), found.rejected_lines


def _reader(path: Path) -> Callable[[Path, str, RecordingMeta], ImuRecording] | None:
    """Return the reader of a file that holds several sensors; None for a table."""
    from rehabctl.devices.files.apdm_hdf5 import read_apdm
    from rehabctl.devices.files.mvnx import read_mvnx
    from rehabctl.devices.files.opensim_sto import read_sto

    readers = {".sto": read_sto, ".mvnx": read_mvnx, ".h5": read_apdm, ".hdf5": read_apdm}
    return readers.get(path.suffix.lower())
