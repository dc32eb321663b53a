"""Redox, played by a fake that others wrote from its public pages, with every fault it knows."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.connection import RedoxConnection
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError
from rehabctl.domain.session import JournalEntry
from rehabctl.domain.visit import VisitStatus
from rehabctl.integrations.redox import listener
from rehabctl.integrations.redox.destination import Reply, Request, challenge
from rehabctl.integrations.redox.inbound import RedoxError, read
from rehabctl.integrations.redox.outbound import RedoxClient
from rehabctl.reference.rules import load_rules
from rehabctl.services import consents, intake, integrations
from rehabctl.services.redox import Destination, send_results
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store
from tests.integrations.fakes.redox import (
    CLIENT_ID,
    DELIVERY_FAULTS,
    FAULTS,
    KEY_ID,
    NOW_S,
    VERIFICATION_TOKEN,
    DeliveryFault,
    FakeRedox,
    FakeRedoxSender,
    Fault,
)
from tests.integrations.fakes.redox_messages import DESTINATION, week_of_messages

NOW = datetime.fromtimestamp(NOW_S, UTC)
AT = RedoxConnection("redox", CLIENT_ID, KEY_ID, DESTINATION["ID"], (DESTINATION["ID"],))
KEY = ec.derive_private_key(4711, ec.SECP384R1())
FIRST = "HS-004711"


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(
        serialization.Encoding.PEM, kind, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def store(made_home: Path) -> Iterator[Store]:
    with open_store(replace(load_settings(), fixed_now=NOW)) as opened:
        yield opened


@dataclass
class Place:
    """Our destination, as the fake reaches it."""

    there: Destination
    folder: Path

    def receive(self, request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(request.url.params)
        reply = self.there.receive(Request(request.method, headers, query, request.content))
        return httpx.Response(reply.status, text=reply.text)

    def refused(self) -> list[Any]:
        found = sorted(self.folder.glob("*.json")) if self.folder.exists() else []
        return [json.loads(file.read_bytes().decode("utf-8-sig")) for file in found]


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Place:
    folder = tmp_path / "refused"
    return Place(Destination(store, load_rules(), AT, VERIFICATION_TOKEN, folder), folder)


def kinds(messages: list[Any]) -> set[str]:
    return {f"{m['Meta']['DataModel']}.{m['Meta']['EventType']}" for m in messages}


def counts(place: Place) -> tuple[int, int, int, int]:
    done = place.there.counted.report()
    return done.created, done.updated, done.unchanged, done.rejected


def test_a_week_comes_in_by_the_rules_of_every_record_system(store: Store, place: Place) -> None:
    week = week_of_messages()
    assert FakeRedoxSender(place.receive).send(week) == len(week)
    who = intake.show_patient(store, FIRST).summary.demographics
    assert (who.given_name, who.family_name, who.phone) == (
        "Zdeňka", "Ambrose-Falk", "+15125550141",
    )  # fmt: skip
    with store.transaction() as uow:
        patient = uow.patients.get(FIRST).ref
        names = [one.referrer_npi for one in uow.episodes.referrals(patient.id)]
        kept = {one.kind for one in uow.foreign.of_patient(patient)}
    assert names == ["1245319599", "1245319599"]
    assert kept == {
        "PatientAdmin.Arrival", "PatientAdmin.Discharge", "Results.New", "Notes.New",
    }  # fmt: skip
    # nobody here may treat in Texas: no appointment stands; a merge and a stranger are for people
    assert kinds(place.refused()) == {
        "Scheduling.New", "Scheduling.Reschedule", "Scheduling.Cancel", "Scheduling.NoShow",
        "PatientAdmin.PatientMerge",
    }  # fmt: skip
    assert all(file.stat().st_mode & 0o77 == 0 for file in place.folder.iterdir())
    before = counts(place)
    assert FakeRedoxSender(place.receive).send(week) == len(week)
    assert counts(place)[0] == before[0], "the same week again makes nothing new"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_challenge_is_answered_to_who_knows_the_token(place: Place, method: str) -> None:
    assert FakeRedoxSender(place.receive).verify(method)
    assert not FakeRedoxSender(place.receive).verify(method, token="guessed")
    place.there.token = ""
    assert not FakeRedoxSender(place.receive, token="").verify(method)


@pytest.mark.parametrize("fault", DELIVERY_FAULTS)
def test_nothing_is_lost_doubled_or_believed_whatever_is_wrong(
    store: Store, place: Place, fault: DeliveryFault
) -> None:
    week = week_of_messages()[:3]
    sender = FakeRedoxSender(place.receive, fault=fault)
    taken = sender.send(week)
    patients = intake.list_patients(store, limit=1)[1]
    match fault:
        case DeliveryFault.WRONG_TOKEN | DeliveryFault.NO_TOKEN:
            assert (taken, patients, set(sender.answers)) == (0, 0, {401})
        case DeliveryFault.CUT_BODY:
            assert (taken, patients, set(sender.answers)) == (0, 0, {400})
        case DeliveryFault.ANOTHER_DESTINATION:
            assert (taken, patients, set(sender.answers)) == (0, 0, {403})
        case DeliveryFault.SENT_TWICE:
            assert (taken, patients) == (6, 2)
            assert counts(place)[0] == 2
        case DeliveryFault.OUT_OF_ORDER | DeliveryFault.BYTE_ORDER_MARK:
            assert (taken, patients, place.refused()) == (3, 2, [])
        case DeliveryFault.TEST_MESSAGE:
            assert (taken, patients, place.refused()) == (3, 0, [])
        case DeliveryFault.PATIENT_WITHOUT_IDENTIFIER | DeliveryFault.WRONG_TYPES:
            assert (taken, patients, len(place.refused())) == (3, 0, 3)
        case DeliveryFault.UNKNOWN_EVENT:
            assert (taken, patients, len(place.refused())) == (3, 0, 3)


def test_what_is_older_than_what_came_before_changes_nothing(store: Store, place: Place) -> None:
    new, _, update = week_of_messages()[:3]
    new["Patient"]["Demographics"]["LastName"] = "Ambrose"
    sender = FakeRedoxSender(place.receive)
    assert sender.send([update, new]) == 2
    assert intake.show_patient(store, FIRST).summary.demographics.family_name == "Ambrose-Falk"


def test_a_busy_store_and_a_full_disk_are_no_acknowledgement(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rehabctl.services import redox

    week = week_of_messages()

    def locked(*_: object, **__: object) -> None:
        raise RehabctlError("the database is locked", "Try again")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(redox, "import_message", locked)
        sender = FakeRedoxSender(place.receive)
        assert (sender.send(week), sender.answers) == (0, [503] * 3)
    monkeypatch.setattr(redox, "write_private", full)
    sender = FakeRedoxSender(place.receive, fault=DeliveryFault.UNKNOWN_EVENT)
    assert (sender.send(week), sender.answers) == (0, [503] * 3)


def test_requests_come_over_a_real_connection(place: Place) -> None:
    ports: list[int] = []
    ready = threading.Event()

    def told(port: int) -> None:
        ports.append(port)
        ready.set()

    def receive(request: Request) -> Reply:
        return place.there.receive(request)

    work = threading.Thread(
        target=listener.serve,
        args=("127.0.0.1", 0, receive),
        kwargs={"tls": None, "max_requests": 4, "ready": told},
    )
    work.start()
    assert ready.wait(30)
    with httpx.Client(base_url=f"http://127.0.0.1:{ports[0]}", trust_env=False) as client:

        def over(request: httpx.Request) -> httpx.Response:
            target = request.url.raw_path.decode()
            return client.request(
                request.method, target, content=request.content, headers=dict(request.headers) | {
                    "host": "127.0.0.1"
                },
            )  # fmt: skip

        sender = FakeRedoxSender(over)
        assert sender.verify("GET")
        assert sender.verify("POST")
        assert sender.send(week_of_messages()[:1]) == 1
    with socket.create_connection(("127.0.0.1", ports[0]), timeout=30) as line:
        line.sendall(b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")
        assert b" 413 " in line.recv(100)
    work.join(30)
    assert counts(place) == (1, 0, 0, 0)


BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda one: (
        st.lists(one, max_size=3)
        | st.dictionaries(st.sampled_from(["Meta", "Patient", "Logs", "ID", "challenge"]), one)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=80) | BODIES.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_message_or_an_error_of_ours(body: bytes) -> None:
    request = Request("POST", {}, {}, body)
    assert challenge(request, "token") in (None, Reply(401))
    with pytest.raises(RedoxError):
        read(body)


def enabled(store: Store, tmp_path: Path) -> None:
    signed = tmp_path / "baa.pdf"
    signed.write_bytes(b"signed")
    day = NOW.date()
    integrations.record_agreement(store, "redox", day, day + timedelta(days=300), signed)
    integrations.switch(store, "ehr-redox", True)


@pytest.fixture
def told(store: Store, tmp_path: Path) -> Store:
    """A store with one value of a patient who consented, and an agreement."""
    ana = {"mrn": "1042", "given_name": "Ana", "family_name": "Diaz",
           "birth_date": "1961-04-02", "sex": "F", "state": "CO"}  # fmt: skip
    intake.create_patient(store, load_rules(), ana)
    with store.transaction() as uow:
        ref = uow.patients.get("1042").ref
        uow.sessions.add_journal(
            JournalEntry(uow.new_id(), ref, "a", NOW.date(), NOW, "patient", pain=4.0)
        )
    consents.grant(store, "1042", ConsentScope.DATA_SHARING)
    enabled(store, tmp_path)
    return store


def client(fake: FakeRedox, key: Any = KEY) -> RedoxClient:
    return RedoxClient(AT, pem(key), lambda: NOW, transport=fake.transport(), sleep=lambda _: None)


def send(store: Store, fake: FakeRedox, *, again: bool = False) -> int:
    return send_results(store, load_rules(), AT, client(fake), "1042", again=again)


@pytest.mark.parametrize("key", [KEY, rsa.generate_private_key(65537, 2048)], ids=["ec", "rsa"])
def test_values_leave_once(told: Store, key: Any) -> None:
    fake = FakeRedox(key.public_key())
    assert send_results(told, load_rules(), AT, client(fake, key), "1042") == 1
    assert send_results(told, load_rules(), AT, client(fake, key), "1042") == 0
    (message,) = fake.accepted
    assert message["Orders"][0]["Results"][0] | {"Notes": []} == {
        "Code": "72514-3", "Codeset": "LOINC", "Description": "pain", "Value": "4",
        "ValueType": "Numeric", "Units": "{score}", "Status": "Final",
        "CompletionDateTime": "2026-03-02T15:00:00.000Z", "Notes": [],
    }  # fmt: skip
    assert fake.leaks == []


def test_nothing_leaves_without_agreement_or_consent(told: Store) -> None:
    fake = FakeRedox(KEY.public_key())
    consents.revoke(told, "1042", ConsentScope.DATA_SHARING)
    with pytest.raises(NotPermittedError, match="data sharing"):
        send(told, fake)
    integrations.switch(told, "ehr-redox", False)
    with pytest.raises(NotPermittedError, match="not enabled"):
        send(told, fake)
    assert fake.requests == []


UNCERTAIN = (Fault.ACCEPTED_THEN_500, Fault.ACCEPTED_THEN_TIMEOUT, Fault.BAD_GATEWAY)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_message_is_in_the_network_once_or_somebody_is_asked(told: Store, fault: Fault) -> None:
    fake = FakeRedox(KEY.public_key(), fault=fault)
    if fault in (Fault.TOKEN_EXPIRED_ONCE, Fault.TOKEN_WITHOUT_EXPIRY):
        assert send(told, fake) == 1
        assert len(fake.accepted) == 1
        return
    with pytest.raises(RehabctlError) as caught:
        send(told, fake)
    assert "Diaz" not in str(caught.value)
    fake.fault = None
    if fault in UNCERTAIN:
        assert isinstance(caught.value, UncertainError)
        before = len(fake.accepted)
        with pytest.raises(UncertainError, match="may have"):
            send(told, fake)
        assert len(fake.accepted) == before
        assert send(told, fake, again=True) == 1
        assert send(told, fake) == 0
        return
    if fault in (Fault.DOWN, Fault.RATE_LIMITED_ONCE):
        assert isinstance(caught.value, UnavailableError)
    assert not isinstance(caught.value, UncertainError) or fault is Fault.CUT_JSON
    assert send(told, fake) == 1
    assert len(fake.accepted) == 1


def test_a_key_that_is_none_is_one_line(told: Store) -> None:
    fake = FakeRedox(KEY.public_key())
    bad = RedoxClient(AT, base64.b64encode(b"key").decode(), lambda: NOW, fake.transport())
    with pytest.raises(NotPermittedError, match="private key"):
        send_results(told, load_rules(), AT, bad, "1042")


def test_an_appointment_of_a_hospital_is_booked_moved_and_cancelled(
    store: Store, place: Place
) -> None:
    from rehabctl.domain.licence import LicenceKind, Profession
    from rehabctl.services import licences

    day = NOW.date()
    licences.add(store, store.user.login, {
        "profession": Profession.PT, "kind": LicenceKind.LICENCE, "state": "TX", "number": "PT-1",
        "issued_on": day.replace(year=2000), "expires_on": day.replace(year=2100),
    })  # fmt: skip
    week = week_of_messages()
    for message in week:  # a quarter past three is too near to the one before, by our buffer
        if message.get("Visit", {}).get("VisitNumber") == "V-1002":
            message["Visit"]["VisitDateTime"] = "2026-03-09T16:15:00.000Z"
    FakeRedoxSender(place.receive).send(week)
    with store.transaction() as uow:
        first = uow.visits.of_patient(uow.patients.get(FIRST).id)
        second = uow.visits.of_patient(uow.patients.get("HS-000012").id)
    assert [one.planned_start_at.isoformat()[:16] for one in first] == ["2026-03-09T14:30"]
    assert [one.status for one in second] == [VisitStatus.CANCELLED]
    assert kinds(place.refused()) == {"Scheduling.NoShow", "PatientAdmin.PatientMerge"}
