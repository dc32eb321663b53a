"""Remote therapeutic monitoring: time, attestations, a month's evidence, and claiming it once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.billing.monitoring_evidence import (
    MonthEvidence,
    MonthFacts,
    Support,
    evidence_of,
    month_evidence,
    record_sha256,
)
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError
from rehabctl.domain.monitoring import (
    DeviceAttestation,
    MonitoringClaim,
    MonitoringMinutes,
    PeriodKind,
)
from rehabctl.domain.visit import Visit, VisitKind, VisitStatus
from rehabctl.reference.payers.remote_monitoring import MonitoredSystem, load_supply_rule
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.domain.patient import Patient
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

MAX_MINUTES = 240


def log(
    store: Store, mrn: str, *, minutes: int, live_contact: bool, at: datetime
) -> MonitoringMinutes:
    """Log time of the acting clinician with a patient's monitoring data.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    minutes
        Whole minutes, 1 to 240.
    live_contact
        Whether patient or caregiver and clinician spoke live.
    at
        When it began.

    Raises
    ------
    UsageError
        The time cannot be, lies in the future, or was logged already.
    """
    if not 1 <= minutes <= MAX_MINUTES:
        raise UsageError(f"{minutes} minutes cannot be", f"Give 1 to {MAX_MINUTES}")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        entry = MonitoringMinutes(uow.new_id(), patient.ref, uow.user.id, at, minutes, live_contact)
        if at + timedelta(minutes=minutes) > uow.now:
            raise UsageError("the time is not over yet", "Log it when it has ended")
        known = {m for one in _minutes(uow, patient) for m in one.each_minute()}
        if known.intersection(entry.each_minute()) or not uow.monitoring.add_minutes(entry):
            raise UsageError("a minute of it is logged already", "Look at: rehabctl rtm evidence")
        uow.audit.record("rtm.log", "patient", patient.id, {"minutes": minutes})
        return entry


def attest(
    store: Store,
    *,
    device: str,
    device_version: str,
    system: str,
    basis: str,
    attested_by: str,
    valid_from: date,
) -> DeviceAttestation:
    """Record a named person's statement on the regulatory basis of a monitoring device.

    Parameters
    ----------
    store
        The open store.
    device, device_version
        As the maker names them.
    system
        What it follows, a word of `MonitoredSystem`.
    basis
        The regulatory basis, in that person's words.
    attested_by
        Her name.
    valid_from
        First day on which it holds.

    Raises
    ------
    UsageError
        Something is blank or unknown, or this device has an attestation of this day.
    """
    for name, text in (("device", device), ("basis", basis), ("by", attested_by)):
        if not text.strip():
            raise UsageError(f"--{name} is blank", "An attestation names device, basis and person")
    if system not in set(MonitoredSystem):
        raise UsageError(f"unknown system {system!r}", f"Use one of {', '.join(MonitoredSystem)}")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        made = DeviceAttestation(
            uow.new_id(), device.strip(), device_version.strip(), system, basis.strip(),
            attested_by.strip(), valid_from, uow.user.id,
        )  # fmt: skip
        if not uow.monitoring.attest(made):
            raise UsageError("this device has an attestation of this day", "Give another day")
        uow.audit.record("rtm.attest", "device_attestation", made.id)
        return made


def evidence(store: Store, mrn: str, month: str) -> MonthEvidence:
    """Return what a month supports, with the records behind each day.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    month
        Like `2026-03`.

    Raises
    ------
    UsageError
        It is not a month.
    NotFoundError
        There is no such patient, or no course of care to which the month belongs.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = month_evidence(month_facts(uow, patient, month))
        uow.audit.record("rtm.evidence", "patient", patient.id, {"days": len(found.days)})
        return found


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was frozen, and what the month does not support yet."""

    frozen: tuple[MonitoringClaim, ...]
    left: tuple[Support, ...]


def claim(store: Store, mrn: str, month: str) -> Claimed:
    """Freeze the evidence of everything that a month supports; each period is claimed once.

    A window or month is claimed when it is over, so that nothing is left to come.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    month
        Like `2026-03`.

    Raises
    ------
    FindingsError
        Nothing is supported that is not claimed already.
    ConflictError
        A day or minute of it is billed already.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        facts = month_facts(uow, patient, month)
        supports = month_evidence(facts).supports
        ready: dict[tuple[PeriodKind, str], list[Support]] = {}
        for one in supports:
            if one.status == "supported" and one.service_on < facts.today:
                ready.setdefault((one.kind, one.period), []).append(one)
        if not ready:
            raise FindingsError(
                "the month supports nothing that is not claimed already",
                "Look at: rehabctl rtm evidence",
            )
        frozen: list[MonitoringClaim] = []
        for (kind, period), lines in ready.items():
            proof = evidence_of(lines[0], facts)
            made = MonitoringClaim(
                id=uow.new_id(),
                patient=patient.ref,
                kind=kind,
                period=period,
                service_on=lines[0].service_on,
                lines=tuple((str(line.code), line.units) for line in lines),
                evidence=proof,
                evidence_sha256=record_sha256(proof),
                claimed_at=uow.now,
                claimed_by=uow.user.id,
            )
            uow.monitoring.freeze(made, _slots(made, facts))
            frozen.append(made)
        uow.audit.record("rtm.claim", "patient", patient.id, {"periods": len(frozen)})
        left = tuple(
            one
            for one in supports
            if one.status != "claimed" and (one.kind, one.period) not in ready
        )
        return Claimed(tuple(frozen), left)


