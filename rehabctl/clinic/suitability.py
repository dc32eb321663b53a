"""Which visits of a patient can be held at a distance, by the clinic's dated rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rehabctl.domain.suitability import Suitability
from rehabctl.reference.suitability import SuitabilityRule

_ORDER = tuple(Suitability)
_FIRST, _LATER = "evaluation", "treatment"


@dataclass(frozen=True, slots=True)
class Intake:
    """What was asked, and what the record says. `None` is not known."""

    condition: str | None
    weeks_post_op: int | None
    payer: str | None
    falls_12_months: int
    device: str
    """video, phone or none."""
    has_caregiver: bool


@dataclass(frozen=True, slots=True)
class SuitabilityReason:
    """A rule that applies."""

    code: str
    gives: Suitability
    text: str
    rule_version: str


def compare(
    intake: Intake, rules: Sequence[SuitabilityRule], day: date, *, is_first_visit: bool
) -> tuple[Suitability, tuple[SuitabilityReason, ...]]:
    """Compare an intake with the rules of a day; the most careful rule that applies decides.

    Of the rows of one code the newest holds.

    Parameters
    ----------
    intake
        What is known.
    rules
        The clinic's.
    day
        Of the intake.
    is_first_visit
        Whether the first visit of the course of care is asked about, or those after it.
    """
    newest: dict[str, SuitabilityRule] = {}
    for rule in sorted(rules, key=lambda r: r.effective_from):
        if rule.effective_from <= day:
            newest[rule.code] = rule
    found = tuple(
        SuitabilityReason(rule.code, rule.gives, rule.text, rule.version)
        for rule in newest.values()
        if _applies(rule, intake, is_first_visit)
    )
    result = max((reason.gives for reason in found), key=_ORDER.index, default=Suitability.TELE)
    return result, found


def in_room(suitability: Suitability, *, is_first_visit: bool) -> bool:
    """Return whether a visit is held in one room: a hybrid course of care begins there."""
    return suitability is Suitability.IN_PERSON or (
        suitability is Suitability.HYBRID and is_first_visit
    )


def appointment_type(suitability: Suitability, *, is_first_visit: bool) -> str:
    """Return the key of the appointment type that follows."""
    kind = _FIRST if is_first_visit else _LATER
    return kind if in_room(suitability, is_first_visit=is_first_visit) else f"{kind}-tele"


def _applies(rule: SuitabilityRule, intake: Intake, is_first_visit: bool) -> bool:
    weeks, limit = intake.weeks_post_op, rule.weeks_post_op_below
    return (
        (not rule.conditions or intake.condition in rule.conditions)
        and (not rule.devices or intake.device in rule.devices)
        and (not rule.payers or intake.payer in rule.payers)
        and intake.falls_12_months >= rule.falls_at_least
        and (limit is None or (weeks is not None and weeks < limit))
        and rule.caregiver in (None, intake.has_caregiver)
        and rule.first_visit in (None, is_first_visit)
    )
