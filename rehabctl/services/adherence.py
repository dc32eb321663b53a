"""Adherence and engagement of one patient, as `adherence show` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehabctl.clinic.adherence import Adherence, adherence
from rehabctl.clinic.dropout import EngagementScore, engagement_score
from rehabctl.clinic.patient_view import PatientView, Rating
from rehabctl.clinic.trends import pain_trend
from rehabctl.reference.rules import RuleTable
from rehabctl.services.access import Action, require
from rehabctl.services.patient_facts import facts_of

if TYPE_CHECKING:
    from rehabctl.store.store import Store


@dataclass(frozen=True, slots=True)
class AdherenceReport:
    """What was done of what was planned, pain beside it, and the engagement score."""

    adherence: Adherence
    pain: tuple[Rating, ...]
    """The last ratings, oldest first."""
    pain_trend: str | None
    engagement: EngagementScore | None
    """None without a programme, while it is held and after its end."""


def show(store: Store, rules: RuleTable, mrn: str) -> AdherenceReport:
    """Return the adherence of a patient as of now.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        facts = facts_of(uow, [patient.id])[patient.id]
        uow.audit.record("adherence.read", "patient", patient.id)
        view = PatientView.of(facts, uow.now, rules)
        row = view.rules["PAIN_TREND"]
        ratings = view.ratings(row.days("ratings"))
        return AdherenceReport(
            adherence=adherence(facts, uow.now, rules),
            pain=tuple(ratings),
            pain_trend=pain_trend(ratings, row),
            engagement=engagement_score(facts, uow.now, rules),
        )
