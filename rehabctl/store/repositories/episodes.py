"""Courses of care, with the flags and goals that belong to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert, select, update

from rehabctl.domain.episode import (
    Episode,
    EpisodeStatus,
    FlagKind,
    Goal,
    GoalStatus,
    GoalTerm,
    PatientFlag,
    Referral,
)
from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.patient import CareLine, PatientRef, Side
from rehabctl.store.bulk import insert_rows, update_rows
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain, word

EPISODE = table("episode")
_OWNED = ("id", "patient_id", "clinic_id", "therapist_id", "created_at")
_CARE = ("diagnosis", "surgery_date", "side", "precautions")
_FLAG = table("patient_flag")
_GOAL = table("goal")
_REFERRAL = table("referral")


class EpisodeRepository:
    """Episodes, flags and goals."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, episodes: Sequence[Episode]) -> None:
        """Add courses of care."""
        if episodes:
            rows = [owned(e.patient, e.id, self._now) | plain(e) for e in episodes]
            self._connection.execute(insert(EPISODE), rows)

    def add_lines(self, lines: Sequence[tuple[UUID, PatientRef, date, CareLine]]) -> None:
        """Start courses of care that rosters tell of, set-wise.

        Parameters
        ----------
        lines
            Identifier, patient, first day, and what is said.
        """
        names = (*_OWNED, "status", "started_on", *_CARE)
        status = EpisodeStatus.ACTIVE.value
        rows = [
            (
                i, ref.id, ref.clinic_id, ref.therapist_id, self._now, status, started_on,
                care.diagnosis, care.surgery_date, care.side, care.precautions,
            )
            for i, ref, started_on, care in lines
        ]  # fmt: skip
        insert_rows(self._connection, EPISODE, names, rows)

    def update_care(self, changes: Sequence[tuple[UUID, CareLine]]) -> None:
        """Write what rosters say of courses of care, set-wise."""
        rows = [(i, *plain(care).values()) for i, care in changes]
        update_rows(self._connection, EPISODE, ("id", *_CARE), rows)

    def update(self, episode: Episode) -> None:
        """Write what can change of a course of care."""
        self._connection.execute(
            update(EPISODE).where(EPISODE.c.id == episode.id).values(plain(episode))
        )

    def get(self, episode_id: UUID) -> Episode:
        """Return one course of care.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        query = select(EPISODE).where(EPISODE.c.id == episode_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError("the episode does not exist", "Look at: rehabctl patient show")
        return episode_of(row)

    def of_patient(self, patient_id: UUID) -> tuple[Episode, ...]:
        """Return all courses of care of a patient, oldest first."""
        query = select(EPISODE).where(EPISODE.c.patient_id == patient_id)
        rows = self._connection.execute(query.order_by(EPISODE.c.started_on, EPISODE.c.id))
        return tuple(episode_of(row) for row in rows.mappings())

    def active(self, patient_id: UUID) -> Episode | None:
        """Return the active course of care that started last."""
        active = [e for e in self.of_patient(patient_id) if e.status is EpisodeStatus.ACTIVE]
        return active[-1] if active else None

    def add_flag(self, flag: PatientFlag) -> None:
        """Add a precaution, contraindication or red flag."""
        self._connection.execute(
            insert(_FLAG).values(owned(flag.patient, flag.id, self._now) | plain(flag))
        )

    def clear_flag(self, flag_id: UUID) -> None:
        """Date the end of a flag."""
        self._connection.execute(
            update(_FLAG).where(_FLAG.c.id == flag_id).values(cleared_at=self._now)
        )

    def flags(self, patient_id: UUID) -> tuple[PatientFlag, ...]:
        """Return the flags of a patient that are not cleared, oldest first."""
        query = select(_FLAG).where(_FLAG.c.patient_id == patient_id, _FLAG.c.cleared_at.is_(None))
        rows = self._connection.execute(query.order_by(_FLAG.c.since, _FLAG.c.id)).mappings()
        return tuple(
            build(PatientFlag, row, patient=owner(row), kind=FlagKind(row["kind"])) for row in rows
        )

    def add_goal(self, goal: Goal) -> None:
        """Add a goal."""
        self._connection.execute(
            insert(_GOAL).values(owned(goal.patient, goal.id, self._now) | plain(goal))
        )

    def set_goal_status(self, goal_id: UUID, status: GoalStatus) -> None:
        """Write what has become of a goal."""
        self._connection.execute(
            update(_GOAL).where(_GOAL.c.id == goal_id).values(status=status.value)
        )

    def add_referral(self, referral: Referral) -> None:
        """Add an order or referral."""
        row = owned(referral.patient, referral.id, self._now) | plain(referral)
        self._connection.execute(insert(_REFERRAL).values(row))

    def referrals(self, patient_id: UUID) -> tuple[Referral, ...]:
        """Return the referrals of a patient, oldest first."""
        query = select(_REFERRAL).where(_REFERRAL.c.patient_id == patient_id)
        rows = self._connection.execute(query.order_by(_REFERRAL.c.ordered_on, _REFERRAL.c.id))
        return tuple(build(Referral, row, patient=owner(row)) for row in rows.mappings())

    def goals(self, patient_id: UUID) -> tuple[Goal, ...]:
        """Return all goals of a patient, oldest first."""
        query = select(_GOAL).where(_GOAL.c.patient_id == patient_id)
        rows = self._connection.execute(query.order_by(_GOAL.c.created_at, _GOAL.c.id)).mappings()
        return tuple(_goal(row) for row in rows)


def episode_of(row: RowMapping) -> Episode:
    """Return the course of care of a row of the episode table."""
    return build(
        Episode,
        row,
        patient=owner(row),
        side=word(Side, row["side"]),
        precautions=tuple(row["precautions"]),
        status=EpisodeStatus(row["status"]),
    )


def _goal(row: RowMapping) -> Goal:
    return build(
        Goal,
        row,
        patient=owner(row),
        term=GoalTerm(row["term"]),
        side=word(Side, row["side"]),
        status=GoalStatus(row["status"]),
    )
