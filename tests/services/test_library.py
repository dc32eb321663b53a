"""The library of an installation: packaged data, a clinic's folder, and imports into it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import rehabctl.reference
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.exercise import Asset, Exercise
from rehabctl.reference.exercise_library import load_exercise, load_library
from rehabctl.reference.exercise_toml import to_toml
from rehabctl.reference.protocol_library import load_protocols
from rehabctl.services.library import (
    ImportReport,
    exercise_folder,
    import_exercises,
    open_library,
    open_protocols,
)
from rehabctl.services.settings import Settings, load_settings
from tests.reference.exercise_samples import SHA, sample


@pytest.fixture
def settings(isolated_home: Path) -> Settings:
    return load_settings()


def written(folder: Path, *exercises: Exercise, name: str = "own.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(to_toml(exercises), "utf-8")
    return path


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.read, report.created, report.updated, report.unchanged, report.rejected


def test_without_a_folder_it_is_the_packaged_library(settings: Settings) -> None:
    assert open_library(settings).slugs() == load_library().slugs()
    assert len(open_protocols(settings).all()) == len(load_protocols().all())


def test_files_of_the_clinic_are_part_of_it(settings: Settings) -> None:
    written(exercise_folder(settings) / "knee", sample("our-own"))
    library = open_library(settings)
    assert library.get("our-own").name == "Our own"
    assert library.origin("our-own").endswith("exercises/knee/own.toml")
    assert "our-own" in library.slugs()


def test_protocols_of_the_clinic_are_part_of_it(settings: Settings) -> None:
    folder = settings.paths.home / "protocols"
    folder.mkdir(parents=True)
    packaged = Path(rehabctl.reference.__file__).parent / "protocols" / "low-back-pain.toml"
    own = packaged.read_text("utf-8").replace('slug = "low-back-pain"', 'slug = "our-back"')
    (folder / "back.toml").write_text(own, "utf-8")
    assert open_protocols(settings).get("our-back").phases


def test_a_file_that_is_no_text_is_one_line(settings: Settings) -> None:
    path = written(exercise_folder(settings), sample())
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RehabctlError, match=r"own\.toml"):
        open_library(settings)


def test_import_twice_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    source = written(tmp_path / "in", sample("one-leg"), sample("two-legs"))
    first = import_exercises([source], settings)
    assert counts(first) == (2, 2, 0, 0, 0)
    assert open_library(settings).get("one-leg") == sample("one-leg")
    assert sorted(p.name for p in exercise_folder(settings).iterdir()) == [
        "one-leg.toml",
        "two-legs.toml",
    ]
    again = import_exercises([source.parent], settings)
    assert counts(again) == (2, 0, 0, 2, 0)


def test_a_dry_run_writes_nothing(settings: Settings, tmp_path: Path) -> None:
    source = written(tmp_path / "in", sample("one-leg"))
    assert counts(import_exercises([source], settings, dry_run=True)) == (1, 1, 0, 0, 0)
    assert not exercise_folder(settings).exists()


def test_a_change_needs_a_higher_version(settings: Settings, tmp_path: Path) -> None:
    import_exercises([written(tmp_path / "a", sample("one-leg"))], settings)
    changed = sample("one-leg", name="One leg, changed")
    report = import_exercises([written(tmp_path / "b", changed)], settings)
    assert counts(report) == (1, 0, 0, 0, 1)
    assert (report.rejects[0].field, report.rejects[0].line) == ("version", 3)
    assert open_library(settings).get("one-leg").name == "One leg"
    higher = replace(changed, version=2)
    assert counts(import_exercises([written(tmp_path / "c", higher)], settings))[2] == 1
    assert open_library(settings).get("one-leg").name == "One leg, changed"


def test_packaged_exercises_are_not_replaced_by_the_same_version(
    settings: Settings, tmp_path: Path
) -> None:
    own = replace(load_exercise("mini-squat"), name="Ours")
    report = import_exercises([written(tmp_path / "in", own)], settings)
    assert (report.rejected, report.rejects[0].field) == (1, "version")


def test_a_bad_exercise_does_not_stop_the_good_ones(settings: Settings, tmp_path: Path) -> None:
    bad = sample("bad-one", region="leg")
    source = written(tmp_path / "in", sample("good-one"), bad, sample("last-one"))
    broken = source.read_text("utf-8").replace('slug = "last-one"', "slug = 4")
    source.write_text(broken + '\n[[exercise]]\nslug = "after-all"\n', "utf-8")
    report = import_exercises([source], settings)
    assert counts(report) == (4, 1, 0, 0, 3)
    lines = broken.splitlines()
    for reject in report.rejects:
        assert reject.file == source.as_posix()
    assert 'region = "leg"' in lines[report.rejects[0].line - 1]
    assert {r.field for r in report.rejects} == {"vocabulary", "schema"}
    assert open_library(settings).find("bad-one") is None


def test_an_unreadable_file_is_reported_with_its_line(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "no.toml"
    path.write_text("a = 1\nb = = 2\n", "utf-8")
    report = import_exercises([path], settings)
    assert counts(report) == (0, 0, 0, 0, 0)
    assert [(r.line, r.field) for r in report.rejects] == [(2, "unreadable")]


def test_films_beside_the_file_are_not_left_behind(settings: Settings, tmp_path: Path) -> None:
    film = tmp_path / "in" / "front.mp4"
    film.parent.mkdir()
    film.write_bytes(b"film")
    asset = Asset("demonstration", "front", "front.mp4", SHA, 20.0)
    report = import_exercises([written(film.parent, sample(assets=(asset,)))], settings)
    assert report.rejected == 1
    assert "files-beside" in {r.field for r in report.rejects}


def test_nothing_to_import_is_a_usage_error(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        import_exercises([tmp_path], settings)
    with pytest.raises(UsageError, match=r"gone\.toml"):
        import_exercises([tmp_path / "gone.toml"], settings)
