"""Loader of the dated clocks of a plan of care (`documentation/plan_of_care.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class PlanClocks:
    """One dated row."""

    effective_from: date
    certify_within_days: int
    certification_lasts_days: int
    report_every_treatment_days: int
    order_on_file_certifies: bool
    """Whether an order on file with a transmitted plan certifies the first plan."""
    transmit_within_days: int
    verbal_order_signed_within_days: int
    source: str
    grade: str

    @property
    def version(self) -> str:
        """Name of exactly this row."""
        return f"PLAN_OF_CARE@{self.effective_from.isoformat()}"


@cache
def load_plan_clocks() -> tuple[PlanClocks, ...]:
    """Return every row, oldest first."""
    text = (files("rehabctl.reference") / "documentation" / "plan_of_care.toml").read_text("utf-8")
    rows = [PlanClocks(**row) for row in tomllib.loads(text)["row"]]
    return tuple(sorted(rows, key=lambda row: row.effective_from))


def plan_clocks(day: date) -> PlanClocks:
    """Return the row for a plan that starts on a day.

    Raises
    ------
    RehabctlError
        No row holds on that day.
    """
    held = [row for row in load_plan_clocks() if row.effective_from <= day]
    if not held:
        raise RehabctlError(
            f"no clocks of a plan of care hold on {day.isoformat()}", "Check the date"
        )
    return held[-1]
