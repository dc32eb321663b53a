"""What holds for every scoring rule of every instrument, whatever the answers."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.clinic.proms import round_half_up, score
from rehabctl.domain.prom import Direction, Formula, Instrument, PromResult, ScoringRule
from rehabctl.reference.instruments import load_instrument, load_instruments

RULES = [(i, rule) for i in load_instruments() for rule in i.rules]
IDS = [rule.version for _, rule in RULES]
EVERY_RULE = pytest.mark.parametrize(("instrument", "rule"), RULES, ids=IDS)


def values(slug: str, answers: Any, variant: str) -> dict[str, float | None]:
    instrument = load_instrument(slug)
    rule = instrument.rule(variant)
    assert rule is not None
    return {one.scale: one.score for one in score(instrument, rule, answers).scores}


WORSE_WHEN_HIGHER = {
    "nprs", "vas", "odi", "dash", "dash-work", "dash-sport", "quickdash", "koos", "koos-jr",
    "hoos-jr", "koos-ps", "hoos-ps", "ndi", "spadi", "promis-pi4a", "start-back", "pgic", "tug",
}  # fmt: skip


def answer_lists(instrument: Instrument, missing: bool) -> st.SearchStrategy[dict[str, Any]]:
    def one(item: Any) -> st.SearchStrategy[Any]:
        numbers: st.SearchStrategy[Any] = st.integers(item.minimum, item.maximum)
        return st.one_of(numbers, st.none()) if missing else numbers

    return st.fixed_dictionaries({item.key: one(item) for item in instrument.items})


def goodness(result: PromResult) -> list[float | None]:
    """Unrounded scores, turned so that more is better."""
    return [
        None
        if one.score_unrounded is None
        else one.score_unrounded * (1 if one.direction is Direction.HIGHER_BETTER else -1)
        for one in result.scores
    ]


@EVERY_RULE
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_worsening_one_answer_never_improves_a_score(
    instrument: Instrument, rule: ScoringRule, data: st.DataObject
) -> None:
    answers = data.draw(answer_lists(instrument, missing=True))
    item = data.draw(st.sampled_from(instrument.items))
    low, high = sorted(
        data.draw(st.tuples(*[st.integers(item.minimum, item.maximum)] * 2), label="two answers")
    )
    higher_is_worse = instrument.slug in WORSE_WHEN_HIGHER or item.key == "g07"
    better, worse = (low, high) if higher_is_worse else (high, low)
    before = goodness(score(instrument, rule, {**answers, item.key: better}))
    after = goodness(score(instrument, rule, {**answers, item.key: worse}))
    for one, other in zip(before, after, strict=True):
        assert (one is None) == (other is None)
        assert one is None or other is None or other <= one


@EVERY_RULE
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_order_of_answers_within_a_mean_does_not_matter(
    instrument: Instrument, rule: ScoringRule, data: st.DataObject
) -> None:
    scales = [s for s in rule.scales if s.formula is Formula.MEAN and len(s.items) > 1]
    answers = data.draw(answer_lists(instrument, missing=True))
    for index, scale in enumerate(rule.scales):
        if scale not in scales:
            continue
        shuffled = data.draw(st.permutations(scale.items))
        moved = {**answers, **{k: answers[s] for k, s in zip(scale.items, shuffled, strict=True)}}
        assert (
            score(instrument, rule, answers).scores[index]
            == (score(instrument, rule, moved).scores[index])
        )


@EVERY_RULE
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_score_or_reason_by_the_missing_rule(
    instrument: Instrument, rule: ScoringRule, data: st.DataObject
) -> None:
    answers = data.draw(answer_lists(instrument, missing=True))
    result = score(instrument, rule, answers)
    by_key = {one.scale: one for one in result.scores}
    for scale in rule.scales:
        one = by_key[scale.key]
        n_missing = sum(answers[key] is None for key in scale.counted_items)
        assert one.n_missing == n_missing
        allowed = n_missing <= scale.max_missing and n_missing < len(scale.counted_items)
        parts = all(by_key[key].score is not None for key in scale.of_scales)
        assert (one.score is not None) == (allowed and parts)
        assert (one.reason is None) == (one.score is not None)
        assert one.prorated == (one.score is not None and n_missing > 0)
        if one.score is not None and one.score_unrounded is not None:
            assert float(scale.minimum) <= one.score <= float(scale.maximum)
            assert abs(one.score - one.score_unrounded) <= 0.5 * 10**-scale.decimals + 1e-9
    assert result.valid == all(one.score is not None for one in result.scores)


@EVERY_RULE
def test_best_and_worst_answers_reach_the_ends_of_the_range(
    instrument: Instrument, rule: ScoringRule
) -> None:
    low = {item.key: item.minimum for item in instrument.items}
    high = {item.key: item.maximum for item in instrument.items}
    best, worst = (low, high) if instrument.slug in WORSE_WHEN_HIGHER else (high, low)
    if instrument.slug == "promis-10":
        best, worst = {**best, "g07": 0}, {**worst, "g07": 10}
    for scale, top, bottom in zip(
        rule.scales,
        score(instrument, rule, best).scores,
        score(instrument, rule, worst).scores,
        strict=True,
    ):
        ends = [float(scale.minimum), float(scale.maximum)]
        if scale.direction is Direction.LOWER_BETTER:
            ends.reverse()
        assert [bottom.score, top.score] == ends


@EVERY_RULE
def test_a_list_and_keyed_answers_agree(instrument: Instrument, rule: ScoringRule) -> None:
    rng = random.Random(rule.version)
    answers = {i.key: rng.choice([i.minimum, i.maximum, None]) for i in instrument.items}
    assert score(instrument, rule, list(answers.values())) == score(instrument, rule, answers)


@pytest.mark.parametrize("slug", ["koos", "ndi", "lefs"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_variants_agree_on_complete_forms(slug: str, data: st.DataObject) -> None:
    instrument = load_instrument(slug)
    answers = data.draw(answer_lists(instrument, missing=False))
    found = {tuple(values(slug, answers, rule.variant).values()) for rule in instrument.rules}
    assert len(found) == 1


@pytest.mark.parametrize("slug", ["koos-ps", "hoos-ps"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_original_direction_mirrors_the_standard_one(slug: str, data: st.DataObject) -> None:
    answers = data.draw(answer_lists(load_instrument(slug), missing=False))
    ours, original = (
        values(slug, answers, "standard")["total"],
        values(slug, answers, "original")["total"],
    )
    assert ours is not None
    assert original is not None
    assert Fraction(str(ours)) + Fraction(str(original)) == 100


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.integers(0, 4))
def test_rounding_is_half_up_on_the_exact_value(top: int, bottom: int, places: int) -> None:
    value = Fraction(top, bottom)
    scaled = value * 10**places
    shown = Fraction(str(Decimal(repr(round_half_up(value, places)))))
    distance = abs(shown * 10**places - scaled)
    assert distance <= Fraction(1, 2)
    if distance == Fraction(1, 2):
        assert abs(shown) > abs(value)


@pytest.mark.parametrize(("value", "places"), [("32.5", 0), ("31.125", 2), ("0.05", 1), ("2.5", 0)])
def test_rounding_agrees_with_the_decimal_module_where_round_does_not(
    value: str, places: int
) -> None:
    expected = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    assert Decimal(repr(round_half_up(Fraction(value), places))) == expected
