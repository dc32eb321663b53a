"""The fake of Stedi does what its documentation says, before any client meets it."""

import httpx
import pytest

from tests.integrations.fakes import stedi
from tests.integrations.fakes.stedi import FakeStedi, Fault
from tests.integrations.fakes.test_x12_answers import CLAIMS, INQUIRY, STATUS
from tests.integrations.fakes.x12_answers import segments

NETWORK = f"https://{stedi.HOST}/2024-04-01/change/medicalnetwork"
CLAIM_URL = f"{NETWORK}/professionalclaims/v3/raw-x12-submission"
CORE = f"https://{stedi.CORE}/2023-08-01"


def _client(fake: FakeStedi) -> httpx.Client:
    return httpx.Client(transport=fake.transport(), headers={"Authorization": stedi.API_KEY})


def _send(fake: FakeStedi, key: str = "k1", x12: str = CLAIMS) -> httpx.Response:
    return _client(fake).post(CLAIM_URL, json={"x12": x12}, headers={"Idempotency-Key": key})


def test_the_same_key_sends_once_and_another_body_is_refused() -> None:
    fake = FakeStedi()
    first, again = _send(fake), _send(fake)
    assert first.status_code == 200
    assert first.json() == again.json()
    assert fake.claims == ["PCN-1", "PCN-2"]
    assert _send(fake, x12=CLAIMS.replace("PCN-2", "PCN-3")).status_code == 422
    assert [row[1] for row in segments(first.json()["x12"]) if row[0] == "ST"] == ["277"]


def test_a_lost_answer_is_found_again_under_its_key() -> None:
    fake = FakeStedi(fault=Fault.ACCEPTED_THEN_TIMEOUT)
    with pytest.raises(httpx.ReadTimeout):
        _send(fake)
    assert _send(fake).json()["status"] == "SUCCESS"
    assert len(fake.claims) == 2


def test_a_claim_that_fails_an_edit_is_400_with_reasons_and_a_277ca() -> None:
    fake = FakeStedi(fault=Fault.REFUSED_BY_EDIT)
    answer = _send(fake)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["followupAction"] == "Please Correct and Resubmit"
    assert "STC*A7:128:85" in answer.json()["x12"]
    assert fake.claims == []


def test_answers_of_payers_are_listed_in_pages_and_fetched_by_link() -> None:
    fake = FakeStedi()
    _send(fake)
    fake.pay()
    client = _client(fake)
    url, items = f"{CORE}/polling/transactions", []
    page = client.get(url, params={"startDateTime": "2026-01-01T00:00:00Z"}).json()
    items += page["items"]
    while "nextPageToken" in page:
        page = client.get(url, params={"pageToken": page["nextPageToken"]}).json()
        items += page["items"]
    assert [item["direction"] for item in items] == ["OUTBOUND", "INBOUND", "INBOUND"]
    found = client.get(f"{CORE}/executions/{items[2]['fileExecutionId']}/input")
    assert found.status_code == 302
    link = found.json()["documentDownloadUrl"]
    assert httpx.Client(transport=fake.transport()).get(link).text.count("CLP*") == 2
    assert fake.leaks == []
    client.get(link)
    assert fake.leaks == ["the key was shown to the storage"]


def test_inquiries_carry_the_answer_of_the_payer() -> None:
    client = _client(FakeStedi())
    covered = client.post(f"{NETWORK}/eligibility/v3/raw-x12", json={"x12": INQUIRY})
    assert "EB*1**30" in covered.json()["x12"]
    status = client.post(f"{NETWORK}/claimstatus/v2/raw-x12", json={"x12": STATUS})
    assert "STC*F1:65" in status.json()["x12"]
    assert client.get(CLAIM_URL).status_code == 403