def _slots(made: MonitoringClaim, facts: MonthFacts) -> Iterator[str]:
    """Yield what the claim holds: each day of its window, each minute, or the set-up."""
    patient = made.patient.id
    if made.kind is PeriodKind.SETUP:
        yield f"rtm-setup:{made.period}"
    elif made.kind is PeriodKind.SUPPLY:
        first = date.fromisoformat(made.period)
        for number in range((made.service_on - first).days + 1):
            yield f"rtm-day:{patient}:{(first + timedelta(days=number)).isoformat()}"
    else:
        zone = ZoneInfo(facts.time_zone)
        yield f"rtm-month:{patient}:{made.period}"
        minutes = {
            (entry.provider_id, minute)
            for entry in facts.minutes
            for minute in entry.each_minute()
            if minute.astimezone(zone).isoformat()[:7] == made.period
        }
        for provider, minute in sorted(minutes):
            yield minute_slot(str(provider), minute)


def minute_slot(provider: str, minute: datetime) -> str:
    """Return the name of one minute of one provider, which is billed once.

    Parameters
    ----------
    provider
        Identifier of the user.
    minute
        Its start, in UTC.
    """
    return f"minute:{provider}:{minute:%Y-%m-%dT%H:%M}Z"


def month_facts(uow: UnitOfWork, patient: Patient, month: str) -> MonthFacts:
    """Return what is stored about a patient, as a month is judged."""
    first = first_of_month(month)
    zone_name = patient.demographics.time_zone or uow.clinic.time_zone
    try:
        zone = ZoneInfo(zone_name)
    except (ValueError, KeyError, OSError):
        raise RehabctlError("the patient's time zone is not known here", "Correct it") from None
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    episodes = [
        one
        for one in uow.episodes.of_patient(patient.id)
        if one.started_on <= last and (one.ended_on is None or one.ended_on >= first)
    ]
    if not episodes:
        raise NotFoundError("no course of care meets that month", "Look at: rehabctl patient show")
    episode = max(episodes, key=lambda one: one.started_on)
    window_days = load_supply_rule(MonitoredSystem.MUSCULOSKELETAL, first).window_days
    return MonthFacts(
        month=first,
        time_zone=zone_name,
        today=uow.now.astimezone(zone).date(),
        episode=str(episode.id),
        episode_from=episode.started_on,
        episode_until=episode.ended_on,
        records=uow.monitoring.records(patient.id),
        minutes=_minutes(uow, patient),
        attestations=tuple(
            one
            for one in uow.monitoring.attestations()
            if one.valid_from <= last + timedelta(days=window_days)
        ),
        claimed=uow.monitoring.frozen(patient.id),
    )


def _minutes(uow: UnitOfWork, patient: Patient) -> tuple[MonitoringMinutes, ...]:
    """Return logged time and that of the visits in which monitoring data were looked at."""
    visits = [
        _visit_minutes(visit)
        for visit in uow.visits.of_patient(patient.id)
        if visit.kind is VisitKind.RTM_REVIEW and visit.status is VisitStatus.COMPLETED
    ]
    return (*uow.monitoring.minutes(patient.id), *(one for one in visits if one is not None))


def _visit_minutes(visit: Visit) -> MonitoringMinutes | None:
    if visit.started_at is None or visit.ended_at is None:
        return None
    minutes = int((visit.ended_at - visit.started_at).total_seconds() // 60)
    return MonitoringMinutes(
        visit.id, visit.patient, visit.provider_id, visit.started_at, minutes, visit.live_contact
    )


def first_of_month(text: str) -> date:
    """Return the first day of a month like `2026-03`."""
    try:
        if len(text) == len("2026-03"):
            return date.fromisoformat(f"{text}-01")
    except ValueError:
        pass
    raise UsageError(f"{text!r} is not a month", "Write it like 2026-03")
