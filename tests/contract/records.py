"""Records for tests: as little as a valid one needs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from rehabctl.domain.patient import (
    Demographics,
    Patient,
    PatientRef,
    PatientStatus,
    Sex,
)
from rehabctl.domain.recording import (
    KeypointsFile,
    MotionResult,
    Recording,
    RecordingKind,
    StoredAssessment,
    SymmetryPair,
)
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork


def demographics(mrn: str = "1042", **changes: Any) -> Demographics:
    values: dict[str, Any] = {
        "mrn": mrn,
        "given_name": "Ana",
        "family_name": "Diaz",
        "birth_date": date(1961, 4, 2),
        "sex": Sex.FEMALE,
        "state": "CO",
    }
    return Demographics(**(values | changes))


def add_patient(
    uow: UnitOfWork, mrn: str = "1042", therapist_id: UUID | None = None, **changes: Any
) -> PatientRef:
    ref = PatientRef(uow.new_id(), uow.clinic.id, therapist_id or uow.user.id)
    who = demographics(mrn, **changes)
    uow.patients.add([Patient(ref, who, PatientStatus.ACTIVE, uow.now, uow.now)])
    return ref


def given_patient(store: Store, mrn: str = "1042", **changes: Any) -> PatientRef:
    with store.transaction() as uow:
        return add_patient(uow, mrn, **changes)


def recording(uow: UnitOfWork, patient: PatientRef, sha256: str = "a" * 64) -> Recording:
    return Recording(
        id=uow.new_id(),
        patient=patient,
        kind=RecordingKind.VIDEO,
        sha256=sha256,
        byte_count=1000,
        recorded_at=uow.now,
        exercise="bodyweight-squat",
    )


def keypoints(uow: UnitOfWork, found: Recording) -> KeypointsFile:
    return KeypointsFile(
        id=uow.new_id(),
        patient=found.patient,
        recording_id=found.id,
        model_name="full",
        model_sha256="b" * 64,
        options_sha256="c" * 64,
        blob_sha256="d" * 64,
        frame_count=300,
    )


def assessment(
    uow: UnitOfWork, patient: PatientRef, measured_at: datetime, **changes: Any
) -> StoredAssessment:
    values: dict[str, Any] = {
        "id": uow.new_id(),
        "patient": patient,
        "exercise": "bodyweight-squat",
        "exercise_version": 3,
        "measured_at": measured_at,
        "status": "good",
        "confidence": 0.9,
        "full_count": 5,
        "partial_count": 1,
        "instrument": "camera",
        "input_sha256": "a" * 64,
        "model_sha256": "b" * 64,
        "parameters_sha256": "c" * 64,
        "algorithm_version": "1",
        "result": {"exercise": "bodyweight-squat", "repetitions": {"full": 5}},
        "motions": (
            MotionResult("knee_flexion", "left", 96.1, 5.5, (90.6, 101.6), driving=True),
            MotionResult("trunk_inclination", "left", 31.0, 7.0),
        ),
        "symmetry": (SymmetryPair("rom", "knee_flexion", 92.2, 80.1, True),),
        "model_name": "full",
    }
    return StoredAssessment(**(values | changes))
