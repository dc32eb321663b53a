"""Dropout: what a model is fitted to, and the fitted model as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

FEATURES = (
    "freq_slope", "completion", "miss_run", "time_of_day", "pain_slope", "pain_fluct", "skip",
    "first_week", "contact",
)  # fmt: skip
"""Those of the points score, in the order of a row."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What was known of a patient on one day, and whether she dropped out after it."""

    patient: str
    on: date
    features: tuple[float | None, ...]
    """In the order of `FEATURES`; None: not enough was recorded."""
    points: int
    event: bool
    subgroups: Mapping[str, str] = field(default_factory=dict[str, str])
    """Such as age band, sex and language."""


class FitKind(StrEnum):
    """How much a clinic's events allow."""

    RECALIBRATION = "recalibration"
    """Only what the points mean in percent."""
    LOGISTIC = "logistic"


@dataclass(frozen=True, slots=True)
class Term:
    """One coefficient, of a standardised value."""

    feature: str
    mean: float
    """Stands for what is not known."""
    deviation: float
    coefficient: float


@dataclass(frozen=True, slots=True)
class DropoutModel:
    """A fitted model: numbers only."""

    kind: FitKind
    intercept: float
    terms: tuple[Term, ...]
    horizon_days: int


@dataclass(frozen=True, slots=True)
class Performance:
    """How well predictions for patients or times that a fit had not seen agree with the truth."""

    rows: int
    patients: int
    events: int
    """Patients who dropped out."""
    auc: float
    auc_low: float
    """95 % interval, by resampling patients."""
    auc_high: float
    points_auc: float
    """Of the points score on the same rows."""
    brier: float
    scaled_brier: float
    """1 is perfect, 0 no better than the share of events."""
    calibration_intercept: float
    """0: as many events as predicted."""
    calibration_slope: float
    """1: neither too bold nor too timid."""
    groups: tuple[tuple[float, float, int], ...] = ()
    """Mean prediction, share of events and rows, from the lowest predictions up."""


@dataclass(frozen=True, slots=True)
class SubgroupLine:
    """One subgroup of the hold-out. None: too few to tell."""

    subgroup: str
    value: str
    patients: int | None
    events: int | None
    auc: float | None
    predicted_percent: float | None
    observed_percent: float | None


@dataclass(frozen=True, slots=True)
class Split:
    """What was fitted on, and what was kept from the fit."""

    cutoff: date
    """Rows from here on are the hold-out."""
    train_rows: int
    train_patients: int
    train_events: int
    purged_rows: int
    """Earlier rows whose outcome reaches into the hold-out: in neither part."""


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a fit came to: the content of a model card."""

    model: DropoutModel
    """Fitted on every row, after it was judged."""
    rows: int
    patients: int
    events: int
    first: date
    last: date
    split: Split
    temporal: Performance | None
    """On the last part of the calendar; None with too few events in it."""
    grouped: Performance
    """Cross-validated by patient, repeated."""
    challenger: Performance | None
    """Boosted trees on the last part of the calendar: for comparison, never kept."""
    subgroups: tuple[SubgroupLine, ...]
    is_adopted: bool
    reasons: tuple[str, ...]
    """Why it is, or is not."""
    definition: str
    rule_version: str
    points_version: str
    fitted_at: datetime
    seed: int
