"""The Google Health API against the fake that somebody else wrote, with every fault it has."""

from __future__ import annotations

from datetime import date

import httpx
import pytest

from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError
from rehabctl.integrations.wearables.google_health import GoogleHealth, GoogleTokens
from rehabctl.integrations.wearables.reading import Reading
from tests.integrations.fakes.google_health import FAULTS, TOKEN, FakeGoogleHealth
from tests.integrations.wearables.readings import by_name, numbers, reading

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 3)
STEPS = {
    ("steps", "2026-03-01"): 2400,
    ("steps", "2026-03-02"): 4800,
    ("steps", "2026-03-03"): 1200,
}
BEATS = {("heart_rate_bpm", "2026-03-01"): 89.5}
REFUSED = {
    "token_expired": NotPermittedError,
    "scope_missing": NotPermittedError,
    "retired_410": UnavailableError,
    "down": UnavailableError,
    "cut_json": RehabctlError,
    "page_token_repeats": RehabctlError,
    "unknown_type": RehabctlError,
}
ONE_RECORD_LESS = ("point_without_value", "value_as_text", "negative_value")


def asked(fault: str | None, zone: str = "UTC") -> tuple[FakeGoogleHealth, Reading]:
    fake = FakeGoogleHealth(fault)
    api = GoogleHealth(lambda: {"Authorization": f"Bearer {TOKEN}"}, lambda: True, fake.transport())
    waited: list[float] = []
    api.client.sleep = waited.append
    made, _ = reading(zone)
    try:
        api.read(made, FIRST, LAST)
    finally:
        assert fake.leaks == []
        if fault == "rate_limited_once":
            assert waited == [3]
    return fake, made


def test_three_days_in_pages() -> None:
    fake, made = asked(None)
    assert numbers(made) == STEPS | BEATS
    assert by_name(made)["steps", "2026-03-01"].hours == 24
    assert len({url.path for url in fake.requests}) == 4
    assert 'steps.interval.civil_start_time >= "2026-02-28' in fake.requests[0].params["filter"]


@pytest.mark.parametrize("fault", [*REFUSED])
def test_what_ends_in_one_error(fault: str) -> None:
    with pytest.raises(REFUSED[fault]) as caught:
        asked(fault)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - set(REFUSED)))
def test_what_is_got_over(fault: str) -> None:
    _, made = asked(fault)
    found = numbers(made)
    if fault == "clock_changes_that_day":
        assert found == BEATS  # the fake tells of a day that was not asked for
    elif fault in ONE_RECORD_LESS:
        assert made.refused == 2  # the first of each kind
        assert found["steps", "2026-03-01"] == 2300
        assert found["steps", "2026-03-02"] == 4800
    else:
        assert (found, made.refused) == (STEPS | BEATS, 0)


def test_only_whole_days_that_were_asked_for_are_told() -> None:
    _, made = asked(None, "America/New_York")
    assert [day for kind, day in numbers(made) if kind == "steps"] == [
        "2026-03-01",
        "2026-03-02",
        "2026-03-03",
    ]  # and not the five hours of the evening before


def test_an_access_token_is_made_from_the_patients_own() -> None:
    def google(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "https://oauth2.googleapis.com/token"
        form = dict(httpx.QueryParams(request.content.decode()))
        if form["refresh_token"] != "good":
            return httpx.Response(400, json={"error": "invalid_grant"})
        assert (form["client_id"], form["grant_type"]) == ("us", "refresh_token")
        return httpx.Response(200, json={"access_token": "fresh", "expires_in": 3599})

    def tokens(secret: str) -> GoogleTokens:
        return GoogleTokens(secret, httpx.MockTransport(google))

    good = '{"client_id": "us", "client_secret": "s", "refresh_token": "good"}'
    assert tokens(good).headers() == {"Authorization": "Bearer fresh"}
    for secret in (good.replace("good", "stale"), "{}", "[]", "nonsense"):
        with pytest.raises(NotPermittedError) as caught:
            tokens(secret).headers()
        assert "stale" not in str(caught.value)
        assert "--patient MRN" in str(caught.value)
