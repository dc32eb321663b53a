"""The measurement core: landmarks to angles, gates, repetitions and ranges, in one pure pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from rehabctl.analysis.assessment import (
    CodedText,
    MotionRange,
    QualityResult,
    QualityStatus,
    Repetition,
)
from rehabctl.analysis.body import Body, Neutral, neutral_angles
from rehabctl.analysis.driving import Drive, choose_drives, counted_by_height, timed_by_rise
from rehabctl.analysis.estimator import Estimator
from rehabctl.analysis.keypoint_series import KeypointSeries, Option
from rehabctl.analysis.measurable import require_measurable
from rehabctl.analysis.measured import AngleGate, AngleKey, MeasuredMovement
from rehabctl.analysis.motions import MOTIONS, NOT_MEASURABLE, Motion, Plane
from rehabctl.analysis.quality import (
    GateInput,
    RecordingCheck,
    check_angle,
    check_recording,
)
from rehabctl.analysis.range_of_motion import (
    exercised_frames,
    motion_range,
    refused_by_name,
    resting_frames,
)
from rehabctl.analysis.reasons import reason
from rehabctl.analysis.recorded_repetitions import Goal, RepetitionCounter
from rehabctl.analysis.stillness import find_holds, still_frames
from rehabctl.analysis.view import view_result
from rehabctl.domain.exercise import Measure, Measurement, Sidedness, Signal, View
from rehabctl.reference.measurement import BiasTable, MeasurementData, load_measurement_data


def measure(
    series: KeypointSeries,
    spec: Measurement,
    *,
    exercise: str,
    side: str = "auto",
    target_deg: float | None = None,
    neutral: Neutral = None,
    bias_rows: BiasTable | None = None,
    correct: bool = True,
) -> MeasuredMovement:
    """Measure one recording of one exercise.

    Parameters
    ----------
    series
        Landmarks of one person.
    spec
        How the exercise is measured.
    exercise
        Its slug.
    side
        left, right, both or auto.
    target_deg
        Replaces the exercise's own target, as a prescription does.
    neutral
        Neutral pose that is taken off every angle: a recording of it, or `auto` for the still
        frames before the first repetition.
    bias_rows
        Known bias of the landmarks; None for the packaged rows.
    correct
        False reports the landmarks' own angles; kinds of repetitions do not change.

    Raises
    ------
    FindingsError
        No camera measures the exercise.
    """
    require_measurable(spec, exercise)
    data = load_measurement_data()
    if bias_rows is not None:
        data = replace(data, biases=(bias_rows,))
    body = Body.of(series, data)
    neutral_deg = neutral_angles(neutral, body, data)
    angles = {key: curve - neutral_deg.get(key, 0.0) for key, curve in body.angles.items()}
    body = replace(body, angles=angles, neutral_deg=neutral_deg)
    measured = _Measurement(body, data, spec, exercise, side, target_deg, correct).run()
    if neutral is not None and not neutral_deg:
        return replace(measured, warnings=(*measured.warnings, reason("no_neutral_pose")))
    return measured


@dataclass(frozen=True, eq=False)
class _Measurement:
    """One exercise measured on one recording."""

    body: Body
    data: MeasurementData
    spec: Measurement
    exercise: str
    side: str
    target_deg: float | None
    correct: bool

    def run(self) -> MeasuredMovement:
        body, spec = self.body, self.spec
        check = check_recording(body.raw, body.series, body.breaks, self.data.gates)
        if not self._known_model:
            check = replace(check, limited=(*check.limited, reason("foreign_model")))
        gates = self._gates(check)
        motion = MOTIONS.get(spec.motion or "")
        drives: tuple[Drive, ...] = ()
        repetitions: tuple[Repetition, ...] = ()
        notes = list(check.notes)
        goal = self._goal()
        estimator = self._estimator(check)
        if motion is not None and goal is not None and body.series.segments:
            drives = self._drives(motion, goal)
            gates |= self._driving_gates(drives, check)
            drives = tuple(self._timed(drive, motion, goal, gates) for drive in drives)
            counter = RepetitionCounter(
                motion, spec, goal, body.angles, gates, estimator, self.data.repetitions,
                self.data.gates.repositioned, self.correct,
            )  # fmt: skip
            counted = counter.count(drives)
            repetitions = counted.repetitions
            notes += counted.notes
            if not repetitions:
                notes.append(reason("no_repetition", duration=round(body.raw.video.duration_s, 1)))
            check = replace(
                check,
                limited=check.limited + counted.limited,
                refused=check.refused + counted.refused,
            )
        elif spec.signal is Signal.POSTURE and body.series.segments:
            notes += self._holds()
        quality = self._quality(check, gates, drives, repetitions)
        notes += self._sensor_instead(quality, repetitions, gates, drives)
        still = still_frames(body.series, body.view.torso_px, self.data.gates)
        if repetitions:
            still[body.series.index_at(repetitions[0].start_s) :] = False
        return MeasuredMovement(
            exercise=self.exercise,
            spec=spec,
            rest_deg=0.0 if goal is None else goal.rest_deg,
            target_deg=0.0 if goal is None else goal.target_deg,
            series=body.series,
            angles=body.angles,
            gates=gates,
            view=view_result(body.view, spec.view, self.data.gates),
            quality=quality,
            repetitions=repetitions,
            motions=self._ranges(gates, repetitions, estimator, goal, drives),
            near_side=body.view.near_side
            if body.view.known and body.plane is not Plane.FRONTAL
            else None,
            driving=tuple(key for drive in drives for key in drive.keys),
            neutral_frames=still,
            neutral_deg=body.neutral_deg,
            warnings=tuple(notes),
            parameters=self._parameters(check),
        )

    @property
    def _bias(self) -> BiasTable:
        return self.data.bias(self.body.raw.model.sha256)

    @property
    def _known_model(self) -> bool:
        return self.body.raw.model.sha256 in self._bias.model.sha256

    def _goal(self) -> Goal | None:
        target = self.spec.target_deg if self.target_deg is None else self.target_deg
        if self.spec.rest_deg is None or target is None or target == self.spec.rest_deg:
            return None
        return Goal(self.spec.rest_deg, target)

    def _gates(self, check: RecordingCheck) -> dict[AngleKey, AngleGate]:
        given = self._given
        found: dict[AngleKey, AngleGate] = {}
        for motion in MOTIONS.values():
            for side in motion.sides:
                gate = check_angle(given, motion, side, driving=False)
                found[motion.name, side] = _with_recording(gate, check)
        return found

    def _driving_gates(
        self, drives: tuple[Drive, ...], check: RecordingCheck
    ) -> dict[AngleKey, AngleGate]:
        """Let the hidden side pass as limited where the exercise is done with it."""
        given = self._given
        keys = {key for drive in drives for key in drive.keys}
        if self.spec.sidedness is Sidedness.BILATERAL:
            keys |= {(motion, side) for motion, _ in keys for side in MOTIONS[motion].sides}
        return {
            key: _with_recording(check_angle(given, MOTIONS[key[0]], key[1], driving=True), check)
            for key in sorted(keys)
        }

    @cached_property
    def _given(self) -> GateInput:
        video = self.body.raw.video
        return GateInput(
            self.body.series,
            self.body.view,
            video.width,
            video.height,
            self.body.swapped,
            self.data.gates,
        )

    def _estimator(self, check: RecordingCheck) -> Estimator:
        body = self.body
        return Estimator(
            series=body.series,
            view=body.view,
            detected=body.plane,
            posture=body.posture,
            gates=self._given,
            table=self._bias,
            degraded=check.degraded,
            known_model=self._known_model,
            neutral_deg=body.neutral_deg,
        )

    def _drives(self, motion: Motion, goal: Goal) -> tuple[Drive, ...]:
        body = self.body
        return choose_drives(
            motion,
            self.side,
            self.spec.sidedness,
            body.angles,
            body.view,
            body.plane,
            goal.outward,
            round(self.data.gates.notch_s * body.series.fs_hz),
            exchanged=body.swapped.share(leg=True) > self.data.gates.swap_share_limited,
        )

    def _timed(
        self, drive: Drive, motion: Motion, goal: Goal, gates: Mapping[AngleKey, AngleGate]
    ) -> Drive:
        """Count by a height where the angle is refused, or where the body rises once a time."""
        body, gate = self.body, gates[drive.keys[0]]
        xy, torso_px = body.series.xy_px, body.view.torso_px
        smallest = self.data.repetitions.min_height_swing
        if not gate.usable:
            return counted_by_height(
                drive, motion, gate, xy, torso_px, self.spec.sidedness, smallest
            )
        if body.posture == "upright":
            return timed_by_rise(drive, motion, xy, torso_px, goal.outward, smallest)
        return drive

    def _sensor_instead(
        self,
        quality: QualityResult,
        repetitions: tuple[Repetition, ...],
        gates: Mapping[AngleKey, AngleGate],
        drives: tuple[Drive, ...],
    ) -> list[CodedText]:
        """Name the sensor where filming again would not help: on the floor, in hidden planes."""
        segments = self.spec.imu_segments
        if self.spec.measure is Measure.CAMERA or not segments or not self.body.view.known:
            return []
        rough = any(
            item.code == "proxy" for d in drives for k in d.keys for item in gates[k].reasons
        )
        counted_only = any(repetition.peak_deg is None for repetition in repetitions)
        uncounted = any(item.code == "signal_not_counted" for item in quality.reasons)
        if not (rough or counted_only or uncounted):
            return []
        return [reason("sensor_advised", segments=" and the ".join(segments))]

    def _holds(self) -> list[CodedText]:
        body = self.body
        names = {"left": " on the left leg", "right": " on the right leg", "both": ""}
        return [
            reason(
                "hold",
                start=round(hold.start_s, 1),
                end=round(hold.end_s, 1),
                duration=round(hold.duration_s, 1),
                side=names[hold.side],
            )
            for hold in find_holds(body.series, body.view.torso_px, self.data.gates)
        ]

    def _ranges(
        self,
        gates: Mapping[AngleKey, AngleGate],
        repetitions: tuple[Repetition, ...],
        estimator: Estimator,
        goal: Goal | None,
        drives: tuple[Drive, ...],
    ) -> tuple[MotionRange, ...]:
        driven = {key for drive in drives for key in drive.keys}
        names = [n for n in (self.spec.motion, *self.spec.reported_motions) if n]
        frames = exercised_frames(self.body.series, repetitions)
        resting = resting_frames(self.body.series, repetitions)
        one_sided = self.spec.sidedness is not Sidedness.BILATERAL
        found: list[MotionRange] = []
        for name in dict.fromkeys(names):
            if name in NOT_MEASURABLE:
                found.append(refused_by_name(name))
                continue
            driving = name == self.spec.motion and goal is not None
            extreme = goal.extreme if driving and goal is not None else "max"
            for side in MOTIONS[name].sides if name in MOTIONS else ():
                key = (name, side)
                found.append(
                    motion_range(
                        key, self.body.angles[key], frames, gates[key], estimator,
                        extreme=extreme, correct=self.correct,
                        resting=resting if one_sided and key in driven else None,
                    )
                )  # fmt: skip
        return tuple(found)

    def _quality(
        self,
        check: RecordingCheck,
        gates: Mapping[AngleKey, AngleGate],
        drives: tuple[Drive, ...],
        repetitions: tuple[Repetition, ...],
    ) -> QualityResult:
        refused, limited = list(check.refused), list(check.limited)
        for drive in drives:
            count_only = drive.height is not None and not drive.timed_only
            # Some exercises are filmed from where their angle cannot be had, and only counted.
            as_planned = count_only and self._view_as_planned()
            for key in drive.keys:
                gate = gates[key]
                (limited if gate.usable or as_planned else refused).extend(gate.reasons)
            if drive.height is not None and count_only:
                found = reason("count_only", height=drive.height.value)
                (limited if as_planned else refused).append(found)
            if drive.shared:
                limited.append(reason("legs_take_turns"))
        if self.body.view.lying and drives and not refused:
            limited.append(reason("lying"))
        signal = self.spec.signal
        if not drives and signal not in (Signal.POSTURE, Signal.ANGLE):
            refused.append(reason("signal_not_counted", signal=signal.value))
        reasons = tuple({item.code: item for item in (*refused, *limited)}.values())
        share = float(self.body.series.present.mean()) if len(self.body.series.t_s) else 0.0
        if refused:
            return QualityResult(QualityStatus.REFUSED, round(0.2 * share, 2), reasons)
        confidence = round(0.95 * share * 0.8 ** len(reasons), 2)
        status = QualityStatus.LIMITED if limited else QualityStatus.GOOD
        return QualityResult(status, confidence, reasons)

    def _view_as_planned(self) -> bool:
        """Whether the camera stood where the exercise wants it, away from the motion's plane."""
        motion, view = MOTIONS.get(self.spec.motion or ""), self.spec.view
        if motion is None or view is View.NONE or view.value == motion.plane.value:
            return False
        off = self.body.view.off_plane_deg(Plane(view.value))
        return off <= self.data.gates.in_plane_deg

    def _parameters(self, check: RecordingCheck) -> dict[str, Option]:
        series, view = self.body.series, self.body.view
        found: dict[str, Option] = {
            "sampling_hz": round(series.fs_hz, 3),
            "cutoff_hz": round(series.cutoff_hz, 3),
            "segments": len(series.segments),
            "posture": self.body.posture,
            "bias_correction": self.correct,
            "degraded_conditions": check.degraded,
        }
        if view.known:
            found["yaw_deg"] = round(view.yaw_deg, 1)
        return found | {f"data_{key}": day for key, day in self.data.versions.items()}


def _with_recording(gate: AngleGate, check: RecordingCheck) -> AngleGate:
    """Let what is wrong with the whole film count for every angle."""
    if check.refused:
        return replace(gate, status=QualityStatus.REFUSED, reasons=check.refused + gate.reasons)
    if check.limited and gate.status is QualityStatus.GOOD:
        return replace(gate, status=QualityStatus.LIMITED, reasons=check.limited)
    return gate
