"""Plays the Google Health API, version 4, from its public pages. Documentation only.

Path names are kebab-case, filter names snake_case, times are civil times of the wearer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

FAULTS = (
    "token_expired",
    "scope_missing",
    "retired_410",
    "rate_limited_once",
    "down",
    "cut_json",
    "page_token_repeats",
    "points_twice_on_two_pages",
    "points_out_of_order",
    "point_without_value",
    "value_as_text",
    "negative_value",
    "unknown_type",
    "clock_changes_that_day",
)
TOKEN = "ya29.only-the-fake-knows"


@dataclass
class FakeGoogleHealth:
    """One wearer with three days of steps and one of heart rate, sixty points a page at most."""

    fault: str | None = None
    requests: list[httpx.URL] = field(default_factory=list[httpx.URL])
    leaks: list[str] = field(default_factory=list[str])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.url)
        if request.url.host != "health.googleapis.com" or request.url.scheme != "https":
            self.leaks.append(f"asked {request.url.scheme}://{request.url.host}")
            return httpx.Response(404)
        if self.fault == "retired_410":
            return _error(410, "GONE")
        if self.fault == "down":
            raise httpx.ConnectTimeout("no answer", request=request)
        if self.fault == "rate_limited_once" and len(self.requests) == 1:
            return _error(429, "RESOURCE_EXHAUSTED", {"Retry-After": "3"})
        bearer = request.headers.get("Authorization")
        if bearer != f"Bearer {TOKEN}" or self.fault == "token_expired":
            return _error(401, "UNAUTHENTICATED")
        if self.fault == "scope_missing":
            return _error(403, "PERMISSION_DENIED")
        match request.url.path.strip("/").split("/"):
            case ["v4", "users", "me", "dataTypes", kind, "dataPoints"]:
                return self._points(kind, request)
            case _:
                return _error(404, "NOT_FOUND")

    def _points(self, kind: str, request: httpx.Request) -> httpx.Response:
        if "_" in kind or self.fault == "unknown_type":
            return _error(400, "INVALID_ARGUMENT")
        points = {"steps": _steps(), "heart-rate": _heart_rate()}.get(kind, [])
        if self.fault == "points_out_of_order":
            points = points[::-1]
        if self.fault == "clock_changes_that_day" and kind == "steps":
            points = [_step("2026-03-08", hour, 100) for hour in range(24) if hour != 2]
        if points and self.fault in ("point_without_value", "value_as_text", "negative_value"):
            spoilt = {"point_without_value": None, "value_as_text": "many", "negative_value": -5}
            name = "steps" if kind == "steps" else "heartRate"
            key = "count" if kind == "steps" else "beatsPerMinute"
            points[0] = {**points[0], name: {**points[0][name], key: spoilt[self.fault]}}
        start = int(request.url.params.get("page_token", "p0")[1:])
        size = min(int(request.url.params.get("page_size", "50")), 60)
        end = start + size
        body: dict[str, Any] = {"dataPoints": points[start:end]}
        if end < len(points):
            body["nextPageToken"] = f"p{end}"
        if self.fault == "points_twice_on_two_pages" and end < len(points):
            body["nextPageToken"] = f"p{end - 1}"
        if self.fault == "page_token_repeats":
            body["nextPageToken"] = f"p{start}"
        if self.fault == "cut_json":
            import json

            return httpx.Response(200, content=json.dumps(body).encode()[:-3])
        return httpx.Response(200, json=body)


def _step(day: str, hour: int, count: int) -> dict[str, Any]:
    interval = {
        "startTime": f"{day}T{hour:02d}:00:00Z",
        "endTime": f"{day}T{hour:02d}:59:59Z",
        "civilStartTime": {"date": day, "time": f"{hour:02d}:00:00"},
    }
    name = f"users/me/dataTypes/steps/dataPoints/{day}-{hour:02d}"
    return {"name": name, "steps": {"interval": interval, "count": count}}


def _steps() -> list[dict[str, Any]]:
    """Return three days of hourly steps: 2,400 and 4,800 and 1,200 in sum."""
    days = (("2026-03-01", 100), ("2026-03-02", 200), ("2026-03-03", 50))
    return [_step(day, hour, count) for day, count in days for hour in range(24)]


def _heart_rate() -> list[dict[str, Any]]:
    return [
        {
            "name": f"users/me/dataTypes/heart-rate/dataPoints/{minute}",
            "heartRate": {
                "sampleTime": {"physicalTime": f"2026-03-01T10:{minute:02d}:00Z"},
                "beatsPerMinute": 60 + minute,
            },
        }
        for minute in range(60)
    ]


def _error(status: int, word: str, headers: dict[str, str] | None = None) -> httpx.Response:
    body = {"error": {"code": status, "status": word, "message": word.lower()}}
    return httpx.Response(status, json=body, headers=headers)
