"""The fake of Optum does what its documentation says, before any client meets it."""

import httpx
import pytest

from tests.integrations.fakes import optum
from tests.integrations.fakes.optum import FakeOptum, Fault
from tests.integrations.fakes.test_x12_answers import CLAIMS, INQUIRY

BASE = f"https://{optum.HOST}"
NETWORK = f"{BASE}/medicalnetwork"
SUBMIT = f"{NETWORK}/professionalclaims/v3/raw-x12-submission"
HEADERS = {
    "X-CHC-ClaimSubmission-BillerId": optum.BILLER_ID,
    "X-CHC-ClaimSubmission-SubmitterId": optum.SUBMITTER_ID,
    "X-CHC-ClaimSubmission-Username": optum.USERNAME,
    "X-CHC-ClaimSubmission-Pwd": optum.PASSWORD,
}


def _client(fake: FakeOptum) -> httpx.Client:
    client = httpx.Client(transport=fake.transport())
    body = {"client_id": optum.CLIENT_ID, "client_secret": optum.CLIENT_SECRET}
    body["grant_type"] = "client_credentials"
    token = client.post(f"{BASE}/apip/auth/v2/token", json=body).json()
    client.headers["Authorization"] = f"Bearer {token['access_token']}"
    return client


def test_a_claim_is_taken_and_its_answers_lie_in_the_mailbox() -> None:
    fake = FakeOptum()
    client = _client(fake)
    taken = client.post(SUBMIT, json={"x12": CLAIMS}, headers=HEADERS).json()
    assert (taken["status"], taken["editStatus"]) == ("SUCCESS", "SUCCESS")
    assert taken["claimReference"]["patientControlNumber"] == "PCN-1"
    fake.pay()
    names = client.get(f"{NETWORK}/reports/v2").json()["reports"]
    assert [name[:2] for name in names] == ["X3", "R5"]
    report = client.get(f"{NETWORK}/reports/v2/{names[1]}").json()["report_content"]
    assert report.count("CLP*") == 2
    assert client.delete(f"{NETWORK}/reports/v2/{names[1]}").json()["status"] == "deleted"
    assert client.get(f"{NETWORK}/reports/v2").json()["reports"] == names[:1]


def test_a_validation_keeps_nothing_and_a_repeat_is_taken_twice() -> None:
    fake = FakeOptum()
    client = _client(fake)
    client.post(SUBMIT.replace("submission", "validation"), json={"x12": CLAIMS}, headers=HEADERS)
    assert fake.claims == []
    fake.fault = Fault.ACCEPTED_THEN_TIMEOUT
    with pytest.raises(httpx.ReadTimeout):
        client.post(SUBMIT, json={"x12": CLAIMS}, headers=HEADERS)
    fake.fault = None
    client.post(SUBMIT, json={"x12": CLAIMS}, headers=HEADERS)
    assert fake.claims == ["PCN-1", "PCN-2"] * 2


def test_headers_separator_and_token_are_looked_at() -> None:
    time = [float(optum.NOW_S)]
    fake = FakeOptum(clock=lambda: time[0])
    client = _client(fake)
    bare = client.post(SUBMIT, json={"x12": CLAIMS})
    assert bare.json()["errors"][0]["field"] == "X-CHC-ClaimSubmission-BillerId"
    other = CLAIMS.replace(":", ">")
    refused = client.post(SUBMIT, json={"x12": other}, headers=HEADERS)
    assert refused.json()["errors"][0]["field"] == "ISA16"
    covered = client.post(f"{NETWORK}/eligibility/v3/raw-x12", json={"x12": INQUIRY})
    assert "EB*1**30" in covered.json()["x12"]
    time[0] += 3600
    assert client.get(f"{NETWORK}/reports/v2").status_code == 401


def test_a_report_that_is_not_ready_is_413() -> None:
    fake = FakeOptum(fault=Fault.REPORT_IN_PROGRESS_ONCE)
    fake.mailbox["X3999898.AA"] = "ISA"
    client = _client(fake)
    url = f"{NETWORK}/reports/v2/X3999898.AA"
    assert [client.get(url).status_code for _ in range(2)] == [413, 200]
