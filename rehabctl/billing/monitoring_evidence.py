"""From stored records and logged minutes to the monitoring codes of a month, each with its proof.

Two clocks: device supply counts days in windows of 30 days that lie end to end, management counts
minutes of the calendar month. Both are those of the patient's own time zone. A claimed window fixes
the grid: records that arrive later are named and never move or change it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rehabctl.billing.remote_monitoring import (
    ManagementResult,
    SupplyResult,
    SupplyStatus,
    management,
    setup_code,
    supply,
    window_starts,
)
from rehabctl.domain.counting import counted
from rehabctl.domain.monitoring import (
    DeviceAttestation,
    MonitoringClaim,
    MonitoringMinutes,
    MonitoringRecord,
    PeriodKind,
)
from rehabctl.reference.payers.remote_monitoring import (
    MonitoredSystem,
    load_evidence_rule,
    load_supply_rule,
)

BLOCKED_DEVICE = "blocked: device attestation"


@dataclass(frozen=True, slots=True)
class DataDay:
    """One local day with its records."""

    day: date
    records: tuple[MonitoringRecord, ...]


@dataclass(frozen=True, slots=True)
class Support:
    """One code that the month supports, or why not."""

    kind: PeriodKind
    period: str
    code: str | None
    units: int
    status: str
    """`supported`, `claimed`, `open`, `not supported` or `blocked: device attestation`."""
    why: str
    from_on: date
    """First day of the window or month; a set-up has the first window."""
    service_on: date
    """Last day of the same."""
    rule_version: str


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """What is stored about one patient, as the month is judged."""

    month: date
    """Its first day."""
    time_zone: str
    """IANA name of the patient's zone."""
    today: date
    """Local day of the patient."""
    episode: str
    """Identifier of the course of care: a set-up is claimed once in it."""
    episode_from: date
    episode_until: date | None
    """Last day of the course of care, when it has ended."""
    records: tuple[MonitoringRecord, ...]
    minutes: tuple[MonitoringMinutes, ...]
    attestations: tuple[DeviceAttestation, ...] = ()
    claimed: tuple[MonitoringClaim, ...] = ()


@dataclass(frozen=True, slots=True)
class MonthEvidence:
    """The evidence of one month."""

    month: str
    time_zone: str
    days: tuple[DataDay, ...]
    """Days with data of the month and of the windows that meet it."""
    minutes: int
    contact: bool
    supports: tuple[Support, ...]
    notices: tuple[str, ...]
    """What changed after a claim: nothing was changed by it."""


