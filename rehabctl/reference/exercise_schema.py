"""From the tables of an exercise file to `Exercise`, with every deviation from the schema.

The format is described for authors in `docs/exercise-format.md`.
"""

from __future__ import annotations

from collections.abc import Mapping

from rehabctl.domain.exercise import (
    Asset,
    CountMode,
    Dose,
    Exercise,
    Measure,
    Measurement,
    ReferenceData,
    Sidedness,
    Signal,
    View,
)
from rehabctl.reference.findings import Problem
from rehabctl.reference.table_reader import TableReader
from rehabctl.reference.toml_lines import KeyPath

SCHEMA = "rehabctl-exercise/1"
"""Value of the `schema` key at the top of an exercise file."""


def read_exercise(table: Mapping[str, object], path: KeyPath, problems: list[Problem]) -> Exercise:
    """Read one `[[exercise]]` table; what is wrong is added to `problems`.

    Parameters
    ----------
    table
        The table as `tomllib` returned it.
    path
        Where it stands in its document.
    problems
        The list that problems are added to. With a problem of rule `schema` the returned exercise
        holds placeholders and is good for further checks only.
    """
    reader = TableReader(table, path, problems)
    exercise = Exercise(
        slug=reader.text("slug"),
        name=reader.text("name"),
        version=reader.integer("version"),
        region=reader.text("region"),
        type=reader.text("type"),
        difficulty=reader.integer("difficulty"),
        position=reader.text("position"),
        measurement=_measurement(reader.table("measurement")),
        dose=read_dose(reader.table("dose")),
        steps=reader.texts("steps", at_least=3),
        cues=reader.texts("cues"),
        common_errors=reader.texts("common_errors"),
        aliases=reader.texts("aliases"),
        equipment=reader.texts("equipment"),
        substitutes=reader.texts("substitutes"),
        targets=reader.texts("targets"),
        icd10=reader.texts("icd10"),
        contraindication_tags=reader.texts("contraindication_tags"),
        precautions=reader.texts("precautions"),
        progression=reader.texts("progression"),
        regression=reader.texts("regression"),
        variant_of=reader.optional_text("variant_of"),
        status=reader.text("status", "draft"),
        source=reader.text("source"),
        grade=reader.text("grade"),
        assets=tuple(_asset(asset) for asset in reader.tables("assets")),
        reference_data=tuple(_reference(row) for row in reader.tables("reference_data")),
        approved_by=reader.text("approved_by", ""),
        approved_on=reader.day("approved_on"),
    )
    reader.finish()
    return exercise


def read_dose(reader: TableReader) -> Dose:
    """Read a complete dose table.

    Parameters
    ----------
    reader
        The table with the keys of `Dose`.
    """
    dose = Dose(
        sets=reader.integer("sets"),
        reps=reader.integer("reps"),
        hold_s=reader.number("hold_s"),
        rest_s=reader.number("rest_s"),
        per_week=reader.integer("per_week"),
    )
    reader.finish()
    return dose


def _measurement(reader: TableReader) -> Measurement:
    measurement = Measurement(
        measure=reader.choice("measure", Measure),
        view=reader.choice("view", View),
        motion=reader.optional_text("motion"),
        rest_deg=reader.optional_number("rest_deg"),
        target_deg=reader.optional_number("target_deg"),
        count_mode=reader.choice("count_mode", CountMode),
        sidedness=reader.choice("sidedness", Sidedness),
        min_rep_s=reader.number("min_rep_s", 0.8),
        max_rep_s=reader.number("max_rep_s", 12.0),
        reported_motions=reader.texts("reported_motions"),
        compensations=reader.texts("compensations"),
        stable_landmarks=reader.integers("stable_landmarks"),
        imu_segments=reader.texts("imu_segments"),
        accuracy_class=reader.text("accuracy_class"),
        landmarks=reader.integers("landmarks"),
        signal=reader.choice("signal", Signal, Signal.ANGLE),
    )
    reader.finish()
    return measurement


def _asset(reader: TableReader) -> Asset:
    asset = Asset(
        kind=reader.text("kind"),
        angle=reader.text("angle"),
        uri=reader.text("uri"),
        sha256=reader.text("sha256"),
        duration_s=reader.number("duration_s"),
    )
    reader.finish()
    return asset


def _reference(reader: TableReader) -> ReferenceData:
    data = ReferenceData(path=reader.text("path"), sha256=reader.text("sha256"))
    reader.finish()
    return data
