"""What the panel shows of outcomes: the services of `report trajectory` and `report cohort`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehabctl.reference.rules import RuleTable
from rehabctl.services import cohorts, trajectories
from rehabctl.services.cohorts import CohortReport, CohortRequest
from rehabctl.services.trajectories import TrajectoryReport

if TYPE_CHECKING:
    from rehabctl.store.store import Store


@dataclass(frozen=True)
class OutcomeDesk:
    """Reads outcomes; every method may be called from any thread."""

    store: Store
    rules: RuleTable

    def course(self, mrn: str) -> TrajectoryReport:
        """Return a patient's values beside published curves, with her goals."""
        return trajectories.report(self.store, self.rules, mrn)

    def cohort(self, request: CohortRequest) -> CohortReport:
        """Return the outcomes of a cohort, small groups hidden."""
        return cohorts.report(self.store, self.rules, request)
