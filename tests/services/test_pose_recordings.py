"""Where landmarks come from: keypoint files, mirrored runs, other programs' files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.integrations.motion_files import trc
from rehabctl.services.pose_analysis import AnalysisRequest, prepare
from rehabctl.services.pose_recordings import Reading, import_recording
from rehabctl.vision.options import ExtractOptions, ExtractResult

from .pose_files import analyser, keypoint_file, no_report, series_of, settings_in


def test_the_mirrored_run_is_averaged_in_the_films_own_coordinates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = series_of("squat_side_95")
    moved = replace(plain, xy_px=plain.xy_px + np.float32(4))

    def extract_many(
        videos: list[Path], _model: Path, *, options: ExtractOptions, **_more: object
    ) -> list[ExtractResult]:
        return [ExtractResult(v, moved if options.mirror else plain) for v in videos]

    monkeypatch.setattr("rehabctl.vision.worker.extract_many", extract_many)
    reading = Reading(lambda: Path("m.task"), ExtractOptions(), mirror_average=True)
    found = reading.read_one(Path("a.mp4"), no_report)
    np.testing.assert_allclose(found.xy_px, plain.xy_px + 2, atol=1e-3)
    assert found.options["mirror_average"] is True


def test_a_keypoint_file_cannot_be_flipped(tmp_path: Path) -> None:
    measure = analyser(tmp_path, mirror_average=True)
    [outcome] = measure.outcomes([keypoint_file(tmp_path, "squat_side_95")], no_report)
    assert isinstance(outcome.error, UsageError)


def test_a_neutral_pose_is_taken_off_and_changes_the_key(tmp_path: Path) -> None:
    standing = keypoint_file(tmp_path, "still_standing_0reps")
    request = AnalysisRequest("bodyweight-squat", neutral=str(standing))
    with_neutral = prepare(request, settings_in(tmp_path))
    plain = analyser(tmp_path)
    series = series_of("squat_side_95")
    first, second = (a.assess(series).repetitions[0] for a in (plain, with_neutral))
    assert first.peak_uncorrected_deg is not None
    assert second.peak_uncorrected_deg is not None
    assert abs(first.peak_uncorrected_deg - second.peak_uncorrected_deg) > 0.1
    assert len({plain.key(), with_neutral.key(), analyser(tmp_path, neutral="auto").key()}) == 3


def test_an_exported_trc_gives_the_same_repetitions_back(tmp_path: Path) -> None:
    series = series_of("squat_side_95")
    path = tmp_path / "a.trc"
    path.write_text(trc.write(series, name="a.trc"))
    measure = analyser(tmp_path)
    outcome = measure.outcome(path, import_recording(path, fps=None, plane="sagittal"))
    assert outcome.assessment is not None
    own = measure.assess(series)
    pairs = zip(outcome.assessment.repetitions, own.repetitions, strict=True)
    for foreign, ours in pairs:
        assert foreign.peak_s == pytest.approx(ours.peak_s, abs=0.1)
    assert "foreign_model" in {r.code for r in outcome.assessment.quality.reasons}


def test_imports_that_cannot_be_had_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        import_recording(tmp_path / "no.trc", fps=None, plane="sagittal")
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(UsageError, match="plane"):
        import_recording(tmp_path / "a.json", fps=30, plane="side")
    with pytest.raises(UsageError, match="time stamps"):
        import_recording(tmp_path / "a.json", fps=None, plane="sagittal")
    far = [{"image_id": 10**12 * i, "keypoints": [1.0, 2.0, 0.5] * 17} for i in range(2)]
    (tmp_path / "a.json").write_text(json.dumps(far))
    with pytest.raises(RehabctlError, match="known layout"):
        import_recording(tmp_path / "a.json", fps=30, plane="sagittal")
