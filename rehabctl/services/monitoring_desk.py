"""The worklist of remote monitoring: who has data in a month, and what each code still lacks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.billing.monitoring_evidence import MonthEvidence, Support, month_evidence
from rehabctl.billing.monitoring_gaps import Gap, Window, month_gaps, month_window
from rehabctl.domain.errors import NotFoundError
from rehabctl.services.access import Action, require
from rehabctl.services.remote_monitoring import first_of_month, month_facts

if TYPE_CHECKING:
    from rehabctl.store.store import Store

_BEFORE = timedelta(days=31)
"""A window that reaches into the month began at most so long before it."""
MOST = 200
"""Patients of one reading: each one's records are read and hashed."""


@dataclass(frozen=True, slots=True)
class MonitoredPatient:
    """One patient's month."""

    mrn: str
    name: str
    evidence: MonthEvidence
    window: Window | None
    gaps: tuple[Gap, ...]
    today: date
    """Local day of the patient."""

    @property
    def supported(self) -> tuple[str, ...]:
        """Codes that the month supports and that nobody claimed yet."""
        return tuple(str(one.code) for one in self._supports())

    @property
    def claimable(self) -> tuple[str, ...]:
        """Those of them whose window or month is over: `rtm claim` freezes them."""
        return tuple(str(one.code) for one in self._supports() if one.service_on < self.today)

    @property
    def waits(self) -> bool:
        """Whether something can be done: claim what is over, or bring what is missing."""
        return bool(self.claimable) or any(gap.reachable for gap in self.gaps)

    def _supports(self) -> tuple[Support, ...]:
        return tuple(one for one in self.evidence.supports if one.status == "supported")


@dataclass(frozen=True, slots=True)
class MonitoredMonth:
    """Those who are monitored in a month."""

    month: str
    patients: tuple[MonitoredPatient, ...]
    more: int
    """How many were not read."""


def monitored(store: Store, month: str | None = None) -> MonitoredMonth:
    """Return who has data or logged time for a month, of one's own caseload, by record number.

    Parameters
    ----------
    store
        The open store.
    month
        Like `2026-03`; without one the clinic's current month.

    Raises
    ------
    UsageError
        It is not a month.
    RehabctlError
        No rule covers it.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        zone = ZoneInfo(uow.clinic.time_zone)
        name = month or uow.now.astimezone(zone).isoformat()[:7]
        first = first_of_month(name)
        start = datetime(first.year, first.month, 1, tzinfo=UTC)
        ids = uow.monitoring.active_between(start - _BEFORE, start + 2 * _BEFORE)
        patients = sorted(
            (
                one
                for one in (uow.patients.by_id(patient_id) for patient_id in ids)
                if uow.caseload_of in (None, one.ref.therapist_id)
            ),
            key=lambda one: one.mrn,
        )
        found: list[MonitoredPatient] = []
        for patient in patients[:MOST]:
            try:
                facts = month_facts(uow, patient, name)
            except NotFoundError:  # no course of care meets the month
                continue
            evidence = month_evidence(facts)
            if evidence.days or evidence.minutes:
                gaps = month_gaps(evidence, facts)
                window = month_window(evidence, facts)
                name_of = patient.demographics.display_name
                one = MonitoredPatient(patient.mrn, name_of, evidence, window, gaps, facts.today)
                found.append(one)
        uow.audit.read("rtm.list", "patient", [one.id for one in patients[:MOST]])
        return MonitoredMonth(name, tuple(found), max(0, len(patients) - MOST))


@dataclass(frozen=True)
class MonitoringDesk:
    """Remote monitoring's part of the panel's port."""

    store: Store

    def month(self, month: str | None) -> MonitoredMonth:
        """Return who is monitored in a month."""
        return monitored(self.store, month)
