"""Courses of care: opened, changed, closed; with goals, flags and referrals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rehabctl.domain.episode import (
    Episode,
    EpisodeStatus,
    FlagKind,
    Goal,
    GoalStatus,
    GoalTerm,
    PatientFlag,
    Referral,
)
from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError, suggestion
from rehabctl.domain.patient import Side
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.instruments import load_instruments
from rehabctl.reference.prom_followup import load_pathway, load_pathways
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_ICD10 = re.compile(r"[A-TV-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
_NPI = re.compile(r"[12][0-9]{9}")


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """One course of care with everything that belongs to it."""

    episode: Episode
    weeks_post_op: int | None
    goals: tuple[Goal, ...]
    flags: tuple[PatientFlag, ...]
    referrals: tuple[Referral, ...]


def open_episode(
    store: Store, rules: RuleTable, mrn: str, values: Mapping[str, Any]
) -> EpisodeRecord:
    """Begin a course of care.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    mrn
        Record number.
    values
        Fields of `Episode` by name; `started_on` is today unless given.

    Raises
    ------
    RehabctlError
        One is active already.
    UsageError
        A value is wrong.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        if uow.episodes.active(patient.id) is not None:
            raise RehabctlError(
                "the patient has an active course of care",
                f"Close it first: rehabctl episode list {mrn}",
            )
        today = clinic_today(uow.clinic, uow.now)
        given: dict[str, Any] = {"started_on": today, **values}
        episode = _checked(Episode(id=uow.new_id(), patient=patient.ref, **given))
        uow.episodes.add([episode])
        uow.audit.record("episode.open", "episode", episode.id)
        triage.refresh(uow, [patient.ref], rules)
        return _record(uow, episode)


def edit(
    store: Store, rules: RuleTable, episode_id: str, changes: Mapping[str, Any]
) -> EpisodeRecord:
    """Change a course of care; what was judged by the old dates is judged again.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    episode_id
        Identifier.
    changes
        Fields of `Episode` by name.

    Raises
    ------
    UsageError
        A value is wrong; nothing is changed.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        episode = _checked(replace(_find(uow, episode_id), **changes))
        uow.episodes.update(episode)
        uow.audit.record("episode.edit", "episode", episode.id, {"fields": sorted(changes)})
        triage.refresh(uow, [episode.patient], rules)
        return _record(uow, episode)


def close(
    store: Store, rules: RuleTable, episode_id: str, ended_on: date | None = None
) -> EpisodeRecord:
    """End a course of care; sessions and questionnaires are no longer asked for.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    episode_id
        Identifier.
    ended_on
        Last day; default today.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        last = ended_on or clinic_today(uow.clinic, uow.now)
        before = _find(uow, episode_id)
        episode = _checked(replace(before, status=EpisodeStatus.CLOSED, ended_on=last))
        uow.episodes.update(episode)
        uow.audit.record("episode.close", "episode", episode.id)
        triage.refresh(uow, [episode.patient], rules)
        return _record(uow, episode)


def show(store: Store, episode_id: str) -> EpisodeRecord:
    """Return one course of care."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        episode = _find(uow, episode_id)
        uow.audit.record("episode.read", "episode", episode.id)
        return _record(uow, episode)


def of_patient(store: Store, mrn: str) -> tuple[EpisodeRecord, ...]:
    """Return all courses of care of a patient, oldest first."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = uow.episodes.of_patient(patient.id)
        uow.audit.record("episode.list", "patient", patient.id, {"count": len(found)})
        return tuple(_record(uow, episode) for episode in found)


def _record(uow: UnitOfWork, episode: Episode) -> EpisodeRecord:
    patient_id = episode.patient.id
    return EpisodeRecord(
        episode,
        episode.weeks_post_op(clinic_today(uow.clinic, uow.now)),
        tuple(g for g in uow.episodes.goals(patient_id) if g.episode_id == episode.id),
        tuple(f for f in uow.episodes.flags(patient_id) if f.episode_id in (None, episode.id)),
        tuple(r for r in uow.episodes.referrals(patient_id) if r.episode_id == episode.id),
    )


def _checked(episode: Episode) -> Episode:
    """Return the episode, or raise UsageError for the first value that does not fit."""
    if episode.icd10 is not None and not _ICD10.fullmatch(episode.icd10):
        raise UsageError("that is no ICD-10 code", "Write it like M17.11")
    known = sorted({c for pathway in load_pathways() for c in pathway.conditions})
    if episode.condition is not None and episode.condition not in known:
        raise UsageError("unknown condition", f"Use one of: {', '.join(known)}")
    if episode.pathway is not None:
        load_pathway(episode.pathway)
    if episode.ended_on is not None and episode.ended_on < episode.started_on:
        raise UsageError("the course of care ends before it begins", "Check the dates")
    if episode.plan_ends_on is not None and episode.plan_ends_on < episode.started_on:
        raise UsageError(
            "the plan of care ends before the course of care begins", "Check --plan-until"
        )
    return episode


