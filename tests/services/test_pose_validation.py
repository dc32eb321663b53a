"""The accuracy report: its groups, its limits, its page, and what is wrong with a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rehabctl.analysis.accuracy import ClipResult, judge_clip
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.services import pose_validation
from rehabctl.services.pose_validation import groups_of, outside_limits, tables, write_page
from tests.analysis.rendered_clips import clip, names

from .pose_files import analyser, keypoint_file, no_report, settings_in

PROJECT = Path(__file__).resolve().parents[2]
LIMITS = PROJECT / "tests" / "data" / "accuracy_limits.toml"
CLIPS = PROJECT / "fixtures" / "videos"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[ClipResult]:
    """Every rendered clip, measured as its exercise of the library."""
    folder = tmp_path_factory.mktemp("judged")
    found = []
    for name in names():
        one = clip(name)
        found.append(judge_clip(one.truth, analyser(folder, one.slug).measure(one.series)))
    return found


def test_every_rendered_clip_together_stays_inside_the_limits(judged: list[ClipResult]) -> None:
    assert outside_limits(tuple(groups_of(judged)), LIMITS) == []
    assert all(one.count_right for one in judged)


def test_each_person_is_in_one_group_and_in_all(judged: list[ClipResult]) -> None:
    peaks = {g.people: g.row.peaks for g in groups_of(judged) if g.row.view == "all"}
    assert peaks["fit"] + peaks["kept out"] == peaks["all"] == sum(len(j.peaks) for j in judged)


def test_a_figure_outside_its_limit_or_missing_is_named(
    judged: list[ClipResult], tmp_path: Path
) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text(
        '[[limit]]\npeople = "fit"\nmotion = "all"\nview = "in plane"\n'
        "covered_share_min = 1.1\nbias_deg_max = 0.001\nmedian_error_deg_max = 5\n"
        'nonsense_min = 1\n[[limit]]\npeople = "fit"\nmotion = "wrist_flexion"\nview = "frontal"\n'
    )
    found = outside_limits(tuple(groups_of(judged)), limits)
    assert [f.code for f in found] == ["outside_limit", "outside_limit", *["no_figures"] * 2]
    limits.write_text("[[limit]]\npeople = 3\n")
    with pytest.raises(RehabctlError, match="no limits"):
        outside_limits((), limits)


def test_the_page_keeps_everything_around_its_tables(
    judged: list[ClipResult], tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{pose_validation.BEGIN}old\n{pose_validation.END}after\n")
    groups = tuple(groups_of(judged))
    for _ in range(2):
        write_page(page, groups)
        text = page.read_text("utf-8")
        assert text.startswith("before\n")
        assert text.endswith("after\n")
        assert "old" not in text
        assert text.count("### Shipped clips") == 3
    page.write_text("no marks")
    with pytest.raises(RehabctlError, match="marks"):
        write_page(page, groups)


def test_a_folder_is_measured_and_its_broken_clips_are_named(tmp_path: Path) -> None:
    for name in ("squat_side_95", "elbow_vfr"):
        keypoint_file(tmp_path, name)
        shutil.copy(CLIPS / f"{name}.truth.json", tmp_path)
    (tmp_path / "lonely.truth.json").write_text(
        (CLIPS / "squat_side_95.truth.json").read_text("utf-8")
    )
    (tmp_path / "broken.truth.json").write_text(json.dumps({"video": "broken.mp4"}))
    (tmp_path / "broken.mp4").touch()
    found = pose_validation.validate(tmp_path, settings_in(tmp_path), jobs=1, report=no_report)
    assert [one.truth.name for one in found.clips] == ["elbow_vfr", "squat_side_95"]
    assert all(one.count_right for one in found.clips)
    assert [name for name, _ in found.failed] == ["broken", "lonely"]
    assert "all" in tables(found.groups)


def test_no_clip_and_no_folder_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no clip"):
        pose_validation.validate(tmp_path, settings_in(tmp_path), jobs=1, report=no_report)
    with pytest.raises(UsageError, match="no folder"):
        pose_validation.fixtures_folder(tmp_path / "no")
    assert pose_validation.fixtures_folder(None) == CLIPS
