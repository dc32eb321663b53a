"""The intake that says which visits of a patient can be held at a distance, and what follows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rehabctl.clinic import plan_of_care
from rehabctl.clinic.suitability import Intake, appointment_type, compare, in_room
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError
from rehabctl.domain.suitability import Suitability, SuitabilityIntake
from rehabctl.domain.visit import Channel, Visit, VisitStatus
from rehabctl.reference.suitability import load_suitability, rules_version
from rehabctl.services.access import Action, require
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehabctl.domain.episode import Episode
    from rehabctl.domain.patient import Patient
    from rehabctl.reference.suitability import SuitabilityRule
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

SUITABILITY_FILE = "suitability.toml"
WITHOUT_INTAKE = "treatment"
"""What is booked when neither an appointment type is named nor an intake is on file."""
_DEVICES = ("video", "phone", "none")
_COMES = (VisitStatus.PLANNED, VisitStatus.IN_PROGRESS, VisitStatus.COMPLETED)


def clinic_suitability(settings: Settings) -> tuple[SuitabilityRule, ...]:
    """Return the clinic's own rules, if it has a file, else the packaged ones.

    Parameters
    ----------
    settings
        `suitability.toml` in the home folder is the clinic's file.
    """
    path = settings.paths.home / SUITABILITY_FILE
    try:
        return load_suitability(path.read_text("utf-8"), SUITABILITY_FILE)
    except FileNotFoundError:
        return load_suitability()
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(
            f"cannot read {SUITABILITY_FILE}", "Correct or remove the file"
        ) from None


def assess(
    store: Store,
    rules: tuple[SuitabilityRule, ...],
    mrn: str,
    *,
    falls_12_months: int,
    device: str,
    has_caregiver: bool,
    dry_run: bool = False,
) -> SuitabilityIntake:
    """Compare an intake with the clinic's rules and keep it with the course of care.

    Condition, weeks after surgery and payer come from the record. From now on bookings follow it;
    earlier intakes are kept.

    Parameters
    ----------
    store
        The open store.
    rules
        The clinic's.
    mrn
        Record number.
    falls_12_months, device, has_caregiver
        As asked.
    dry_run
        Compare, and keep nothing.

    Raises
    ------
    UsageError
        The device is none of those the rules know.
    NotFoundError
        The patient has no active course of care.
    """
    if device not in _DEVICES:
        raise UsageError("unknown word for --device", f"Use one of: {', '.join(_DEVICES)}")
    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient, episode = _course(uow, mrn)
        today = clinic_today(uow.clinic, uow.now)
        known = Intake(
            condition=episode.condition,
            weeks_post_op=episode.weeks_post_op(today),
            payer=patient.demographics.payer,
            falls_12_months=falls_12_months,
            device=device,
            has_caregiver=has_caregiver,
        )
        first, at_first = compare(known, rules, today, is_first_visit=True)
        later, afterwards = compare(known, rules, today, is_first_visit=False)
        reasons: dict[str, dict[str, Any]] = {}
        for visits, found in (("first", at_first), ("later", afterwards)):
            for reason in found:
                line = reasons.setdefault(reason.code, asdict(reason) | {"visits": visits})
                line["visits"] = visits if line["visits"] == visits else "all"
        intake = SuitabilityIntake(
            id=uow.new_id(),
            patient=patient.ref,
            episode_id=episode.id,
            assessed_at=uow.now,
            assessed_by=uow.user.id,
            first_visit=first,
            later_visits=later,
            reasons=tuple(reasons.values()),
            rules_version=rules_version(rules),
            **asdict(known),
        )
        uow.suitability.add(intake)
        uow.audit.record("suitability.assess", "suitability_intake", intake.id)
        return intake


def stored(store: Store, mrn: str) -> SuitabilityIntake:
    """Return the newest intake of the active course of care.

    Raises
    ------
    NotFoundError
        There is no active course of care, or no intake of it.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        _, episode = _course(uow, mrn)
        intake = uow.suitability.newest(episode.id)
        if intake is None:
            raise NotFoundError(
                "no intake is on file", f"Ask: rehabctl schedule suitability {mrn} --falls N"
            )
        uow.audit.record("suitability.read", "suitability_intake", intake.id)
        return intake


def _course(uow: UnitOfWork, mrn: str) -> tuple[Patient, Episode]:
    patient = uow.patients.get(mrn)
    episode = uow.episodes.active(patient.id)
    if episode is None:
        raise NotFoundError(
            "the patient has no active course of care", f"Open one: rehabctl episode open {mrn}"
        )
    return patient, episode


def proposed_type(uow: UnitOfWork, patients: Sequence[Patient]) -> str:
    """Return the appointment type that follows from what is on file.

    Parameters
    ----------
    uow
        The transaction.
    patients
        Who is to come.

    Raises
    ------
    UsageError
        The patients need different types.
    """
    found: set[str] = set()
    for patient in patients:
        episode = uow.episodes.active(patient.id)
        outcome = None if episode is None else uow.suitability.outcome(episode.id)
        if episode is None or outcome is None:
            found.add(WITHOUT_INTAKE)
            continue
        is_first = not any(
            visit.episode_id == episode.id and _is_treatment(visit)
            for visit in uow.visits.of_patient(patient.id)
        )
        holds = outcome.first_visit if is_first else outcome.later_visits
        found.add(appointment_type(holds, is_first_visit=is_first))
    if len(found) != 1:
        raise UsageError("the patients need different appointment types", "Give --type")
    return found.pop()


def _is_treatment(visit: Visit) -> bool:
    return visit.status in _COMES and plan_of_care.counts(visit)


def require_suitable(
    uow: UnitOfWork, visit: Visit, channel: Channel, *, override: str | None
) -> None:
    """Refuse a visit at a distance which the intake of its course of care wants in one room.

    Without an intake on file, and for check-in calls and reviews, nothing is refused.

    Parameters
    ----------
    uow
        The transaction.
    visit
        Planned.
    channel
        By which it is held.
    override
        Why the acting user holds it at a distance all the same.

    Raises
    ------
    FindingsError
        `NOT_SUITABLE`.
    """
    if channel is Channel.IN_PERSON or visit.episode_id is None or not plan_of_care.counts(visit):
        return
    outcome = uow.suitability.outcome(visit.episode_id)
    if outcome is None or Suitability.TELE is outcome.first_visit is outcome.later_visits:
        return
    is_first = not any(
        other.id != visit.id
        and other.episode_id == visit.episode_id
        and _is_treatment(other)
        and other.planned_start_at < visit.planned_start_at
        for other in uow.visits.of_patient(visit.patient.id)
    )
    holds = outcome.first_visit if is_first else outcome.later_visits
    if not in_room(holds, is_first_visit=is_first):
        return
    if not override:
        raise FindingsError(
            "NOT_SUITABLE: the intake on file wants this visit in person",
            "Book it in person, ask again: rehabctl schedule suitability, or decide it under "
            "your name: --override REASON",
        )
    uow.audit.record("suitability.override", "visit", visit.id, {"reason_given": True})
