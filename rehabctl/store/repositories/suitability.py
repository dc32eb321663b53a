"""Intakes that say how visits can be held."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select, text

from rehabctl.domain.suitability import Suitability, SuitabilityIntake, SuitabilityOutcome
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain

_INTAKE = table("suitability_intake")


class SuitabilityRepository:
    """Intakes of courses of care; each is kept, the newest holds.

    Parameters
    ----------
    connection
        Of the transaction.
    now
        Its time.
    by_function
        Whether the acting user may know what follows from an intake only: the server tells it.
    """

    def __init__(self, connection: Connection, now: datetime, *, by_function: bool) -> None:
        self._connection = connection
        self._now = now
        self._by_function = by_function

    def add(self, intake: SuitabilityIntake) -> None:
        """Add an intake."""
        row = owned(intake.patient, intake.id, self._now) | plain(intake)
        self._connection.execute(insert(_INTAKE).values(row))

    def newest(self, episode_id: UUID) -> SuitabilityIntake | None:
        """Return the newest intake of a course of care."""
        c = _INTAKE.c
        query = select(_INTAKE).where(c.episode_id == episode_id)
        query = query.order_by(c.assessed_at.desc(), c.id.desc()).limit(1)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return None
        return build(
            SuitabilityIntake,
            row,
            patient=owner(row),
            first_visit=Suitability(row["first_visit"]),
            later_visits=Suitability(row["later_visits"]),
            reasons=tuple(row["reasons"]),
        )

    def outcome(self, episode_id: UUID) -> SuitabilityOutcome | None:
        """Return what the newest intake of a course of care says, which every booking asks."""
        if not self._by_function:
            intake = self.newest(episode_id)
            if intake is None:
                return None
            return SuitabilityOutcome(intake.first_visit, intake.later_visits, intake.assessed_at)
        row = self._connection.execute(
            text("SELECT first_visit, later_visits, assessed_at FROM booking_suitability(:course)"),
            {"course": episode_id},
        ).first()
        if row is None:
            return None
        return SuitabilityOutcome(Suitability(row[0]), Suitability(row[1]), row[2])
