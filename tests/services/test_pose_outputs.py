"""Files beside a result: what is drawn, how films keep step, whole files or none."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from poseaudit.io.mot import load_mot

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.review_item import ReviewComment
from rehabctl.integrations.motion_files import mot, trc
from rehabctl.services.pose_analysis import AnalysisOutcome
from rehabctl.services.pose_outputs import OutputFiles, write_outputs, write_whole
from rehabctl.services.pose_overlay import overlay_plan, phase_times

from .pose_files import analyser, no_report, series_of


def test_the_plan_draws_the_near_knee_and_counts_up(tmp_path: Path) -> None:
    series = series_of("squat_count5_partial2")
    plan = overlay_plan(analyser(tmp_path).assess(series), series)
    assert plan.vertex == (24, 26, 28)
    assert plan.angle_name == "knee flexion"
    assert np.nanmax(plan.angle_deg) > 80
    assert len(plan.angle_deg) == len(plan.t_s)
    assert [c.text for c in plan.counter] == [
        "0 full, 0 partial", "1 full, 0 partial", "2 full, 0 partial", "2 full, 1 partial",
        "3 full, 1 partial", "3 full, 2 partial", "4 full, 2 partial", "5 full, 2 partial",
    ]  # fmt: skip
    assert all(a.to_s < b.from_s for a, b in zip(plan.counter, plan.counter[1:], strict=False))


def test_a_shoulder_is_drawn_between_hip_and_elbow_and_cues_at_their_times(tmp_path: Path) -> None:
    series = series_of("hipabd_front_trunklean15")
    found = analyser(tmp_path, "standing-hip-abduction").assess(series)
    plan = overlay_plan(found, series)
    side = found.repetitions[0].side
    assert plan.vertex == ((11, 23, 25) if side == "left" else (12, 24, 26))
    times = [t for c in found.compensations for t in c.at_s]
    assert times
    assert [c.from_s for c in plan.captions] == times
    assert any("trunk lateral lean" in c.text for c in plan.captions)


def test_remarks_of_the_review_are_drawn_at_their_moment_and_landmark(tmp_path: Path) -> None:
    series = series_of("squat_side_95")
    nobody = PatientRef(uuid4(), uuid4(), uuid4())
    remarks = [
        ReviewComment(uuid4(), nobody, uuid4(), uuid4(), at_s, text, landmark)
        for at_s, text, landmark in ((1.5, "heel lifts", 30), (3.0, "slower", None))
    ]
    found = analyser(tmp_path).assess(series)
    before, plan = overlay_plan(found, series), overlay_plan(found, series, remarks)
    assert [(m.from_s, m.landmark, m.text) for m in plan.marks] == [(1.5, 30, "heel lifts")]
    (added,) = plan.captions[len(before.captions) :]
    assert (added.from_s, added.text) == (3.0, "slower")


def test_a_refused_angle_is_not_drawn(tmp_path: Path) -> None:
    series = series_of("squat_front_valgus_left")
    plan = overlay_plan(analyser(tmp_path).assess(series), series)
    assert plan.vertex is None
    assert np.isnan(plan.angle_deg).all()
    assert len(plan.counter) == 4


def test_turning_points_meet_and_the_reference_starts_again(tmp_path: Path) -> None:
    measure = analyser(tmp_path)
    patient = measure.assess(series_of("squat_count5_partial2"))
    reference = measure.assess(series_of("squat_side_95"))
    times = phase_times(patient, reference, 15.0, 100.0)
    assert times is not None
    assert len(times) == 1501
    for number, repetition in enumerate(patient.repetitions):
        other = reference.repetitions[number % 3]
        assert times[round(repetition.peak_s * 100)] == pytest.approx(other.peak_s, abs=0.03)
    going_back = np.flatnonzero(np.diff(times) < 0)
    assert len(going_back) == 2  # seven repetitions, three in the reference


def test_without_a_repetition_each_film_keeps_its_own_speed(tmp_path: Path) -> None:
    measure = analyser(tmp_path)
    still = measure.assess(series_of("still_standing_0reps"))
    assert phase_times(still, measure.assess(series_of("squat_side_95")), 4.0, 30.0) is None


def test_the_written_files_are_read_back(tmp_path: Path) -> None:
    series = series_of("squat_side_95")
    measure = analyser(tmp_path)
    found = measure.assess(series)
    files = OutputFiles(
        plot=tmp_path / "a.png", html=tmp_path / "a.html",
        trc=tmp_path / "a.trc", mot=tmp_path / "a.mot",
    )  # fmt: skip
    outcome = AnalysisOutcome(tmp_path / "film.mp4", found, series)
    assert write_outputs(files, outcome, measure, report=no_report) == ()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "bodyweight-squat" in (tmp_path / "a.html").read_text("utf-8")
    points = trc.read(tmp_path / "a.trc")
    np.testing.assert_allclose(points.points[:, 26], series.xy_px[:, 26], atol=1e-3)
    t_s, angles = mot.read(tmp_path / "a.mot")
    knee = next(s for s in found.series if (s.motion, s.side) == ("knee_flexion", "right"))
    np.testing.assert_allclose(t_s, knee.t_s, atol=1e-6)
    np.testing.assert_allclose(angles["knee_angle_r"], knee.deg, atol=1e-5)
    outside = load_mot(tmp_path / "a.mot")  # another program's reader of OpenSim's files
    assert outside.in_degrees
    np.testing.assert_allclose(outside.columns["knee_angle_r"], knee.deg, atol=1e-5)


def test_the_marker_file_has_the_layout_that_sports2d_writes(
    tmp_path: Path, sample_data: Path
) -> None:
    sample = sample_data / "pose" / "sports2d" / "rohan_squat_px.trc"
    own = trc.write(series_of("squat_side_95"), name=sample.name)
    ours, theirs = ([line.split("\t") for line in text.splitlines()[:6]]
                    for text in (own, sample.read_text("utf-8")))  # fmt: skip
    assert ours[:2] == theirs[:2]
    for lines in (ours, theirs):
        markers = int(lines[2][3])
        names = [name for name in lines[3][2:] if name]
        assert len(names) == markers
        assert lines[3][2 : 2 + 3 * markers : 3] == names
        axes = [f"{axis}{i + 1}" for i in range(markers) for axis in "XYZ"]
        assert [cell for cell in lines[4] if cell] == axes
        assert len([float(cell) for cell in lines[5]]) == 2 + 3 * markers
    assert {"RKnee", "LHeel", "RShoulder"} <= {*ours[3]} & {*theirs[3]}


@pytest.mark.parametrize(
    ("files", "inputs", "says"),
    [
        (OutputFiles(plot=Path("a.png")), ["a.mp4", "b.mp4"], "--plot takes one input"),
        (OutputFiles(plot=Path("no/such/a.png")), ["a.mp4"], "folder of --plot"),
        (OutputFiles(beside=Path("b.mp4")), ["a.mp4"], "--beside adds"),
        (OutputFiles(annotate=Path("o.mp4")), ["a.npz"], "draws on a video"),
        (OutputFiles(annotate=Path("o.mp4"), beside=Path("b.npz")), ["a.mp4"], "draws on a video"),
    ],
)
def test_impossible_outputs_are_named_before_any_work(
    files: OutputFiles, inputs: list[str], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        files.require_possible([Path(name) for name in inputs])


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "page.md"
    target.write_text("old")
    target.chmod(0o644)
    write_whole(target, b"new")
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("new", 0o644)
    write_whole(tmp_path / "other", b"x")
    assert (tmp_path / "other").stat().st_mode & 0o077 == 0
    with pytest.raises(RehabctlError, match="cannot write"):
        write_whole(tmp_path / "no" / "file", b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RehabctlError, match="cannot write"):
        write_whole(tmp_path / "folder", b"x")
    assert not list(tmp_path.glob("*.part"))
