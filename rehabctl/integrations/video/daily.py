"""Daily: rooms that it names, tokens for one room and time, recordings by consent (REST, v1)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.domain.video import (
    Admission,
    JoinLink,
    MadeRoom,
    Picture,
    RemoteRecording,
    RoomPlan,
    VideoRole,
    VideoService,
)
from rehabctl.integrations.video.download import open_download
from rehabctl.integrations.video.signed_tokens import unverified_claims
from rehabctl.integrations.web_client import Effect, WebClient, object_of

if TYPE_CHECKING:
    import httpx

_BASE = "https://api.daily.co/v1"
_PAGE = 100
_MOST_PAGES = 20
_HINT = "Store the API key again: rehabctl integration secret video-daily"


class DailyRooms:
    """One domain of Daily.

    Parameters
    ----------
    key
        The API key.
    transport
        What carries the requests; None is the network.
    """

    service = VideoService.DAILY

    def __init__(self, key: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self.client = WebClient(
            "Daily", _BASE, lambda: headers, transport=transport, secret_hint=_HINT
        )
        self._key = key.encode()
        self._transport = transport

    def opaque(self, text: str) -> str:
        """Return a UUID that nobody can guess or trace back: other names show in Daily's logs."""
        return str(UUID(bytes=hmac.digest(self._key, text.encode(), hashlib.sha256)[:16]))

    def make(self, plan: RoomPlan) -> MadeRoom:
        """Make a private room that closes by itself; see `VideoPort.make`.

        That somebody may record stands in her token: in the room's settings everybody could.
        A request without an answer may have made one more: it is empty, private and closes then.
        """
        properties: dict[str, Any] = {
            "nbf": int(plan.from_at.timestamp()),
            "exp": int(plan.until_at.timestamp()),
            "eject_at_room_exp": True,
            "enable_knocking": plan.waiting,
            "enable_prejoin_ui": True,
            "max_participants": plan.most_people,
        }
        body = {"privacy": "private", "properties": properties}
        answer = self.client.request("POST", "/rooms", Effect.ONCE, json=body)
        made = self._object(answer, "make a room")
        name, page = _text(made, "name"), _text(made, "url")
        at = urlsplit(page)
        if at.scheme != "https" or at.path != f"/{name}" or made.get("privacy") != "private":
            raise RehabctlError("Daily made another room than was asked for", "Report it to them")
        return MadeRoom(name, page, waiting=plan.waiting)

    def link(self, admission: Admission) -> JoinLink:
        """Return the link that lets one person in.

        Who waits to be let in gets the bare address: a token would pass by the waiting room.
        """
        self._require_room(admission.room)
        is_host = admission.role is VideoRole.THERAPIST
        link = admission.page
        if is_host or not admission.waiting:
            link += f"?{urlencode({'t': self._token(admission, is_host)})}"
        return JoinLink(admission.room, link, admission.from_at, admission.until_at)

    def end(self, room: str) -> bool:
        """Delete a room, which ends the call in it; return False where it was gone."""
        answer = self.client.request("DELETE", f"/rooms/{quote(room, safe='')}", Effect.READ)
        if answer.status_code != 404:
            self._object(answer, "close the room")
        return answer.status_code != 404

    def recordings(self, room: str) -> list[RemoteRecording]:
        """Return what was recorded in a room, oldest first."""
        found: list[RemoteRecording] = []
        wanted = {"room_name": room, "limit": str(_PAGE)}
        for _ in range(_MOST_PAGES):
            answer = self.client.request("GET", "/recordings", Effect.READ, params=wanted)
            rows = self._object(answer, "list recordings").get("data")
            if not isinstance(rows, list):
                raise _undocumented()
            page = [_recording(one, room) for one in cast("list[Any]", rows)]
            found += page
            if len(page) < _PAGE:
                return sorted(found, key=lambda one: (one.began_at, one.remote_id))
            wanted["starting_after"] = page[-1].remote_id
        raise RehabctlError("the list of Daily has no end", "Report it to them")

    def film(self, remote_id: str) -> BinaryIO:
        """Open a recording; see `VideoPort.film`."""

        def address() -> str:
            path = f"/recordings/{quote(remote_id, safe='')}/access-link"
            answer = self.client.request("GET", path, Effect.READ)
            return _text(self._object(answer, "give a recording"), "download_link")

        return open_download("Daily", address, self._transport, self.client.timeout_s)

    def check(self) -> None:
        """List nothing, so that a wrong key shows."""
        answer = self.client.request("GET", "/recordings", Effect.READ, params={"limit": "1"})
        self._object(answer, "list recordings")

    def _require_room(self, room: str) -> None:
        answer = self.client.request("GET", f"/rooms/{quote(room, safe='')}", Effect.READ)
        if answer.status_code == 404:
            raise NotFoundError(
                "the room is gone at Daily", "Make one: rehabctl video-visit create ID"
            )
        self._object(answer, "show the room")

    def _token(self, admission: Admission, is_host: bool) -> str:
        """Return a token, believed only when it opens this room for this time and no more."""
        ends = int(admission.until_at.timestamp())
        properties: dict[str, Any] = {
            "room_name": admission.room,
            "user_id": admission.person,
            "is_owner": is_host,
            "nbf": int(admission.from_at.timestamp()),
            "exp": ends,
            "eject_at_token_exp": True,
        }
        if is_host and admission.recording:
            properties["enable_recording"] = "cloud"
        if admission.picture is Picture.NONE:
            properties["start_video_off"] = True
        answer = self.client.request(
            "POST", "/meeting-tokens", Effect.READ, json={"properties": properties}
        )
        token = _text(self._object(answer, "give a token"), "token")
        said = unverified_claims(token)
        if said.get("r") != admission.room or said.get("exp") != ends:
            raise RehabctlError("Daily gave a token for another room or time", "Report it to them")
        if bool(said.get("o")) is not is_host:
            raise RehabctlError("Daily gave a token with other rights", "Report it to them")
        return token

    def _object(self, answer: httpx.Response, what: str) -> dict[str, Any]:
        if answer.status_code >= 300:
            raise RehabctlError(
                f"Daily does not {what} ({answer.status_code})", "Look at its dashboard"
            )
        return object_of("Daily", answer)


def _recording(one: Any, room: str) -> RemoteRecording:
    if not isinstance(one, dict):
        raise _undocumented()
    row = cast("Mapping[str, Any]", one)
    if row.get("room_name") != room:
        raise RehabctlError("Daily listed a recording of another room", "Report it to them")
    began, length = row.get("start_ts"), row.get("duration")
    if not isinstance(began, int) or not (length is None or isinstance(length, int | float)):
        raise _undocumented()
    try:
        began_at = datetime.fromtimestamp(began, UTC)
    except (ValueError, OverflowError, OSError):
        raise _undocumented() from None
    return RemoteRecording(
        _text(row, "id"),
        began_at,
        None if length is None else float(length),
        row.get("status") == "finished",
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value or len(value) > 4000:
        raise _undocumented()
    return value


def _undocumented() -> RehabctlError:
    return RehabctlError("the answer of Daily is not as documented", "Report it to them")
