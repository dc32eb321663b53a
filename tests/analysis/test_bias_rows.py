"""The shipped bias rows are what the fit gives for adam, bea and carl, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.render import fit
from rehabctl.analysis.bias_fit import (
    DESIGNS,
    Design,
    FittedRow,
    Observation,
    fit_rows,
)
from rehabctl.analysis.covariates import covariates_at
from rehabctl.analysis.uncertainty import Conditions, bias_deg, estimate, half_width_deg
from rehabctl.reference.measurement import BiasRow, load_measurement_data
from tests.analysis.rendered_clips import FIT_PEOPLE, HEAVY_MODEL

TABLES = {table.model.name: table for table in load_measurement_data().biases}
TABLE = TABLES["full"]
EVERY_ROW = [
    pytest.param(model, design, id=f"{model}-{design.motion}-{design.posture}-{design.extreme}")
    for model, designs in DESIGNS.items()
    for design in designs
]

observations = cache(fit.observations)


@cache
def fitted(model: str) -> dict[Design, FittedRow]:
    return {row.design: row for row in fit_rows(observations(model), DESIGNS[model])}


def shipped(model: str, design: Design) -> BiasRow:
    table = TABLES[model]
    return table.find(design.motion, design.view, design.posture, design.extreme)


@pytest.mark.parametrize("model", DESIGNS)
def test_the_fit_saw_no_judged_person(model: str) -> None:
    assert {o.person for o in observations(model)} == set(FIT_PEOPLE)


@pytest.mark.parametrize(("model", "design"), EVERY_ROW)
def test_each_shipped_row_is_the_fitted_one(model: str, design: Design) -> None:
    row, found = shipped(model, design), fitted(model)[design]
    assert row.grade == "measured"
    assert (row.clips, row.people) == (found.clips, found.people)
    assert row.intercept_deg == pytest.approx(found.intercept_deg, abs=0.05)
    assert row.half_width_deg == pytest.approx(found.half_width_deg, abs=0.1)
    assert row.slope_per_deg == pytest.approx(found.slope_per_deg, abs=1e-4)
    assert dict(row.covariates) == pytest.approx(dict(found.covariates), abs=0.05)
    assert row.angle_range_deg == pytest.approx(found.angle_range_deg, abs=1.0)
    assert row.covariate_ranges.keys() == found.covariate_ranges.keys()
    for name, bounds in found.covariate_ranges.items():
        assert row.covariate_ranges[name] == pytest.approx(bounds, abs=0.05)


@pytest.mark.parametrize("model", DESIGNS)
def test_every_measured_row_has_a_design(model: str) -> None:
    known = {(d.motion, d.view, d.posture, d.extreme) for d in DESIGNS[model]}
    measured = {
        (r.motion, r.view, r.posture, r.extreme)
        for r in TABLES[model].rows
        if r.grade == "measured"
    }
    assert measured == known


def test_a_model_has_its_own_rows_and_an_unknown_one_those_of_the_default() -> None:
    data = load_measurement_data()
    assert data.bias() is data.bias("0" * 64) is TABLE
    for table in TABLES.values():
        assert all(data.bias(sha256) is table for sha256 in table.model.sha256)
    assert data.bias(HEAVY_MODEL.sha256).model.name == "heavy"


@pytest.mark.parametrize("model", DESIGNS)
def test_leaving_a_person_out_the_rows_hold_for_that_person(model: str) -> None:
    """Rows fitted on two people, judged on the third, over all turning points."""
    errors: list[float] = []
    inside: list[bool] = []
    for person in FIT_PEOPLE:
        others = [o for o in observations(model) if o.person != person]
        for row in fit_rows(others, DESIGNS[model]):
            for item in observations(model):
                if item.person == person and item.turning and row.design.takes(item):
                    errors.append(abs(item.seen_deg - item.true_deg - _bias(row, item)))
                    inside.append(errors[-1] <= row.half_width_deg)
    assert len(errors) >= 200
    assert np.mean(inside) >= 0.9
    assert np.mean(np.array(errors) <= 5.0) >= 0.88
    assert np.median(errors) <= 2.2


def _bias(fit: FittedRow, item: Observation) -> float:
    row = replace(
        KNEE,
        intercept_deg=fit.intercept_deg,
        slope_per_deg=fit.slope_per_deg,
        covariates=fit.covariates,
        covariate_ranges=fit.covariate_ranges,
        angle_range_deg=fit.angle_range_deg,
    )
    return bias_deg(row, item.seen_deg, item.covariates)


def made(
    person: str, clip_name: str, seen: float, error: float, **covariates: float
) -> Observation:
    return Observation(
        "knee_flexion", "sagittal", "upright", "max", person, clip_name, seen, seen - error,
        {"thigh_forward": 0.5, **covariates}, turning=True,
    )  # fmt: skip


def test_the_fit_finds_a_known_bias_and_weighs_clips_alike() -> None:
    design = Design("knee_flexion", "sagittal", "upright", "max", slope=True)
    items = [made(p, p + str(a), a, -2.0 - 0.05 * a) for p in "xyz" for a in (40.0, 70.0, 100.0)]
    (row,) = fit_rows(items, (design,))
    assert row.intercept_deg == pytest.approx(-2.0, abs=1e-6)
    assert row.slope_per_deg == pytest.approx(-0.05, abs=1e-6)
    assert row.half_width_deg == pytest.approx(0.0, abs=1e-6)
    assert (row.clips, row.people) == (9, 3)
    flat = Design("knee_flexion", "sagittal", "upright", "max")
    many = [made("x", "one", 50.0, -4.0)] * 20 + [made("y", "two", 50.0, -8.0)]
    assert fit_rows(many, (flat,))[0].intercept_deg == pytest.approx(-6.0)


def test_few_people_rest_only_and_published_floors_widen_a_row() -> None:
    flat = Design("knee_flexion", "sagittal", "upright", "max")
    rng = np.random.default_rng(5)
    errors = rng.normal(-5.0, 2.0, size=30)
    three = [made(f"p{i % 3}", f"c{i}", 60.0, e) for i, e in enumerate(errors)]
    one = [made("p0", f"c{i}", 60.0, e) for i, e in enumerate(errors)]
    half = fit_rows(three, (flat,))[0].half_width_deg
    assert fit_rows(one, (flat,))[0].half_width_deg > half
    resting = [Observation(**{**_fields(o), "turning": False}) for o in three]
    assert fit_rows(resting, (flat,))[0].half_width_deg == pytest.approx(1.5 * half)
    floor = Design("knee_flexion", "sagittal", "upright", "max", at_least_deg=12.0)
    assert fit_rows(three, (floor,))[0].half_width_deg == 12.0
    assert fit_rows(three, (Design("hip_flexion", "sagittal", "upright", "max"),)) == ()


def _fields(item: Observation) -> dict[str, object]:
    return {name: getattr(item, name) for name in Observation.__dataclass_fields__}


KNEE = TABLE.find("knee_flexion", "sagittal", "upright", "max")
PLAIN = {"thigh_forward": 0.5}


@given(st.floats(-30.0, 170.0), st.floats(-1.0, 1.0))
def test_a_correction_lies_in_the_middle_of_its_interval(angle: float, forward: float) -> None:
    found = estimate(angle, KNEE, TABLE, {"thigh_forward": forward}, Conditions())
    low, high = found.interval_deg
    assert (low + high) / 2 == pytest.approx(found.deg)
    assert high - low == pytest.approx(2 * found.half_width_deg)
    assert found.half_width_deg >= KNEE.half_width_deg
    assert found.deg - angle == pytest.approx(-bias_deg(KNEE, angle, {"thigh_forward": forward}))


@pytest.mark.parametrize(
    "worse",
    [
        Conditions(off_plane_deg=25.0),
        Conditions(bone_length_excess=0.1),
        Conditions(degraded=1),
        Conditions(known=False),
        Conditions(hidden=True),
    ],
)
def test_every_worse_condition_widens_the_interval(worse: Conditions) -> None:
    plain = half_width_deg(KNEE, TABLE, 90.0, -4.0, Conditions())
    assert half_width_deg(KNEE, TABLE, 90.0, -4.0, worse) > plain


def test_outside_the_fitted_range_the_bias_stops_and_the_interval_grows() -> None:
    low, high = KNEE.angle_range_deg
    inside = estimate(high, KNEE, TABLE, PLAIN, Conditions())
    beyond = estimate(high + 30.0, KNEE, TABLE, PLAIN, Conditions())
    assert beyond.deg - (high + 30.0) == pytest.approx(inside.deg - high)
    assert beyond.half_width_deg > inside.half_width_deg
    assert low < high


def test_outside_the_fitted_poses_the_bias_stops() -> None:
    row = replace(
        KNEE, covariates={"shank_stretch": 80.0}, covariate_ranges={"shank_stretch": (-0.1, 0.2)}
    )
    biases = [bias_deg(row, 60.0, {"shank_stretch": x}) for x in (-5.0, -0.1, 0.2, 5.0)]
    assert biases[0] == biases[1] < biases[2] == biases[3]


def test_an_unknown_recording_is_not_corrected() -> None:
    found = estimate(80.0, KNEE, TABLE, PLAIN, Conditions(known=False))
    assert found.deg == 80.0


def test_a_body_without_a_shank_gives_no_error() -> None:
    xy = np.zeros((1, 33, 2))
    found = covariates_at(xy, xy, "left", 1)
    assert set(found) == {"thigh_forward", "hip_line_tilt", "thigh_level", "shank_stretch"}
    assert np.isfinite(list(found.values())).all()
