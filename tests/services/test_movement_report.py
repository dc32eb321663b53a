"""The report shows every number, links to nothing outside, and is the same every time."""

from __future__ import annotations

import io
import re

import numpy as np

from rehabctl.analysis.assessment import (
    AngleSeries,
    CodedText,
    Compensation,
    MotionRange,
    MovementAssessment,
    QualityResult,
    QualityStatus,
    Repetition,
    RepetitionKind,
    Severity,
    SymmetryMeasure,
    ViewResult,
)
from rehabctl.services.movement_report import driving_series, html, plot


def assessment(**changes: object) -> MovementAssessment:
    t_s = tuple(float(t) for t in np.arange(0, 3, 0.1))
    curve = tuple(45 - 45 * float(np.cos(2 * np.pi * t / 3)) for t in t_s)
    values: dict[str, object] = {
        "exercise": "bodyweight-squat",
        "view": ViewResult("sagittal", "left", 4.0, "sagittal", True),
        "quality": QualityResult(QualityStatus.LIMITED, 0.8, (CodedText("dark", "It is <dark>."),)),
        "repetitions": (
            Repetition(
                1,
                RepetitionKind.FULL,
                "left",
                0.2,
                1.5,
                2.8,
                90.1,
                85.2,
                (85.0, 95.2),
                88.0,
                0.3,
                1.2,
                1.1,
                -1.6,
            ),
            Repetition(
                2, RepetitionKind.CUT, "left", 2.8, 2.9, 2.9, None, None, None, None, 0, 0, 0, None
            ),
        ),
        "motions": (MotionRange("knee_flexion", "left", 1.0, 90.1, 89.1, 5.1, True, None),),
        "compensations": (
            Compensation(
                "trunk_forward_lean", None, 22.0, "deg", 10.0, Severity.MARKED, (1,), (1.4,), "own"
            ),
        ),
        "symmetry": (SymmetryMeasure("rom", "knee_flexion", 92.2, 80.1, 86.9, 14.0, False),),
        "feedback": (CodedText("deeper", "Bend 3 degrees deeper."),),
        "parameters": {"driving_motion": "knee_flexion", "target_deg": 90.0},
        "input_sha256": "ab" * 32,
        "series": (
            AngleSeries("knee_flexion", "left", t_s, curve),
            AngleSeries("trunk_inclination", "both", t_s, (None, *curve[1:])),
        ),
    }
    return MovementAssessment(**{**values, **changes})  # type: ignore[arg-type]


def test_every_number_and_text_is_shown_and_escaped() -> None:
    page = html(assessment(), version="0.1.0")
    for text in ("90.1", "85 to 95", "22.0 deg", "87 %", "Bend 3 degrees deeper.", "marked"):
        assert text in page
    assert "It is &lt;dark&gt;." in page
    assert "within the method" in page


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = html(assessment(), version="0.1.0")
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", page)
    assert "<script" not in page


def test_the_page_is_the_same_every_time() -> None:
    assert html(assessment(), version="0.1.0") == html(assessment(), version="0.1.0")


def test_a_refused_recording_still_has_a_page() -> None:
    refused = assessment(
        quality=QualityResult(QualityStatus.REFUSED, 0.0), repetitions=(), motions=(), series=()
    )
    assert "refused" in html(refused, version="0.1.0")


def test_the_plot_is_a_picture_with_ink_in_it() -> None:
    from matplotlib.image import imread

    pixels = imread(io.BytesIO(plot(assessment())))
    assert pixels.shape[0] > 300
    assert pixels.std() > 0.02


def test_the_driving_curve_is_chosen_by_motion_and_side() -> None:
    assert [s.motion for s in driving_series(assessment())] == ["knee_flexion"]
    assert len(driving_series(assessment(parameters={}))) == 2
