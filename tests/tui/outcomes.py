"""Outcomes of the clinic in memory, by the real rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from rehabctl.clinic.cohort import cohort_rows, hidden_cells, tally
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.trajectory import trajectories
from rehabctl.domain.cohort import CohortQuery, CourseOutcome, Stratum
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.facts import Episode, Measurement, PatientFacts
from rehabctl.reference.rules import load_rules
from rehabctl.services.cohorts import CohortReport, CohortRequest
from rehabctl.services.trajectories import TrajectoryReport
from tui.times import NOW

if TYPE_CHECKING:
    from tui.clinic import ClinicData

RULES = load_rules()
_POINTS = ((12, 74.0), (16, 80.0), (20, 87.0), (24, 92.0), (28, 97.0))
_GROUPS = {"TKR": (34, 3.1), "RCR": (21, 2.2), "THR": (13, 2.9), "FS": (4, 1.0)}


class ClinicOutcomes:
    """The port of outcomes; faults come from the clinic."""

    def __init__(self, clinic: ClinicData) -> None:
        self._clinic = clinic
        self.condition: str | None = "TKR"

    def course(self, mrn: str) -> TrajectoryReport:
        with self._clinic._called(f"course {mrn}"):
            surgery = NOW.date() - timedelta(days=30)
            facts = PatientFacts(
                patient_id=mrn,
                time_zone="UTC",
                episode=Episode(surgery, None, self.condition, surgery, "left"),
                measurements=tuple(
                    Measurement(
                        str(day), at, at, None, "knee_flexion", "left", value, 5.5, "camera/1"
                    )
                    for day, value in _POINTS
                    for at in [NOW - timedelta(days=30 - day)]
                ),
            )
            view = PatientView.of(facts, NOW, RULES)
            return TrajectoryReport(mrn, self.condition, 30, NOW, trajectories(view), ())

    def cohort(self, request: CohortRequest) -> CohortReport:
        with self._clinic._called(f"cohort {request.year} {request.instrument} {request.by}"):
            if request.year != NOW.year:
                raise FindingsError(
                    "the cohort has fewer than 11 patients, of whom nothing is told",
                    "Choose a longer period, or fewer filters",
                )
            thirds = (Stratum.WORST_THIRD, Stratum.MIDDLE_THIRD)
            made = [
                CourseOutcome(
                    group, thirds[n % 2], gain + n % 3 - 1, n % 4 > 0, 0.8, 5, n % 5 > 0, 9.0, 0.5
                )
                for group, (count, gain) in _GROUPS.items()
                for n in range(count)
            ]
            tallies = tally(made)
            query = CohortQuery(date(2026, 1, 1), date(2026, 12, 31), request.instrument, "total")
            rows = cohort_rows(tallies, hidden_cells(tallies, 11))
            return CohortReport("Clinic", query, rows, 11, {"": 2.0}, (), "COHORT@1", NOW)