def add_goal(
    store: Store,
    rules: RuleTable,
    episode_id: str,
    *,
    description: str,
    term: GoalTerm,
    measure: str | None = None,
    side: Side | None = None,
    baseline: float | None = None,
    target: float | None = None,
    unit: str | None = None,
    due_on: date | None = None,
) -> Goal:
    """Add a goal; one with measure, baseline and target is followed by the rules.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    episode_id
        Of which course of care.
    description
        In words.
    term
        Short or long.
    measure
        A motion, `pain`, or INSTRUMENT:SCALE.
    side, baseline, target, unit, due_on
        Numbers in the measure's unit.

    Raises
    ------
    UsageError
        The measure is not known, or a number is missing.
    """
    if not description.strip():
        raise UsageError("a goal needs words", "Say what it is")
    numbers = (baseline, target)
    if (measure is None) != (None in numbers) or (measure is None and numbers != (None, None)):
        raise UsageError(
            "a measurable goal needs measure, baseline and target", "Give all three, or none"
        )
    if measure is not None:
        _require_measure(measure)
    if baseline is not None and baseline == target:
        raise UsageError("target and baseline are equal", "Check both numbers")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        episode = _find(uow, episode_id)
        goal = Goal(
            id=uow.new_id(),
            patient=episode.patient,
            episode_id=episode.id,
            description=description.strip(),
            term=term,
            measure=measure,
            side=side,
            baseline=baseline,
            target=target,
            unit=unit,
            due_on=due_on,
        )
        uow.episodes.add_goal(goal)
        uow.audit.record("goal.add", "goal", goal.id, {"measure": measure})
        triage.refresh(uow, [episode.patient], rules)
        return goal


def _require_measure(measure: str) -> None:
    known = ["pain", *sorted(load_vocabulary().motions)]
    for instrument in load_instruments():
        rule = instrument.rule(None)
        known += [f"{instrument.slug}:{s.key}" for s in (rule.scales if rule else ())]
    if measure not in known:
        near = suggestion(measure, known)
        raise UsageError(
            f"no measure is called {measure!r}",
            near or "Give a motion such as knee_flexion, pain, or INSTRUMENT:SCALE",
        )


def settle_goal(store: Store, rules: RuleTable, goal_id: str, status: GoalStatus, mrn: str) -> Goal:
    """Write what has become of a goal of a patient."""
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        found = next((g for g in uow.episodes.goals(patient.id) if str(g.id) == goal_id), None)
        if found is None:
            raise NotFoundError(
                "the patient has no such goal", f"Look at: rehabctl episode list {mrn}"
            )
        uow.episodes.set_goal_status(found.id, status)
        uow.audit.record("goal.settle", "goal", found.id, {"status": status.value})
        triage.refresh(uow, [patient.ref], rules)
        return replace(found, status=status)


def add_flag(
    store: Store, episode_id: str, tag: str, kind: FlagKind, note: str | None = None
) -> PatientFlag:
    """Add a precaution, contraindication or red flag to a course of care."""
    if not tag.strip():
        raise UsageError("a flag needs a tag", "Give one, such as no_active_abduction")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        episode = _find(uow, episode_id)
        flag = PatientFlag(
            id=uow.new_id(),
            patient=episode.patient,
            kind=kind,
            tag=tag.strip(),
            since=uow.now,
            episode_id=episode.id,
            note=note,
        )
        uow.episodes.add_flag(flag)
        uow.audit.record("flag.add", "patient_flag", flag.id, {"kind": kind.value})
        return flag


def clear_flag(store: Store, mrn: str, flag_id: str) -> PatientFlag:
    """Date the end of a flag of a patient."""
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        found = next((f for f in uow.episodes.flags(patient.id) if str(f.id) == flag_id), None)
        if found is None:
            raise NotFoundError(
                "the patient has no such flag", f"Look at: rehabctl episode list {mrn}"
            )
        uow.episodes.clear_flag(found.id)
        uow.audit.record("flag.clear", "patient_flag", found.id)
        return replace(found, cleared_at=uow.now)


def add_referral(
    store: Store,
    episode_id: str,
    *,
    referrer_name: str,
    ordered_on: date,
    referrer_npi: str | None = None,
    received_on: date | None = None,
    authorised_visits: int | None = None,
    expires_on: date | None = None,
) -> Referral:
    """Put an order or referral on file.

    Raises
    ------
    UsageError
        The NPI has not the form of one, or the dates are in the wrong order.
    """
    if referrer_npi is not None and not _NPI.fullmatch(referrer_npi):
        raise UsageError("that is no NPI", "Ten digits, the first of them 1 or 2")
    if expires_on is not None and expires_on < ordered_on:
        raise UsageError("the referral ends before it was ordered", "Check the dates")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        episode = _find(uow, episode_id)
        referral = Referral(
            id=uow.new_id(),
            patient=episode.patient,
            episode_id=episode.id,
            referrer_name=referrer_name.strip(),
            ordered_on=ordered_on,
            referrer_npi=referrer_npi,
            received_on=received_on,
            authorised_visits=authorised_visits,
            expires_on=expires_on,
        )
        uow.episodes.add_referral(referral)
        uow.audit.record("referral.add", "referral", referral.id)
        return referral


def _find(uow: UnitOfWork, episode_id: str) -> Episode:
    try:
        return uow.episodes.get(UUID(episode_id))
    except ValueError:
        raise NotFoundError(
            "that is no identifier of a course of care", "Look at: rehabctl episode list MRN"
        ) from None
