"""Words of suitability: how the visits of a course of care can be held, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class Suitability(StrEnum):
    """How visits can be held, the least careful first."""

    TELE = "tele"
    HYBRID = "hybrid"
    IN_PERSON = "in_person"


@dataclass(frozen=True, slots=True)
class SuitabilityOutcome:
    """What an intake says about the visits of a course of care: all that a booking reads."""

    first_visit: Suitability
    """Of the first visit."""
    later_visits: Suitability
    """Of those after it."""
    assessed_at: datetime


@dataclass(frozen=True, slots=True)
class SuitabilityIntake:
    """One intake of a course of care: the answers, what the record said, and what followed."""

    id: UUID
    patient: PatientRef
    episode_id: UUID
    assessed_at: datetime
    assessed_by: UUID
    falls_12_months: int
    device: str
    """video, phone or none."""
    has_caregiver: bool
    condition: str | None
    weeks_post_op: int | None
    payer: str | None
    first_visit: Suitability
    later_visits: Suitability
    reasons: tuple[Mapping[str, Any], ...]
    """Each rule that applied, with its dated row: code, gives, text, rule_version, visits."""
    rules_version: str
    """Name of exactly the set of rules that was asked."""
