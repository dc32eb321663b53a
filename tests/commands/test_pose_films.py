"""`rehabctl pose` on films, with the real model: drawn output, quick check, accuracy limits."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from tests.pose_model import without_pose_model

pytestmark = pytest.mark.slow
PROJECT = Path(__file__).resolve().parents[2]
CLIPS = PROJECT / "fixtures" / "videos"


def run_or_skip(rehabctl, *argv: str):
    result = rehabctl(*argv)
    if result.returncode == 6:
        without_pose_model(result.stderr)
    return result


def test_an_annotated_film_beside_its_reference(rehabctl, tmp_path: Path) -> None:
    target = tmp_path / "drawn.mp4"
    film = CLIPS / "squat_side_limited70.mp4"
    result = run_or_skip(
        rehabctl, "pose", "analyze", str(film), "-e", "bodyweight-squat", "--json",
        "--annotate", str(target), "--beside", str(CLIPS / "squat_rot90_metadata.mp4"),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    capture, plain = cv2.VideoCapture(str(target)), cv2.VideoCapture(str(film))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == found["video"]["frame_count"]
    assert capture.get(cv2.CAP_PROP_FPS) == plain.get(cv2.CAP_PROP_FPS)
    assert capture.get(cv2.CAP_PROP_FRAME_WIDTH) > 1.5 * plain.get(cv2.CAP_PROP_FRAME_WIDTH)
    capture.release()
    plain.release()


def test_the_shipped_clips_stay_inside_their_limits_and_the_page_is_of_today(
    rehabctl, tmp_path: Path
) -> None:
    page = tmp_path / "accuracy.md"
    printed = (PROJECT / "docs" / "accuracy.md").read_text("utf-8")
    page.write_text(printed)
    limits = PROJECT / "tests" / "data" / "accuracy_limits.toml"
    result = run_or_skip(
        rehabctl, "pose", "validate", "--fixtures", str(CLIPS), "--limits", str(limits),
        "--page", str(page), "--jobs", "2", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    found = json.loads(result.stdout)
    assert (found["ok"], found["failed"]) == (True, [])
    assert all(one["count_right"] for one in found["clips"])
    again = page.read_text("utf-8")
    ours, todays = ([w for w in text.split() if w != "|"] for text in (printed, again))
    assert len(ours) == len(todays)
    for ours_word, todays_word in zip(ours, todays, strict=True):
        if ours_word != todays_word:  # another machine rounds the last digit elsewhere
            assert float(ours_word) == pytest.approx(float(todays_word), abs=0.3)


def test_a_page_without_marks_fails_after_the_figures_are_printed(rehabctl, tmp_path: Path) -> None:
    clip = tmp_path / "clips"
    clip.mkdir()
    for name in ("still_standing_0reps.mp4", "still_standing_0reps.truth.json"):
        (clip / name).symlink_to(CLIPS / name)
    result = run_or_skip(
        rehabctl, "pose", "validate", "--fixtures", str(clip), "--json",
        "--page", str(tmp_path / "no.md"),
    )  # fmt: skip
    assert result.returncode == 1
    assert json.loads(result.stdout)["clips"][0]["count_right"] is True
