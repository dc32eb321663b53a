"""Recordings of patients: consent, valid certificates, encryption, and what was measured."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl import __version__
from rehabctl.analysis.assessment import CodedText, MovementAssessment
from rehabctl.devices.recorder import is_chunk_file, read_chunk_file
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import FindingsError, RehabctlError, UsageError
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.recording import Recording, RecordingKind, StoredAssessment
from rehabctl.domain.review_item import ReviewItem
from rehabctl.domain.sensor import SensorFinding
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.assessments import Stored, motion_results, require_patient
from rehabctl.services.consents import require_consent
from rehabctl.services.sensor_certificates import CertificateBook, certificate_book
from rehabctl.services.sensor_checking import check_files
from rehabctl.services.sensor_link import LinkOutcome, LinkRequest, information, record
from rehabctl.services.sensors import JointRequest, doubted, measure_joint, sha256_of
from rehabctl.services.wiring import open_store

if TYPE_CHECKING:
    from rehabctl.services.sensors import JointOutcome
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

BLOB_KIND = "imu"


class OverrideReason(StrEnum):
    """Why a patient is recorded with a sensor that has no valid certificate.

    A word of a list and no free text, since it stands in the audit log.
    """

    NO_OTHER_SENSOR = "no-other-sensor"
    HOME_VISIT = "home-visit"
    CHECKED_BY_TECHNICIAN = "checked-by-technician"
    RESEARCH_PROTOCOL = "research-protocol"


def override_reason(text: str | None) -> OverrideReason | None:
    """Return the reason of that word.

    Parameters
    ----------
    text
        As typed, or None.

    Raises
    ------
    UsageError
        It is none of the list.
    """
    if text is None:
        return None
    try:
        return OverrideReason(text)
    except ValueError:
        known = ", ".join(reason.value for reason in OverrideReason)
        raise UsageError(f"{text!r} is no reason of the list", f"Use one of {known}") from None


def record_patient(
    settings: Settings,
    mrn: str,
    exercise: str,
    requests: Sequence[LinkRequest],
    override: str | None,
    progress: Callable[[float, float | None], None],
    note: Callable[[str], None],
    ended: threading.Event | None = None,
) -> tuple[LinkOutcome | RehabctlError, ...]:
    """Record a patient with sensors that have valid certificates, encrypted, and store it.

    Parameters
    ----------
    settings
        Home, clock and Bluetooth.
    mrn
        Record number.
    exercise
        Slug of what the patient does.
    requests
        Sensors and files.
    override
        A word of `OverrideReason`, or None.
    progress, note, ended
        As of `sensor_link.record`.

    Raises
    ------
    FindingsError
        A sensor has no valid certificate, and no reason was given to use it all the same.
    """
    from rehabctl.reference.exercise_library import load_exercise

    reason = override_reason(override)
    if not exercise:
        raise UsageError("a recording of a patient needs its exercise", "Name it with --exercise")
    load_exercise(exercise)
    with open_store(settings) as store:
        patient = require_patient(store, mrn)
        codes = _certified(settings, requests, reason)
        key = store.blobs.file_key(BLOB_KIND)
        outcomes = record(
            [replace(request, key=key) for request in requests],
            settings,
            progress=progress,
            note=note,
            ended=ended,
        )
        for outcome in outcomes:
            if isinstance(outcome, LinkOutcome):
                _keep(store, patient, exercise, outcome, reason, codes)
    return outcomes


def _certified(
    settings: Settings, requests: Sequence[LinkRequest], reason: OverrideReason | None
) -> list[str]:
    """Return what speaks against the sensors; raise on it unless there is a reason."""
    book = certificate_book(settings)
    codes: list[str] = []
    for request in requests:
        who = information(settings, request.sensor)
        serial = who.serial or who.address
        for state in book.states(serial):
            for finding in state.findings:
                if reason is None:
                    raise FindingsError(
                        f"sensor {serial}: the {state.procedure.value} certificate {finding.text}",
                        "Calibrate it, take another, or name a reason with --override",
                    )
                codes.append(f"{state.procedure.value}:{finding.code}")
    return codes


def _keep(
    store: Store,
    patient: PatientRef,
    exercise: str,
    outcome: LinkOutcome,
    reason: OverrideReason | None,
    codes: list[str],
) -> None:
    """Put one recording into the blob store, with its row and audit entry."""
    sha256 = store.blobs.put_file(outcome.path, kind=BLOB_KIND)
    file = read_chunk_file(outcome.path, store.blobs.file_key(BLOB_KIND))
    with store.transaction() as uow:
        found = uow.recordings.add(
            _row(uow, patient, exercise, sha256, outcome.path, file.started_at, outcome.serial)
        )
        uow.recordings.set_stored(found.id, stored=True, keep_until=None)
        details: dict[str, object] = {"sha256": sha256, "samples": outcome.samples}
        if codes and reason is not None:
            details |= {"override": reason.value, "certificates": codes}
        uow.audit.record("recording.create", "recording", found.id, details)


def _row(
    uow: UnitOfWork,
    patient: PatientRef,
    exercise: str,
    sha256: str,
    path: Path,
    recorded_at: datetime | None,
    device: str,
) -> Recording:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Recording(
        id=uow.new_id(),
        patient=patient,
        kind=RecordingKind.IMU,
        sha256=sha256,
        byte_count=size,
        recorded_at=recorded_at or uow.now,
        exercise=exercise,
        device=device or None,
    )


def measure_patient(settings: Settings, mrn: str, request: JointRequest) -> JointOutcome:
    """Measure a joint of a patient and store the assessment, as a camera's is.

    Parameters
    ----------
    settings
        Home and clock.
    mrn
        Record number.
    request
        Recordings, joint and goal; the goal names the exercise.

    Raises
    ------
    UsageError
        No exercise is named.
    """
    if not request.goal.exercise:
        raise UsageError("an assessment needs its exercise", "Name it with --exercise")
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        patient = require_patient(store, mrn)
        key = store.blobs.file_key(BLOB_KIND)
        outcome = measure_joint(request, settings.now().date(), key)
        outcome = _with_calibration(outcome, certificate_book(settings))
        path = request.distal
        started = read_chunk_file(path, key).started_at if is_chunk_file(path) else None
        with store.transaction() as uow:
            require(uow, Action.WRITE_CLINICAL)
            require_consent(uow, patient, ConsentScope.BODY_TRACKING)
            sha256 = sha256_of(path)
            recording = uow.recordings.add(
                _row(uow, patient, request.goal.exercise, sha256, path, started, "")
            )
            stored = _save(uow, patient, recording, outcome.assessment, request)
            if stored.is_new:
                triage.refresh(uow, [patient], rules)
            uow.audit.record(
                "assessment.create" if stored.is_new else "assessment.repeat",
                "movement_assessment",
                stored.assessment_id,
                {"instrument": "imu", "exercise": request.goal.exercise},
            )
    return outcome


def check_patient(
    settings: Settings,
    mrn: str,
    paths: Sequence[Path],
    moved: str,
    calibration: Path | None,
    note: Callable[[str], None],
) -> tuple[SensorFinding, ...]:
    """Check encrypted recordings of a patient, as `check_files` does those of the bench.

    Parameters
    ----------
    settings
        Home and clock.
    mrn
        Record number.
    paths, moved, calibration, note
        As of `check_files`.
    """
    with open_store(settings) as store:
        patient = require_patient(store, mrn)
        key = store.blobs.file_key(BLOB_KIND)
        found = check_files(paths, moved, calibration, settings.now().date(), note, key)
        with store.transaction() as uow:
            uow.audit.record("recording.check", "patient", patient.id, {"files": len(paths)})
    return found


def _with_calibration(outcome: JointOutcome, book: CertificateBook) -> JointOutcome:
    """Carry the age of the sensors' calibration into the result, and doubt one without."""
    ages = [book.age_days(serial) for serial in outcome.serials] or [None]
    known = [age for age in ages if age is not None]
    found = outcome.assessment
    if known and len(known) == len(ages):
        found = replace(found, parameters={**found.parameters, "calibration_age_days": max(known)})
    else:
        text = "a sensor had no valid calibration certificate"
        found = doubted(found, [CodedText("calibration_missing", text)])
    return replace(outcome, assessment=found)


