"""What one rule says about one patient: the numbers it read, and a finding where it is met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rehabctl.domain.facts import AlertSeverity
from rehabctl.reference.rules import RuleRow

Scalar = float | str


@dataclass(frozen=True, slots=True)
class AlertFinding:
    """A rule that is met, with its evidence."""

    code: str
    key: str
    """What it is about beside the code: a motion and side, an exercise, a question; or empty."""
    severity: AlertSeverity
    group: str
    text: str
    """Facts with their numbers and limits, for clinicians; it names days, never ages."""
    since: datetime
    """Time of the fact that made the rule true."""
    known_at: datetime
    """When the clinic came to know of the newest fact behind it."""
    level: float
    """How far the facts go, in the rule's unit; more is worse."""
    inputs: Mapping[str, Scalar]
    rule_version: str
    close_after_days: int | None
    reopens_on: str


class Verdict(NamedTuple):
    """A rule that had enough facts to be judged. `finding` is None where it is not met."""

    row: RuleRow
    key: str
    inputs: Mapping[str, Scalar]
    finding: AlertFinding | None


def unmet(row: RuleRow, key: str, inputs: Mapping[str, Scalar]) -> Verdict:
    """Return the verdict of a rule that is not met."""
    return Verdict(row, key, inputs, None)


def met(
    row: RuleRow,
    key: str,
    inputs: Mapping[str, Scalar],
    *,
    since: datetime,
    known_at: datetime,
    level: float,
    severity: AlertSeverity | None = None,
) -> Verdict:
    """Return the verdict of a rule that is met.

    Parameters
    ----------
    severity
        Replaces the row's own severity.
    """
    finding = AlertFinding(
        code=row.code,
        key=key,
        severity=severity or row.severity or AlertSeverity.INFO,
        group=row.group,
        text=row.text.format_map({**row.limits, **inputs}),
        since=since,
        known_at=known_at,
        level=level,
        inputs=inputs,
        rule_version=row.version,
        close_after_days=row.close_after_days,
        reopens_on=row.reopens_on,
    )
    return Verdict(row, key, inputs, finding)
