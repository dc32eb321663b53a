"""From the reasons of a payment to what a clinic does next, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rehabctl.reference.payers.denials import NextStep, appeal_days, next_step


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a payment with its step."""

    group: str
    code: str
    amount: str
    step: NextStep
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Decision:
    """When a payer decided on what."""

    service_on: date
    decided_on: date
    filing_code: str
    timely_filing_days: int


def reasons(adjustments: Sequence[str], decision: Decision) -> tuple[Reason, ...]:
    """Return the reasons with steps, the most urgent first.

    Parameters
    ----------
    adjustments
        Group, reason and amount, such as `CO-45 10.00`.
    decision
        From which due days are counted.
    """
    filing = decision.service_on + timedelta(days=decision.timely_filing_days)
    days = appeal_days(decision.filing_code, decision.decided_on)
    appeal = None if days is None else decision.decided_on + timedelta(days=days)
    due = {"filing": filing, "appeal": appeal}
    found: list[Reason] = []
    for text in adjustments:
        name, _, amount = text.partition(" ")
        group, _, code = name.partition("-")
        step = next_step(group, code)
        found.append(Reason(group, code, amount, step, due.get(step.by)))
    return tuple(
        sorted(found, key=lambda one: (not one.step.open, one.due_on or date.max, one.code))
    )
