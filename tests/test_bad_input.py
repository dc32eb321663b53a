"""The contract's table of exit codes, row by row, through the real executable."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pytest

from rehabctl.vision.models import ModelFolders, find_model
from tests.pose_model import without_pose_model

pytestmark = pytest.mark.slow
CLIPS = Path(__file__).resolve().parents[1] / "fixtures" / "videos"
SQUAT = ("-e", "bodyweight-squat")


@pytest.fixture(autouse=True, scope="module")
def model() -> None:
    """Skip with the reason where there is no pose model and no way to get it."""
    import platformdirs

    from rehabctl.domain.errors import UnavailableError
    from rehabctl.vision.model_install import install_model

    cache = Path(platformdirs.user_cache_dir("rehabctl"))
    folders = ModelFolders(cache / "models", cache)
    try:
        find_model("full", folders)
    except UnavailableError:
        try:
            install_model("full", folders)
        except UnavailableError as error:
            without_pose_model(str(error))


def film(path: Path, frames: list[np.ndarray]) -> Path:
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 15.0, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def first_frames(name: str, count: int, every: int = 2) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(CLIPS / name))
    frames = []
    while len(frames) < count and capture.read()[0]:
        for _ in range(every - 1):
            ok, frame = capture.read()
            if ok:
                frames.append(frame)
    capture.release()
    return frames


def assert_one_line(result, code: int) -> None:
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("rehabctl: error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", ["text", "truncated", "no frames", "folder"])
def test_a_file_that_is_no_video_fails(rehabctl, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "film.mp4"
    if kind == "text":
        path.write_text("this is no film")
    elif kind == "truncated":
        path.write_bytes((CLIPS / "squat_side_95.mp4").read_bytes()[:60_000])
    elif kind == "no frames":
        shutil.copy(CLIPS / "av1_undecodable.mp4", path)
    else:
        path.mkdir()
    assert_one_line(rehabctl("pose", "analyze", str(path), *SQUAT, "--json"), 1)


def test_a_damaged_keypoint_file_fails(rehabctl, tmp_path: Path) -> None:
    path = tmp_path / "points.npz"
    np.savez(path, nothing=np.zeros(3))
    assert_one_line(rehabctl("pose", "analyze", str(path), *SQUAT, "--json"), 1)


def test_a_missing_video_is_not_found(rehabctl, tmp_path: Path) -> None:
    assert_one_line(rehabctl("pose", "analyze", str(tmp_path / "no.mp4"), *SQUAT, "--json"), 4)


def test_nobody_in_the_picture_is_refused_with_its_json(rehabctl, tmp_path: Path) -> None:
    path = film(tmp_path / "black.mp4", [np.zeros((240, 320, 3), np.uint8)] * 20)
    result = rehabctl("pose", "analyze", str(path), *SQUAT, "--json")
    assert result.returncode == 3, result.stderr
    printed = json.loads(result.stdout)
    assert printed["quality"]["status"] == "refused"
    assert printed["quality"]["reasons"]
    assert printed["repetitions"]["full"] == 0


def test_several_people_who_cannot_be_told_apart_are_refused(rehabctl, tmp_path: Path) -> None:
    frames = first_frames("squat_side_95.mp4", 60)
    pairs = [np.hstack([frame, frame[:, ::-1]]) for frame in frames]
    result = rehabctl("pose", "analyze", str(film(tmp_path / "two.mp4", pairs)), *SQUAT, "--json")
    assert result.returncode == 3, result.stderr
    codes = {reason["code"] for reason in json.loads(result.stdout)["quality"]["reasons"]}
    assert any("pe" in code for code in codes), codes


def test_an_unfit_view_is_refused_with_its_json(rehabctl) -> None:
    front = CLIPS / "squat_front_valgus_left.mp4"
    result = rehabctl("pose", "analyze", str(front), *SQUAT, "--fps", "15", "--json")
    assert result.returncode == 3, result.stderr
    printed = json.loads(result.stdout)
    assert printed["quality"]["status"] == "refused"
    assert printed["view"]["ok"] is False
    assert [r["peak_deg"] for r in printed["repetitions"]["items"]] == [None, None, None]


def test_what_no_camera_measures_is_refused_by_name(rehabctl) -> None:
    found = json.loads(rehabctl("exercise", "list", "--format", "json").stdout)
    assert found["items"]
    result = rehabctl("pose", "analyze", str(CLIPS / "squat_side_95.mp4"), "-e", "quad-set")
    assert result.returncode == 3, result.stderr
    assert "Log it with the clock and your own count" in result.stderr


def test_one_bad_file_of_several_is_partial(rehabctl, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("no film")
    good = CLIPS / "squat_side_limited70.mp4"
    result = rehabctl(
        "pose", "analyze", str(bad), str(good), *SQUAT, "--fps", "15", "--jobs", "2", "--json"
    )
    assert result.returncode == 7, result.stderr
    items = json.loads(result.stdout)["items"]
    assert [Path(item["file"]).name for item in items] == ["bad.mp4", "squat_side_limited70.mp4"]
    assert items[0]["error"]
    assert items[1]["repetitions"]["items"]


def test_an_unknown_exercise_is_not_found_with_a_suggestion(rehabctl) -> None:
    result = rehabctl("pose", "analyze", str(CLIPS / "squat_side_95.mp4"), "-e", "bodyweigth-squat")
    assert_one_line(result, 4)
    assert "bodyweight-squat" in result.stderr


@pytest.mark.usefixtures("made_home")
def test_an_unknown_patient_is_not_found(rehabctl) -> None:
    assert_one_line(rehabctl("patient", "show", "1042", "--json"), 4)


@pytest.mark.usefixtures("made_home")
def test_a_patient_without_consent_is_not_measured(rehabctl) -> None:
    created = rehabctl(
        "patient", "create", "--mrn", "77", "--given-name", "Ada", "--family-name", "Example",
        "--birth-date", "1960-01-02", "--sex", "female", "--state", "OH",
    )  # fmt: skip
    assert created.returncode == 0, created.stderr
    film = CLIPS / "squat_side_limited70.mp4"
    argv = ("pose", "analyze", str(film), *SQUAT, "--fps", "15", "--patient", "77")
    refused = rehabctl(*argv, "--json")
    assert_one_line(refused, 5)
    assert "consent" in refused.stderr
    assert rehabctl("consent", "grant", "body_tracking", "--patient", "77").returncode == 0
    assert rehabctl(*argv, "--json").returncode == 0


@pytest.mark.usefixtures("made_home")
@pytest.mark.parametrize("text", ["", "abcd", "zz" * 32])
def test_a_wrong_key_is_not_permitted(rehabctl, tmp_path: Path, text: str) -> None:
    assert rehabctl("triage", "list").returncode == 0
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text(text)
    result = rehabctl("triage", "list", REHABCTL_KEY_FILE=str(key))
    assert_one_line(result, 5)


def test_a_model_that_cannot_be_had_is_unavailable(rehabctl, tmp_path: Path) -> None:
    result = rehabctl(
        "pose", "analyze", str(CLIPS / "squat_side_95.mp4"), *SQUAT,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )  # fmt: skip
    assert_one_line(result, 6)
    assert "rehabctl pose model install full" in result.stderr


def test_a_foreign_database_is_not_opened(rehabctl, isolated_home: Path) -> None:
    isolated_home.mkdir(parents=True)
    connection = sqlite3.connect(isolated_home / "rehabctl.db")
    connection.execute("create table t(x)")
    connection.commit()
    connection.close()
    before = (isolated_home / "rehabctl.db").read_bytes()
    result = rehabctl("triage", "list")
    assert result.returncode in (1, 5)
    assert result.stderr.count("\n") == 1
    assert (isolated_home / "rehabctl.db").read_bytes() == before


def test_validate_that_found_no_file_is_a_usage_error(rehabctl, tmp_path: Path) -> None:
    assert_one_line(rehabctl("exercise", "validate", str(tmp_path)), 2)


def test_an_empty_list_is_no_error(rehabctl) -> None:
    result = rehabctl("triage", "list", "--format", "json")
    assert (result.returncode, json.loads(result.stdout)["items"]) == (0, [])


def test_a_home_that_cannot_be_written_fails(rehabctl, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    result = rehabctl("triage", "list", REHABCTL_HOME=str(blocked / "home"))
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "upload",
    [
        "no json",
        "[]",
        "{}",
        '{"started_at": "2026-03-01T09:00:00"}',
        '{"started_at": "2999-03-01T09:00:00Z"}',
        '{"started_at": "2026-03-01T09:00:00Z", "pain_after": 11}',
        '{"started_at": "2026-03-01T09:00:00Z", "difficulty": 2.5}',
        '{"started_at": "2026-03-01T09:00:00Z", "exercises": [{"exercise": "quad-set", "reps": []'
        ', "hold_s": -1}]}',
    ],
)
def test_a_bad_upload_stores_nothing(rehabctl, in_process, made_home: Path, upload: str) -> None:
    created = in_process(
        "patient", "create", "--mrn", "77", "--given-name", "Ada", "--family-name", "Example",
        "--birth-date", "1960-01-02", "--sex", "female", "--state", "OH",
    )  # fmt: skip
    assert created.returncode == 0, created.stderr
    result = rehabctl("session", "log", "--patient", "77", "--file", "-", stdin=upload)
    assert_one_line(result, 3)
    assert os.linesep not in result.stdout
    listed = json.loads(in_process("triage", "list", "--json").stdout)["items"]
    assert listed[0]["last_session_at"] is None
