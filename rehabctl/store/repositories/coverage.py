"""Questions to payers about patients' cover, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from rehabctl.domain.eligibility import CoverageCheck, CoverState
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain

_TABLE = table("coverage_check")


class CoverageRepository:
    """One row a question; only its answer is added later."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def add(self, check: CoverageCheck) -> None:
        """Add a question."""
        row = owned(check.patient, check.id, self._now) | plain(check)
        self._connection.execute(insert(_TABLE).values(row))

    def answer(self, check: CoverageCheck) -> None:
        """Write the answer of a question."""
        values = plain(check)
        changed = {k: values[k] for k in ("state", "answered_at", "answer", "answer_sha256")}
        self._connection.execute(update(_TABLE).where(_TABLE.c.id == check.id).values(changed))

    def find(self, trace_number: str) -> CoverageCheck | None:
        """Return the question with our trace number."""
        found = self._read(_TABLE.c.trace_number == trace_number)
        return found[0] if found else None

    def of_patient(self, patient_id: UUID) -> tuple[CoverageCheck, ...]:
        """Return the questions about a patient, the newest first."""
        return self._read(_TABLE.c.patient_id == patient_id)

    def _read(self, condition: Any) -> tuple[CoverageCheck, ...]:
        c = _TABLE.c
        query = select(_TABLE).where(c.clinic_id == self._clinic_id, condition)
        query = query.order_by(c.asked_at.desc(), c.id.desc())
        return tuple(
            build(
                CoverageCheck,
                row,
                patient=owner(row),
                state=CoverState(row["state"]),
                service_types=tuple(row["service_types"]),
            )
            for row in self._connection.execute(query).mappings()
        )
