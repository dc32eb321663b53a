"""Which visits of a patient can be held at a distance, by the clinic's dated rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rehabctl.reference.suitability import Suitability, SuitabilityRule

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
    is_first_visit: bool


@dataclass(frozen=True, slots=True)
class SuitabilityReason:
    """A rule that applies."""

    code: str
    gives: Suitability
    text: str
    rule_version: str


@dataclass(frozen=True, slots=True)
class SuitabilityResult:
    """How visits can be held, the appointment type that follows, and every rule behind it."""

    suitability: Suitability
    appointment_type: str
    reasons: tuple[SuitabilityReason, ...]


def compare(intake: Intake, rules: Sequence[SuitabilityRule], day: date) -> SuitabilityResult:
    """Compare an intake with the rules of a day.

    A hybrid course of care begins in the room. Of the rows of one code the newest holds.

    Parameters
    ----------
    intake
        What is known.
    rules
        The clinic's.
    day
        Of the visit.
    """
    newest: dict[str, SuitabilityRule] = {}
    for rule in sorted(rules, key=lambda r: r.effective_from):
        if rule.effective_from <= day:
            newest[rule.code] = rule
    found = tuple(
        SuitabilityReason(rule.code, rule.gives, rule.text, rule.version)
        for rule in newest.values()
        if _applies(rule, intake)
    )
    result = max((reason.gives for reason in found), key=_ORDER.index, default=Suitability.TELE)
    kind = _FIRST if intake.is_first_visit else _LATER
    in_room = result is Suitability.IN_PERSON or (
        result is Suitability.HYBRID and intake.is_first_visit
    )
    return SuitabilityResult(result, kind if in_room else f"{kind}-tele", found)


def _applies(rule: SuitabilityRule, intake: Intake) -> bool:
    weeks, limit = intake.weeks_post_op, rule.weeks_post_op_below
    return (
        (not rule.conditions or intake.condition in rule.conditions)
        and (not rule.devices or intake.device in rule.devices)
        and (not rule.payers or intake.payer in rule.payers)
        and intake.falls_12_months >= rule.falls_at_least
        and (limit is None or (weeks is not None and weeks < limit))
        and rule.caregiver in (None, intake.has_caregiver)
        and rule.first_visit in (None, intake.is_first_visit)
    )
