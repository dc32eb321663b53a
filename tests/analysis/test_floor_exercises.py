"""Every floor exercise of the library takes an honest path, and the page says which."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from rehabctl.analysis.assess import assess
from rehabctl.analysis.assessment import MovementAssessment, QualityStatus, RepetitionKind
from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_library import load_library
from tests.analysis.floor_figures import figure, floor_exercises, path_of
from tests.analysis.skeletons import series_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "floor-exercises.md"
SLUGS = [one.slug for one in floor_exercises()]


@cache
def exercise(slug: str) -> Exercise:
    return load_library().get(slug)


@cache
def found(slug: str) -> MovementAssessment:
    one = exercise(slug)
    return assess(series_of(figure(one)), one.measurement, exercise=slug)


def codes(slug: str) -> set[str]:
    one = found(slug)
    return {item.code for item in (*one.quality.reasons, *one.warnings)}


def test_the_library_has_fifty_five_of_them() -> None:
    assert len(SLUGS) == 55


@pytest.mark.parametrize("slug", SLUGS)
def test_its_movements_are_counted_and_turn_where_the_figure_turns(slug: str) -> None:
    one, spec = found(slug), exercise(slug).measurement
    path = path_of(exercise(slug), one)
    if path == "measured":
        assert len(one.repetitions) == 3
        for repetition in one.repetitions:
            assert repetition.kind is not RepetitionKind.CUT
            # a drawn figure has no bias that could be corrected
            assert repetition.peak_uncorrected_deg == pytest.approx(spec.target_deg, abs=1.0)
    elif path == "timed":
        assert one.repetitions == ()
    else:
        assert path == "sensor"
        assert all(r.peak_deg is None and r.interval_deg is None for r in one.repetitions)


@pytest.mark.parametrize("slug", SLUGS)
def test_an_angle_on_the_floor_is_never_called_good(slug: str) -> None:
    one = found(slug)
    if one.repetitions:
        assert one.quality.status in (QualityStatus.LIMITED, QualityStatus.REFUSED)
    for repetition in one.repetitions:
        if repetition.interval_deg is not None:
            low, high = repetition.interval_deg
            assert high - low >= 20.0


def test_face_down_nothing_is_corrected_by_what_was_seen_face_up() -> None:
    for slug in ("slr-extension-prone", "bird-dog-leg", "prone-knee-flexion"):
        assert found(slug).parameters["posture"] == "prone"
        for repetition in found(slug).repetitions:
            assert repetition.peak_deg == pytest.approx(repetition.peak_uncorrected_deg)
    corrected = found("slr-flexion")
    assert corrected.parameters["posture"] == "lying"
    assert all(r.peak_deg != r.peak_uncorrected_deg for r in corrected.repetitions)


@pytest.mark.parametrize("slug", ["clamshell", "bent-knee-fallout", "lower-trunk-rotation"])
def test_what_the_camera_cannot_have_names_the_sensor(slug: str) -> None:
    assert "sensor_advised" in codes(slug)
    assert found(slug).quality.status is QualityStatus.REFUSED


def rows() -> list[str]:
    lines: list[str] = []
    for slug in sorted(SLUGS):
        one, path = found(slug), path_of(exercise(slug), found(slug))
        widths = [r.interval_deg for r in one.repetitions if r.interval_deg is not None]
        half = f"{(widths[0][1] - widths[0][0]) / 2:.0f}" if widths else "-"
        counted = "yes" if one.repetitions else "held time" if path == "timed" else "no"
        sensor = " and ".join(exercise(slug).measurement.imu_segments).replace("_", " ")
        advised = sensor if "sensor_advised" in codes(slug) else "-"
        motion = (exercise(slug).measurement.motion or "-").replace("_", " ")
        lines.append(
            f"| {slug} | {exercise(slug).position} | {motion} | {counted} | {half} | {advised} |"
        )
    return lines


def test_the_page_is_of_today() -> None:
    printed = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert printed[2:] == rows(), "\n".join(rows())
