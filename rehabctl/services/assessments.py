"""Storing what was measured: keypoints, assessment, review item and worklist in one transaction."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehabctl import __version__
from rehabctl.analysis.assessment import MovementAssessment, RepetitionKind
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.facts import Extreme
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.recording import (
    KeypointsFile,
    MotionResult,
    Recording,
    RecordingKind,
    StoredAssessment,
    SymmetryPair,
)
from rehabctl.domain.review_item import ReviewItem
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.consents import require_consent

if TYPE_CHECKING:
    from uuid import UUID

    from rehabctl.analysis.keypoint_series import KeypointSeries
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one measured recording."""

    assessment_id: UUID
    is_new: bool
    """False when the same recording was measured the same way before."""
    film_kept: bool = False


def require_patient(store: Store, mrn: str) -> PatientRef:
    """Check, before any work, that this patient's movement may be measured and stored.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.

    Raises
    ------
    NotFoundError
        There is no such patient.
    NotPermittedError
        The role does not allow it, or the patient has not consented to body tracking.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        require_consent(uow, patient.ref, ConsentScope.BODY_TRACKING)
        return patient.ref


def save(
    store: Store,
    rules: RuleTable,
    patient: PatientRef,
    series: KeypointSeries,
    assessment: MovementAssessment,
    *,
    recorded_at: datetime,
    exercise_version: int,
    request_key: str,
    film: Path | None = None,
) -> Stored:
    """Store one measured recording once.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    patient
        Whose recording it is.
    series
        The landmarks that were measured.
    assessment
        What was measured.
    recorded_at
        When the movement was recorded.
    exercise_version
        Version of the exercise that it was measured against.
    request_key
        Hash of everything that the caller asked for.
    film
        The film itself, kept encrypted when the patient consents to video recording.
    """
    blob_sha256 = _put_keypoints(store, series)
    byte_count = 0 if film is None else _size(film)
    film = film if film is not None and _may_keep_film(store, patient) else None
    if film is not None and store.blobs.put_file(film, kind="video") != series.video.sha256:
        raise RehabctlError(f"{film.name} changed while it was read", "Analyse it again")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        require_consent(uow, patient, ConsentScope.BODY_TRACKING)
        recording = uow.recordings.add(
            _recording(uow, patient, series, assessment, recorded_at, byte_count)
        )
        if film is not None:
            uow.recordings.set_stored(recording.id, stored=True, keep_until=None)
        keypoints = uow.recordings.add_keypoints(
            KeypointsFile(
                id=uow.new_id(),
                patient=patient,
                recording_id=recording.id,
                model_name=series.model.name,
                model_sha256=series.model.sha256,
                options_sha256=_sha256(series.options),
                blob_sha256=blob_sha256,
                frame_count=len(series.t_s),
            )
        )
        record = _stored_assessment(
            uow, patient, series, assessment, recording, keypoints, exercise_version, request_key
        )
        assessment_id, is_new = uow.assessments.save(record)
        if is_new:
            uow.reviews.enqueue(
                ReviewItem(
                    id=uow.new_id(),
                    patient=patient,
                    assessment_id=assessment_id,
                    confidence=assessment.quality.confidence,
                    queued_at=uow.now,
                    reasons=tuple(reason.code for reason in assessment.quality.reasons),
                )
            )
            triage.refresh(uow, [patient], rules)
        uow.audit.record(
            "assessment.create" if is_new else "assessment.repeat",
            "movement_assessment",
            assessment_id,
            {"input_sha256": record.input_sha256, "exercise": record.exercise},
        )
        return Stored(assessment_id, is_new, film is not None)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _may_keep_film(store: Store, patient: PatientRef) -> bool:
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        held = {consent.scope for consent in uow.consents.active(patient.id)}
        uow.audit.record("consent.read", "patient", patient.id)
        return ConsentScope.VIDEO_RECORDING in held


def _put_keypoints(store: Store, series: KeypointSeries) -> str:
    from rehabctl.vision import keypoints

    buffer = io.BytesIO()
    keypoints.write(series, buffer, keypoints.Profile.COMPACT)
    buffer.seek(0)
    return store.blobs.put(buffer, kind="keypoints")


def _recording(
    uow: UnitOfWork,
    patient: PatientRef,
    series: KeypointSeries,
    assessment: MovementAssessment,
    recorded_at: datetime,
    byte_count: int,
) -> Recording:
    return Recording(
        id=uow.new_id(),
        patient=patient,
        kind=RecordingKind.VIDEO if series.model.sha256 else RecordingKind.KEYPOINTS,
        sha256=series.video.sha256,
        byte_count=byte_count,
        recorded_at=recorded_at,
        exercise=assessment.exercise,
        duration_s=series.video.duration_s,
    )


def _stored_assessment(
    uow: UnitOfWork,
    patient: PatientRef,
    series: KeypointSeries,
    assessment: MovementAssessment,
    recording: Recording,
    keypoints: KeypointsFile,
    exercise_version: int,
    request_key: str,
) -> StoredAssessment:
    return StoredAssessment(
        id=uow.new_id(),
        patient=patient,
        exercise=assessment.exercise,
        exercise_version=exercise_version,
        measured_at=recording.recorded_at,
        status=assessment.quality.status.value,
        confidence=assessment.quality.confidence,
        full_count=assessment.full_count,
        partial_count=assessment.partial_count,
        instrument="camera",
        input_sha256=assessment.input_sha256,
        model_sha256=series.model.sha256,
        parameters_sha256=request_key,
        algorithm_version=str(assessment.parameters.get("algorithm", "")),
        result=assessment.as_contract(__version__),
        motions=tuple(motion_results(assessment)),
        symmetry=tuple(
            SymmetryPair(s.measure, s.motion, s.left, s.right, s.detectable)
            for s in assessment.symmetry
        ),
        model_name=series.model.name,
        recording_id=recording.id,
        keypoints_id=keypoints.id,
    )


def motion_results(assessment: MovementAssessment) -> Iterator[MotionResult]:
    """Yield one result per motion and side: what trends are made of.

    The driving motion's value is the best repetition's peak; every other motion's is its extreme.

    Parameters
    ----------
    assessment
        What was measured.
    """
    driving = assessment.parameters.get("driving_motion")
    towards_extension = bool(assessment.parameters.get("towards_extension"))
    for motion in assessment.motions:
        if not motion.measurable or motion.max_deg is None or motion.min_deg is None:
            continue
        drives = motion.motion == driving
        extreme = Extreme.MIN if drives and towards_extension else Extreme.MAX
        best = _best_peak(assessment, motion.side, extreme) if drives else None
        end_deg = motion.min_deg if extreme is Extreme.MIN else motion.max_deg
        peak_deg, interval = best or (end_deg, None)
        if drives and best is None:
            continue  # moved past without a repetition: no value of the exercise
        yield MotionResult(
            motion=motion.motion,
            side=motion.side,
            peak_deg=peak_deg,
            uncertainty_deg=motion.uncertainty_deg
            if interval is None
            else (interval[1] - interval[0]) / 2,
            interval_deg=interval,
            extreme=extreme,
            min_deg=motion.min_deg,
            max_deg=motion.max_deg,
            rom_deg=motion.rom_deg,
            driving=drives,
        )


def _best_peak(
    assessment: MovementAssessment, side: str, extreme: Extreme
) -> tuple[float, tuple[float, float] | None] | None:
    counted = [
        (r.peak_deg, r.interval_deg)
        for r in assessment.repetitions
        if r.peak_deg is not None and r.kind is not RepetitionKind.CUT and r.side in (side, "both")
    ]
    if not counted:
        return None
    sign = -1 if extreme is Extreme.MIN else 1
    return max(counted, key=lambda found: sign * found[0])


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def recorded_moment(path: Path, now: datetime) -> datetime:
    """Return when a file was recorded as far as the file says: its time of change, never later.

    Parameters
    ----------
    path
        The file.
    now
        The present.
    """
    try:
        changed = datetime.fromtimestamp(path.stat().st_mtime, tz=now.tzinfo)
    except (OSError, ValueError, OverflowError):
        return now
    return min(changed, now)


def newest(store: Store, mrn: str, limit: int) -> Sequence[StoredAssessment]:
    """Return the newest assessments of a patient.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    limit
        How many at most.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = uow.assessments.of_patient(patient.id, limit)
        uow.audit.record(
            "assessment.list", "patient", patient.id, {"count": len(found), "limit": limit}
        )
        return found
