"""Filled-in questionnaires with their scores, and the clinic's licence records."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert, select

from rehabctl.domain.patient import Side
from rehabctl.domain.prom import PromResponse, PromScore
from rehabctl.domain.prom_followup import LicenceRecord
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain, word

_RESPONSE = table("prom_response")
_SCORE = table("prom_score")
_LICENCE = table("prom_licence")


class PromRepository:
    """Responses are added and never changed."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def add(self, response: PromResponse) -> bool:
        """Add a form with its scores; return False when its external id is known already."""
        row = owned(response.patient, response.id, self._now) | plain(response, "scores")
        if not insert_once(self._connection, _RESPONSE, row, ("patient_id", "external_id")):
            return False
        rows = [
            owned(response.patient, new_id(), self._now)
            | plain(score)
            | {
                "response_id": response.id,
                "completed_at": response.completed_at,
                "instrument": response.instrument,
            }
            for score in response.scores
        ]
        if rows:
            self._connection.execute(insert(_SCORE), rows)
        return True

    def of_patient(
        self, patient_id: UUID, instrument: str | None = None
    ) -> tuple[PromResponse, ...]:
        """Return the forms of a patient with their scores, oldest first.

        Parameters
        ----------
        patient_id
            Whose.
        instrument
            Only forms of this instrument.
        """
        query = select(_RESPONSE).where(_RESPONSE.c.patient_id == patient_id)
        scored = select(_SCORE).where(_SCORE.c.patient_id == patient_id)
        if instrument is not None:
            query = query.where(_RESPONSE.c.instrument == instrument)
            scored = scored.where(_SCORE.c.instrument == instrument)
        scores: dict[UUID, list[PromScore]] = {}
        for row in self._connection.execute(scored.order_by(_SCORE.c.scale)).mappings():
            scores.setdefault(row["response_id"], []).append(build(PromScore, row))
        rows = self._connection.execute(
            query.order_by(_RESPONSE.c.completed_at, _RESPONSE.c.id)
        ).mappings()
        return tuple(_response(row, tuple(scores.get(row["id"], ()))) for row in rows)

    def add_licence(self, record_id: UUID, record: LicenceRecord, recorded_by: UUID) -> bool:
        """Note a licence; return False when the clinic has this reference already."""
        row = plain(record) | {
            "id": record_id,
            "clinic_id": self._clinic_id,
            "recorded_by": recorded_by,
            "created_at": self._now,
        }
        keys = ("clinic_id", "instrument", "reference")
        return insert_once(self._connection, _LICENCE, row, keys)

    def licences(self, instrument: str | None = None) -> tuple[LicenceRecord, ...]:
        """Return the clinic's licence records by instrument and first day.

        Parameters
        ----------
        instrument
            Only records of this instrument.
        """
        c = _LICENCE.c
        query = select(_LICENCE).where(c.clinic_id == self._clinic_id)
        if instrument is not None:
            query = query.where(c.instrument == instrument)
        query = query.order_by(c.instrument, c.valid_from, c.id)
        return tuple(
            build(LicenceRecord, row) for row in self._connection.execute(query).mappings()
        )


def _response(row: RowMapping, scores: tuple[PromScore, ...]) -> PromResponse:
    return build(PromResponse, row, patient=owner(row), side=word(Side, row["side"]), scores=scores)
