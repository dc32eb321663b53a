"""Rows of patients for a de-identified export: only the columns that are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, exists, select

from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import chunked

_PATIENT = table("patient")
_CONSENT = table("consent")


@dataclass(frozen=True, slots=True)
class ResearchPatient:
    """What an export derives a patient's line from."""

    id: UUID
    birth_date: date
    sex: str
    state: str
    postal_code: str | None
    status: str


class ResearchRepository:
    """Reads for export within one clinic."""

    def __init__(self, connection: Connection, clinic_id: UUID) -> None:
        self._connection = connection
        self._clinic_id = clinic_id

    def patients(
        self, refused_scope: str, *, after: UUID | None, limit: int
    ) -> tuple[ResearchPatient, ...]:
        """Return a page of patients who did not take back a consent.

        Parameters
        ----------
        refused_scope
            Patients who revoked it, and have not given it again, are left out.
        after
            The last patient of the page before.
        limit
            How many at most.
        """
        p, c = _PATIENT.c, _CONSENT.c
        mine = (c.patient_id == p.id) & (c.scope == refused_scope)
        refused = exists().where(mine, c.revoked_at.is_not(None)) & ~exists().where(
            mine, c.revoked_at.is_(None)
        )
        query = select(p.id, p.birth_date, p.sex, p.state, p.postal_code, p.status)
        query = query.where(p.clinic_id == self._clinic_id, ~refused)
        if after is not None:
            query = query.where(p.id > after)
        rows = self._connection.execute(query.order_by(p.id).limit(limit))
        return tuple(ResearchPatient(*row) for row in rows)

    def rows(
        self, name: str, columns: Sequence[str], patient_ids: Sequence[UUID]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the patient's identifier and these columns of rows of one table.

        Parameters
        ----------
        name
            Of the table.
        columns
            What is read, and nothing else.
        patient_ids
            Whose.
        """
        c = table(name).c
        for part in chunked(patient_ids):
            query = select(c.patient_id, *(c[column] for column in columns))
            query = query.where(c.patient_id.in_(part)).order_by(c.patient_id, c.id)
            for row in self._connection.execute(query):
                yield tuple(row)
