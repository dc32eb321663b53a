"""Rules between exercises: links, circles, difficulty, names, and steps that were copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_library_rules import (
    check_duplicates,
    check_links,
    similar_steps,
)
from rehabctl.reference.findings import Severity
from tests.reference.exercise_samples import sample


def chain(*links: tuple[str, str]) -> dict[str, Exercise]:
    """Return exercises of equal difficulty with these progressions, named in both directions."""
    slugs = dict.fromkeys(slug for link in links for slug in link)
    return {
        slug: sample(
            slug,
            progression=tuple(b for a, b in links if a == slug),
            regression=tuple(a for a, b in links if b == slug),
        )
        for slug in slugs
    }


def rules(exercises: dict[str, Exercise], known: dict[str, Exercise] | None = None) -> list[str]:
    return [p.rule for p in check_links(exercises, exercises if known is None else known)]


def test_a_ladder_is_fine() -> None:
    assert rules(chain(("a", "b"), ("b", "c"), ("a", "c"))) == []


@pytest.mark.parametrize(
    "links", [(("a", "a"),), (("a", "b"), ("b", "a")), (("a", "b"), ("b", "c"), ("c", "a"))]
)
def test_a_circle_is_found_once(links: Sequence[tuple[str, str]]) -> None:
    assert rules(chain(*links)) == ["circle"]


def test_a_circle_through_a_regression_alone_is_found() -> None:
    one = sample("a", progression=("b",))
    other = sample("b", regression=("a",), progression=("c",))
    last = sample("c", regression=("b",))
    back = replace(one, regression=("c",))
    assert rules({"a": one, "b": other, "c": last}) == []
    assert "circle" in rules({"a": back, "b": other, "c": last})


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=16))
def test_circles_are_found_exactly_where_there_are_any(links: list[tuple[int, int]]) -> None:
    exercises = chain(*((str(a), str(b)) for a, b in links))
    reach = {slug: set(e.progression) for slug, e in exercises.items()}
    for _ in reach:
        for goals in reach.values():
            goals |= {far for goal in tuple(goals) for far in reach[goal]}
    circular = any(slug in goals for slug, goals in reach.items())
    assert ("circle" in rules(exercises)) is circular


def test_links_lead_somewhere_and_not_downhill() -> None:
    missing = {"a": sample("a", progression=("gone",), regression=("lost",))}
    assert rules(missing) == ["link", "link"]
    assert list(check_links(missing, missing, unread=("gone", "lost"))) == []
    pair = chain(("a", "b"))
    pair["b"] = replace(pair["b"], difficulty=1)
    assert rules(pair) == ["difficulty", "difficulty"]
    assert rules({"a": pair["a"]}, pair) == ["difficulty"]


def test_a_link_that_is_not_returned_is_a_warning() -> None:
    pair = chain(("a", "b"))
    pair["b"] = replace(pair["b"], regression=())
    (problem,) = check_links(pair, pair)
    assert (problem.rule, problem.slug, problem.severity) == ("one-way-link", "a", Severity.WARNING)


def test_a_variant_needs_a_base_that_is_none_itself() -> None:
    base, variant = sample("a"), sample("a-slow", variant_of="a")
    deeper = sample("a-slow-slow", variant_of="a-slow")
    known = {e.slug: e for e in (base, variant, deeper)}
    assert [(p.slug, p.rule) for p in check_links(known, known)] == [("a-slow-slow", "link")]


def test_names_are_compared_without_case_and_blanks() -> None:
    pair = [sample("a", name="Heel  slide"), sample("b", name="heel slide")]
    assert [(p.slug, p.rule) for p in check_duplicates(pair, 70)] == [("b", "duplicate-name")]


def words(prefix: str, count: int) -> str:
    return " ".join(f"{prefix}{chr(ord('a') + n)}" for n in range(count))


def test_steps_are_similar_above_the_limit_of_shared_words() -> None:
    def steps(shared: int, own: str) -> tuple[str, ...]:
        return (words("s", shared), words(own, 10 - shared), "")

    at_limit = [sample("a", steps=steps(7, "x")), sample("b", steps=steps(7, "y"))]
    above = [sample("a", steps=steps(8, "x")), sample("b", steps=steps(8, "y"))]
    assert list(similar_steps(at_limit, 70)) == []
    assert list(similar_steps(above, 70)) == [("b", "a", 80.0)]
    assert [p.rule for p in check_duplicates(above, 70)] == ["similar-steps"]
    variant = replace(above[1], variant_of="a")
    assert list(check_duplicates([above[0], variant], 70)) == []


def test_case_punctuation_and_order_do_not_hide_a_copy() -> None:
    one = sample("a", steps=("Stand tall, feet apart.", "Bend.", "Rise slowly!"))
    other = sample("b", steps=("rise SLOWLY", "bend", "Feet apart; stand tall"))
    assert [row[2] for row in similar_steps([one, other], 70)] == [100.0]
