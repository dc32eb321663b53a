"""Outcome questionnaires and performance tests: how one is built, scored and reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from rehabctl.domain.patient import PatientRef, Side


class Direction(StrEnum):
    """Which end of a scale is the better one."""

    HIGHER_BETTER = "higher_better"
    LOWER_BETTER = "lower_better"


class InstrumentKind(StrEnum):
    """Who gives the answers."""

    PATIENT_REPORTED = "patient_reported"
    CLINICIAN_RATED = "clinician_rated"
    PERFORMANCE = "performance"
    """Something timed, counted or measured in a test."""


class Formula(StrEnum):
    """How a scale's score follows from the answers."""

    MEAN = "mean"
    """offset + factor x mean of the answered items."""
    SUM = "sum"
    """Sum of all items."""
    TABLE = "table"
    """Sum of all items, looked up in the instrument's table."""
    MEAN_OF_SCALES = "mean_of_scales"
    """Mean of the unrounded scores of other scales."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question or trial. Its wording is not part of the product, its topic is ours."""

    key: str
    topic: str
    minimum: int
    maximum: int
    whole: bool = True
    """Only whole numbers are answers (everything but millimetres, seconds and metres)."""
    recode: tuple[int, ...] = ()
    """What each answer counts, from the lowest answer up; empty means that it counts itself."""
    prompt: str | None = None
    """A question in our own words, where the instrument's rights allow one."""


@dataclass(frozen=True, slots=True)
class Band:
    """A named part of a scale's range, by the displayed score (or by `raw`)."""

    code: str
    text: str
    up_to: Fraction | None
    """Upper end, inclusive; None in the last band."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One score of an instrument: its items, its formula and its rule for missing answers."""

    key: str
    formula: Formula
    items: tuple[str, ...]
    """Items that enter the formula."""
    counted_items: tuple[str, ...]
    """Items over which missing answers are counted, usually the same."""
    max_missing: int
    direction: Direction
    decimals: int
    """Places of the displayed score, rounded half up."""
    minimum: Fraction
    maximum: Fraction
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    raw_factor: Fraction | None = None
    """`raw` of a mean is this times the mean (for example the neck index on 50)."""
    table: Mapping[int, Fraction] | None = None
    """Score by sum."""
    of_scales: tuple[str, ...] = ()
    is_t_score: bool = False
    bands: tuple[Band, ...] = ()
    bands_by_raw: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A group that follows from several scales; the first whose limits hold is the patient's."""

    code: str
    text: str
    at_most: Mapping[str, int]
    at_least: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScoringRule:
    """One dated way of scoring an instrument."""

    variant: str
    version: str
    """Unique over all instruments, kept with each score."""
    effective_from: date
    is_default: bool
    scales: tuple[Scale, ...]
    groups: tuple[Group, ...]
    source: str
    grade: str
    """`source` (read in a source text), `secondary` (quoted elsewhere) or `consensus`."""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Licence:
    """Who holds the rights of an instrument's wording and what follows from it."""

    holder: str
    terms: str
    record_required: bool
    """A clinic records its licence before the instrument is sent to a patient."""
    ships_text: bool
    """The product may hold patient-readable text of its own."""


@dataclass(frozen=True, slots=True)
class Norm:
    """Reference value of one age band and sex: results under it are below the average band."""

    sex: str
    """female or male, as the reference tables have it."""
    age_from: int
    age_to: int
    below: int
    """The average band starts here."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire or performance test with its scoring rules, codes and rights."""

    slug: str
    name: str
    version: str
    kind: InstrumentKind
    region: str
    items: tuple[Item, ...]
    """In the order of the form."""
    open_list: bool
    """Fewer answers than items are a complete form (activities that a patient chose, trials)."""
    rules: tuple[ScoringRule, ...]
    licence: Licence
    loinc: Mapping[str, str]
    """LOINC code by scale, and `panel` for the form."""
    norms: tuple[Norm, ...]
    source: str
    grade: str
    notes: tuple[str, ...]
    list_note: str | None
    """What to know when answers are given as a bare list."""

    def rule(self, variant: str | None, on: date | None = None) -> ScoringRule | None:
        """Return the newest rule of a variant that held on a date, or None.

        Parameters
        ----------
        variant
            None means the default variant.
        on
            The day of the answers; None means the newest rule.
        """
        held = [
            rule
            for rule in self.rules
            if (rule.is_default if variant is None else rule.variant == variant)
            and (on is None or rule.effective_from <= on)
        ]
        return max(held, key=lambda rule: rule.effective_from, default=None)


@dataclass(frozen=True, slots=True)
class AnswerFinding:
    """An answer that breaks the instrument's rules. It never repeats the answer itself."""

    item: str | None
    """None when the finding concerns the form as a whole."""
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ScaleScore:
    """One score, or why there is none."""

    scale: str
    score: float | None
    """As displayed: rounded half up to the instrument's places."""
    score_unrounded: float | None
    n_missing: int
    direction: Direction
    t_score: float | None
    """The score again where its metric is a T score."""
    raw: float | None
    """The sum behind a table, or the raw form of a percentage; None where there is none."""
    prorated: bool
    """Missing answers were stood in for by the mean of the others."""
    band: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class PromResult:
    """The scores of one filled-in form. Field names are those of the command contract."""

    instrument: str
    version: str
    rule_version: str
    variant: str
    grade: str
    """Grade of the rule's source."""
    scores: tuple[ScaleScore, ...]
    group: str | None
    """Code of the group, for instruments that sort patients into groups."""
    valid: bool
    """Every scale has a score."""
    reason: str | None
    findings: tuple[AnswerFinding, ...] = ()
    """Not empty means that nothing was scored."""


@dataclass(frozen=True, slots=True)
class PromResponse:
    """One administered form with its raw answers, so that a later rule can score it again."""

    id: UUID
    patient: PatientRef
    external_id: str
    """A second form with this id is the same form."""
    instrument: str
    instrument_version: str
    mode: str
    """How the answers were given, such as `interview`, `paper` or `patient_device`."""
    entered_by: str
    """Who acted: `patient`, `contact:ID` or `user:LOGIN`."""
    completed_at: datetime
    answers: Mapping[str, Any]
    result: Mapping[str, Any]
    """The contract's JSON of the scores, with `rule_version`."""
    side: Side | None = None
    language: str | None = None
    scores: tuple[PromScore, ...] = ()


@dataclass(frozen=True, slots=True)
class PromScore:
    """One stored score of one scale."""

    scale: str
    rule_version: str
    score: float | None
    score_unrounded: float | None
    n_missing: int
    higher_is_better: bool
