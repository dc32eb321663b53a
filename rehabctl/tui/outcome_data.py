"""The port through which the screens about outcomes read. Every method may block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rehabctl.services.cohorts import CohortReport, CohortRequest
    from rehabctl.services.trajectories import TrajectoryReport


class OutcomeData(Protocol):
    """What the screens about outcomes need of the services."""

    def course(self, mrn: str) -> TrajectoryReport:
        """Return a patient's values beside published curves, with her goals."""
        ...

    def cohort(self, request: CohortRequest) -> CohortReport:
        """Return the outcomes of a cohort, small groups hidden."""
        ...
