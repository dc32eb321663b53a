"""Plays the push service of a browser's maker (RFC 8030): keeps what it gets or says why."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

FAULTS = (
    "gone",
    "not_found",
    "too_large",
    "rate_limited",
    "unauthorized",
    "kept_then_timeout",
    "down",
)


@dataclass
class FakePushService:
    """One service; `kept` holds the encrypted bodies that it would have delivered."""

    fault: str | None = None
    kept: list[bytes] = field(default_factory=list[bytes])
    leaks: list[str] = field(default_factory=list[str])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme != "https":
            self.leaks.append("spoke without encryption")
        if request.headers.get("Content-Encoding") != "aes128gcm":
            self.leaks.append("the body was not encrypted for the receiver")
        if "TTL" not in request.headers:
            return httpx.Response(400, text="TTL is required")
        if not request.headers.get("Authorization", "").startswith(("vapid ", "WebPush ")):
            return httpx.Response(401)
        statuses = {"gone": 410, "not_found": 404, "too_large": 413, "unauthorized": 403}
        if self.fault in statuses:
            return httpx.Response(statuses[self.fault])
        if self.fault == "rate_limited":
            return httpx.Response(429, headers={"Retry-After": "60"})
        if self.fault == "down":
            raise httpx.ConnectError("refused", request=request)
        self.kept.append(request.content)
        if self.fault == "kept_then_timeout":
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(201, headers={"Location": f"{request.url}/m/{len(self.kept)}"})
