"""Writing lines of a roster: what is new, what has changed, and what is as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.domain.clinic import Clinic, Role, User
from rehabctl.domain.episode import Episode
from rehabctl.domain.patient import (
    CareLine,
    Demographics,
    Patient,
    PatientRef,
    PatientStatus,
    PatientSummary,
)
from rehabctl.domain.roster import FieldProblem, RosterLine

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork


T = TypeVar("T", Demographics, CareLine)


class Change(StrEnum):
    """What a line did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one line."""

    change: Change | None
    """None: the line was refused."""
    patient: PatientRef | None
    problem: FieldProblem | None = None


def clinic_today(clinic: Clinic, now: datetime) -> date:
    """Return the clinic's local date.

    Parameters
    ----------
    clinic
        Whose clock counts.
    now
        Aware time.
    """
    return now.astimezone(ZoneInfo(clinic.time_zone)).date()


def write_lines(
    uow: UnitOfWork, lines: Sequence[RosterLine], *, blanks_clear: bool = False
) -> list[Outcome]:
    """Write lines, each about another patient.

    Parameters
    ----------
    uow
        The transaction.
    lines
        Valid lines.
    blanks_clear
        Whether a value that is not said removes the present one; else it is kept.

    Returns
    -------
    list
        One outcome a line, in their order.
    """
    known = uow.patients.summaries([line.demographics.mrn for line in lines])
    therapists = _therapists(uow, {line.therapist for line in lines if line.therapist})
    new_patients: list[Patient] = []
    new_episodes: list[Episode] = []
    outcomes: list[Outcome] = []
    for line in lines:
        if line.therapist is not None and line.therapist not in therapists:
            problem = FieldProblem("therapist", "is no user of this clinic")
            outcomes.append(Outcome(None, None, problem))
            continue
        therapist = therapists.get(line.therapist or "")
        present = known.get(line.demographics.mrn)
        if present is None:
            patient = _new_patient(uow, line, therapist)
            new_patients.append(patient)
            if not line.care.is_empty:
                new_episodes.append(_new_episode(uow, patient.ref, line.care))
            outcomes.append(Outcome(Change.CREATED, patient.ref))
        else:
            outcomes.append(_update(uow, present, line, therapist, blanks_clear=blanks_clear))
    uow.patients.add(new_patients)
    uow.episodes.add(new_episodes)
    return outcomes


def _therapists(uow: UnitOfWork, logins: set[str]) -> Mapping[str, UUID]:
    """Return users by login. On a local file unknown ones are added: nobody logs in there."""
    found = {user.login: user.id for user in uow.clinics.users(uow.clinic.id)} if logins else {}
    if uow.is_local:
        for login in sorted(logins - found.keys()):
            user = User(uow.new_id(), uow.clinic.id, login, login, Role.THERAPIST)
            uow.clinics.add_user(user)
            uow.audit.record("user.create", "user_account", user.id)
            found[login] = user.id
    return found


def _new_patient(uow: UnitOfWork, line: RosterLine, therapist: UUID | None) -> Patient:
    ref = PatientRef(uow.new_id(), uow.clinic.id, therapist or uow.user.id)
    return Patient(ref, line.demographics, PatientStatus.ACTIVE, uow.now, uow.now)


def _new_episode(uow: UnitOfWork, patient: PatientRef, care: CareLine) -> Episode:
    today = clinic_today(uow.clinic, uow.now)
    started_on = today if care.surgery_date is None else min(today, care.surgery_date)
    return Episode(
        id=uow.new_id(),
        patient=patient,
        started_on=started_on,
        diagnosis=care.diagnosis,
        surgery_date=care.surgery_date,
        side=care.side,
        precautions=care.precautions,
    )


def _update(
    uow: UnitOfWork,
    present: PatientSummary,
    line: RosterLine,
    therapist: UUID | None,
    *,
    blanks_clear: bool,
) -> Outcome:
    who, care = line.demographics, line.care
    if not blanks_clear:
        who, care = _kept(present.demographics, who), _kept(present.care, care)
    ref = present.ref
    changed = False
    if therapist is not None and therapist != ref.therapist_id:
        ref = uow.patients.transfer(ref, therapist)
        changed = True
    if who != present.demographics:
        patient = uow.patients.by_id(ref.id)
        uow.patients.update(replace(patient, demographics=who))
        changed = True
    if care != present.care:
        _write_care(uow, ref, present.active_episode, care)
        changed = True
    return Outcome(Change.UPDATED if changed else Change.UNCHANGED, ref)


def _kept(present: T, said: T) -> T:
    """Return what was said, with present values where nothing was."""
    missing = {
        f.name: getattr(present, f.name)
        for f in fields(said)
        if getattr(said, f.name) in (None, ())
    }
    return replace(said, **missing)


def _write_care(
    uow: UnitOfWork, patient: PatientRef, episode_id: UUID | None, care: CareLine
) -> None:
    if episode_id is None:
        uow.episodes.add([_new_episode(uow, patient, care)])
        return
    episode = uow.episodes.get(episode_id)
    uow.episodes.update(
        replace(
            episode,
            diagnosis=care.diagnosis,
            surgery_date=care.surgery_date,
            side=care.side,
            precautions=care.precautions,
        )
    )
