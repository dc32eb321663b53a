"""The fake of Availity does what its documentation says, before any client meets it."""

import httpx
import pytest

from tests.integrations.fakes import availity
from tests.integrations.fakes.availity import FakeAvaility, Fault

BASE = f"https://{availity.HOST}/v1"
COVERAGE = {"payerId": "BCBSF", "memberId": "M1", "patientBirthDate": "1980-01-02"}
CLAIM = {
    "payer.id": "BCBSF",
    "subscriber.memberId": "M1",
    "fromDate": "2026-01-05",
    "toDate": "2026-01-05",
    "claimAmount": "250.00",
}


def _client(fake: FakeAvaility, scope: str = availity.SCOPE) -> httpx.Client:
    client = httpx.Client(transport=fake.transport())
    form = {"grant_type": "client_credentials", "client_id": availity.CLIENT_ID, "scope": scope}
    form["client_secret"] = availity.CLIENT_SECRET
    answer = client.post(f"{BASE}/token", data=form)
    client.headers["Authorization"] = f"Bearer {answer.json().get('access_token')}"
    return client


def test_a_coverage_is_accepted_polled_and_deleted() -> None:
    fake = FakeAvaility()
    client = _client(fake)
    accepted = client.post(f"{BASE}/coverages", data=COVERAGE)
    assert accepted.status_code == 202
    link = accepted.headers["Location"]
    assert link == accepted.json()["coverages"][0]["links"]["self"]["href"]
    polls = [client.get(link) for _ in range(3)]
    assert [one.status_code for one in polls] == [202, 202, 200]
    assert [one.json()["statusCode"] for one in polls] == ["0", "1", "4"]
    assert polls[-1].json()["plans"][0]["benefits"][0]["type"] == "PT"
    assert client.delete(link).status_code == 204
    assert client.get(link).json()["statusCode"] == 404
    assert len(fake.inquiries) == 1
    assert fake.leaks == []


def test_a_claim_status_needs_the_override_and_a_form() -> None:
    client = _client(FakeAvaility(polls=0))
    url = f"https://{availity.HOST}/availity/v1/claim-statuses"
    assert client.post(url, data=CLAIM).status_code == 405
    override = {"X-HTTP-Method-Override": "GET"}
    assert client.post(url, json=CLAIM, headers=override).status_code == 415
    accepted = client.post(url, data=CLAIM, headers=override)
    name = accepted.json()["claimStatuses"][0]["id"]
    detail = client.get(f"{url}/{name}").json()["claimStatuses"][0]["statusDetails"][0]
    assert detail["claimAmount"] == "250.00"


def test_errors_have_the_envelope_and_name_the_field() -> None:
    client = _client(FakeAvaility())
    answer = client.post(f"{BASE}/coverages", data={**COVERAGE, "memberId": ""})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == ["memberId"]
    unsafe = client.post(f"{BASE}/coverages", data={**COVERAGE, "memberId": "<b>"})
    assert unsafe.json()["developerMessage"] == "inbound injection"


def test_a_token_has_its_scope_and_lives_five_minutes() -> None:
    time = [float(availity.NOW_S)]
    fake = FakeAvaility(clock=lambda: time[0])
    client = _client(fake)
    time[0] += 300
    assert client.post(f"{BASE}/coverages", data=COVERAGE).status_code == 401
    assert _client(fake, "everything").headers["Authorization"] == "Bearer None"


def test_limits_say_nothing_about_waiting_and_a_lost_answer_was_still_asked() -> None:
    fake = FakeAvaility(fault=Fault.RATE_LIMITED_ONCE)
    client = _client(fake)
    limited = client.post(f"{BASE}/coverages", data=COVERAGE)
    assert limited.status_code == 429
    assert "Retry-After" not in limited.headers
    fake.fault = Fault.ACCEPTED_THEN_TIMEOUT
    with pytest.raises(httpx.ReadTimeout):
        client.post(f"{BASE}/coverages", data=COVERAGE)
    assert len(fake.inquiries) == 1
