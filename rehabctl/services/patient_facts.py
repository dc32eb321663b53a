"""The raw events of patients with what the packaged data adds: due questionnaires, thresholds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic.prom_facts import planned_scores, with_important_changes
from rehabctl.domain.facts import PatientFacts
from rehabctl.reference.prom_followup import load_thresholds, pathway_of

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork


def facts_of(
    uow: UnitOfWork, patient_ids: Sequence[UUID], *, exercises_from: datetime | None = None
) -> dict[UUID, PatientFacts]:
    """Return everything that the rules read of these patients.

    Parameters
    ----------
    uow
        The transaction.
    patient_ids
        Whose.
    exercises_from
        Sessions that began earlier are read without what was done in them, and days before it
        without steps; None reads all.
    """
    zone = ZoneInfo(uow.clinic.time_zone)
    today = uow.now.astimezone(zone).date()
    stored = uow.facts.of_patients(patient_ids, exercises_from=exercises_from)
    return {i: _completed(facts, zone, today) for i, facts in stored.items()}


def _completed(facts: PatientFacts, zone: ZoneInfo, today: date) -> PatientFacts:
    episode = facts.episode
    pathway = None if episode is None else pathway_of(episode.pathway, episode.condition)
    scores = facts.scores
    if scores:
        condition = "any" if pathway is None else pathway.change_condition
        scores = with_important_changes(scores, load_thresholds(), condition, zone)
    if episode is None or pathway is None:
        return replace(facts, scores=scores) if scores else facts
    known_on = None if facts.known_since is None else facts.known_since.astimezone(zone).date()
    due = planned_scores(pathway, episode, known_on, today)
    return replace(facts, scores=scores, scores_due=due)


def plan_version(facts: PatientFacts) -> str:
    """Return a short name for exactly the plans of a patient.

    History is judged by plans as they are now. When they change (a programme that begins in the
    past, a corrected surgery date), what was judged by the old ones is judged again.

    Parameters
    ----------
    facts
        Of one patient.
    """
    due = [day.toordinal() for day in facts.due_on]
    plans = (facts.episode, due, facts.holds, facts.goals)
    return hashlib.sha256(repr(plans).encode()).hexdigest()[:12]
