"""Reading real files: times, rotation, seeking, and files that only look like videos."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rehabctl.domain.errors import RehabctlError
from rehabctl.vision.video import VideoReader

from .clips import MakeVideo, clip, truth


@pytest.mark.parametrize("name", ["elbow_vfr", "squat_rot90_metadata"])
def test_times_are_the_true_presentation_times(name: str) -> None:
    with closing(VideoReader(clip(name))) as reader:
        times_s = np.array(list(reader.times_ms())) / 1000
    assert np.allclose(times_s, truth(name)["timestamps_s"], atol=1e-4)


def test_rotation_flag_is_applied_and_reported() -> None:
    with closing(VideoReader(clip("squat_rot90_metadata"))) as reader:
        next(iter(reader.times_ms()))
        image = reader.image()
    assert reader.rotation_deg == 90
    assert image is not None
    assert image.shape == (640, 480, 3)


def test_image_is_rgb(make_video: MakeVideo) -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 2] = 255  # OpenCV writes blue, green, red
    with closing(VideoReader(make_video("red.mp4", frames=(red for _ in range(3))))) as reader:
        next(iter(reader.times_ms()))
        image = reader.image()
    assert image is not None
    assert image[..., 0].mean() > 200
    assert image[..., 2].mean() < 50


@pytest.mark.parametrize("from_s", [0.4, 3.3, 9.0])
def test_seeking_never_arrives_too_late(from_s: float) -> None:
    with closing(VideoReader(clip("elbow_vfr"))) as reader:
        whole = list(reader.times_ms())
    with closing(VideoReader(clip("elbow_vfr"))) as reader:
        part = list(reader.times_ms(from_s))
    assert part[0] <= 1000 * from_s
    wanted = [t for t in whole if t >= 1000 * from_s]
    assert part[-len(wanted) :] == wanted


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("note.mp4", b"hello\n"),
        ("hls.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nclip.mp4\n#EXT-X-ENDLIST\n"),
        ("concat.mp4", b"ffconcat version 1.0\nfile clip.mp4\n"),
        ("picture.mp4", b"\x89PNG\r\n\x1a\n" + bytes(64)),
    ],
)
def test_what_is_no_video_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "clip.mp4").write_bytes(clip("still_standing_0reps").read_bytes())
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RehabctlError, match=f"{name} is not a video that can be read"):
        VideoReader(path)


def test_name_with_a_colon_is_a_file_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("concat:day 1 %d.mp4")
    path.write_bytes(clip("still_standing_0reps").read_bytes())
    with closing(VideoReader(path)) as reader:
        assert len(list(reader.times_ms())) == 120


def test_parent_side_needs_neither_opencv_nor_mediapipe() -> None:
    code = (
        "import sys, rehabctl.vision.worker, rehabctl.vision.models, rehabctl.vision.keypoints, "
        "rehabctl.vision.model_install; print({'cv2', 'mediapipe'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert done.stderr == ""
