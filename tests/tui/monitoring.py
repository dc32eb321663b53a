"""Remote monitoring in memory; what is supported and lacking is computed by the real rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.billing.monitoring_evidence import MonthFacts, month_evidence, record_sha256
from rehabctl.billing.monitoring_gaps import month_gaps, month_window
from rehabctl.domain.monitoring import (
    DeviceAttestation,
    MonitoringMinutes,
    MonitoringRecord,
    RecordKind,
)
from rehabctl.domain.patient import PatientRef
from rehabctl.services.monitoring_desk import MonitoredMonth, MonitoredPatient
from tui.times import NOW

if TYPE_CHECKING:
    from tui.clinic import ClinicData

_REF = PatientRef(UUID(int=1), UUID(int=2), UUID(int=3))
_ATTESTED = DeviceAttestation(
    UUID(int=4), "Knee app", "3", "musculoskeletal", "Class II", "J. Lee, PT", date(2026, 1, 1),
    UUID(int=3),
)  # fmt: skip


class ClinicMonitoring:
    """The port of remote monitoring; faults come from the clinic."""

    def __init__(self, clinic: ClinicData) -> None:
        self._clinic = clinic
        self.patients = (("1001", "Okafor, Amara", 14, 12), ("1002", "Raman, Priya", 1, 0),
                         ("1003", "Silva, João", 16, 45))  # fmt: skip

    def month(self, month: str | None) -> MonitoredMonth:
        with self._clinic._called(f"monitoring {month}"):
            name = month or NOW.date().isoformat()[:7]
            found = [one for one in self.patients if name == NOW.date().isoformat()[:7]]
            return MonitoredMonth(name, tuple(_patient(name, *one) for one in found), 0)


def facts_of(month: str, days: int, minutes: int, **changes: object) -> MonthFacts:
    """Data on so many days before today, and time logged today with live contact."""
    today = NOW.date()
    first = datetime.combine(today, datetime.min.time(), NOW.tzinfo) + timedelta(hours=18)
    records = tuple(
        MonitoringRecord(
            UUID(int=100 + number), RecordKind.EXERCISE_SESSION, "patient_device", at, at,
            record_sha256({"number": number}),
        )
        for number in range(days)
        for at in (first - timedelta(days=days - number),)
    )  # fmt: skip
    logged = (MonitoringMinutes(UUID(int=9), _REF, UUID(int=3), NOW - timedelta(hours=2), minutes,
                                live_contact=minutes > 20),) if minutes else ()  # fmt: skip
    values: dict[str, object] = {
        "month": date.fromisoformat(f"{month}-01"), "time_zone": "America/Denver", "today": today,
        "episode": "1", "episode_from": date(2026, 1, 1), "episode_until": None,
        "records": records, "minutes": logged, "attestations": (_ATTESTED,), **changes,
    }  # fmt: skip
    return MonthFacts(**values)  # type: ignore[arg-type]


def _patient(month: str, mrn: str, name: str, days: int, minutes: int) -> MonitoredPatient:
    facts = facts_of(month, days, minutes)
    found = month_evidence(facts)
    return MonitoredPatient(
        mrn, name, found, month_window(found, facts), month_gaps(found, facts), facts.today
    )
