"""Where the tags of an exercise meet the flags of a patient: a block, or a warning."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_vocabulary import ContraindicationTag, Effect


@dataclass(frozen=True, slots=True)
class Contraindication:
    """A tag of an exercise that meets a flag of a patient."""

    slug: str
    tag: str
    effect: Effect
    text: str
    """For the clinician."""


def contraindications(
    exercise: Exercise,
    flags: Collection[str],
    weeks_post_op: float | None,
    tags: Mapping[str, ContraindicationTag],
) -> tuple[Contraindication, ...]:
    """Return what speaks against an exercise for a patient, blocks first.

    Parameters
    ----------
    exercise
        The exercise.
    flags
        Active flags of the patient, in the words of the tag table.
    weeks_post_op
        Weeks since surgery; None leaves a restriction with an end week in force.
    tags
        The tag table of the vocabulary.

    Notes
    -----
    A flag that is no word of the table but is a tag of the exercise blocks: an unknown restriction
    is not waved through.
    """
    hits: list[Contraindication] = []
    for key in exercise.contraindication_tags:
        row = tags.get(key)
        if row is None:
            if key in flags:
                text = f"The restriction {key!r} is on record and is not in the tag table."
                hits.append(Contraindication(exercise.slug, key, Effect.BLOCK, text))
        elif row.flag in flags and _in_force(row, weeks_post_op):
            hits.append(Contraindication(exercise.slug, key, row.effect, row.text))
    return tuple(sorted(hits, key=lambda hit: (hit.effect is not Effect.BLOCK, hit.tag)))


def blocked(hits: Collection[Contraindication]) -> bool:
    """Return whether an exercise may not be assigned.

    Parameters
    ----------
    hits
        What `contraindications` returned.
    """
    return any(hit.effect is Effect.BLOCK for hit in hits)


def _in_force(row: ContraindicationTag, weeks_post_op: float | None) -> bool:
    return row.until_week is None or weeks_post_op is None or weeks_post_op < row.until_week
