"""Films that are kept with consent, decrypted while they are looked at, and gone afterwards."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rehabctl.analysis.assess import assess
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotFoundError, NotPermittedError, RehabctlError, UnavailableError
from rehabctl.integrations.desktop import Desktop
from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.rules import load_rules
from rehabctl.services import assessments, consents, review
from rehabctl.services.films import Films
from rehabctl.store.store import Store
from tests.analysis.rendered_clips import clip
from tests.contract.conftest import NOW
from tests.contract.records import given_patient

SLUG = "squat_count5_partial2"
FILM = Path(__file__).resolve().parents[2] / "fixtures" / "videos" / f"{SLUG}.mp4"


def measured(store: Store, *scopes: ConsentScope, film: Path | None = FILM) -> str:
    """Store the measured film of a patient and return the assessment's identifier."""
    ref = given_patient(store, "1042")
    for scope in (ConsentScope.BODY_TRACKING, *scopes):
        consents.grant(store, "1042", scope)
    shown = clip(SLUG)
    series = shown.series
    if film is not None:
        sha256 = hashlib.sha256(film.read_bytes()).hexdigest()
        series = replace(series, video=replace(series.video, sha256=sha256))
    stored = assessments.save(
        store,
        load_rules(),
        ref,
        series,
        assess(series, shown.measurement, exercise=shown.slug),
        recorded_at=NOW,
        exercise_version=1,
        request_key="a" * 64,
        film=film,
    )
    return str(stored.assessment_id)


class Viewer:
    def __init__(self) -> None:
        self.shown: list[Path] = []

    def require(self) -> None:
        """Everybody sees it."""

    def show(self, film: Path) -> None:
        assert film.stat().st_size > 0
        self.shown.append(film)


@pytest.fixture
def viewer() -> Viewer:
    return Viewer()


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    return folder


@pytest.fixture
def films(store: Store, viewer: Viewer, private: Path) -> Iterator[Films]:
    library = load_library()
    with Films(store, (private,), lambda a: review.load(store, library, a), viewer) as found:
        yield found


def test_a_film_is_kept_with_consent_only(store: Store, films: Films) -> None:
    assessment_id = measured(store)
    assert not review.load(store, load_library(), assessment_id).has_film
    with pytest.raises(NotFoundError, match="not kept"):
        films.frame(assessment_id, 0.0, 40, 40)
    assert list(store.blobs._folder.rglob("*.part")) == []


def test_a_frame_comes_from_a_private_copy_that_is_deleted(
    store: Store, films: Films, private: Path
) -> None:
    assessment_id = measured(store, ConsentScope.VIDEO_RECORDING)
    assert review.load(store, load_library(), assessment_id).has_film
    picture = films.frame(assessment_id, 1.0, 60, 60)
    assert max(picture.width_px, picture.height_px) == 60
    assert films.frame(assessment_id, 2.0, 60, 60) != picture
    (folder,) = private.glob("rehabctl-film-*")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "film").read_bytes() == FILM.read_bytes()
    films.forget()
    assert list(private.iterdir()) == []


def test_it_opens_outside_with_the_measurement_drawn_in(
    store: Store, films: Films, viewer: Viewer, private: Path
) -> None:
    assessment_id = measured(store, ConsentScope.VIDEO_RECORDING)
    review.comment(store, assessment_id, at_s=1.0, body="heel lifts", landmark=29, joint="ankle")
    films.show_outside(assessment_id)
    review.comment(store, assessment_id, at_s=2.0, body="deep")
    films.show_outside(assessment_id)  # a remark that came since is drawn in, too
    assert [path.name for path in viewer.shown] == ["recording-1.mp4", "recording-2.mp4"]
    films.forget()
    assert list(private.iterdir()) == []


def test_it_is_written_once_and_for_its_owner(store: Store, films: Films, tmp_path: Path) -> None:
    assessment_id = measured(store, ConsentScope.VIDEO_RECORDING)
    target = tmp_path / "plain.mp4"
    films.write(assessment_id, target, plain=True)
    assert target.read_bytes() == FILM.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(RehabctlError, match="exists"):
        films.write(assessment_id, target)


def test_who_may_not_read_the_record_sees_no_film(
    store: Store, auditor: Store, viewer: Viewer, private: Path
) -> None:
    if store.is_local:
        pytest.skip("a file has one user, who may read it")
    assessment_id = measured(store, ConsentScope.VIDEO_RECORDING)
    library = load_library()
    with (
        Films(auditor, (private,), lambda a: review.load(store, library, a), viewer) as films,
        pytest.raises((NotPermittedError, NotFoundError)),
    ):
        films.frame(assessment_id, 0.0, 40, 40)
    assert list(private.iterdir()) == []


def test_what_a_killed_program_left_is_deleted_and_nothing_else(
    store: Store, viewer: Viewer, private: Path
) -> None:
    for name in ("rehabctl-film-999999999-x", f"rehabctl-film-{os.getpid()}-x", "rehabctl-other"):
        (private / name).mkdir()
        (private / name / "film").touch()
    library = load_library()
    with Films(store, (private,), lambda a: review.load(store, library, a), viewer):
        left = sorted(path.name for path in private.iterdir())
    assert left == [f"rehabctl-film-{os.getpid()}-x", "rehabctl-other"]


@pytest.mark.parametrize(
    "environment", [{"SSH_CONNECTION": "a b"}, {"TEXTUAL_DRIVER": "web"}, {}, {"DISPLAY": ":0"}]
)
def test_where_nobody_would_see_it_the_command_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(UnavailableError) as caught:
        Desktop({"PATH": "/nowhere", **environment}).show(FILM)
    assert "rehabctl review film" in caught.value.next_step


def test_the_desktops_opener_gets_the_file(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    opener = tmp_path / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {seen}.part && mv {seen}.part {seen}\n')
    opener.chmod(0o755)
    Desktop({"PATH": str(tmp_path), "DISPLAY": ":0"}).show(FILM)
    for _ in range(1000):
        if seen.exists():
            break
        time.sleep(0.01)
    assert seen.read_text() == str(FILM)
