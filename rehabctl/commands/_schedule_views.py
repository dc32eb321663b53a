"""Rows of schedules as commands print them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from rehabctl.domain.schedule import Span
    from rehabctl.domain.visit import Visit
    from rehabctl.services.schedule_views import ScheduleLine

BOOKED_COLUMNS = ("id", "start_local", "end_local", "type", "status", "expected_state")
DAY_COLUMNS = (
    "id", "start_local", "end_local", "provider", "mrn", "type", "status", "group_size",
    "group_short",
)  # fmt: skip


def span_object(span: Span, zone: str) -> dict[str, Any]:
    """Return a free time."""
    return {
        "start_local": _local(span.from_at, zone),
        "end_local": _local(span.until_at, zone),
        "start_at": span.from_at,
        "end_at": span.until_at,
        "time_zone": zone,
    }


def booked_object(visit: Visit) -> dict[str, Any]:
    """Return a booked visit."""
    zone = visit.time_zone or "UTC"
    return {
        "id": visit.id,
        "appointment_id": visit.appointment_id,
        "series_id": visit.series_id,
        "type": visit.appointment_type or visit.kind.value,
        "status": visit.status,
        "start_local": _local(visit.planned_start_at, zone),
        "end_local": _local(visit.planned_end_at, zone),
        "start_at": visit.planned_start_at,
        "end_at": visit.planned_end_at,
        "time_zone": zone,
        "provider_id": visit.provider_id,
        "supervisor_id": visit.supervisor_id,
        "expected_state": visit.expected_state,
        "licence_checks": visit.licence_checks,
        "revision": visit.revision,
    }


def day_object(line: ScheduleLine, zone: str) -> dict[str, Any]:
    """Return a line of a day, in the clinic's local time."""
    visit = line.visit
    return booked_object(visit) | {
        "mrn": line.mrn,
        "provider": line.provider,
        "start_local": _local(visit.planned_start_at, zone),
        "end_local": _local(visit.planned_end_at, zone),
        "group_size": line.group_size,
        "group_short": line.is_short,
    }


def _local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
