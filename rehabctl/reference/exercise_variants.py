"""Variants of an exercise as rows: a kind (slower, with a band, on foam) applied to a base.

A variant is the base with a changed step, another dose and another difficulty. Rows, not copies:
when the text of a base improves, its variants improve with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from rehabctl.domain.exercise import CountMode, Dose, Exercise, Measure, Measurement, View
from rehabctl.reference.findings import Problem
from rehabctl.reference.table_reader import TableReader

SCHEMA = "rehabctl-exercise-variants/1"
"""Value of the `schema` key at the top of the variants file."""
_DOSE_KEYS = ("sets", "reps", "hold_s", "rest_s", "per_week")


@dataclass(frozen=True, slots=True)
class VariantKind:
    """What all variants of one kind have in common."""

    key: str
    """Appended to the slug of the base."""
    name: str
    """Appended to the name of the base."""
    difficulty: int
    """Added to the difficulty of the base."""
    equipment: tuple[str, ...]
    substitutes: tuple[str, ...]
    tags: tuple[str, ...]
    """Contraindication tags that the kind adds."""
    dose: Mapping[str, int]
    """Fields of the dose that replace those of the base."""
    extra_s: float
    """Added to the longest duration of a repetition."""
    position: str | None
    """Replaces the position of the base."""
    by_sensor: bool
    """No camera view fits: the motion is measured by sensors only."""
    accuracy_class: str | None
    """Replaces the accuracy class of the base."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One row: which base, which kind, and the steps that make the difference."""

    slug: str
    base: str
    kind: VariantKind
    steps: tuple[str, ...]
    after: int
    """The steps are put in after this many steps of the base."""
    replaces: int = 0
    """So many of the base's next steps are left out; with all of them go its cues and errors."""
    without: tuple[str, ...] = ()
    """Equipment of the base that is not needed."""
    tags: tuple[str, ...] = ()
    """Contraindication tags that this variant adds."""
    number: int = 0
    """0-based row in its file."""


@dataclass(frozen=True, slots=True)
class VariantTable:
    """All variants by slug."""

    variants: Mapping[str, Variant]

    def expand(self, variant: Variant, base: Exercise) -> Exercise:
        """Return the exercise that a row describes.

        Parameters
        ----------
        variant
            A row of this table.
        base
            The exercise that the row names.

        Notes
        -----
        The result is a draft whatever the base is, has no films of its own and links to its base:
        an easier kind names it as progression, any other as regression.
        """
        kind = variant.kind
        easier = kind.difficulty < 0
        dose = replace(base.dose, **{key: _number(key, value) for key, value in kind.dose.items()})
        rest = base.steps[variant.after + variant.replaces :]
        equipment, substitutes = _equipment(base, variant)
        new_text = variant.after == 0 and variant.replaces >= len(base.steps)
        tags = (*base.contraindication_tags, *kind.tags, *variant.tags)
        return replace(
            base,
            slug=variant.slug,
            name=f"{base.name}, {kind.name}",
            difficulty=min(5, max(1, base.difficulty + kind.difficulty)),
            position=kind.position or base.position,
            dose=dose,
            measurement=_measured(base.measurement, kind, dose),
            steps=(*base.steps[: variant.after], *variant.steps, *rest),
            cues=() if new_text else base.cues,
            common_errors=() if new_text else base.common_errors,
            aliases=(),
            equipment=equipment,
            substitutes=substitutes,
            contraindication_tags=tuple(dict.fromkeys(tags)),
            progression=(base.slug,) if easier else (),
            regression=() if easier else (base.slug,),
            variant_of=base.slug,
            status="draft",
            assets=(),
            reference_data=(),
            approved_by="",
            approved_on=None,
        )


def read_variants(document: Mapping[str, Any], problems: list[Problem]) -> VariantTable:
    """Read the variants file; what is wrong is added to `problems`.

    Parameters
    ----------
    document
        The document as `tomllib` returned it.
    problems
        The list that problems are added to.
    """
    reader = TableReader(document, (), problems)
    if reader.text("schema") != SCHEMA:
        reader.problem("schema", "schema", f"schema is not {SCHEMA!r}")
    kinds_reader = reader.table("kind", required=False)
    kinds = {key: _kind(key, kinds_reader.table(key)) for key in kinds_reader}
    variants: dict[str, Variant] = {}
    for number, row in enumerate(reader.tables("variant")):
        base, key = row.text("base"), row.text("kind")
        steps, after = row.texts("steps", at_least=1), row.integer("after")
        replaces, without = row.integer("replaces", 0), row.texts("without")
        tags = row.texts("contraindication_tags")
        row.finish()
        if key not in kinds:
            row.problem("kind", "unknown-kind", f"no kind {key!r}; known: {', '.join(kinds)}")
            continue
        slug = f"{base}-{key}"
        if slug in variants:
            row.problem("kind", "duplicate", f"the variant {slug!r} is there twice")
        variants[slug] = Variant(
            slug, base, kinds[key], steps, after, replaces, without, tags, number
        )
    reader.finish()
    return VariantTable(variants)


def _kind(key: str, reader: TableReader) -> VariantKind:
    dose = reader.table("dose", required=False)
    kind = VariantKind(
        key=key,
        name=reader.text("name"),
        difficulty=reader.integer("difficulty"),
        equipment=reader.texts("equipment"),
        substitutes=reader.texts("substitutes"),
        tags=reader.texts("contraindication_tags"),
        dose={name: dose.integer(name) for name in _DOSE_KEYS if name in dose},
        extra_s=reader.number("extra_s", 0.0),
        position=reader.optional_text("position"),
        by_sensor=reader.flag("by_sensor", False),
        accuracy_class=reader.optional_text("accuracy_class"),
    )
    dose.finish()
    reader.finish()
    return kind


def _measured(spec: Measurement, kind: VariantKind, dose: Dose) -> Measurement:
    longest = spec.max_rep_s + kind.extra_s
    if spec.count_mode is CountMode.REPETITIONS:
        longest = max(longest, dose.hold_s + 10)
    spec = replace(
        spec, max_rep_s=longest, accuracy_class=kind.accuracy_class or spec.accuracy_class
    )
    if not kind.by_sensor:
        return spec
    return replace(
        spec,
        measure=Measure.IMU,
        view=View.NONE,
        landmarks=(),
        stable_landmarks=(),
        compensations=(),
    )


def _equipment(base: Exercise, variant: Variant) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return equipment and substitutes of base and kind, each piece once."""
    pieces = dict(zip_longest(base.equipment, base.substitutes, fillvalue=""))
    for piece in variant.without:
        pieces.pop(piece, None)
    kind = variant.kind
    for piece, substitute in zip_longest(kind.equipment, kind.substitutes, fillvalue=""):
        pieces.setdefault(piece, substitute)
    pieces.pop("", None)
    return tuple(pieces), tuple(pieces.values())


def _number(key: str, value: int) -> Any:
    return float(value) if key.endswith("_s") else value
