"""The real model, the rendered clips, and series that several tests read."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import platformdirs
import pytest

from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.domain.errors import UnavailableError
from rehabctl.vision.model_install import install_model
from rehabctl.vision.models import ModelFolders, PoseModel, find_model
from rehabctl.vision.worker import extract_many
from tests.pose_model import without_pose_model

from .clips import Images, MakeVideo, clip, images


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> PoseModel:
    """The full model: where the look-up finds it, else installed once into the user's cache."""
    home = tmp_path_factory.mktemp("models")
    folders = ModelFolders(home, Path(platformdirs.user_cache_dir("rehabctl")))
    named = os.environ.get("REHABCTL_POSE_MODEL")
    try:
        return find_model("full", folders, override=Path(named) if named else None)
    except UnavailableError:
        pass
    try:
        return install_model("full", folders)
    except UnavailableError as error:
        without_pose_model(str(error))


@pytest.fixture(scope="session")
def make_video(tmp_path_factory: pytest.TempPathFactory) -> MakeVideo:
    """Encode images; without any, a clip that shows the figure standing."""

    def make(
        name: str, *, fps: float = 30.0, count: int = 30, frames: Images | None = None
    ) -> Path:
        path = tmp_path_factory.mktemp("videos") / name
        writer: cv2.VideoWriter | None = None
        for frame in frames or images(clip("still_standing_0reps"), count):
            height, width = frame.shape[:2]
            codec = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
            writer = writer or cv2.VideoWriter(str(path), codec, fps, (width, height))
            writer.write(frame)
        assert writer is not None
        writer.release()
        return path

    return make


@pytest.fixture(scope="session")
def series(model: PoseModel, make_video: MakeVideo) -> dict[str, KeypointSeries]:
    """Landmarks of the clips that need all their frames, and of short ones made here."""
    squats = images(clip("squat_side_95"), 75)
    videos = [
        clip("elbow_vfr"),
        clip("squat_rot90_metadata"),
        make_video("squat.mp4", frames=squats),
        make_video("sixty.mp4", fps=60, count=60),
        make_video("five.mp4", fps=5, count=5),
        make_video("many.mp4", fps=240, count=48),
        make_video("motion_jpeg.avi", count=20),
        make_video("black.mp4", frames=(np.zeros((240, 320, 3), np.uint8) for _ in range(30))),
        make_video(
            "four_k.mp4",
            frames=(cv2.resize(i, (2160, 3840)) for i in images(clip("squat_side_95"), 6)),
        ),
    ]
    found: dict[str, KeypointSeries] = {}
    for result in extract_many(videos, model.path, jobs=2):
        assert result.error is None, (result.path.name, result.error)
        assert result.series is not None
        found[result.path.stem] = result.series
    return found
