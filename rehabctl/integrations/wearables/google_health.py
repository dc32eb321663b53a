"""The Google Health API, version 4, written from its public pages; it followed the Fitbit Web API.

Each patient signs in with Google once, outside of this program; the refresh token that Google gives
then lies in the keyring with the clinic's client. Days are asked for with one more on each side,
since a night begins the day before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError
from rehabctl.domain.wearable import DailyMeasure
from rehabctl.integrations.web_client import Effect, WebClient, object_of

if TYPE_CHECKING:
    import httpx

    from rehabctl.integrations.wearables.reading import Reading

_NAME = "Google Health"
_BASE = "https://health.googleapis.com"
_TOKENS = "https://oauth2.googleapis.com"
_PAGE_SIZE = 1000
_MOST_PAGES = 20_000
HINT = "Store it again: rehabctl integration secret google-health --patient MRN"
_ASLEEP = frozenset({"ASLEEP", "LIGHT", "DEEP", "REM"})


@dataclass(slots=True)
class GoogleTokens:
    """Access tokens of one patient, made from her refresh token.

    Parameters
    ----------
    secret
        JSON object with `client_id`, `client_secret` and `refresh_token`.
    transport
        What carries the requests; None is the network.
    """

    secret: str = field(repr=False)
    transport: httpx.BaseTransport | None = None
    _token: str = field(default="", init=False, repr=False)

    def headers(self) -> Mapping[str, str]:
        """Return what says who we are, with a token made if there is none."""
        if not self._token:
            self.renew()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Ask for a new access token.

        Raises
        ------
        NotPermittedError
            The secret is none, or Google takes the refresh token no more.
        """
        names = ("client_id", "client_secret", "refresh_token")
        try:
            said = json.loads(self.secret)
            form = {name: str(said[name]) for name in names}
        except (ValueError, KeyError, TypeError):
            raise NotPermittedError(f"the secret of {_NAME} is not as it should be", HINT) from None
        client = WebClient(_NAME, _TOKENS, dict, transport=self.transport, secret_hint=HINT)
        answer = client.request(
            "POST", "/token", Effect.READ, data=form | {"grant_type": "refresh_token"}
        )
        token = object_of(_NAME, answer).get("access_token")
        if answer.status_code != 200 or not isinstance(token, str) or not token:
            raise NotPermittedError(f"{_NAME} takes the patient's sign-in no more", HINT)
        self._token = token
        return True


@dataclass(slots=True)
class GoogleHealth:
    """One patient's data.

    Parameters
    ----------
    headers
        Says who we are, see `GoogleTokens`.
    renew
        Makes new credentials.
    transport
        What carries the requests; None is the network.
    """

    headers: Callable[[], Mapping[str, str]]
    renew: Callable[[], bool] | None = None
    transport: httpx.BaseTransport | None = None
    client: WebClient = field(init=False)

    def __post_init__(self) -> None:
        """Make the client."""
        self.client = WebClient(
            _NAME, _BASE, self.headers, self.renew, self.transport, secret_hint=HINT
        )

    def read(self, reading: Reading, first: date, last: date) -> str:
        """Read the days between two, both included, and return the SHA-256 of the answers.

        Parameters
        ----------
        reading
            Gets the records.
        first, last
            In the wearer's own time.

        Raises
        ------
        NotPermittedError
            The patient's sign-in, or one of its scopes, is missing.
        UnavailableError
            The service is away, or has ended.
        RehabctlError
            An answer is not as documented; nothing is kept.
        """
        reading.days = (first, last)
        reading.known_until_s = reading.now_s
        digest = hashlib.sha256()
        since, until = first - timedelta(days=1), last + timedelta(days=2)
        for kind, start, take in _KINDS:
            reading.file = kind
            asked = f'{start} >= "{since}T00:00:00" AND {start} < "{until}T00:00:00"'
            if start.endswith(".date"):
                asked = f'{start} >= "{since}" AND {start} < "{until}"'
            for number, point in enumerate(self._points(kind, asked, digest.update), start=1):
                try:
                    take(point, number, reading)
                except (KeyError, ValueError, TypeError, OverflowError, AttributeError):
                    reading.refuse(number, kind, "has no value or time as documented")
        return digest.hexdigest()

    def _points(
        self, kind: str, asked: str, seen: Callable[[bytes], None]
    ) -> Iterator[Mapping[str, Any]]:
        path = f"/v4/users/me/dataTypes/{kind}/dataPoints"
        token, tokens = "", set[str]()
        while True:
            params = {"page_size": str(_PAGE_SIZE), "filter": asked}
            if token:
                params["page_token"] = token
            answer = self.client.request("GET", path, Effect.READ, params=params)
            if answer.status_code == 410:
                raise UnavailableError(f"{_NAME} says that it has ended (410)", "Import a file")
            if answer.status_code != 200:
                raise RehabctlError(
                    f"{_NAME} does not take the question for {kind} ({answer.status_code})",
                    "Report it",
                )
            told = object_of(_NAME, answer)
            seen(answer.content)
            points = told.get("dataPoints", [])
            if not isinstance(points, list):
                raise RehabctlError(f"the answer of {_NAME} is not as documented", "Report it")
            for point in cast("list[Any]", points):
                yield cast("Mapping[str, Any]", point) if isinstance(point, dict) else {}
            token = str(told.get("nextPageToken") or "")
            if not token:
                return
            if token in tokens or len(tokens) >= _MOST_PAGES:
                raise RehabctlError(f"the pages of {_NAME} have no end", "Try again later")
            tokens.add(token)