def _save(
    uow: UnitOfWork,
    patient: PatientRef,
    recording: Recording,
    found: MovementAssessment,
    request: JointRequest,
) -> Stored:
    from rehabctl.reference.exercise_library import load_exercise

    goal = request.goal
    asked = [request.joint.value, request.method.value, goal.rest_deg, goal.target_deg]
    quality = found.quality
    record_id, is_new = uow.assessments.save(
        StoredAssessment(
            id=uow.new_id(),
            patient=patient,
            exercise=goal.exercise,
            exercise_version=load_exercise(goal.exercise).version,
            measured_at=recording.recorded_at,
            status=quality.status.value,
            confidence=quality.confidence,
            full_count=found.full_count,
            partial_count=found.partial_count,
            instrument="imu",
            input_sha256=hashlib.sha256(found.input_sha256.encode()).hexdigest(),
            model_sha256="",
            parameters_sha256=hashlib.sha256(json.dumps(asked).encode()).hexdigest(),
            algorithm_version=__version__,
            result=found.as_contract(__version__),
            motions=tuple(motion_results(found)),
            symmetry=(),
            model_name="",
            recording_id=recording.id,
            keypoints_id=None,
        )
    )
    if is_new:
        uow.reviews.enqueue(
            ReviewItem(
                id=uow.new_id(),
                patient=patient,
                assessment_id=record_id,
                confidence=quality.confidence,
                queued_at=uow.now,
                reasons=tuple(reason.code for reason in quality.reasons),
            )
        )
    return Stored(record_id, is_new)
