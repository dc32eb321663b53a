"""Messages of the screens about outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from rehabctl.services.cohorts import CohortReport, CohortRequest
    from rehabctl.services.trajectories import TrajectoryReport


@dataclass
class CourseLoaded(Message):
    """A patient's course was read."""

    report: TrajectoryReport


@dataclass
class CohortLoaded(Message):
    """A cohort was read."""

    request: CohortRequest
    report: CohortReport
