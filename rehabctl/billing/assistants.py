"""Which units of a code were furnished by an assistant, and so carry CQ or CO.

Whole 15-minute blocks belong to whoever furnished them. What is left is one unit, decided by the
therapist's remainder and the assistant's share, or two, of which each has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rehabctl.domain.errors import UsageError
from rehabctl.reference.payers.assistants import AssistantRule, load_assistant_rule


@dataclass(frozen=True, slots=True)
class AssistantSplit:
    """Units of one code: a mixed one becomes two claim lines."""

    units_without: int
    units_with: int
    rule_version: str


def split_timed(
    therapist_minutes: int, assistant_minutes: int, units: int, *, on: date
) -> AssistantSplit:
    """Split the units allotted to a timed code between therapist and assistant.

    Parameters
    ----------
    therapist_minutes, assistant_minutes
        Minutes that each furnished alone.
    units
        Units allotted to the code by the unit rule.
    on
        Date of service.

    Raises
    ------
    UsageError
        Minutes or units are negative, or the units do not fit the minutes.
    RehabctlError
        No rule covers the date.
    """
    rule = load_assistant_rule(on)
    _check(therapist_minutes, assistant_minutes)
    blocks, therapist_rest = divmod(therapist_minutes, rule.block_min)
    assistant_blocks, assistant_rest = divmod(assistant_minutes, rule.block_min)
    left = units - blocks - assistant_blocks
    if left == 0:
        return AssistantSplit(blocks, assistant_blocks, rule.version)
    if left == 1:
        marked = therapist_rest < rule.midpoint_min and _share_counts(
            therapist_rest, assistant_rest, rule
        )
        return AssistantSplit(blocks + (not marked), assistant_blocks + marked, rule.version)
    if left == 2 and therapist_rest and assistant_rest:
        return AssistantSplit(blocks + 1, assistant_blocks + 1, rule.version)
    total = therapist_minutes + assistant_minutes
    raise UsageError(f"{units} units do not fit {total} minutes", "Count the units again")


def marks_untimed(therapist_minutes: int, assistant_minutes: int, *, on: date) -> bool:
    """Tell whether a code without minutes carries the assistant modifier.

    The share is rounded to a whole percent, halves up.

    Parameters
    ----------
    therapist_minutes, assistant_minutes
        Minutes of each.
    on
        Date of service.

    Raises
    ------
    UsageError
        Minutes are negative.
    RehabctlError
        No rule covers the date.
    """
    rule = load_assistant_rule(on)
    _check(therapist_minutes, assistant_minutes)
    total = therapist_minutes + assistant_minutes
    if total == 0:
        return False
    percent = (200 * assistant_minutes + total) // (2 * total)
    return percent > rule.share_above_percent


def _share_counts(therapist_rest: int, assistant_rest: int, rule: AssistantRule) -> bool:
    total = therapist_rest + assistant_rest
    return 100 * assistant_rest > rule.share_above_percent * total


def _check(*minutes: int) -> None:
    if min(minutes) < 0:
        raise UsageError(f"{min(minutes)} minutes cannot be", "Give the minutes of the day")
