"""What is drawn and said of a joint's calibration agrees with its judgement."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.analysis.calibration_picture import picture
from rehabctl.analysis.functional_calibration import FunctionalAxis, functional, functional_axis
from rehabctl.analysis.joint_angle import HingeAxis, on_common_time
from rehabctl.analysis.joint_guide import JointGuide, JointView
from rehabctl.analysis.sensor_simulation import knee_pair
from rehabctl.reference.sensor_limits import load_sensor_limits

LIMITS = load_sensor_limits(date(2026, 11, 22))
AXIS = HingeAxis((0.0, 1.0, 0.0), (0.0, 1.0, 0.0), 5.0)


def guided(repetitions: int, peak_deg: float) -> tuple[JointGuide, list[JointView]]:
    """Follow simulated bends and return a view every second, as a person would see them."""
    thigh, shank, _ = knee_pair(repetitions, peak_deg)
    guide, views = JointGuide(LIMITS), [JointGuide(LIMITS).view()]
    for i, t_s in enumerate(thigh.t_s.tolist()):
        guide.add(0, t_s, thigh.gyr_rads[i], thigh.acc_ms2[i])
        guide.add(1, t_s, shank.gyr_rads[i], shank.acc_ms2[i])
        if (pair := guide.due()) is not None:
            found = functional_axis(*on_common_time(*pair), LIMITS)
            guide.take_axis(found, float(pair[0].t_s[-1]))
        if i % 60 == 0:
            views.append(guide.view())
    return guide, views


def test_enough_bends_pass_and_the_way_there_is_told() -> None:
    _, views = guided(3, 90.0)
    steps = [view.next_step for view in views]
    assert steps[0] == "Wait until both sensors send."
    assert "Stand still for three seconds." in steps
    assert "Bend the joint, slowly and as far as it goes." in steps
    assert steps[-1] == "Enough: end it, or bend on for a surer axis."
    assert [view.enough for view in views] == sorted(view.enough for view in views)
    thigh, shank, _ = knee_pair(3, 90.0)
    assert functional([thigh, shank], LIMITS).passed
    last = views[-1]
    assert last.found is not None
    assert last.found.range_deg == pytest.approx(90.0, abs=3.0)
    assert max(last.trace_deg) - min(last.trace_deg) == pytest.approx(90.0, abs=8.0)
    assert abs(last.trace_deg[-1]) < 8.0  # the leg is straight again


def test_a_joint_that_is_hardly_bent_is_never_enough() -> None:
    _, views = guided(3, 10.0)
    assert not any(view.enough for view in views)
    assert views[-1].next_step == "Bend it further, as far as it goes."


@pytest.mark.parametrize(
    ("residual_deg", "sign_ratio", "step"),
    [
        (12.0, 5.0, "Move that joint alone: bend it, and do not twist."),
        (1.0, 1.5, "Lean to one side while you bend it."),
        (1.0, 5.0, "Bend it again."),
    ],
)
def test_what_is_wrong_with_the_axis_is_said(
    residual_deg: float, sign_ratio: float, step: str
) -> None:
    guide = JointGuide(LIMITS)
    turning = np.array([0.0, 2.0, 0.0])
    for i in range(-90, 300):  # moved for 5.0 s: half a second less than is asked for
        guide.add(0, i / 60.0, np.zeros(3), turning)
        guide.add(1, i / 60.0, turning if i >= 0 else np.zeros(3), turning)
    axis = HingeAxis(AXIS.proximal, AXIS.distal, sign_ratio)
    guide.take_axis(FunctionalAxis(axis, residual_deg, 90.0, None, 10.0), 4.0)
    assert guide.view().next_step == step
    guide.add(0, 6.0, turning, turning)
    guide.add(1, 6.0, turning, turning)
    bent_deg = np.degrees(2.0) * (299 / 60 - 4.0)  # since the look, by the rate about the axis
    assert guide.view().trace_deg[-1] == pytest.approx(10.0 + bent_deg, abs=0.1)


def test_what_comes_before_the_first_still_stand_does_not_count() -> None:
    guide = JointGuide(LIMITS)
    turning = np.array([0.0, 2.0, 0.0])
    for i in range(600):
        guide.add(0, i / 60.0, np.zeros(3), turning)
        guide.add(1, i / 60.0, turning, turning)
    view = guide.view()
    assert (view.moved_s, view.still_s, guide.due()) == (0.0, 0.0, None)
    assert view.next_step == "Stand still for three seconds."
    assert view.t_s == pytest.approx(599 / 60.0, abs=0.02)


@settings(max_examples=50)
@given(
    samples=st.lists(st.tuples(*[st.floats(-20, 20)] * 6), max_size=20),
    found=st.none()
    | st.builds(
        FunctionalAxis,
        st.builds(HingeAxis, st.just(AXIS.proximal), st.just(AXIS.distal), st.floats(0, 1e12)),
        *[st.floats(0, 180)] * 2,
        st.none(),
        st.floats(-360, 360),
    ),
)
def test_whatever_comes_is_drawn_in_plain_characters(
    samples: list[tuple[float, ...]], found: FunctionalAxis | None
) -> None:
    guide = JointGuide(LIMITS)
    if found is not None:
        guide.take_axis(found, 0.0)
    for i, values in enumerate(samples):
        for which in (0, 1):
            guide.add(which, i / 60.0, np.array(values[:3]), np.array(values[3:]))
    view = guide.view()
    lines = picture(view)
    assert len(lines) <= 12
    assert all(len(line) <= 80 and line.isascii() for line in lines)
    assert view.next_step.endswith(".")
