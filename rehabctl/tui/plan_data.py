"""The port through which the prescribe screen reads, searches and saves. Every method may block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rehabctl.domain.exercise import Exercise
from rehabctl.domain.week_plan import PhaseChoice, PlanLine, WeekPlan


class PlanData(Protocol):
    """What the prescribe screen needs of the services."""

    def read(self, mrn: str) -> WeekPlan:
        """Return the running programme of a patient as a plan; without one it has no lines."""
        ...

    def search(self, text: str, limit: int) -> Sequence[Exercise]:
        """Return exercises of the library, best match first; no text lists them by slug."""
        ...

    def line(self, mrn: str, slug: str) -> PlanLine:
        """Return a new line with the exercise's own dose, checked against the record."""
        ...

    def phases(self, mrn: str) -> Sequence[PhaseChoice]:
        """Return every phase that can be assigned; those of the patient's week first."""
        ...

    def with_phase(self, plan: WeekPlan, choice: PhaseChoice) -> WeekPlan:
        """Return a plan whose lines are those of a protocol's phase."""
        ...

    def save(self, plan: WeekPlan) -> WeekPlan:
        """Make it the patient's programme; refuses what somebody else changed meanwhile."""
        ...
