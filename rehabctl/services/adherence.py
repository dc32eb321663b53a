"""Adherence and engagement of one patient, as `adherence show` tells it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from rehabctl.clinic.adherence import Adherence, adherence
from rehabctl.clinic.dropout import (
    EngagementScore,
    engagement_features,
    engagement_score,
    score_features,
)
from rehabctl.clinic.dropout_model import label, probability
from rehabctl.clinic.patient_view import PatientView, Rating
from rehabctl.clinic.trends import pain_trend
from rehabctl.reference.rules import RuleTable
from rehabctl.services import dropout_models
from rehabctl.services.access import Action, require
from rehabctl.services.dropout_models import StoredModel
from rehabctl.services.patient_facts import facts_of

if TYPE_CHECKING:
    from rehabctl.services.settings import Paths
    from rehabctl.store.store import Store


@dataclass(frozen=True, slots=True)
class DropoutProbability:
    """What the clinic's own model says of a patient."""

    percent: float
    label: str
    horizon_days: int
    model_sha256: str


@dataclass(frozen=True, slots=True)
class AdherenceReport:
    """What was done of what was planned, pain beside it, and the engagement score."""

    adherence: Adherence
    pain: tuple[Rating, ...]
    """The last ratings, oldest first."""
    pain_trend: str | None
    engagement: EngagementScore | None
    """None without a programme, while it is held and after its end."""
    dropout: DropoutProbability | None = None
    """None where no model was adopted."""


def show(store: Store, rules: RuleTable, mrn: str, paths: Paths | None = None) -> AdherenceReport:
    """Return the adherence of a patient as of now.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    paths
        Where an adopted model of dropout is kept; None: points alone.
    """
    stored = None if paths is None else dropout_models.load(paths)
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
            dropout=None if stored is None else _dropout(view, stored),
        )


def _dropout(view: PatientView, stored: StoredModel) -> DropoutProbability | None:
    if view.ended or view.held or not view.due:
        return None
    features = engagement_features(view)
    points = score_features(features, view.rules).points
    found = probability(stored.model, astuple(features), points)
    return DropoutProbability(
        round(100.0 * found, 1), label(stored.model), stored.model.horizon_days, stored.sha256
    )
