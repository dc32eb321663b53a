"""The fake of Claim.MD does what its documentation says, before any client meets it."""

from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.integrations.fakes import claim_md
from tests.integrations.fakes.claim_md import FakeClaimMd, Fault
from tests.integrations.fakes.test_x12_answers import CLAIMS, INQUIRY

BASE = f"https://{claim_md.HOST}/services"
KEY = {"AccountKey": claim_md.ACCOUNT_KEY}


def _client(fake: FakeClaimMd, accept: str = "application/json") -> httpx.Client:
    return httpx.Client(transport=fake.transport(), headers={"Accept": accept})


def _upload(fake: FakeClaimMd, text: str = CLAIMS) -> httpx.Response:
    files = {"File": ("HS_42_T.837", text)}
    return _client(fake).post(f"{BASE}/upload/", data=KEY, files=files)


def test_an_upload_answers_for_each_claim_and_is_listed() -> None:
    fake = FakeClaimMd()
    claims = _upload(fake).json()["claim"]
    assert [(claim["pcn"], claim["status"]) for claim in claims] == [("PCN-1", "A"), ("PCN-2", "A")]
    listed = _client(fake).post(f"{BASE}/uploadlist/", data=KEY | {"Page": "1"}).json()["file"]
    assert [row["filename"] for row in listed] == ["HS_42_T.837"]
    assert fake.leaks == []


def test_an_upload_that_is_repeated_is_another_file() -> None:
    fake = FakeClaimMd(fault=Fault.ACCEPTED_THEN_TIMEOUT)
    with pytest.raises(httpx.ReadTimeout):
        _upload(fake)
    fake.fault = None
    _upload(fake)
    assert len(fake.uploads) == 2


def test_news_come_after_a_cursor_in_xml_too() -> None:
    fake = FakeClaimMd()
    _upload(fake)
    client = _client(fake, "application/xml")
    url = f"{BASE}/response/"
    root = ET.XML(client.post(url, data=KEY | {"ResponseID": "0"}).text)
    assert root.tag == "result"
    assert root.get("last_responseid") == "2"
    assert [one.get("responseid") for one in root.iter("messages")] == ["1", "2"]
    fake.pay()
    later = ET.XML(client.post(url, data=KEY | {"ResponseID": "2"}).text)
    assert [one.get("responseid") for one in later.iter("messages")] == ["3", "4"]


def test_remittances_are_listed_and_fetched_as_x12() -> None:
    fake = FakeClaimMd()
    _upload(fake)
    fake.pay()
    client = _client(fake)
    listed = client.post(f"{BASE}/eralist/", data=KEY | {"ERAID": "0"}).json()
    assert listed["last_eraid"] == "1"
    era = client.post(f"{BASE}/era835/", data=KEY | {"eraid": listed["era"][0]["eraid"]}).json()
    assert era["data"].startswith("ISA*")
    assert f"BPR*I*{listed['era'][0]['paid_amount']}*" in era["data"]


def test_errors_come_with_200_and_the_limit_is_a_hundred_a_minute() -> None:
    fake = FakeClaimMd()
    client = _client(fake)
    wrong = client.post(f"{BASE}/eralist/", data={"AccountKey": "guessed"})
    assert wrong.status_code == 200
    assert wrong.json()["error"]["error_code"] == "100"
    asked = {"File": ("ask.270", INQUIRY)}
    assert "EB*1**30" in client.post(f"{BASE}/elig/", data=KEY, files=asked).text
    codes = [client.post(f"{BASE}/eralist/", data=KEY).status_code for _ in range(100)]
    assert codes.count(429) == 2
