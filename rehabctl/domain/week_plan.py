"""A programme as a therapist edits it: one week, one line an exercise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from rehabctl.domain.exercise import Dose
from rehabctl.domain.patient import Side

WEEK = (1, 2, 3, 4, 5, 6, 7)
"""ISO weekdays: 1 is Monday."""


@dataclass(frozen=True, slots=True)
class PlanWarning:
    """What speaks against an exercise for this patient, or asks for a look."""

    blocks: bool
    """It may not be prescribed while this holds."""
    text: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One exercise of the week."""

    slug: str
    name: str
    version: int
    dose: Dose
    weekdays: tuple[int, ...]
    """ISO weekdays, rising; empty means any `per_week` days."""
    target_deg: float | None
    """None where no angle counts, or the exercise's own target holds."""
    side: Side | None
    approved: bool
    """A draft of the library is prescribed with a visible mark."""
    warnings: tuple[PlanWarning, ...] = ()
    prescription_id: UUID | None = None
    """Of a line that stands in the programme already."""
    notes: str | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether it may not be prescribed."""
        return any(warning.blocks for warning in self.warnings)

    def with_day(self, weekday: int) -> PlanLine:
        """Return the line with a weekday added or taken out; sessions a week follow.

        The last day stays: an exercise that is never due is taken out of the plan instead.
        """
        days = set(self.weekdays) ^ {weekday}
        if not days:
            return self
        dose = replace(self.dose, per_week=len(days))
        return replace(self, weekdays=tuple(sorted(days)), dose=dose)


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """The programme of one patient, as it stands or as it is to become."""

    mrn: str
    name: str
    lines: tuple[PlanLine, ...]
    today: date
    """The clinic's day from which changes hold."""
    programme_id: UUID | None = None
    """None: the patient has no running programme."""
    revision: int | None = None
    """Of the programme when it was read: somebody else's change since then is a conflict."""
    protocol: str | None = None
    """Slug of a protocol whose phase is to replace the programme."""
    phase: str | None = None
    flags: tuple[str, ...] = ()
    """What is on record that exercises are checked against."""


@dataclass(frozen=True, slots=True)
class PhaseChoice:
    """One phase of a protocol that can be assigned."""

    protocol: str
    phase: str
    text: str
    is_due: bool
    """The patient's week after surgery lies in it."""
