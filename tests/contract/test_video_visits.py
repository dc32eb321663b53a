"""Rooms, links, recordings and broken calls of video visits, on both engines."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import Engine

from rehabctl.domain.clinic import Role
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import (
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UnavailableError,
    UsageError,
)
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.review import ReviewDecision
from rehabctl.domain.video import VideoRole, VideoRoom, VideoService, VisitRecording
from rehabctl.domain.visit import Channel, Visit, VisitKind, VisitStatus
from rehabctl.integrations.video.daily import DailyRooms
from rehabctl.integrations.video.rooms import VideoRooms
from rehabctl.integrations.video.signed_tokens import unverified_claims
from rehabctl.reference.retention import load_retention
from rehabctl.reference.video import load_video_rules
from rehabctl.services import (
    consents,
    integrations,
    retention,
    review,
    video_visits,
    visit_recordings,
    visits,
)
from rehabctl.services.films import Films
from rehabctl.services.library import open_library
from rehabctl.services.settings import Settings
from rehabctl.services.triage import clinic_rules
from rehabctl.services.visit_fallback import Rung, fall_back
from rehabctl.store.handles import table
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import given_patient
from tests.integrations.fakes.daily import API_KEY, FAULTS, FILM, FakeDaily

ROOMS = VideoRooms(VideoService.JITSI, "https://meet.example.org", "clinic", "s" * 32)
RULES = load_video_rules(date(2026, 3, 2))
DIGEST = hashlib.sha256(FILM).hexdigest()
PATIENT, THERAPIST = VideoRole.PATIENT, VideoRole.THERAPIST


def booked(store: Store, patient: PatientRef, group: UUID | None = None, hours: int = 0) -> Visit:
    start = NOW + timedelta(hours=hours)
    with store.transaction() as uow:
        visit = Visit(
            uow.new_id(), patient, VisitKind.GROUP if group else VisitKind.TREATMENT,
            start, start + timedelta(minutes=45), uow.user.id, appointment_id=group,
        )  # fmt: skip
        uow.visits.add(visit)
        return visit


def daily(fake: FakeDaily) -> DailyRooms:
    made = DailyRooms(API_KEY, fake.transport())
    made.client.sleep, made.client.jitter = lambda _: None, lambda: 0.5
    return made


@pytest.fixture
def enabled(admin: Store, tmp_path: Path) -> None:
    signed = tmp_path / "baa.pdf"
    signed.write_bytes(b"signed")
    today = NOW.date()
    integrations.record_agreement(admin, "daily", today, today + timedelta(days=90), signed)
    integrations.switch(admin, "video-daily", True)


@pytest.fixture
def seen(store: Store) -> str:
    """Return the identifier of a visit of somebody who consents to being recorded."""
    visit = booked(store, given_patient(store))
    consents.grant(store, "1042", ConsentScope.VIDEO_RECORDING)
    return str(visit.id)


def blobs(settings: Settings) -> int:
    return len(list(settings.paths.blobs.rglob("*.*")))


def test_every_field_has_a_column() -> None:
    for kind, name in ((VideoRoom, "video_room"), (VisitRecording, "visit_recording")):
        assert {f.name for f in fields(kind)} - {"patient"} <= set(table(name).c.keys())


def test_both_enter_one_room_and_nobody_is_named(store: Store) -> None:
    visit = booked(store, given_patient(store))
    patient, therapist = (
        video_visits.join(store, RULES, ROOMS, str(visit.id), role) for role in VideoRole
    )
    assert patient.room == therapist.room
    assert patient.link != therapist.link
    assert str(visit.id) not in patient.link
    assert patient.from_at == NOW - timedelta(minutes=15)
    assert patient.until_at == NOW + timedelta(minutes=75)
    later = at(store, NOW + timedelta(minutes=76))
    with pytest.raises(UsageError, match="over"):
        video_visits.join(later, RULES, ROOMS, str(visit.id), PATIENT)
    closed = video_visits.create(store, RULES, ROOMS, str(visit.id))
    assert (closed.room, closed.waiting) == (patient.room, True)
    assert video_visits.end(store, ROOMS, str(visit.id)) == video_visits.Closed(1, at_once=False)
    with pytest.raises(UsageError, match="was closed"):
        video_visits.join(store, RULES, ROOMS, str(visit.id), PATIENT)


def test_a_group_shares_a_room_that_others_do_not(store: Store) -> None:
    with store.transaction() as uow:
        group = uow.new_id()
    found = [
        booked(store, given_patient(store, "1"), group),
        booked(store, given_patient(store, "2"), group),
        booked(store, given_patient(store, "3"), hours=2),
    ]
    rooms = [video_visits.join(store, RULES, ROOMS, str(one.id), PATIENT).room for one in found]
    assert rooms[0] == rooms[1] != rooms[2]


def test_without_an_agreement_daily_is_not_told_of_a_visit(store: Store, seen: str) -> None:
    fake = FakeDaily()
    for call in (
        lambda: video_visits.create(store, RULES, daily(fake), seen),
        lambda: video_visits.join(store, RULES, daily(fake), seen, PATIENT),
        lambda: video_visits.end(store, daily(fake), seen),
        lambda: visit_recordings.listed(store, daily(fake), seen),
    ):
        with pytest.raises(NotPermittedError, match="not enabled"):
            call()
    assert not fake.requests


@pytest.mark.usefixtures("enabled")
def test_a_room_at_daily_is_made_once_and_the_patient_waits_in_it(store: Store, seen: str) -> None:
    fake = FakeDaily()
    with pytest.raises(NotFoundError, match="no room"):
        video_visits.join(store, RULES, daily(fake), seen, PATIENT)
    room = video_visits.create(store, RULES, daily(fake), seen)
    assert video_visits.create(store, RULES, daily(fake), seen) == room
    assert list(fake.rooms) == [room.room]
    config = fake.rooms[room.room]["config"]
    assert config["exp"] == int((NOW + timedelta(minutes=75)).timestamp())
    assert (config["enable_knocking"], config["eject_at_room_exp"]) == (True, True)
    assert "enable_recording" not in config
    patient = video_visits.join(store, RULES, daily(fake), seen, PATIENT)
    assert patient.link == room.page  # a token would pass by the waiting room
    therapist = video_visits.join(store, RULES, daily(fake), seen, THERAPIST)
    [token] = parse_qs(urlsplit(therapist.link).query)["t"]
    claims = unverified_claims(token)
    assert (claims["r"], claims["exp"], claims["o"]) == (room.room, config["exp"], True)
    assert "enable_recording" not in fake.tokens[0]
    assert not fake.leaks
    with store.transaction() as uow:
        visit = uow.visits.get(UUID(seen))
        later = timedelta(hours=1)
        uow.visits.revise(
            replace(
                visit,
                planned_start_at=visit.planned_start_at + later,
                planned_end_at=visit.planned_end_at + later,
            )
        )
    with pytest.raises(UsageError, match="was moved"):
        video_visits.join(store, RULES, daily(fake), seen, PATIENT)
    assert video_visits.create(store, RULES, daily(fake), seen).room != room.room
    assert video_visits.join(store, RULES, daily(fake), seen, PATIENT).room != room.room
    asked = json.dumps([fake.rooms, fake.tokens])
    assert not any(word in asked for word in ("Ana", "Diaz", "1042", seen))


@pytest.mark.usefixtures("enabled")
def test_a_group_at_daily_gets_a_link_each_and_is_never_recorded(store: Store) -> None:
    with store.transaction() as uow:
        group = uow.new_id()
    one, two = (booked(store, given_patient(store, mrn), group) for mrn in ("1", "2"))
    fake = FakeDaily()
    for mrn in ("1", "2"):
        consents.grant(store, mrn, ConsentScope.VIDEO_RECORDING)
    with pytest.raises(UsageError, match="group is not recorded"):
        video_visits.create(store, RULES, daily(fake), str(one.id), recording=True)
    video_visits.create(store, RULES, daily(fake), str(one.id))
    for visit in (one, two):
        link = video_visits.join(store, RULES, daily(fake), str(visit.id), PATIENT).link
        assert "?t=" in link
    assert len(fake.rooms) == 1
    people = [token["user_id"] for token in fake.tokens]
    assert len(set(people)) == 2
    assert all(UUID(person) not in (one.id, two.id) for person in people)
    assert not any(token["is_owner"] for token in fake.tokens)
    assert not fake.leaks
    with pytest.raises(UsageError, match="group is not recorded"):
        visit_recordings.fetch(store, daily(fake), str(two.id))
    assert video_visits.end(store, daily(fake), str(two.id)).at_once
    with pytest.raises(UsageError, match="was closed"):
        video_visits.join(store, RULES, daily(fake), str(one.id), PATIENT)


@pytest.mark.usefixtures("enabled")
def test_a_recording_waits_for_review_encrypted_and_once(
    store: Store, settings: Settings, seen: str, tmp_path: Path
) -> None:
    fake = FakeDaily()
    room = video_visits.create(store, RULES, daily(fake), seen, recording=True)
    for role in VideoRole:
        video_visits.join(store, RULES, daily(fake), seen, role)
    allowed = [(token["is_owner"], token.get("enable_recording")) for token in fake.tokens]
    assert allowed == [(True, "cloud")], "the patient's link holds no token"
    assert "enable_recording" not in fake.rooms[room.room]["config"], "anybody could then"
    [before] = visit_recordings.listed(store, daily(fake), seen)
    assert (before.state, before.sha256, before.duration_s) == ("remote", None, 61.0)
    video_visits.end(store, daily(fake), seen)  # the room goes, what was noted stays
    assert fake.deleted == [room.room]
    [after] = visit_recordings.fetch(store, daily(fake), seen)
    assert (after.state, after.sha256, after.id) == ("stored", DIGEST, before.id)
    downloads = [path for _, path in fake.requests if path.endswith(".mp4")]
    assert visit_recordings.fetch(store, daily(fake), seen) == [after]
    assert [path for _, path in fake.requests if path.endswith(".mp4")] == downloads
    assert blobs(settings) == 1
    assert all(FILM[:64] not in path.read_bytes() for path in settings.paths.blobs.rglob("*.blob"))
    [(mrn, waits)] = visit_recordings.waiting(store, 10)
    assert (mrn, waits.id) == ("1042", after.id)
    with store.transaction() as uow:
        assert waits.recording_id is not None
        kept = uow.recordings.get(waits.recording_id)
        assert (kept.stored, kept.byte_count, kept.keep_until) == (True, len(FILM), None)
    library = open_library(settings)
    shown = review.load(store, library, str(after.id))
    assert (shown.mrn, shown.is_measured, shown.has_film) == ("1042", False, True)
    assert (shown.t_s[-1], shown.next_assessment_id) == (61.0, None)
    load = partial(review.load, store, library)
    with Films(store, (tmp_path,), load, _NoViewer()) as films:
        for n, plain in enumerate((True, False)):  # nothing is drawn into what was not measured
            target = tmp_path / f"film-{n}.mp4"
            films.write(str(after.id), target, plain=plain)
            assert target.read_bytes() == FILM
    rules = clinic_rules(settings)
    with pytest.raises(UsageError, match="nothing is told"):
        review.decide(store, rules, str(after.id), ReviewDecision.FLAGGED, "", "hello")
    assert len(visit_recordings.waiting(store, 10)) == 1
    review.decide(store, rules, str(after.id), ReviewDecision.ACCEPTED, "good")
    assert visit_recordings.waiting(store, 10) == []
    assert visit_recordings.listed(store, daily(fake), seen)[0].state == "reviewed"
    assert not fake.leaks


class _NoViewer:
    def require(self) -> None: ...

    def show(self, film: Path) -> None: ...


@pytest.mark.usefixtures("enabled")
def test_nothing_is_recorded_listed_or_fetched_without_consent(
    store: Store, settings: Settings
) -> None:
    seen = str(booked(store, given_patient(store)).id)
    fake = FakeDaily()
    with pytest.raises(NotPermittedError, match="no active consent"):
        video_visits.create(store, RULES, daily(fake), seen, recording=True)
    assert not fake.rooms
    consents.grant(store, "1042", ConsentScope.VIDEO_RECORDING)
    video_visits.create(store, RULES, daily(fake), seen, recording=True)
    consents.revoke(store, "1042", ConsentScope.VIDEO_RECORDING)
    for call in (
        lambda: video_visits.join(store, RULES, daily(fake), seen, THERAPIST),
        lambda: visit_recordings.fetch(store, daily(fake), seen),
    ):
        with pytest.raises(NotPermittedError, match="no active consent"):
            call()
    consents.grant(store, "1042", ConsentScope.VIDEO_RECORDING)

    def revoked() -> io.BytesIO:
        consents.revoke(store, "1042", ConsentScope.VIDEO_RECORDING)
        return io.BytesIO(FILM)

    port = _Film(daily(fake), revoked)
    with pytest.raises(NotPermittedError, match="no active consent"):
        visit_recordings.fetch(store, port, seen)
    assert blobs(settings) == 0
    assert visit_recordings.waiting(store, 10) == []


@dataclass
class _Film:
    """Daily, with a film that does something when it is asked for."""

    port: DailyRooms
    make: Callable[[], io.BytesIO]
    service: VideoService = field(default=VideoService.DAILY)

    def __getattr__(self, name: str) -> object:
        return getattr(self.port, name)

    def film(self, remote_id: str) -> io.BytesIO:
        return self.make()


@pytest.mark.usefixtures("enabled")
def test_under_every_fault_a_film_is_stored_whole_or_not_at_all(
    store: Store, settings: Settings, boss: Engine
) -> None:
    outcomes: dict[str, str] = {}
    patient = given_patient(store)
    consents.grant(store, "1042", ConsentScope.VIDEO_RECORDING)
    for fault in FAULTS:
        seen = str(booked(store, patient).id)
        fake = FakeDaily(fault)
        try:
            video_visits.create(store, RULES, daily(fake), seen, recording=True)
            link = video_visits.join(store, RULES, daily(fake), seen, THERAPIST)
            assert link.room in fake.rooms
            [line] = visit_recordings.fetch(store, daily(fake), seen)
            outcomes[fault] = line.state
        except RehabctlError as error:
            outcomes[fault] = type(error).__name__

        assert not fake.leaks, fault
        assert len(fake.rooms) <= 1, fault
        with store.transaction() as uow:
            stored = [one for one in uow.video.of_visit(UUID(seen)) if one.recording_id]
        assert bool(stored) is (outcomes[fault] == "stored"), fault
        assert blobs(settings) == len(stored), fault
        with boss.begin() as connection:  # as if it had never been, for the next fault
            connection.execute(table("visit_recording").delete())
        store.blobs.delete(DIGEST)
    assert outcomes == {
        "unauthorized": "NotPermittedError",
        "rate_limited_twice": "stored",
        "down": "UnavailableError",
        "made_then_500": "UncertainError",
        "made_then_timeout": "UncertainError",
        "cut_json": "RehabctlError",
        "proxy_page": "RehabctlError",
        "another_room_in_token": "RehabctlError",
        "recording_in_progress": "in_progress",
        "recording_cut": "RehabctlError",
        "recording_link_expired": "UnavailableError",
        "recording_redirects_to_http": "RehabctlError",
        "recordings_of_another_room": "RehabctlError",
        "room_gone": "NotFoundError",
    }


def test_a_film_of_a_server_of_ones_own_is_taken_once(
    store: Store, settings: Settings, seen: str, tmp_path: Path
) -> None:
    film = tmp_path / "recording.mp4"
    film.write_bytes(b"")
    with pytest.raises(RehabctlError, match="empty"):
        visit_recordings.take(store, VideoService.JITSI, seen, film)
    film.write_bytes(FILM)
    first = visit_recordings.take(store, VideoService.JITSI, seen, film)
    assert visit_recordings.take(store, VideoService.JITSI, seen, film) == first
    [line] = visit_recordings.listed(store, ROOMS, seen)
    assert (line.state, line.remote_id) == ("stored", f"sha256:{DIGEST}")
    other = str(booked(store, given_patient(store, "7"), hours=3).id)
    consents.grant(store, "7", ConsentScope.VIDEO_RECORDING)
    with pytest.raises(UsageError, match="another visit"):
        visit_recordings.take(store, VideoService.JITSI, other, film)
    assert store.blobs.exists(DIGEST), "the film of the first visit stays"
    assert blobs(settings) == 1


@pytest.mark.parametrize("settings", ["sqlcipher"], indirect=True)
def test_a_film_of_a_visit_is_destroyed_when_its_time_has_passed(
    store: Store, seen: str, tmp_path: Path
) -> None:
    film = tmp_path / "recording.mp4"
    film.write_bytes(FILM)
    visit_recordings.take(store, VideoService.JITSI, seen, film)
    admin = replace(store, user=replace(store.user, role=Role.CLINIC_ADMIN))
    for days, left in ((89, True), (91, False)):
        moment = at(admin, NOW + timedelta(days=days))
        retention.run(moment, load_retention(), dry_run=False, report=lambda *_: None)
        assert store.blobs.exists(DIGEST) is left
    [line] = visit_recordings.listed(store, ROOMS, seen)
    assert line.state == "destroyed"


@pytest.mark.usefixtures("licensed")
def test_a_broken_call_goes_down_step_by_step_and_the_visit_says_when(
    store: Store, settings: Settings, seen: str
) -> None:
    from rehabctl.services.licences import clinic_compact

    rules = clinic_rules(settings)
    with pytest.raises(UsageError, match="planned"):
        fall_back(store, rules, seen)
    assert "schedule move" in fall_back(store, rules, seen, Rung.RESCHEDULE).step.command
    compact = clinic_compact(settings)
    visits.start(store, compact, seen, channel=Channel.VIDEO, patient_state="CO")
    steps = [fall_back(at(store, NOW + timedelta(minutes=m)), rules, seen) for m in (5, 10, 15, 40)]
    assert [one.rung for one in steps] == list(Rung)
    spans = [
        (span.channel, span.picture, int((span.from_at - NOW).total_seconds() // 60))
        for span in steps[-1].visit.channels
    ]
    assert spans == [
        (Channel.VIDEO, None, 0), (Channel.VIDEO, "reduced", 5),
        (Channel.AUDIO, None, 10), (Channel.PHONE, None, 15),
    ]  # fmt: skip
    assert steps[-1].visit.status is VisitStatus.COMPLETED
    assert steps[-1].visit.live_contact
    with pytest.raises(UsageError, match="completed"):
        fall_back(store, rules, seen)


@pytest.mark.usefixtures("licensed")
def test_links_follow_the_step(store: Store, settings: Settings, seen: str) -> None:
    from rehabctl.services.licences import clinic_compact

    rules, compact = clinic_rules(settings), clinic_compact(settings)
    visits.start(store, compact, seen, channel=Channel.VIDEO, patient_state="CO")
    found: list[str] = []
    for minutes in (1, 2):
        fall_back(at(store, NOW + timedelta(minutes=minutes)), rules, seen)
        found.append(video_visits.join(store, RULES, ROOMS, seen, PATIENT).link)
    assert "resolution=180" in found[0]
    assert "startAudioOnly=true" in found[1]


def test_a_service_that_is_away_is_told_apart() -> None:
    with pytest.raises(UnavailableError):
        daily(FakeDaily("down")).check()
    with pytest.raises(NotPermittedError):
        daily(FakeDaily("unauthorized")).check()
    daily(FakeDaily()).check()
