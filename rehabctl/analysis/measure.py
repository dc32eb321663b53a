"""The measurement core: landmarks to angles, gates, repetitions and ranges, in one pure pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
from rehabctl.analysis.measured import AngleGate, AngleKey, MeasuredMovement
from rehabctl.analysis.motions import INSTEAD, MOTIONS, NOT_MEASURABLE, Motion, Plane
from rehabctl.analysis.quality import (
    GateInput,
    RecordingCheck,
    check_angle,
    check_recording,
)
from rehabctl.analysis.range_of_motion import exercised_frames, motion_range, refused_by_name
from rehabctl.analysis.reasons import reason
from rehabctl.analysis.recorded_repetitions import Goal, RepetitionCounter
from rehabctl.analysis.stillness import find_holds, still_frames
from rehabctl.analysis.view import view_result
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.exercise import Measure, Measurement, Signal
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
        data = replace(data, bias=bias_rows)
    body = Body.of(series, data)
    neutral_deg = neutral_angles(neutral, body, data)
    angles = {key: curve - neutral_deg.get(key, 0.0) for key, curve in body.angles.items()}
    body = replace(body, angles=angles, neutral_deg=neutral_deg)
    return _Measurement(body, data, spec, exercise, side, target_deg, correct).run()


def require_measurable(spec: Measurement, exercise: str) -> None:
    """Raise when no camera measures an exercise.

    Parameters
    ----------
    spec
        How the exercise is measured.
    exercise
        Its slug, for the message.

    Raises
    ------
    FindingsError
        Named with the reason and what to use instead.
    """
    if spec.motion in NOT_MEASURABLE:
        why = NOT_MEASURABLE[spec.motion]
        raise FindingsError(
            f"{spec.motion} of {exercise} is not measured by a camera: {why}", INSTEAD.capitalize()
        )
    if spec.motion is not None and spec.motion not in MOTIONS:
        raise FindingsError(
            f"{spec.motion} of {exercise} is no motion that is measured", INSTEAD.capitalize()
        )
    if spec.measure is Measure.TIMER or spec.signal is Signal.TIMER:
        raise FindingsError(
            f"{exercise} shows nothing that a camera sees",
            "Log it with the clock and your own count",
        )
    if spec.measure is Measure.IMU:
        raise FindingsError(
            f"{exercise} is measured by a motion sensor, not by a camera", INSTEAD.capitalize()
        )


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
            gates |= self._driving_gates(motion, gates, check)
            drives = self._drives(motion, goal, gates)
            counter = RepetitionCounter(
                motion, spec, goal, body.angles, gates, estimator, self.data.repetitions,
                self.data.gates.repositioned, self.correct,
            )  # fmt: skip
            counted = counter.count(drives)
            repetitions = counted.repetitions
            notes += counted.notes
            check = replace(check, limited=check.limited + counted.limited)
        elif spec.signal is Signal.POSTURE and body.series.segments:
            notes += self._holds()
        quality = self._quality(check, gates, drives, repetitions)
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
            motions=self._ranges(gates, repetitions, estimator, goal),
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
    def _known_model(self) -> bool:
        return self.body.raw.model.sha256 in self.data.bias.models_sha256

    def _goal(self) -> Goal | None:
        target = self.spec.target_deg if self.target_deg is None else self.target_deg
        if self.spec.rest_deg is None or target is None or target == self.spec.rest_deg:
            return None
        return Goal(self.spec.rest_deg, target)

    def _gates(self, check: RecordingCheck) -> dict[AngleKey, AngleGate]:
        given = self._gate_input()
        found: dict[AngleKey, AngleGate] = {}
        for motion in MOTIONS.values():
            for side in motion.sides:
                gate = check_angle(given, motion, side, driving=False)
                found[motion.name, side] = _with_recording(gate, check)
        return found

    def _driving_gates(
        self, motion: Motion, gates: Mapping[AngleKey, AngleGate], check: RecordingCheck
    ) -> dict[AngleKey, AngleGate]:
        """Let the hidden side pass as limited where the exercise is done with it."""
        given = self._gate_input()
        return {
            (motion.name, side): _with_recording(
                check_angle(given, motion, side, driving=True), check
            )
            for side in motion.sides
        }

    def _gate_input(self) -> GateInput:
        video = self.body.raw.video
        return GateInput(
            self.body.series, self.body.view, video.width, video.height, self.body.swapped,
            self.data.gates,
        )  # fmt: skip

    def _estimator(self, check: RecordingCheck) -> Estimator:
        body, bias = self.body, self.data.bias
        return Estimator(
            series=body.series,
            view=body.view,
            detected=body.plane,
            posture=body.posture,
            gates=self._gate_input(),
            table=bias,
            degraded=check.degraded,
            known_model=self._known_model,
            neutral_deg=body.neutral_deg,
        )

    def _drives(
        self, motion: Motion, goal: Goal, gates: Mapping[AngleKey, AngleGate]
    ) -> tuple[Drive, ...]:
        body = self.body
        found = choose_drives(
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
        xy, torso_px = body.series.xy_px, body.view.torso_px
        smallest = self.data.repetitions.min_height_swing
        drives: list[Drive] = []
        for drive in found:
            gate = gates[drive.keys[0]]
            counted = counted_by_height(
                drive, motion, gate, xy, torso_px, self.spec.sidedness, smallest
            )
            if body.posture == "upright" and gate.usable:
                counted = timed_by_rise(counted, motion, xy, torso_px, goal.outward, smallest)
            drives.append(counted)
        return tuple(drives)

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
    ) -> tuple[MotionRange, ...]:
        names = [n for n in (self.spec.motion, *self.spec.reported_motions) if n]
        frames = exercised_frames(self.body.series, repetitions)
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
            for key in drive.keys:
                gate = gates[key]
                (limited if gate.usable else refused).extend(gate.reasons)
            if drive.height is not None and not drive.timed_only:
                refused.append(reason("count_only", height=drive.height.value))
            if drive.shared:
                limited.append(reason("legs_take_turns"))
        if self.body.posture == "lying" and drives and not refused:
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
