"""Films as they come from homes: each has a named outcome and its exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import bad_films
from tests.pose_model import without_pose_model

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Outcome:
    """What `pose analyze` says about a film."""

    exit_code: int
    status: str
    codes: frozenset[str]
    """Among its reasons and warnings."""
    full: int


CASES: list[tuple[Callable[[Path], Path], Outcome]] = [
    (bad_films.five_a_second, Outcome(0, "limited", frozenset({"frame_rate_low"}), 3)),
    (bad_films.four_a_second, Outcome(3, "refused", frozenset({"frame_rate_refused"}), 2)),
    (bad_films.two_hundred_and_forty_a_second, Outcome(0, "good", frozenset(), 1)),
    (bad_films.four_k, Outcome(0, "limited", frozenset({"frame_rate_low"}), 1)),
    (bad_films.one_second, Outcome(0, "good", frozenset({"no_repetition"}), 0)),
    (bad_films.black, Outcome(3, "refused", frozenset({"no_person", "dark"}), 0)),
    (bad_films.black_tail, Outcome(0, "good", frozenset({"scene_cut"}), 3)),
    (bad_films.cut_to_another_view, Outcome(3, "refused", frozenset({"view_unfit"}), 1)),
    (
        bad_films.leaves_and_returns,
        Outcome(0, "good", frozenset({"gaps", "rejected_interrupted"}), 2),
    ),
    (bad_films.selfie, Outcome(0, "good", frozenset(), 3)),
]


@pytest.mark.parametrize(("make", "expected"), CASES, ids=[make.__name__ for make, _ in CASES])
def test_a_bad_film_has_a_named_outcome(
    rehabctl, tmp_path: Path, make: Callable[[Path], Path], expected: Outcome
) -> None:
    film = make(tmp_path / "film.mp4")
    found = rehabctl("pose", "analyze", str(film), "-e", "bodyweight-squat", "--json")
    if found.returncode == 6:
        without_pose_model(found.stderr)
    assert found.returncode == expected.exit_code, found.stderr
    assert "Traceback" not in found.stderr
    result = json.loads(found.stdout)
    assert result["quality"]["status"] == expected.status
    said = {item["code"] for item in (*result["quality"]["reasons"], *result["warnings"])}
    assert expected.codes <= said
    assert result["repetitions"]["full"] == expected.full
    for item in result["repetitions"]["items"]:
        assert (item["peak_deg"] is None) is (expected.status == "refused")


def test_a_turned_portrait_film_is_measured_upright(rehabctl) -> None:
    film = bad_films.CLIPS / "squat_rot90_metadata.mp4"
    found = rehabctl("pose", "analyze", str(film), "-e", "bodyweight-squat", "--json")
    if found.returncode == 6:
        without_pose_model(found.stderr)
    result = json.loads(found.stdout)
    assert (found.returncode, result["quality"]["status"]) == (0, "good")
    assert result["repetitions"]["full"] == 3
    assert result["video"]["width"] < result["video"]["height"]
