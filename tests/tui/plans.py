"""Programmes of the clinic in memory, over a library of four exercises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.exercise import Dose, Exercise, Measure, Measurement, View
from rehabctl.domain.patient import Side
from rehabctl.domain.week_plan import PhaseChoice, PlanLine, PlanWarning, WeekPlan

if TYPE_CHECKING:
    from tui.clinic import ClinicData

TODAY = date(2026, 3, 12)
_PHASES = (
    PhaseChoice("total-knee-replacement", "early", "Total knee replacement: early motion", False),
    PhaseChoice("total-knee-replacement", "strength", "Total knee replacement: strength", True),
)


def _exercise(slug: str, name: str, dose: Dose, *, approved: bool, tags: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    return Exercise(
        slug=slug, name=name, version=1, region="knee", type="strength", difficulty=2,
        position="standing", dose=dose, steps=("one", "two", "three"),
        measurement=Measurement(Measure.CAMERA, View.SAGITTAL, "knee_flexion", 0.0, 90.0),
        contraindication_tags=tags, status="clinically_approved" if approved else "draft",
    )  # fmt: skip


LIBRARY = (
    _exercise("bodyweight-squat", "Bodyweight squat", Dose(3, 10, 0, 60, 5), approved=True),
    _exercise("sit-to-stand", "Sit to stand", Dose(2, 12, 0, 45, 5), approved=True),
    _exercise("half-kneeling-lunge", "Half-kneeling lunge", Dose(2, 8, 2, 60, 3), approved=True,
              tags=("no_kneeling",)),
    _exercise("standing-hip-abduction", "Standing hip abduction", Dose(2, 10, 2, 45, 3),
              approved=False),
    _exercise("step-up", "Step up [low]", Dose(3, 8, 0, 60, 3), approved=True, tags=("stairs",)),
)  # fmt: skip
_WARNINGS = {
    "no_kneeling": PlanWarning(True, "Kneeling is not allowed: on record since surgery."),
    "stairs": PlanWarning(False, "Stairs hurt: look at the pain after each session."),
}
_DAYS = {3: (1, 3, 5), 5: (1, 2, 3, 4, 5)}


def line_of(slug: str, prescription: int | None = None) -> PlanLine:
    exercise = next(e for e in LIBRARY if e.slug == slug)
    return PlanLine(
        slug=slug,
        name=exercise.name,
        version=1,
        dose=exercise.dose,
        weekdays=_DAYS[exercise.dose.per_week],
        target_deg=exercise.measurement.target_deg,
        side=Side.LEFT,
        approved=exercise.approved,
        warnings=tuple(_WARNINGS[tag] for tag in exercise.contraindication_tags),
        prescription_id=None if prescription is None else UUID(int=prescription),
    )


class ClinicPlans:
    """The plan port; faults come from the clinic."""

    def __init__(self, clinic: ClinicData) -> None:
        self._clinic = clinic
        self.saved: dict[str, WeekPlan] = {}

    def read(self, mrn: str) -> WeekPlan:
        with self._clinic._called(f"read_plan {mrn}"):
            return self._stored(mrn)

    def _stored(self, mrn: str) -> WeekPlan:
        start = WeekPlan(
            mrn=mrn,
            name=self._clinic.rows[mrn].name,
            lines=(line_of("bodyweight-squat", 1), line_of("sit-to-stand", 2),
                   line_of("standing-hip-abduction", 3)),
            today=TODAY,
            programme_id=UUID(int=9),
            revision=1,
            flags=("no_kneeling",),
        )  # fmt: skip
        return self.saved.get(mrn, start)

    def search(self, text: str, limit: int) -> Sequence[Exercise]:
        with self._clinic._called("search"):
            words = text.casefold().split()
            found = [e for e in LIBRARY if all(word in e.name.casefold() for word in words)]
            return found[:limit]

    def line(self, mrn: str, slug: str) -> PlanLine:
        with self._clinic._called(f"line {mrn} {slug}"):
            return line_of(slug)

    def phases(self, mrn: str) -> Sequence[PhaseChoice]:
        with self._clinic._called(f"phases {mrn}"):
            return sorted(_PHASES, key=lambda phase: not phase.is_due)

    def with_phase(self, plan: WeekPlan, choice: PhaseChoice) -> WeekPlan:
        with self._clinic._called(f"with_phase {choice.phase}"):
            lines = (line_of("half-kneeling-lunge"), line_of("step-up"))
            return replace(plan, lines=lines, protocol=choice.protocol, phase=choice.phase)

    def save(self, plan: WeekPlan) -> WeekPlan:
        with self._clinic._called(f"save_plan {plan.mrn}"):
            stored = self._stored(plan.mrn)
            if plan.revision != stored.revision:
                raise RehabctlError(
                    "the programme was changed by somebody else", "Read it again, then repeat"
                )
            if any(line.is_blocked for line in plan.lines):
                raise UsageError("an exercise is blocked", "Take it out of the plan")
            lines = tuple(
                li if li.prescription_id else replace(li, prescription_id=UUID(int=100 + i))
                for i, li in enumerate(plan.lines)
            )
            done = replace(
                plan, lines=lines, revision=(stored.revision or 0) + 1, protocol=None, phase=None
            )
            self.saved[plan.mrn] = done
            return done
