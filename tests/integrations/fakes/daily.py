"""Plays the REST interface of Daily for a domain with the HIPAA add-on.

From docs.daily.co as described in public pages: named rooms are refused, names are random, a token
without room or expiry is one that opens everything for ever. Documentation only.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

API_KEY = "a-key-that-only-the-fake-knows"
FAULTS = (
    "unauthorized",
    "rate_limited_twice",
    "down",
    "made_then_500",
    "made_then_timeout",
    "cut_json",
    "proxy_page",
    "another_room_in_token",
    "recording_in_progress",
    "recording_cut",
    "recording_link_expired",
    "recording_redirects_to_http",
    "recordings_of_another_room",
    "room_gone",
)
FILM = bytes(range(256)) * 64


@dataclass
class FakeDaily:
    """One domain; give `transport()` to a client."""

    fault: str | None = None
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    tokens: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    deleted: list[str] = field(default_factory=list[str])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    leaks: list[str] = field(default_factory=list[str])
    """What the vendor should never have been told, or asked for."""

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.requests.append((request.method, path))
        if request.url.scheme != "https":
            self.leaks.append("spoke without encryption")
        if request.url.host == "recordings.example-bucket.test":
            return self._download(request)
        if request.url.host != "api.daily.co":
            self.leaks.append(f"asked {request.url.host}")
            return httpx.Response(404)
        if self.fault == "proxy_page":
            return httpx.Response(200, html="<html>Sign in to the hotel's network</html>")
        if self.fault == "down":
            raise httpx.ConnectError("refused", request=request)
        if self.fault == "rate_limited_twice" and len(self.requests) <= 2:
            return httpx.Response(429, headers={"Retry-After": "1"}, json={"error": "rate-limit"})
        if request.headers.get("Authorization") != f"Bearer {API_KEY}" or (
            self.fault == "unauthorized"
        ):
            return httpx.Response(401, json={"error": "authentication-error"})
        response = self._route(request, path)
        if self.fault == "cut_json":
            return httpx.Response(response.status_code, content=response.content[:-7])
        return response

    def _route(self, request: httpx.Request, path: str) -> httpx.Response:
        body: dict[str, Any] = json.loads(request.content) if request.content else {}
        match [request.method, *path.strip("/").split("/")[1:]]:
            case ["POST", "rooms"]:
                return self._make_room(request, body)
            case ["GET", "rooms", name]:
                return self._room(name)
            case ["DELETE", "rooms", name]:
                if self._room(name).status_code != 200:
                    return self._room(name)
                del self.rooms[name]
                self.deleted.append(name)
                return httpx.Response(200, json={"deleted": True, "name": name})
            case ["POST", "meeting-tokens"]:
                return self._make_token(body)
            case ["GET", "recordings"]:
                return self._recordings(request)
            case ["GET", "recordings", recording, "access-link"]:
                link = f"https://recordings.example-bucket.test/{recording}.mp4?X-Signature=1"
                return httpx.Response(200, json={"download_link": link, "expires": 1893456000})
            case ["DELETE", "recordings", recording]:
                self.deleted.append(recording)
                return httpx.Response(200, json={"deleted": True, "id": recording})
            case _:
                return httpx.Response(404, json={"error": "not-found"})

    def _make_room(self, request: httpx.Request, body: dict[str, Any]) -> httpx.Response:
        if "name" in body:
            return httpx.Response(
                400, json={"error": "invalid-request-error", "info": "named rooms are not allowed"}
            )
        properties = body.get("properties", {})
        if "exp" not in properties:
            self.leaks.append("a room that stays for ever")
        if body.get("privacy") != "private":
            self.leaks.append("a room that everybody may enter")
        name = secrets.token_urlsafe(12)
        room = {
            "id": secrets.token_hex(8),
            "name": name,
            "api_created": True,
            "privacy": body.get("privacy", "public"),
            "url": f"https://hill-street.daily.co/{name}",
            "config": properties,
        }
        self.rooms[name] = room
        if self.fault == "made_then_500":
            return httpx.Response(500, json={"error": "internal-error"})
        if self.fault == "made_then_timeout":
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(200, json=room)

    def _room(self, name: str) -> httpx.Response:
        if name not in self.rooms or self.fault == "room_gone":
            return httpx.Response(
                404, json={"error": "not-found", "info": f"room {name} not found"}
            )
        return httpx.Response(200, json=self.rooms[name])

    def _make_token(self, body: dict[str, Any]) -> httpx.Response:
        properties = body.get("properties", {})
        for wanted in ("room_name", "exp"):
            if wanted not in properties:
                self.leaks.append(f"a token without {wanted}")
        if "user_name" in properties:
            self.leaks.append("a person's name")
        if properties.get("room_name") not in self.rooms:
            return httpx.Response(400, json={"error": "invalid-request-error"})
        if self.fault == "another_room_in_token":
            properties = {**properties, "room_name": "someone-elses-room"}
        self.tokens.append(properties)
        return httpx.Response(200, json={"token": _unsigned_token(properties)})

    def _recordings(self, request: httpx.Request) -> httpx.Response:
        room = request.url.params.get("room_name", "")
        status = "in-progress" if self.fault == "recording_in_progress" else "finished"
        shown = "someone-elses-room" if self.fault == "recordings_of_another_room" else room
        one = {
            "id": "3f1c6b9e-0000-4000-8000-000000000001",
            "room_name": shown,
            "start_ts": 1772355600,
            "status": status,
            "max_participants": 2,
            "duration": None if status == "in-progress" else 61,
        }
        known = room in self.rooms or room == ""
        return httpx.Response(200, json={"total_count": int(known), "data": [one] if known else []})

    def _download(self, request: httpx.Request) -> httpx.Response:
        if "Authorization" in request.headers:
            self.leaks.append("the key was shown to the storage")
        if self.fault == "recording_link_expired":
            return httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>")
        if self.fault == "recording_redirects_to_http":
            return httpx.Response(302, headers={"Location": "http://recordings.example.test/x"})
        if self.fault == "recording_cut":
            return httpx.Response(
                200, content=FILM[:-100], headers={"Content-Length": str(len(FILM))}
            )
        return httpx.Response(200, content=FILM, headers={"Content-Type": "video/mp4"})


def _unsigned_token(properties: dict[str, Any]) -> str:
    """Return a token in the shape of Daily's, with its short names and no real signature."""
    import base64

    payload = {
        "r": properties.get("room_name"),
        "exp": properties.get("exp"),
        "o": properties.get("is_owner", False),
        "d": "domain",
        "iat": 1772355600,
    }
    parts = ({"alg": "HS256", "typ": "JWT"}, payload)
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
    return b".".join([*encoded, b"c2lnbmF0dXJl"]).decode()
