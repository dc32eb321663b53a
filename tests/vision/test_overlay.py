"""Annotated videos: right size, rate and length, drawn in, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rehabctl.domain.errors import RehabctlError
from rehabctl.vision.overlay import Caption, Mark, OverlayPlan, Panel, render

cv2 = pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grey clip of 40 frames at 20 frames a second, each a little brighter."""
    path = tmp_path_factory.mktemp("clip") / "grey.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 20.0, (160, 240))
    for i in range(40):
        writer.write(np.full((240, 160, 3), 40 + 3 * i, np.uint8))
    writer.release()
    return path


def plan(**changes: object) -> OverlayPlan:
    frames = 40
    xy = np.full((frames, 33, 2), np.nan, np.float32)
    xy[:, 24], xy[:, 26], xy[:, 28] = (60, 80), (90, 130), (60, 190)
    values: dict[str, object] = {
        "t_s": np.arange(frames) / 20,
        "xy_px": xy,
        "angle_deg": np.full(frames, 63.0),
        "vertex": (24, 26, 28),
        "angle_name": "knee flexion",
        "counter": [Caption(0, 2, "1 full")],
        "captions": [Caption(0.5, 1.0, "Bend deeper")],
        "marks": [Mark(0, 2, 26, "knee")],
    }
    return OverlayPlan(**{**values, **changes})  # type: ignore[arg-type]


def frames_of(path: Path) -> tuple[list[np.ndarray], float]:
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    capture.release()
    return frames, fps


def test_every_frame_is_there_and_drawn_on(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    seen: list[float] = []
    render([Panel(clip, plan())], target, report=lambda done, _total: seen.append(done))
    frames, fps = frames_of(target)
    assert (len(frames), fps, frames[0].shape) == (40, 20.0, (240, 160, 3))
    plain, _ = frames_of(clip)
    changed = [
        int((np.abs(a.astype(int) - b) > 40).any(axis=2).sum())
        for a, b in zip(frames, plain, strict=True)
    ]
    assert min(changed) > 100
    assert changed[15] > changed[2]  # the caption is on in between only
    assert seen
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_two_videos_stand_side_by_side_in_phase(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "beside.mp4"
    still = np.full(40, 0.5)  # the reference stands still at half a second
    empty = plan(vertex=None, counter=(), captions=(), marks=(), xy_px=np.full((40, 33, 2), np.nan))
    render([Panel(clip, empty), Panel(clip, empty, source_s=still)], target)
    frames, _fps = frames_of(target)
    assert frames[0].shape == (240, 320, 3)
    right = [float(f[100:140, 200:280].mean()) for f in frames]
    left = [float(f[100:140, 40:120].mean()) for f in frames]
    assert max(right) - min(right) < 6
    assert left[-1] - left[0] > 80


def test_a_video_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "text.mp4"
    bad.write_text("no video")
    with pytest.raises(RehabctlError):
        render([Panel(bad, plan())], tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["text.mp4"]


def test_a_folder_that_is_not_there_is_one_error(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(RehabctlError):
        render([Panel(clip, plan())], tmp_path / "no" / "out.mp4")


def test_the_parent_loads_no_opencv() -> None:
    code = "import rehabctl.vision.overlay, sys; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_reference_may_go_back_to_its_start(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "again.mp4"
    again = np.concatenate([np.arange(40), np.arange(40)]) / 20  # twice as many, twice as fast
    empty = plan(vertex=None, counter=(), captions=(), marks=(), xy_px=np.full((40, 33, 2), np.nan))
    render([Panel(clip, empty), Panel(clip, empty, source_s=again, source_fps=40.0)], target)
    frames, _fps = frames_of(target)
    right = [float(f[100:140, 200:280].mean()) for f in frames]
    assert len(right) == 40
    assert right[19] - right[0] > 80
    assert right[20] == pytest.approx(right[0], abs=8)
    assert right[39] == pytest.approx(right[19], abs=8)
