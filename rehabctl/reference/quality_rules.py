"""Loader of the fitted limits on how a movement is done (`quality_rules.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class FeatureLimit:
    """One limit on one feature of `analysis.movement_features`."""

    feature: str
    limit: float
    """Degrees or trunk lengths, as the feature is."""


@dataclass(frozen=True, slots=True)
class QualityModel:
    """The limits of one movement seen in one plane, and how well they tell."""

    movement: str
    view: str
    effective_from: date
    faults_needed: int
    limits: tuple[FeatureLimit, ...]
    accuracy: float
    """Mean over people, each judged by limits fitted on the others."""
    worst_subject: float
    subjects: int
    repetitions: int
    primary: bool
    """Whether this is the plane in which the movement happens."""


@dataclass(frozen=True, slots=True)
class QualityUse:
    """For which exercise the limits of a movement are shown, and which of them carry over."""

    exercise: str
    movement: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QualityRules:
    """All models and their uses."""

    models: tuple[QualityModel, ...]
    uses: tuple[QualityUse, ...]
    source: str
    grade: str
    split: str
    """How the accuracy was found, in words."""

    def newest(self, movement: str, view: str, on: date | None = None) -> QualityModel | None:
        """Return the model in force, or None where a movement has none for that plane.

        Parameters
        ----------
        movement
            As named in the table.
        view
            sagittal or frontal.
        on
            Day of the recording; None for the newest row.
        """
        rows = [
            m
            for m in self.models
            if (m.movement, m.view) == (movement, view) and (on is None or m.effective_from <= on)
        ]
        return max(rows, key=lambda m: m.effective_from, default=None)

    def use(self, exercise: str) -> QualityUse | None:
        """Return what is shown for an exercise, or None when nothing carries over.

        Parameters
        ----------
        exercise
            A slug of the library.
        """
        return next((use for use in self.uses if use.exercise == exercise), None)


@cache
def load_quality_rules() -> QualityRules:
    """Return the packaged table."""
    path = files("rehabctl.reference") / "quality_rules.toml"
    table = tomllib.loads(path.read_text("utf-8"))
    return QualityRules(
        models=tuple(
            QualityModel(
                movement=row["movement"],
                view=row["view"],
                effective_from=row["effective_from"],
                faults_needed=row["faults_needed"],
                limits=tuple(FeatureLimit(name, limit) for name, limit in row["limits"].items()),
                accuracy=row["accuracy"],
                worst_subject=row["worst_subject"],
                subjects=row["subjects"],
                repetitions=row["repetitions"],
                primary=row["primary"],
            )
            for row in table["model"]
        ),
        uses=tuple(
            QualityUse(row["exercise"], row["movement"], tuple(row["features"]))
            for row in table["use"]
        ),
        source=table["source"],
        grade=table["grade"],
        split=table["split"],
    )
