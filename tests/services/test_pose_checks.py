"""The set-up check: what is fit passes, each defect is found by its code and time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rehabctl.analysis.keypoint_series import KeypointSeries, PersonSample
from rehabctl.reference.exercise_library import load_library
from rehabctl.services.pose_checks import BETWEEN_VIEWS, check_set_up

from .pose_files import series_of

SQUAT = load_library().get("bodyweight-squat").measurement


def every(series: KeypointSeries, step: int) -> KeypointSeries:
    """The same film, looked at less often."""
    signals = series.signals
    assert signals is not None
    keep = slice(None, None, step)
    return replace(
        series,
        t_s=series.t_s[keep],
        xy_px=series.xy_px[keep],
        visibility=series.visibility[keep],
        world_m=None if series.world_m is None else series.world_m[keep],
        signals=replace(
            signals,
            luma=signals.luma[keep], sharpness=signals.sharpness[keep], change=signals.change[keep],
        ),
    )  # fmt: skip


def codes(series: KeypointSeries, **options: object) -> dict[str, float | None]:
    return {f.code: f.at_s for f in check_set_up(series, **options)}  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [1, 4])
def test_a_fit_recording_passes_at_any_rate(step: int) -> None:
    assert codes(every(series_of("squat_side_95"), step), spec=SQUAT) == {}


def test_the_view_is_judged_by_the_exercise() -> None:
    front = series_of("squat_front_valgus_left")
    assert "view_unfit" in codes(front, spec=SQUAT)
    assert codes(front) == {}


def test_between_side_and_front_is_neither() -> None:
    assert BETWEEN_VIEWS in codes(series_of("squat_oblique30"))


def test_darkness_is_found_with_its_time() -> None:
    series = series_of("squat_side_95")
    assert series.signals is not None
    luma = np.where(series.t_s > 2.0, 20.0, 120.0)
    found = codes(replace(series, signals=replace(series.signals, luma=luma)), spec=SQUAT)
    assert found == {"dark": pytest.approx(2.0, abs=0.05)}


def test_legs_outside_the_picture_are_found() -> None:
    series = series_of("squat_side_95")
    low = series.xy_px.copy()
    low[:, 25:33, 1] += 0.45 * series.video.height
    found = codes(replace(series, xy_px=low))
    assert found["legs_out_of_frame"] == pytest.approx(0.0, abs=0.1)


def test_people_are_counted() -> None:
    series = series_of("squat_side_95")
    box = (10.0, 10.0, 100.0, 300.0)
    crowd = tuple(PersonSample(float(t), (box, box)) for t in range(1, 6))
    assert codes(replace(series, people=crowd)) == {"several_persons": 1.0}


def test_nobody_and_a_slow_camera_are_findings() -> None:
    series = series_of("squat_side_95")
    nobody = replace(series, xy_px=np.full_like(series.xy_px, np.nan))
    assert codes(nobody)["no_person"] == 0.0
    slow = replace(series, video=replace(series.video, fps_mean=10.0))
    assert set(codes(slow)) == {"frame_rate_low"}
    slower = replace(series, video=replace(series.video, fps_mean=3.0))
    assert set(codes(slower)) == {"frame_rate_refused"}
