"""Many recordings: found once, done once, done again only when something changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.services.pose_batch import BatchItem, find_inputs, run_batch

from .pose_files import analyser, keypoint_file, no_report


def run(folder: Path, paths: list[Path], **options: object) -> dict[str, BatchItem]:
    found = run_batch(analyser(folder, **options), paths, folder / "results", no_report)
    return {item.path.name: item for item in found}


def test_folders_patterns_and_files_name_each_recording_once(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MOV", "c.npz", "notes.txt", ".hidden.mp4", "sub/d.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_inputs([str(tmp_path), str(tmp_path / "*.mp4"), str(tmp_path / "notes.txt")])
    assert sorted(p.name for p in found) == ["a.MOV", "b.mp4", "c.npz", "d.mp4", "notes.txt"]
    (tmp_path / "empty").mkdir()
    for nothing in ("*.avi", "empty"):
        with pytest.raises(UsageError):
            find_inputs([str(tmp_path / nothing)])
    with pytest.raises(NotFoundError):
        find_inputs([str(tmp_path / "no.mp4")])


def test_a_bad_file_stops_nothing_and_a_second_run_does_only_it(tmp_path: Path) -> None:
    good = keypoint_file(tmp_path, "squat_side_95")
    bad = tmp_path / "bad.npz"
    bad.write_text("no keypoints")
    first = run(tmp_path, [bad, good])
    assert first["bad.npz"].error is not None
    assert not first[good.name].resumed
    again = run(tmp_path, [bad, good])
    assert again["bad.npz"].error is not None
    assert again[good.name].resumed
    assert again[good.name].result == json.loads(json.dumps(first[good.name].result))


def test_a_changed_file_request_or_result_is_done_again(tmp_path: Path) -> None:
    path = keypoint_file(tmp_path, "squat_side_95")
    run(tmp_path, [path])
    assert not run(tmp_path, [path], target_deg=60.0)[path.name].resumed
    assert not run(tmp_path, [path])[path.name].resumed  # the file holds the last request's result
    [kept] = (tmp_path / "results").iterdir()
    assert run(tmp_path, [path])[path.name].resumed
    kept.write_text(kept.read_text("utf-8")[:-40])
    assert not run(tmp_path, [path])[path.name].resumed
    shutil.copy(keypoint_file(tmp_path, "squat_side_limited70"), path)
    assert not run(tmp_path, [path])[path.name].resumed
    assert len(list((tmp_path / "results").iterdir())) == 2


def test_refused_recordings_are_kept_and_told_apart(tmp_path: Path) -> None:
    path = keypoint_file(tmp_path, "squat_front_valgus_left")
    assert [run(tmp_path, [path])[path.name].refused for _ in range(2)] == [True, True]
