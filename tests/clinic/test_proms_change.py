"""Labels of change: thresholds at their edge, direction, patients, dates, and invariants."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.proms_change import find_threshold, rate_change
from rehabctl.domain.prom import Direction, Scale
from rehabctl.domain.prom_followup import ChangeLabel, ChangeThreshold, ScoreChange, ThresholdKind
from rehabctl.reference.instruments import load_instrument
from rehabctl.reference.prom_followup import load_thresholds

SCALES: dict[str, Scale] = {
    slug: load_instrument(slug).rules[0].scales[0]
    for slug in ("odi", "lefs", "quickdash", "vas", "dash", "nprs", "pgic", "tug", "berg")
}


def rows(slug: str, scale: str = "total") -> list[ChangeThreshold]:
    return [r for r in load_thresholds() if r.instrument == slug and r.scale == scale]


def rate(slug: str, before: float, after: float, condition: str = "any") -> ScoreChange:
    found = {
        kind: find_threshold(rows(slug), kind, before, condition)
        for kind in (ThresholdKind.MDC, ThresholdKind.MCID)
    }
    return rate_change(
        slug,
        SCALES[slug],
        before,
        after,
        mdc=found[ThresholdKind.MDC],
        mcid=found[ThresholdKind.MCID],
    )


@pytest.mark.parametrize(
    ("slug", "before", "after", "label", "important"),
    [
        ("odi", 44, 35, "no_detectable_change", False),
        ("odi", 44, 34, "clinically_important", True),
        ("odi", 34, 44, "worse", True),
        ("odi", 34, 34, "no_detectable_change", False),
        ("lefs", 40, 48, "no_detectable_change", False),
        ("lefs", 40, 49, "clinically_important", True),
        ("lefs", 49, 40, "worse", True),
        ("quickdash", 50, 37.5, "no_detectable_change", False),
        ("quickdash", 50, 37, "detectable", False),
        ("quickdash", 50, 36, "clinically_important", True),
        ("quickdash", 37, 50, "worse", False),
        ("dash", 36.111111111111114, 25.30111111111111, "clinically_important", True),
        ("dash", 36.1, 25.3, "no_detectable_change", False),
        ("vas", 60, 41, "not_rated", False),
        ("vas", 60, 40, "clinically_important", True),
        ("vas", 40, 60, "worse", True),
        ("tug", 14, 12, "not_rated", False),
        ("pgic", 2, 4, "not_rated", False),
    ],
)
def test_label(slug: str, before: float, after: float, label: str, important: bool) -> None:
    change = rate(slug, before, after)
    assert (change.label.value, change.clinically_important) == (label, important)


def test_the_result_names_the_rows_that_it_was_judged_by() -> None:
    change = rate("odi", 44, 30)
    assert (change.mdc and change.mdc.id, change.mcid and change.mcid.id) == (
        "odi-mdc90",
        "odi-mcid",
    )
    assert (change.change, change.improvement, change.change_percent) == (
        -14, 14, pytest.approx(-31.818, abs=1e-3),
    )  # fmt: skip
    assert "MDC (10 points" in change.text


def test_patients_have_their_own_threshold_where_one_is_recorded() -> None:
    assert rate("odi", 44, 32, "surgical").label is ChangeLabel.DETECTABLE
    assert rate("odi", 44, 31, "surgical").label is ChangeLabel.CLINICALLY_IMPORTANT
    assert rate("tug", 14, 12.8, "knee-osteoarthritis").label is ChangeLabel.DETECTABLE


@pytest.mark.parametrize(
    ("before", "after", "label"),
    [(50, 54, "detectable"), (40, 44, "no_detectable_change"), (30, 36, "no_detectable_change")],
)
def test_berg_threshold_follows_the_first_score(before: int, after: int, label: str) -> None:
    assert rate("berg", before, after).label.value == label


def test_koos_is_judged_by_the_larger_of_both_thresholds() -> None:
    scale = load_instrument("koos").rules[0].scales[1]
    found = rows("koos", "pain")
    mdc, mcid = (
        find_threshold(found, kind, 40, "any") for kind in (ThresholdKind.MDC, ThresholdKind.MCID)
    )
    small = rate_change("koos", scale, 40, 55, mdc=mdc, mcid=mcid)
    assert small.label is ChangeLabel.NO_DETECTABLE_CHANGE
    assert rate_change("koos", scale, 40, 61, mdc=mdc, mcid=mcid).clinically_important


def test_a_later_row_of_the_clinic_replaces_the_packaged_one_from_its_date_on() -> None:
    packaged = rows("odi")
    own = replace(
        next(r for r in packaged if r.id == "odi-mcid"),
        id="clinic-odi-mcid",
        value=Fraction(15),
        effective_from=date(2027, 1, 1),
    )
    both = [own, *packaged]

    def chosen(on: date | None) -> str | None:
        row = find_threshold(both, ThresholdKind.MCID, 40, on=on)
        return row and row.id

    assert chosen(None) == chosen(date(2027, 1, 1)) == "clinic-odi-mcid"
    assert chosen(date(2026, 12, 31)) == "odi-mcid"
    assert chosen(date(2020, 1, 1)) is None


def test_rows_that_are_no_default_are_never_chosen_unasked() -> None:
    for slug in SCALES:
        for kind in ThresholdKind:
            chosen = find_threshold(rows(slug)[::-1], kind, 40)
            assert chosen == find_threshold(rows(slug), kind, 40)
            assert chosen is None or chosen.is_default


def test_a_relative_threshold_is_of_the_first_score() -> None:
    row = next(r for r in rows("nprs") if r.id == "nprs-mcid-relative")
    assert rate_change("nprs", SCALES["nprs"], 10, 7, mcid=row).clinically_important
    assert not rate_change("nprs", SCALES["nprs"], 10, 8, mcid=row).clinically_important
    from_zero = rate_change("nprs", SCALES["nprs"], 0, 3, mcid=row)
    assert (from_zero.label, from_zero.change_percent) == (ChangeLabel.NOT_RATED, None)


def test_substantial_benefit_only_where_its_row_is_given() -> None:
    scale = load_instrument("koos-jr").rules[0].scales[0]
    row = next(r for r in rows("koos-jr") if r.kind is ThresholdKind.SCB)
    assert rate_change("koos-jr", scale, 50, 70, scb=row).substantial_benefit is True
    assert rate_change("koos-jr", scale, 50, 69.9, scb=row).substantial_benefit is False
    assert rate_change("koos-jr", scale, 70, 50, scb=row).substantial_benefit is False
    assert rate_change("koos-jr", scale, 50, 70).substantial_benefit is None


scores = st.integers(0, 100)
RANK = {
    ChangeLabel.NO_DETECTABLE_CHANGE: 0,
    ChangeLabel.DETECTABLE: 1,
    ChangeLabel.CLINICALLY_IMPORTANT: 2,
}


@given(scores, scores, st.sampled_from(["odi", "quickdash", "dash"]))
def test_the_way_back_mirrors_the_label(before: int, after: int, slug: str) -> None:
    there, back = rate(slug, before, after), rate(slug, after, before)
    assert there.improvement == -back.improvement
    assert there.clinically_important == back.clinically_important
    worse = {there.label, back.label} - {ChangeLabel.NO_DETECTABLE_CHANGE}
    if worse:
        assert ChangeLabel.WORSE in worse
        assert len(worse) == 2


@given(scores, st.data(), st.sampled_from(["odi", "quickdash", "dash"]))
def test_a_larger_gain_never_gets_a_lesser_label(
    before: int, data: st.DataObject, slug: str
) -> None:
    assert SCALES[slug].direction is Direction.LOWER_BETTER
    nearer = data.draw(st.integers(0, before))
    further = data.draw(st.integers(0, nearer))
    assert RANK[rate(slug, before, further).label] >= RANK[rate(slug, before, nearer).label]


@given(st.integers(0, 45), st.fractions(0, 10, max_denominator=45))
def test_a_change_of_exactly_the_threshold_is_never_lost_to_binary_fractions(
    whole: int, part: Fraction
) -> None:
    before = float(whole + part + 10)
    assert rate("odi", before, before - 10).label is ChangeLabel.CLINICALLY_IMPORTANT
