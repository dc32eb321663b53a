"""What a month of remote monitoring still lacks for each code, and until when it may come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from rehabctl.billing.monitoring_evidence import (
    BLOCKED_DEVICE,
    MonthEvidence,
    MonthFacts,
    Support,
    system_of,
)
from rehabctl.domain.counting import counted
from rehabctl.domain.monitoring import PeriodKind
from rehabctl.reference.payers.remote_monitoring import (
    load_management_rule,
    load_setup_rule,
    load_supply_rule,
)


@dataclass(frozen=True, slots=True)
class Gap:
    """What one code lacks."""

    code: str
    missing: str
    """In words, such as `3 more days with data`."""
    until: date
    """Last day on which it may still come."""
    reachable: bool
    """Whether there is time enough left."""


@dataclass(frozen=True, slots=True)
class Window:
    """The window of 30 days that ends in the month, else the newest that has begun."""

    first: date
    last: date
    days: int
    """With data."""
    wanted: int
    """For the code of many days."""


def month_window(found: MonthEvidence, facts: MonthFacts) -> Window | None:
    """Return the window that ends in a month, else the newest that has begun; None without one.

    Parameters
    ----------
    found, facts
        Of the same month.
    """
    begun = [
        one
        for one in found.supports
        if one.kind is PeriodKind.SUPPLY and one.from_on <= facts.today
    ]
    if not begun:
        return None
    ending = [one for one in begun if one.service_on.replace(day=1) == facts.month]
    newest = max(ending or begun, key=lambda one: one.from_on)
    rule = load_supply_rule(system_of(facts.attestations), newest.from_on)
    days = len(_days(found, newest))
    return Window(newest.from_on, newest.service_on, days, rule.full_from_days)


def month_gaps(found: MonthEvidence, facts: MonthFacts) -> tuple[Gap, ...]:
    """Return what each code of a month lacks, in the order of its lines; claimed ones lack nothing.

    Parameters
    ----------
    found, facts
        Of the same month.

    Raises
    ------
    RehabctlError
        No rule covers the month.
    """
    gaps: list[Gap] = []
    window = month_window(found, facts)
    for one in found.supports:
        if one.status == BLOCKED_DEVICE and one.code is not None:
            words = "a named person's statement on the device: rtm attest"
            gaps.append(Gap(one.code, words, one.service_on, reachable=True))
        elif one.kind is PeriodKind.SUPPLY and one.status in ("open", "not supported"):
            if window is None or one.from_on != window.first:
                continue  # of another month's list
            gaps += _supply_gaps(found, facts, one)
    gaps += _management_gaps(found, facts)
    return tuple(gaps)


def _supply_gaps(found: MonthEvidence, facts: MonthFacts, window: Support) -> Iterator[Gap]:
    rule = load_supply_rule(system_of(facts.attestations), window.from_on)
    setup = load_setup_rule(window.from_on)
    days = _days(found, window)
    last = min(window.service_on, facts.episode_until or window.service_on)
    ahead = max(0, (last - facts.today).days + (facts.today not in days))
    wanted = [(rule.short_code, rule.short_from_days), (rule.full_code, rule.full_from_days)]
    first_window = min(one.from_on for one in found.supports if one.kind is PeriodKind.SUPPLY)
    if window.from_on == first_window and first_window >= facts.episode_from:
        known = {one.kind for one in found.supports} | {one.kind for one in facts.claimed}
        if PeriodKind.SETUP not in known:
            wanted.append((setup.code, setup.from_days))
    for code, from_days in wanted:
        if code is None or from_days is None or len(days) >= from_days:
            continue
        short = from_days - len(days)
        yield Gap(code, f"{counted(short, 'more day')} with data", last, reachable=short <= ahead)


def _management_gaps(found: MonthEvidence, facts: MonthFacts) -> Iterator[Gap]:
    rule = load_management_rule(facts.month)
    month_end = (facts.month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    claimed = (PeriodKind.MANAGEMENT, facts.month.isoformat()[:7])
    if claimed in {(one.kind, one.period) for one in facts.claimed}:
        return
    reachable = facts.today <= month_end
    enough_for = [
        (code, minutes)
        for code, minutes in (
            (rule.short_code, rule.short_min),
            (rule.first_code, rule.first_min),
            (rule.further_code, rule.first_min + rule.further_min),
        )
        if code is not None and minutes is not None
    ]
    reached = [code for code, minutes in enough_for if found.minutes >= minutes]
    if reached and not found.contact:
        yield Gap(reached[-1], "live contact in the month", month_end, reachable)
    for code, minutes in enough_for:
        if found.minutes < minutes:
            contact = "" if found.contact else " and live contact"
            words = f"{counted(minutes - found.minutes, 'more minute')}{contact}"
            yield Gap(code, words, month_end, reachable)
            if code != rule.short_code:
                break


def _days(found: MonthEvidence, window: Support) -> set[date]:
    return {one.day for one in found.days if window.from_on <= one.day <= window.service_on}
