"""What exercises have to keep to between each other: links, names, and no copied steps. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_rules import ExerciseProblem
from rehabctl.reference.findings import Severity

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


def check_links(
    exercises: Mapping[str, Exercise],
    known: Mapping[str, Exercise],
    unread: Collection[str] = (),
) -> Iterator[ExerciseProblem]:
    """Yield broken links: unknown targets, circles, easier exercises as progressions.

    Parameters
    ----------
    exercises
        The exercises that are checked, by slug.
    known
        These and all others that they may link to.
    unread
        Slugs that exist and could not be read: links to them are passed over.
    """
    for exercise in exercises.values():
        yield from _targets(exercise, exercises, known, unread)
    yield from _circles(exercises, known)


def check_duplicates(
    exercises: Sequence[Exercise], limit_percent: float
) -> Iterator[ExerciseProblem]:
    """Yield exercises with the name or nearly the steps of another one.

    Parameters
    ----------
    exercises
        All exercises; variants share the steps of their base on purpose and are passed over.
    limit_percent
        Shared distinct words, of the exercise with fewer words, above which steps are a copy.
    """
    names: dict[str, str] = {}
    for exercise in exercises:
        name = " ".join(exercise.name.lower().split())
        first = names.setdefault(name, exercise.slug)
        if first != exercise.slug:
            text = f"the name {exercise.name!r} is taken by {first!r}"
            yield ExerciseProblem(exercise.slug, ("name",), "duplicate-name", text)
    originals = [e for e in exercises if e.variant_of is None]
    for slug, other, percent in similar_steps(originals, limit_percent):
        text = f"the steps share {percent:.0f} % of their words with {other!r}"
        yield ExerciseProblem(slug, ("steps",), "similar-steps", text)


def similar_steps(
    exercises: Sequence[Exercise], limit_percent: float
) -> Iterator[tuple[str, str, float]]:
    """Yield pairs (later, earlier, percent) whose steps share more words than the limit.

    Parameters
    ----------
    exercises
        Exercises to compare with each other.
    limit_percent
        Shared distinct words, of the exercise with fewer words.
    """
    numbers: dict[str, int] = {}
    rows: list[tuple[str, int, int]] = []
    for exercise in exercises:
        bits = 0
        for word in _WORD.findall(" ".join(exercise.steps).lower()):
            bits |= 1 << numbers.setdefault(word, len(numbers))
        rows.append((exercise.slug, bits, bits.bit_count()))
    for number, (slug, bits, count) in enumerate(rows):
        for other, other_bits, other_count in rows[:number]:
            smaller = min(count, other_count)
            shared = (bits & other_bits).bit_count()
            if smaller and 100 * shared > limit_percent * smaller:
                yield slug, other, 100 * shared / smaller


def _targets(
    exercise: Exercise,
    exercises: Mapping[str, Exercise],
    known: Mapping[str, Exercise],
    unread: Collection[str],
) -> Iterator[ExerciseProblem]:
    slug = exercise.slug
    if exercise.variant_of is not None and exercise.variant_of not in unread:
        base = known.get(exercise.variant_of)
        if base is None or base.variant_of is not None:
            text = f"variant_of names {exercise.variant_of!r}, which is no base exercise"
            yield ExerciseProblem(slug, ("variant_of",), "link", text)
    for name, direction in (("progression", 1), ("regression", -1)):
        for number, link in enumerate(getattr(exercise, name)):
            key = (name, number)
            target = known.get(link)
            if link in unread:
                continue
            if target is None:
                yield ExerciseProblem(slug, key, "link", f"no exercise {link!r}")
            elif direction * (target.difficulty - exercise.difficulty) < 0:
                word = "easier" if direction > 0 else "harder"
                text = f"the {name} {link!r} is {word} than {slug!r}"
                yield ExerciseProblem(slug, key, "difficulty", text)
            elif direction > 0 and link in exercises and slug not in target.regression:
                text = f"{link!r} does not name {slug!r} as its regression"
                yield ExerciseProblem(slug, key, "one-way-link", text, Severity.WARNING)


def _circles(
    exercises: Mapping[str, Exercise], known: Mapping[str, Exercise]
) -> Iterator[ExerciseProblem]:
    """Find circles over progressions and turned-round regressions that touch the checked ones."""
    harder: dict[str, dict[str, None]] = defaultdict(dict)  # ordered sets
    for exercise in {**known, **exercises}.values():
        harder[exercise.slug] |= dict.fromkeys(exercise.progression)
        for easier in exercise.regression:
            harder[easier][exercise.slug] = None
    state: dict[str, int] = {}
    for start in exercises:
        for circle in _circles_from(start, harder, state):
            slug = next((slug for slug in circle if slug in exercises), None)
            if slug is not None:
                text = f"the progression comes back in a circle: {' -> '.join(circle)}"
                yield ExerciseProblem(slug, ("progression",), "circle", text)


def _circles_from(
    start: str, harder: Mapping[str, Collection[str]], state: dict[str, int]
) -> Iterator[list[str]]:
    """Yield circles by depth-first search; `state` is 1 for what is on the way, 2 for done."""
    if start in state:
        return
    state[start] = 1
    stack = [(start, iter(harder.get(start, ())))]
    while stack:
        slug, links = stack[-1]
        target = next(links, None)
        if target is None:
            state[slug] = 2
            stack.pop()
        elif state.get(target) == 1:
            way = [slug for slug, _ in stack]
            yield [*way[way.index(target) :], target]
        elif target not in state:
            state[target] = 1
            stack.append((target, iter(harder.get(target, ()))))
