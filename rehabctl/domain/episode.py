"""A course of care, and the flags and goals that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import CareLine, PatientRef, Side


class EpisodeStatus(StrEnum):
    """State of a course of care."""

    ACTIVE = "active"
    HELD = "held"
    CLOSED = "closed"


class FlagKind(StrEnum):
    """What a flag restricts."""

    PRECAUTION = "precaution"
    CONTRAINDICATION = "contraindication"
    """A tag of the exercise library's vocabulary; it meets the tags of exercises."""
    RED_FLAG = "red_flag"


class GoalTerm(StrEnum):
    """How far away a goal lies."""

    SHORT = "short"
    LONG = "long"


class GoalStatus(StrEnum):
    """What has become of a goal."""

    OPEN = "open"
    MET = "met"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Episode:
    """One course of care. Weeks after surgery count from its `surgery_date`."""

    id: UUID
    patient: PatientRef
    started_on: date
    diagnosis: str | None = None
    icd10: str | None = None
    condition: str | None = None
    """Key of the recovery curves and surgical rules, such as `TKR`."""
    surgery: str | None = None
    surgery_date: date | None = None
    side: Side | None = None
    surgeon: str | None = None
    precautions: tuple[str, ...] = ()
    status: EpisodeStatus = EpisodeStatus.ACTIVE
    ended_on: date | None = None
    pathway: str | None = None
    """Which questionnaires are asked for when, such as `knee-replacement`."""
    plan_ends_on: date | None = None
    """Last day of the plan of care."""
    progress_report_on: date | None = None
    """Day of the last progress report."""

    def weeks_post_op(self, today: date) -> int | None:
        """Return full weeks since surgery; None without a surgery or before it.

        Parameters
        ----------
        today
            The clinic's local date.
        """
        if self.surgery_date is None or today < self.surgery_date:
            return None
        return (today - self.surgery_date).days // 7


@dataclass(frozen=True, slots=True)
class PatientFlag:
    """A precaution, contraindication or red flag of one patient."""

    id: UUID
    patient: PatientRef
    kind: FlagKind
    tag: str
    since: datetime
    episode_id: UUID | None = None
    note: str | None = None
    cleared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """What a course of care aims at, measurable where `measure` is named."""

    id: UUID
    patient: PatientRef
    episode_id: UUID
    description: str
    term: GoalTerm
    measure: str | None = None
    """A motion or an instrument's scale, such as `knee_flexion` or `koos:pain`, or `pain`."""
    side: Side | None = None
    baseline: float | None = None
    target: float | None = None
    unit: str | None = None
    due_on: date | None = None
    status: GoalStatus = GoalStatus.OPEN


@dataclass(frozen=True, slots=True)
class Referral:
    """An order or referral on file."""

    id: UUID
    patient: PatientRef
    episode_id: UUID
    referrer_name: str
    ordered_on: date
    referrer_npi: str | None = None
    received_on: date | None = None
    authorised_visits: int | None = None
    expires_on: date | None = None


def course_start(care: CareLine, today: date) -> date:
    """Return the day on which a course of care begins that somebody tells of today.

    Parameters
    ----------
    care
        What was told.
    today
        The clinic's local date.
    """
    return today if care.surgery_date is None else min(today, care.surgery_date)
