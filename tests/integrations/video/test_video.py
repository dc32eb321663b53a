"""Tokens that an outside library reads, and notices that are believed only when genuine."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.errors import NotPermittedError, UsageError
from rehabctl.domain.video import Admission, Picture, VideoRole, VideoService
from rehabctl.integrations.video.notices import check_daily, check_livekit
from rehabctl.integrations.video.rooms import VideoRooms
from rehabctl.integrations.video.signed_tokens import read, sign

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SECRET = "a-secret-of-at-least-thirty-two-bytes"
ANY_TIME = {"verify_exp": False, "verify_nbf": False}
LIVEKIT = VideoRooms(
    VideoService.LIVEKIT, "https://meet.example.org/custom", "key1", SECRET, "wss://l.example.org"
)
JITSI = VideoRooms(VideoService.JITSI, "https://meet.example.org/", "clinic", SECRET)


def admission(role: VideoRole) -> Admission:
    return Admission("room1", "person1", role, NOW, NOW + timedelta(hours=1))


@pytest.mark.parametrize("role", list(VideoRole))
def test_livekit_lets_one_person_into_one_room_for_a_time(role: VideoRole) -> None:
    found = LIVEKIT.link(admission(role))
    asked = parse_qs(urlsplit(found.link).query)
    claims = jwt.decode(asked["token"][0], SECRET, ["HS256"], options=ANY_TIME)
    assert asked["liveKitUrl"] == ["wss://l.example.org"]
    assert (claims["iss"], claims["sub"]) == ("key1", "person1")
    assert (claims["nbf"], claims["exp"]) == (NOW.timestamp(), NOW.timestamp() + 3600)
    assert claims["video"]["room"] == "room1"
    assert claims["video"]["roomAdmin"] is (role is VideoRole.THERAPIST)
    assert claims["video"]["roomRecord"] is False


@pytest.mark.parametrize("role", list(VideoRole))
def test_jitsi_lets_one_person_into_one_room_for_a_time(role: VideoRole) -> None:
    found = urlsplit(JITSI.link(admission(role)).link)
    token = parse_qs(found.query)["jwt"][0]
    claims = jwt.decode(token, SECRET, ["HS256"], audience="jitsi", options=ANY_TIME)
    assert found.path == "/room1"
    assert (claims["sub"], claims["room"]) == ("meet.example.org", "room1")
    assert claims["context"]["user"]["moderator"] is (role is VideoRole.THERAPIST)
    passes_the_lobby = {"lobby_bypass"} if role is VideoRole.THERAPIST else set[str]()
    assert set(claims["context"]["user"]) == {"id", "moderator", "affiliation"} | passes_the_lobby
    assert claims["context"]["features"]["recording"] is False
    recording = replace(admission(role), recording=True)
    [token] = parse_qs(urlsplit(JITSI.link(recording).link).query)["jwt"]
    claims = jwt.decode(token, SECRET, ["HS256"], audience="jitsi", options=ANY_TIME)
    assert claims["context"]["features"]["recording"] is (role is VideoRole.THERAPIST)


def test_sound_alone_is_all_that_livekit_then_takes() -> None:
    link = LIVEKIT.link(replace(admission(VideoRole.PATIENT), picture=Picture.NONE)).link
    [token] = parse_qs(urlsplit(link).query)["token"]
    claims = jwt.decode(token, SECRET, ["HS256"], options=ANY_TIME)
    assert claims["video"]["canPublishSources"] == ["microphone"]


def test_addresses_without_encryption_are_refused() -> None:
    for page, server in (("http://x.org", "wss://x.org"), ("https://x.org", "ws://x.org")):
        with pytest.raises(UsageError):
            VideoRooms(VideoService.LIVEKIT, page, "k", SECRET, server)


def livekit_notice(body: bytes, secret: str = SECRET, until_at: datetime | None = None) -> str:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    ends = until_at or NOW + timedelta(minutes=5)
    return jwt.encode({"iss": "key1", "exp": int(ends.timestamp()), "sha256": digest}, secret)


def test_a_notice_of_livekit_is_believed_when_signed_whole_and_fresh() -> None:
    body = b'{"event":"room_finished"}'
    check_livekit(body, livekit_notice(body), SECRET, NOW)
    unsigned = jwt.encode({"exp": 9e9, "sha256": "x"}, "", algorithm="none")
    for text, signature in (
        (body + b" ", livekit_notice(body)),
        (body, livekit_notice(body, "another-secret-of-thirty-two-bytes!")),
        (body, livekit_notice(body, until_at=NOW - timedelta(seconds=1))),
        (body, unsigned),
        (body, sign({"exp": 9e9}, SECRET)),
        (body, sign({"sha256": "x"}, SECRET)),
        (body, ""),
    ):
        with pytest.raises(NotPermittedError):
            check_livekit(text, signature, SECRET, NOW)


def test_a_notice_of_daily_is_believed_when_signed_whole_and_fresh() -> None:
    key = base64.b64encode(b"daily-secret").decode()
    stamp, body, age = str(int(NOW.timestamp() * 1000)), b"{}", timedelta(minutes=5)

    def signed(moment: str) -> str:
        made = hmac.new(b"daily-secret", f"{moment}.".encode() + body, hashlib.sha256)
        return base64.b64encode(made.digest()).decode()

    check_daily(body, signed(stamp), stamp, key, NOW, age)
    old = str(int((NOW - timedelta(minutes=6)).timestamp()))
    for text, signature, moment in (
        (b"{ }", signed(stamp), stamp),
        (body, signed(old), stamp),
        (body, signed(old), old),
        (body, "", stamp),
        (body, signed(stamp), "now"),
    ):
        with pytest.raises(NotPermittedError):
            check_daily(text, signature, moment, key, NOW, age)


@given(st.text())
def test_no_text_is_taken_for_a_token(text: str) -> None:
    with pytest.raises(NotPermittedError):
        read(text, SECRET, NOW)
