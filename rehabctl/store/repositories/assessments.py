"""Movement assessments, stored once per input, model, parameters and algorithm."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert, select

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.facts import Extreme
from rehabctl.domain.recording import MotionPoint, MotionResult, StoredAssessment, SymmetryPair
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain

_ASSESSMENT = table("movement_assessment")
_MOTION = table("motion_result")
_SYMMETRY = table("symmetry_result")
_KEYS = (
    "patient_id",
    "input_sha256",
    "model_sha256",
    "parameters_sha256",
    "algorithm_version",
)


class AssessmentRepository:
    """Assessments and the trends made of them."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def save(self, assessment: StoredAssessment) -> tuple[UUID, bool]:
        """Store an assessment once.

        Returns
        -------
        tuple
            Identifier of the stored assessment, and whether it was new.
        """
        row = owned(assessment.patient, assessment.id, self._now) | plain(
            assessment, "motions", "symmetry"
        )
        if not insert_once(self._connection, _ASSESSMENT, row, _KEYS):
            query = select(_ASSESSMENT.c.id).where(*(_ASSESSMENT.c[k] == row[k] for k in _KEYS))
            return self._connection.execute(query).scalar_one(), False
        self._add_results(assessment)
        return assessment.id, True

    def _add_results(self, assessment: StoredAssessment) -> None:
        shared = {"assessment_id": assessment.id, "measured_at": assessment.measured_at}
        motions = [
            owned(assessment.patient, new_id(), self._now)
            | shared
            | plain(motion, "interval_deg")
            | {
                "interval_low_deg": motion.interval_deg[0] if motion.interval_deg else None,
                "interval_high_deg": motion.interval_deg[1] if motion.interval_deg else None,
            }
            for motion in assessment.motions
        ]
        pairs = [
            owned(assessment.patient, new_id(), self._now) | shared | plain(pair)
            for pair in assessment.symmetry
        ]
        if motions:
            self._connection.execute(insert(_MOTION), motions)
        if pairs:
            self._connection.execute(insert(_SYMMETRY), pairs)

    def find(
        self,
        patient_id: UUID,
        *,
        input_sha256: str,
        model_sha256: str,
        parameters_sha256: str,
        algorithm_version: str,
    ) -> UUID | None:
        """Return the assessment that would be made again; None when it is not stored."""
        values = (patient_id, input_sha256, model_sha256, parameters_sha256, algorithm_version)
        pairs = zip(_KEYS, values, strict=True)
        query = select(_ASSESSMENT.c.id).where(*(_ASSESSMENT.c[k] == value for k, value in pairs))
        return self._connection.execute(query).scalar()

    def get(self, assessment_id: UUID) -> StoredAssessment:
        """Return one assessment.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        found = self._read(_ASSESSMENT.c.id == assessment_id, 1)
        if not found:
            raise NotFoundError("the assessment does not exist", "Look at: rehabctl patient show")
        return found[0]

    def of_patient(self, patient_id: UUID, limit: int) -> tuple[StoredAssessment, ...]:
        """Return the newest assessments of a patient, newest first."""
        return self._read(_ASSESSMENT.c.patient_id == patient_id, limit)

    def _read(self, condition: Any, limit: int) -> tuple[StoredAssessment, ...]:
        query = select(_ASSESSMENT).where(condition)
        query = query.order_by(_ASSESSMENT.c.measured_at.desc(), _ASSESSMENT.c.id.desc())
        rows = list(self._connection.execute(query.limit(limit)).mappings())
        ids = [row["id"] for row in rows]
        motions: dict[UUID, list[MotionResult]] = {}
        pairs: dict[UUID, list[SymmetryPair]] = {}
        if ids:
            for row in self._results(_MOTION, ids, _MOTION.c.motion, _MOTION.c.side):
                motions.setdefault(row["assessment_id"], []).append(_motion(row))
            for row in self._results(_SYMMETRY, ids, _SYMMETRY.c.measure, _SYMMETRY.c.motion):
                pairs.setdefault(row["assessment_id"], []).append(build(SymmetryPair, row))
        return tuple(
            build(
                StoredAssessment,
                row,
                patient=owner(row),
                motions=tuple(motions.get(row["id"], ())),
                symmetry=tuple(pairs.get(row["id"], ())),
            )
            for row in rows
        )

    def _results(self, table: Any, ids: list[UUID], *order: Any) -> list[RowMapping]:
        query = select(table).where(table.c.assessment_id.in_(ids)).order_by(*order)
        return list(self._connection.execute(query).mappings())

    def trend(self, patient_id: UUID, since: datetime | None = None) -> tuple[MotionPoint, ...]:
        """Return every measured motion of a patient that was not refused, oldest first.

        Parameters
        ----------
        patient_id
            Whose.
        since
            Only those measured at or after this time.
        """
        a = _ASSESSMENT.c
        query = (
            select(
                _MOTION, a.exercise, a.status, a.instrument, a.model_name, a.model_sha256,
                a.algorithm_version,
            )
            .join(_ASSESSMENT, a.id == _MOTION.c.assessment_id)
            .where(_MOTION.c.patient_id == patient_id, a.status != "refused")
            .order_by(_MOTION.c.measured_at, _MOTION.c.motion, _MOTION.c.side, _MOTION.c.id)
        )  # fmt: skip
        if since is not None:
            query = query.where(_MOTION.c.measured_at >= since)
        return tuple(
            build(
                MotionPoint,
                row,
                at=row["measured_at"],
                extreme=Extreme(row["extreme"]),
                method=method_of(row),
            )
            for row in self._connection.execute(query).mappings()
        )


def method_of(row: RowMapping) -> str:
    """Name what made a value: points of different methods are not one trend."""
    model = row["model_name"] or row["instrument"]
    return f"{model} {row['model_sha256'][:8]} {row['algorithm_version']}".strip()


def _motion(row: RowMapping) -> MotionResult:
    low, high = row["interval_low_deg"], row["interval_high_deg"]
    return build(
        MotionResult,
        row,
        interval_deg=None if low is None else (low, high),
        extreme=Extreme(row["extreme"]),
    )
