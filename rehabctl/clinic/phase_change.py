"""What a step into the next phase changes in a programme, and what the therapist set stays. Pure.

Three sides are compared: the programme as it is, what the present phase prescribes, and what the
next one prescribes. A line that differs from its phase was changed by the therapist and is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rehabctl.clinic.protocol_plan import PlannedExercise, weekdays_of
from rehabctl.domain.exercise import Dose
from rehabctl.domain.programme import Prescription

Planned = Mapping[str, PlannedExercise]
"""What a phase prescribes to one patient, by slug."""


class Change(StrEnum):
    """What becomes of an exercise."""

    KEEP = "keep"
    DOSE = "dose"
    """The dose of the next phase takes the place of this phase's."""
    ADD = "add"
    END = "end"
    LEFT_OUT = "left_out"
    """In the next phase, but blocked, unconfirmed, or taken away by the therapist before."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """One exercise in the step to the next phase."""

    slug: str
    change: Change
    reason: str = ""
    before: Dose | None = None
    after: Dose | None = None
    planned: PlannedExercise | None = None
    """What the next phase prescribes."""

    @property
    def ends(self) -> bool:
        """Whether the line ends."""
        return self.change is Change.END

    @property
    def added(self) -> PlannedExercise | None:
        """What is added; None for everything else."""
        return self.planned if self.change is Change.ADD else None

    def applied_to(self, line: Prescription) -> Prescription:
        """Return a line with the next phase's dose, where that changes.

        Parameters
        ----------
        line
            The line as it is.
        """
        if self.change is not Change.DOSE or self.planned is None:
            return line
        dose = self.planned.dose
        days = line.weekdays if dose.per_week == line.per_week else weekdays_of(dose.per_week)
        return replace(
            line,
            sets=dose.sets,
            reps=dose.reps,
            hold_s=dose.hold_s,
            rest_s=dose.rest_s,
            per_week=dose.per_week,
            weekdays=days,
            notes=self.planned.note or line.notes,
        )


def phase_changes(
    lines: Sequence[Prescription], present: Planned, following: Planned
) -> tuple[LineChange, ...]:
    """Return what becomes of every exercise of a programme and of the next phase.

    Parameters
    ----------
    lines
        The running lines.
    present, following
        What the present and the next phase prescribe.
    """
    running = {line.exercise_slug: line for line in lines}
    changes = [_of_line(line, present, following) for line in lines]
    changes += [
        _of_new(planned, present) for slug, planned in following.items() if slug not in running
    ]
    return tuple(changes)


def _of_line(line: Prescription, present: Planned, following: Planned) -> LineChange:
    slug, dose = line.exercise_slug, _dose(line)
    old, new = present.get(slug), following.get(slug)
    if new is None:
        if old is None:
            return LineChange(slug, Change.KEEP, "added by the therapist", dose, dose)
        return LineChange(slug, Change.END, "not in the next phase", dose)
    if new.contraindications and not new.selected:
        return LineChange(slug, Change.END, new.contraindications[0].text, dose)
    if old is None or old.dose != dose:
        return LineChange(slug, Change.KEEP, "dose set by the therapist", dose, dose)
    if new.dose == dose:
        return LineChange(slug, Change.KEEP, "", dose, dose)
    return LineChange(slug, Change.DOSE, "", dose, new.dose, new)


def _of_new(planned: PlannedExercise, present: Planned) -> LineChange:
    slug, old = planned.slug, present.get(planned.slug)
    if not planned.selected:
        reason = planned.only_if or "not approved"
        if planned.contraindications:
            reason = planned.contraindications[0].text
        return LineChange(slug, Change.LEFT_OUT, reason)
    if old is not None and old.selected:
        return LineChange(slug, Change.LEFT_OUT, "taken away by the therapist")
    return LineChange(slug, Change.ADD, "", None, planned.dose, planned)


def _dose(line: Prescription) -> Dose:
    return Dose(line.sets, line.reps, line.hold_s, line.rest_s, line.per_week)