def record_sha256(content: Mapping[str, Any]) -> str:
    """Return the hash of a stored record's content, the same on every engine.

    Parameters
    ----------
    content
        Plain JSON values by column.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def data_days(
    records: Iterable[MonitoringRecord], time_zone: str, first: date, last: date
) -> tuple[DataDay, ...]:
    """Return the local days between two days, both included, that hold qualifying records.

    Parameters
    ----------
    records
        Of one patient, in any order.
    time_zone
        IANA name of the patient's zone.
    first, last
        Both inclusive.

    Raises
    ------
    RehabctlError
        No rule covers a day.
    """
    zone = ZoneInfo(time_zone)
    found: dict[date, list[MonitoringRecord]] = {}
    for record in records:
        day = record.recorded_at.astimezone(zone).date()
        if not first <= day <= last:
            continue
        if record.source in load_evidence_rule(day).sources.get(record.kind.value, ()):
            found.setdefault(day, []).append(record)
    return tuple(
        DataDay(day, tuple(sorted(found[day], key=lambda r: (r.recorded_at, str(r.event_id)))))
        for day in sorted(found)
    )


def minutes_of_month(
    entries: Iterable[MonitoringMinutes], time_zone: str, month: date
) -> tuple[int, bool]:
    """Return the distinct minutes of a local calendar month, and whether there was live contact.

    A minute that two entries name counts once; an entry across midnight is shared between months.

    Parameters
    ----------
    entries
        Of one patient.
    time_zone
        IANA name of the patient's zone.
    month
        Its first day.
    """
    zone = ZoneInfo(time_zone)
    counted: set[datetime] = set()
    contact = False
    for entry in entries:
        inside = [
            minute
            for minute in entry.each_minute()
            if minute.astimezone(zone).date().replace(day=1) == month
        ]
        counted.update(inside)
        contact = contact or (entry.live_contact and bool(inside))
    return len(counted), contact


def month_evidence(facts: MonthFacts) -> MonthEvidence:
    """Judge one month: every code that its days and minutes support, with the reason.

    Parameters
    ----------
    facts
        What is stored.

    Raises
    ------
    RehabctlError
        No rule covers the month.
    """
    month_end = (facts.month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    last = month_end if facts.episode_until is None else min(month_end, facts.episode_until)
    system = system_of(facts.attestations)
    window_days = load_supply_rule(system, facts.month).window_days
    until = min(month_end + timedelta(days=window_days), _last_counted_day(facts))
    all_days = data_days(facts.records, facts.time_zone, facts.episode_from, until)
    claimed = {(claim.kind, claim.period): claim for claim in facts.claimed}
    windows = _windows(facts, [day.day for day in all_days], last, window_days)
    supports: list[Support] = []
    for number, start in enumerate(windows):
        end = start + timedelta(days=window_days - 1)
        if end < facts.month:
            continue
        result = supply(
            [day.day for day in all_days],
            window_start=start,
            last_complete_day=_last_day(facts, end),
            system=system,
        )
        blocked = not any(
            one.valid_from <= start and one.system == system for one in facts.attestations
        )
        supports.append(_supply_support(result, claimed, blocked))
        if number == 0:
            setup = setup_code(result)
            if setup is not None:
                why = f"{counted(len(result.days), 'day')} with data in the first window"
                supports.append(_setup_support(setup, facts, result, why, claimed, blocked))
    minutes, contact = minutes_of_month(facts.minutes, facts.time_zone, facts.month)
    managed = management(minutes, live_contact=contact, month=facts.month)
    supports += _management_supports(managed, facts, month_end, claimed)
    meeting = [w for w in windows if w + timedelta(days=window_days) > facts.month]
    shown_from = min([facts.month, *meeting])
    return MonthEvidence(
        month=facts.month.isoformat()[:7],
        time_zone=facts.time_zone,
        days=tuple(day for day in all_days if shown_from <= day.day <= month_end),
        minutes=minutes,
        contact=contact,
        supports=tuple(supports),
        notices=late_notices(facts),
    )


def evidence_of(support: Support, facts: MonthFacts) -> dict[str, Any]:
    """Return the proof of one period as plain JSON: what a claim freezes.

    Parameters
    ----------
    support
        One line of `month_evidence`.
    facts
        The facts from which it was made.
    """
    proof: dict[str, Any] = {
        "kind": support.kind.value,
        "period": support.period,
        "from": support.from_on.isoformat(),
        "time_zone": facts.time_zone,
        "rule_version": support.rule_version,
    }
    if support.kind is PeriodKind.MANAGEMENT:
        proof["minutes"] = [
            {
                "id": str(entry.id),
                "provider_id": str(entry.provider_id),
                "started_at": entry.started_at.isoformat(),
                "minutes": entry.minutes,
                "live_contact": entry.live_contact,
            }
            for entry in sorted(facts.minutes, key=lambda e: (e.started_at, str(e.id)))
            if minutes_of_month([entry], facts.time_zone, facts.month)[0]
        ]
        return proof
    proof["days"] = [
        {
            "day": day.day.isoformat(),
            "records": [
                {
                    "event_id": str(record.event_id),
                    "kind": record.kind.value,
                    "recorded_at": record.recorded_at.isoformat(),
                    "received_at": record.received_at.isoformat(),
                    "sha256": record.sha256,
                }
                for record in day.records
            ],
        }
        for day in data_days(
            facts.records,
            facts.time_zone,
            support.from_on,
            min(support.service_on, _last_counted_day(facts)),
        )
    ]
    proof["attestations"] = [
        str(one.id) for one in facts.attestations if one.valid_from <= support.from_on
    ]
    return proof


def late_notices(facts: MonthFacts) -> tuple[str, ...]:
    """Name what is stored now and does not agree with what was claimed.

    Parameters
    ----------
    facts
        What is stored, with the claimed periods.
    """
    notices: list[str] = []
    for claim in facts.claimed:
        first = date.fromisoformat(claim.evidence["from"])
        now = Support(
            claim.kind, claim.period, None, 0, "", "", first, claim.service_on,
            str(claim.evidence.get("rule_version", "")),
        )  # fmt: skip
        if claim.kind is PeriodKind.MANAGEMENT:
            if claim.period != facts.month.isoformat()[:7]:
                continue
        elif claim.service_on < facts.month or first > facts.month + timedelta(days=31):
            continue
        then, today = _hashes(claim.evidence), _hashes(evidence_of(now, facts))
        added, gone = len(today - then), len(then - today)
        if added or gone:
            notices.append(
                f"{claim.kind.value} {claim.period} was claimed on "
                f"{claim.claimed_at.date().isoformat()}: records added since then: {added}; "
                f"{gone} changed or went; the claim stands, correct it if it must change"
            )
    return tuple(notices)


def _hashes(evidence: Mapping[str, Any]) -> set[tuple[str, str]]:
    days: Sequence[Mapping[str, Any]] = evidence.get("days", ())
    found = {(day["day"], record["sha256"]) for day in days for record in day["records"]}
    minutes: Sequence[Mapping[str, Any]] = evidence.get("minutes", ())
    return found | {(entry["id"], record_sha256(entry)) for entry in minutes}


def _windows(
    facts: MonthFacts, days: Sequence[date], last: date, window_days: int
) -> tuple[date, ...]:
    """Return the starts of the windows up to a day; the first claimed one fixes the grid.

    A window of an earlier course of care is not cut into: the next begins when it is over.
    """
    claimed = sorted(
        date.fromisoformat(claim.period)
        for claim in facts.claimed
        if claim.kind is PeriodKind.SUPPLY
    )
    inside = [day for day in claimed if day >= facts.episode_from]
    if inside:
        return window_starts(inside[0], last, window_days=window_days)
    free_from = max((day + timedelta(days=window_days) for day in claimed), default=date.min)
    anchor = min((day for day in days if day >= free_from), default=None)
    return () if anchor is None else window_starts(anchor, last, window_days=window_days)


def system_of(attestations: Sequence[DeviceAttestation]) -> MonitoredSystem:
    """Return what the newest attested device follows."""
    newest = max(attestations, key=lambda one: one.valid_from, default=None)
    return MonitoredSystem.MUSCULOSKELETAL if newest is None else MonitoredSystem(newest.system)


def _last_counted_day(facts: MonthFacts) -> date:
    """Return today or the day of discharge: a clock that runs ahead makes no day with data."""
    return min(facts.today, facts.episode_until or facts.today)


def _last_day(facts: MonthFacts, window_end: date) -> date:
    """Return the last day that brings no more data: after discharge the window is settled."""
    if facts.episode_until is not None and facts.episode_until < facts.today:
        return max(facts.today - timedelta(days=1), window_end)
    return facts.today - timedelta(days=1)


def _supply_support(
    result: SupplyResult,
    claimed: Mapping[tuple[PeriodKind, str], MonitoringClaim],
    blocked: bool,
) -> Support:
    period = result.window_start.isoformat()
    count = len(result.days)
    why = f"{counted(count, 'day')} with data from {period} to {result.window_end.isoformat()}"
    status = "not supported"
    if result.status is SupplyStatus.OPEN:
        status, why = "open", f"{why}; days to come can change the code"
    elif result.code is not None:
        status = BLOCKED_DEVICE if blocked else "supported"
    code = result.code
    if (claim := claimed.get((PeriodKind.SUPPLY, period))) is not None:
        code, status, why = claim.lines[0][0], "claimed", f"claimed with code {claim.lines[0][0]}"
    return Support(
        PeriodKind.SUPPLY, period, code, 1 if code else 0, status, why, result.window_start,
        result.window_end,
        result.rule_version,
    )  # fmt: skip


def _setup_support(
    code: str,
    facts: MonthFacts,
    first_window: SupplyResult,
    why: str,
    claimed: Mapping[tuple[PeriodKind, str], MonitoringClaim],
    blocked: bool,
) -> Support:
    status = BLOCKED_DEVICE if blocked else "supported"
    if (PeriodKind.SETUP, facts.episode) in claimed:
        status, why = "claimed", "claimed in this course of care"
    return Support(
        PeriodKind.SETUP, facts.episode, code, 1, status, why,
        first_window.window_start, first_window.window_end,
        first_window.rule_version,
    )  # fmt: skip


def _management_supports(
    managed: ManagementResult,
    facts: MonthFacts,
    month_end: date,
    claimed: Mapping[tuple[PeriodKind, str], MonitoringClaim],
) -> list[Support]:
    period = facts.month.isoformat()[:7]
    contact = "with" if managed.live_contact else "without"
    why = f"{counted(managed.minutes, 'minute')} in the month, {contact} live contact"
    if (claim := claimed.get((PeriodKind.MANAGEMENT, period))) is not None:
        return [
            Support(PeriodKind.MANAGEMENT, period, code, units, "claimed", why, facts.month,
                    claim.service_on,
                    managed.rule_version)
            for code, units in claim.lines
        ]  # fmt: skip
    is_over = facts.today > month_end
    lines: Iterable[tuple[str | None, int]] = [(line.code, line.units) for line in managed.lines]
    status = "supported" if is_over else "open"
    if not managed.lines:
        lines, status = [(None, 0)], "not supported" if is_over else "open"
        why = f"{why}: {str(managed.reason).replace('_', ' ')}"
    return [
        Support(PeriodKind.MANAGEMENT, period, code, units, status, why, facts.month, month_end,
                managed.rule_version)
        for code, units in lines
    ]  # fmt: skip