def _steps(point: Mapping[str, Any], number: int, reading: Reading) -> None:
    said = point["steps"]
    start_s, end_s = _interval(said["interval"])
    count = float(said["count"])  # JSON of 64-bit numbers is text
    reading.take(DailyMeasure.STEPS, start_s, end_s, count, _source(point), number)


def _heart_rate(point: Mapping[str, Any], number: int, reading: Reading) -> None:
    said = point["heartRate"]
    at_s = _time(said["sampleTime"]["physicalTime"])
    bpm = float(said["beatsPerMinute"])
    reading.take(DailyMeasure.HEART_RATE, at_s, at_s, bpm, _source(point), number)


def _resting(point: Mapping[str, Any], number: int, reading: Reading) -> None:
    said = point["dailyRestingHeartRate"]
    told = said["date"]
    day = date(told["year"], told["month"], told["day"])
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=reading.totals.zone)
    at_s, bpm = noon.timestamp(), float(said["beatsPerMinute"])
    reading.take(DailyMeasure.RESTING_HEART_RATE, at_s, at_s, bpm, "", number)


def _sleep(point: Mapping[str, Any], number: int, reading: Reading) -> None:
    said = point["sleep"]
    stages = cast("list[Mapping[str, Any]]", said.get("stages") or [])
    if not stages:
        spans = [_interval(said["interval"])]
    else:
        spans = [_interval(stage) for stage in stages if stage["type"] in _ASLEEP]
    for start_s, end_s in spans:
        reading.take(DailyMeasure.SLEEP, start_s, end_s, 0, "", number)


_Take = Callable[[Mapping[str, Any], int, "Reading"], None]
_KINDS: tuple[tuple[str, str, _Take], ...] = (
    ("steps", "steps.interval.civil_start_time", _steps),
    ("heart-rate", "heart_rate.sample_time.civil_time", _heart_rate),
    ("daily-resting-heart-rate", "daily_resting_heart_rate.date", _resting),
    ("sleep", "sleep.interval.civil_end_time", _sleep),
)


def _source(point: Mapping[str, Any]) -> str:
    """Return the kind of device, where the point names one."""
    told = point.get("dataSource")
    device = cast("Mapping[str, Any]", told).get("device") if isinstance(told, dict) else None
    kind = cast("Mapping[str, Any]", device).get("formFactor") if isinstance(device, dict) else None
    return str(kind).lower()[:40] if kind else ""


def _interval(said: Mapping[str, Any]) -> tuple[float, float]:
    return _time(said["startTime"]), _time(said["endTime"])


def _time(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.timestamp()
