"""Building a model from its two networks, and the trap: a wrong input range loads silently."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.domain.errors import RehabctlError
from rehabctl.reference.pose_models import MODEL_NAMES, load_pose_models
from rehabctl.vision import model_build, model_install
from rehabctl.vision.model_install import install_model
from rehabctl.vision.models import ModelFolders, PoseModel
from rehabctl.vision.options import ExtractOptions
from rehabctl.vision.worker import extract

from .clips import MakeVideo

pytestmark = pytest.mark.slow

NETWORKS = ("pose_detector.tflite", "pose_landmarks_detector.tflite")
WITHOUT_PEOPLE = ExtractOptions(sample_people=False)

BUILD_WITH_RANGE_ONE = """
import sys
from pathlib import Path
from rehabctl.vision.model_build import build
detector, landmarks, out = map(Path, sys.argv[1:])
out.write_bytes(build(detector.read_bytes(), landmarks.read_bytes(), pixel_range=1.0))
"""


@pytest.fixture(scope="module")
def networks(model: PoseModel) -> tuple[bytes, bytes]:
    with zipfile.ZipFile(model.path) as bundle:
        detector, landmarks = (bundle.read(name) for name in NETWORKS)
    return detector, landmarks


@pytest.fixture(scope="module")
def plain(model: PoseModel, make_video: MakeVideo) -> tuple[Path, KeypointSeries]:
    video = make_video("plain.mp4", count=15)
    return video, extract(video, model.path, options=WITHOUT_PEOPLE)


def test_built_model_finds_the_same_landmarks_bit_for_bit(
    networks: tuple[bytes, bytes], plain: tuple[Path, KeypointSeries], tmp_path: Path
) -> None:
    first, second = (model_build.build_in_child(*networks) for _ in range(2))
    assert first == second
    built = tmp_path / "built.task"
    built.write_bytes(first)
    video, expected = plain
    found = extract(video, built, options=WITHOUT_PEOPLE)
    assert np.isfinite(found.xy_px).all()
    assert np.array_equal(found.xy_px, expected.xy_px)
    assert found.model.name == "pose_landmarker_unknown"
    with zipfile.ZipFile(built) as bundle:
        assert tuple(bundle.namelist()) == NETWORKS
        for member in bundle.infolist():
            start = member.header_offset + 30 + len(member.filename) + len(member.extra)
            assert start % 16 == 0
            assert member.compress_type == zipfile.ZIP_STORED


def test_wrong_input_range_loads_silently_and_only_the_hash_tells(
    networks: tuple[bytes, bytes],
    plain: tuple[Path, KeypointSeries],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = [tmp_path / name for name in ("detector", "landmarks", "trap.task")]
    for path, data in zip(paths, networks, strict=False):
        path.write_bytes(data)
    argv = [sys.executable, "-c", BUILD_WITH_RANGE_ONE, *map(str, paths)]
    subprocess.run(argv, check=True, capture_output=True)
    video, expected = plain
    garbage = extract(video, paths[2], options=WITHOUT_PEOPLE)  # no error: that is the trap
    assert not np.allclose(garbage.xy_px, expected.xy_px, atol=5)

    trap = paths[2].read_bytes()
    assert load_pose_models().by_sha256(hashlib.sha256(trap).hexdigest()) is None
    folders = ModelFolders(tmp_path / "home", tmp_path / "cache")
    monkeypatch.setattr(model_install, "_from_network", lambda *_: trap)
    with pytest.raises(RehabctlError, match="is not the known pose model 'full'"):
        install_model("full", folders)
    assert list(tmp_path.glob("home/*")) == []
    assert not folders.cache.exists()


def test_networks_that_are_none_are_an_error() -> None:
    with pytest.raises(RehabctlError, match="could not be built"):
        model_build.build_in_child(b"not", b"a network")


@pytest.mark.nightly
@pytest.mark.parametrize("name", MODEL_NAMES)
def test_published_packages_still_give_the_known_models(name: str, tmp_path: Path) -> None:
    found = install_model(name, ModelFolders(tmp_path / "home", tmp_path / "cache"))
    assert found.name == name
