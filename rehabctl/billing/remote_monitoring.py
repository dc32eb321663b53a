"""What recorded days and minutes of remote therapeutic monitoring support, by two clocks.

Device supply is counted in windows of 30 days, management in calendar months. Days are those of the
patient's own time zone; ten records of one day are one day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from rehabctl.domain.errors import UsageError
from rehabctl.reference.payers.remote_monitoring import (
    MonitoredSystem,
    load_management_rule,
    load_setup_rule,
    load_supply_rule,
)


class SupplyStatus(StrEnum):
    """Where a window stands."""

    OPEN = "open"
    """Days to come can still change the code."""
    READY = "ready"
    """The code is settled."""
    CLOSED_BELOW_MINIMUM = "closed_below_minimum"
    """The window is over and holds too few days for any code."""


@dataclass(frozen=True, slots=True)
class SupplyResult:
    """Device supply of one window."""

    window_start: date
    window_end: date
    """Last day, inclusive."""
    days: tuple[date, ...]
    """Distinct days with data inside the window."""
    status: SupplyStatus
    code: str | None
    rule_version: str


@dataclass(frozen=True, slots=True)
class ManagementLine:
    """Units of one management code."""

    code: str
    units: int


@dataclass(frozen=True, slots=True)
class ManagementResult:
    """Management of one calendar month."""

    minutes: int
    live_contact: bool
    lines: tuple[ManagementLine, ...]
    reason: str | None
    """Why no code is supported: `no_live_contact` or `too_few_minutes`."""
    rule_version: str


def supply(
    data_days: Iterable[date],
    *,
    window_start: date,
    last_complete_day: date,
    system: MonitoredSystem = MonitoredSystem.MUSCULOSKELETAL,
) -> SupplyResult:
    """Tell which device supply code a window supports.

    The code for few days is released only when the one for many days is out of reach, because the
    two exclude each other in a window.

    Parameters
    ----------
    data_days
        Local days with at least one qualifying record; repeats and days outside are ignored.
    window_start
        First day of the window; it also chooses the rule.
    last_complete_day
        Local day that is over: later days may still bring data.
    system
        What the device follows.

    Raises
    ------
    RehabctlError
        No rule covers the window's first day.
    """
    rule = load_supply_rule(system, window_start)
    window_end = window_start + timedelta(days=rule.window_days - 1)
    days = tuple(sorted({day for day in data_days if window_start <= day <= window_end}))
    days_to_come = min(rule.window_days, max(0, (window_end - last_complete_day).days))
    code, status = None, SupplyStatus.OPEN
    if len(days) >= rule.full_from_days:
        code, status = rule.full_code, SupplyStatus.READY
    elif len(days) + days_to_come < rule.full_from_days:
        if rule.short_code and rule.short_from_days and len(days) >= rule.short_from_days:
            code, status = rule.short_code, SupplyStatus.READY
        elif last_complete_day >= window_end:
            status = SupplyStatus.CLOSED_BELOW_MINIMUM
    return SupplyResult(window_start, window_end, days, status, code, rule.version)


def management(minutes: int, *, live_contact: bool, month: date) -> ManagementResult:
    """Tell which management codes a calendar month supports.

    Parameters
    ----------
    minutes
        Minutes of the month, all providers of the clinic together.
    live_contact
        Whether at least one real-time conversation took place in the month.
    month
        Any day of it; it chooses the rule.

    Raises
    ------
    UsageError
        The minutes are negative.
    RehabctlError
        No rule covers the month.
    """
    if minutes < 0:
        raise UsageError(f"{minutes} minutes cannot be", "Give the minutes of the month")
    rule = load_management_rule(month)
    lines: tuple[ManagementLine, ...] = ()
    if minutes >= rule.first_min:
        further = (minutes - rule.first_min) // rule.further_min
        lines = (ManagementLine(rule.first_code, 1),)
        lines += (ManagementLine(rule.further_code, further),) if further else ()
    elif rule.short_code and rule.short_min and minutes >= rule.short_min:
        lines = (ManagementLine(rule.short_code, 1),)
    reason = None if lines else "too_few_minutes"
    if lines and not live_contact:
        lines, reason = (), "no_live_contact"
    return ManagementResult(minutes, live_contact, lines, reason, rule.version)


def setup_code(first_window: SupplyResult) -> str | None:
    """Return the set-up code that an episode's first window supports, once an episode.

    Parameters
    ----------
    first_window
        What `supply` said of it.

    Raises
    ------
    RehabctlError
        No rule covers the window's first day.
    """
    rule = load_setup_rule(first_window.window_start)
    return rule.code if len(first_window.days) >= rule.from_days else None


def window_starts(first_day: date, until: date, *, window_days: int) -> tuple[date, ...]:
    """Return the first days of an episode's windows, end to end and never overlapping.

    Parameters
    ----------
    first_day
        First day with data.
    until
        Last day of interest, inclusive.
    window_days
        Length of a window.
    """
    count = max(0, (until - first_day).days) // window_days + 1 if until >= first_day else 0
    return tuple(first_day + timedelta(days=window_days * index) for index in range(count))
