"""Reference curves: compared, built and checked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError
from rehabctl.services import pose_references
from rehabctl.services.pose_references import compare, find_reference

from .pose_files import analyser, keypoint_file, no_report, series_of


def build(folder: Path, *names: str) -> Path:
    target = folder / "own.toml"
    pose_references.build(
        analyser(folder), [keypoint_file(folder, name) for name in names], target,
        today=date(2026, 1, 2), source="test", grade="recorded", version=3, report=no_report,
    )  # fmt: skip
    return target


def test_what_is_built_passes_the_check_and_fits_its_own_recording(tmp_path: Path) -> None:
    target = build(tmp_path, "squat_side_95", "squat_count5_partial2")
    assert pose_references.validate([tmp_path]) == ([target.as_posix()], [])
    reference = find_reference(str(target))
    assert (reference.version, reference.repetitions, reference.source) == (3, 8, "test")
    found = compare(analyser(tmp_path), series_of("squat_side_95"), reference)
    assert found.reference is not None
    assert found.reference.deviations == ()


def test_another_view_is_not_compared(tmp_path: Path) -> None:
    reference = find_reference("bodyweight-squat")
    found = compare(analyser(tmp_path), series_of("squat_front_valgus_left"), reference)
    assert found.reference is None
    assert "reference_not_compared" in {w.code for w in found.warnings}


@pytest.mark.parametrize("name", ["squat_side_limited70", "squat_front_valgus_left"])
def test_recordings_that_make_no_reference_write_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(FindingsError, match="no reference can be built"):
        build(tmp_path, name)
    assert not (tmp_path / "own.toml").exists()


def test_findings_have_their_line(tmp_path: Path) -> None:
    target = build(tmp_path, "squat_side_95")
    text = target.read_text("utf-8").replace('view = "sagittal"', 'view = "frontal"')
    target.write_text(text)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    files, findings = pose_references.validate([tmp_path])
    assert len(files) == 2
    line = text.splitlines().index('view = "frontal"') + 1
    assert [(f.line, f.rule) for f in findings] == [(1, "unreadable"), (line, "view")]


def test_what_is_no_reference_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('schema = "other"')
    with pytest.raises(RehabctlError, match="no reference that can be read"):
        find_reference(str(bad))
    with pytest.raises(NotFoundError):
        find_reference(str(tmp_path / "no.toml"))
    with pytest.raises(NotFoundError):
        find_reference("bodyweigth-squat")
    for paths in ([tmp_path / "no"], [tmp_path / "empty"]):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(UsageError):
            pose_references.validate(paths)
