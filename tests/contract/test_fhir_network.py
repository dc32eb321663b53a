"""Records go to and come from a FHIR server once and true, whatever the server does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rehabctl.domain.connection import FhirAuth, FhirConnection
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import FindingsError, NotFoundError, NotPermittedError, RehabctlError
from rehabctl.integrations.fhir.client import FhirClient
from rehabctl.reference.rules import load_rules
from rehabctl.services import connections, consents, fhir_network, intake, integrations
from rehabctl.services.fhir_import import FhirOptions
from rehabctl.services.fhir_network import Sent
from rehabctl.services.import_run import ImportReport
from rehabctl.store.store import Store
from tests.contract.conftest import NOW
from tests.integrations.fakes.fhir_server import (
    BASE,
    CLIENT,
    FAULTS,
    SECRET,
    TOKEN_URL,
    FakeFhirServer,
)

MRN = "urn:ehr:mrn"
AT = FhirConnection("ehr", BASE, MRN, FhirAuth.SECRET, TOKEN_URL, CLIENT)
DORA = {
    "mrn": "7001", "given_name": "Dora", "family_name": "Example", "birth_date": "1970-01-01",
    "sex": "F", "state": "OH", "diagnosis": "Sprain of the left ankle",
}  # fmt: skip
FILE = f"""schema = "rehabctl-connections/1"
[[fhir]]
name = "ehr"
address = "{BASE}"
token_url = "{TOKEN_URL}"
client_id = "{CLIENT}"
mrn_system = "{MRN}"
auth = "client_secret"
"""


@pytest.fixture(autouse=True)
def enabled(admin: Store, tmp_path: Path) -> None:
    signed = tmp_path / "baa.pdf"
    signed.write_bytes(b"signed")
    end = NOW.date() + timedelta(days=30)
    integrations.record_agreement(admin, "record-system", NOW.date(), end, signed)
    integrations.switch(admin, "fhir-network", True)


def client(server: FakeFhirServer, at: FhirConnection = AT, secret: str = SECRET) -> FhirClient:
    return FhirClient(
        at, secret, lambda: NOW, server.transport(), sleep=lambda seconds: None, page_size=2
    )


def filled(fault: str | None = None) -> FakeFhirServer:
    server = FakeFhirServer(fault)
    for number in range(3):
        server.keep(person(f"p{number}", f"80{number}"))
        for rating in range(2):
            server.keep(pain(f"o{number}{rating}", f"p{number}", rating + 3))
    return server


def person(name: str, mrn: str, birth_date: str = "1958-02-03") -> dict[str, Any]:
    return {
        "resourceType": "Patient", "id": name, "birthDate": birth_date, "gender": "male",
        "identifier": [{"system": MRN, "value": mrn}],
        "name": [{"family": "Roe", "given": ["Ben"]}], "address": [{"state": "OH"}],
    }  # fmt: skip


def pain(name: str, patient: str, rating: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": name, "status": "final", "valueInteger": rating,
        "code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"2026-03-01T0{rating}:00:00Z",
    }  # fmt: skip


def receive(
    store: Store, server: FakeFhirServer, mrn: str | None = None, **how: Any
) -> ImportReport:
    options = FhirOptions("ehr", rejects=None)
    return fhir_network.receive(store, load_rules(), client(server), options, mrn, **how)


def ratings(store: Store, mrn: str) -> list[float | None]:
    with store.snapshot() as uow:
        return [one.pain for one in uow.sessions.journal(uow.patients.get(mrn).id)]


def known(store: Store) -> list[str]:
    with store.snapshot() as uow:
        return sorted(item.demographics.mrn for item in uow.patients.page(limit=50).items)


def send(store: Store, server: FakeFhirServer, mrn: str | None = "7001") -> Sent:
    return fhir_network.send(store, load_rules(), client(server), mrn)


def kept(server: FakeFhirServer) -> dict[str, int]:
    return {kind: len(found) for kind, found in server.resources.items() if found}


@pytest.fixture
def dora(store: Store) -> None:
    intake.create_patient(store, load_rules(), DORA)
    consents.grant(store, "7001", ConsentScope.DATA_SHARING)


def test_everybody_comes_in_once(store: Store) -> None:
    server = filled()
    done = receive(store, server)
    assert (done.created, done.rejected, known(store)) == (9, 0, ["800", "801", "802"])
    assert ratings(store, "801") == [3, 4]
    again = receive(store, server)
    assert (again.created, again.unchanged, again.rejected) == (0, 9, 0)
    assert server.leaks == []


def test_one_patient_comes_in_alone(store: Store) -> None:
    server = FakeFhirServer()
    server.keep(person("p1", "801"))
    server.keep(pain("o1", "p1", 5))
    server.keep(pain("o2", "somebody-else", 6))
    done = receive(store, server, "801")
    assert (done.created, done.rejected) == (2, 1)
    assert "another patient" in done.rejects[0].message
    assert ratings(store, "801") == [5]
    with pytest.raises(NotFoundError):
        receive(store, server, "999")


def test_a_bulk_export_says_the_same_as_searches(store: Store) -> None:
    server = filled()
    done = receive(store, server, bulk=True)
    assert (done.created, done.rejected) == (9, 0)
    assert receive(store, server).unchanged == 9


ERRORS_IN = {
    "wrong_secret", "scope_narrower_than_asked", "forbidden", "down", "cut_json", "login_page",
    "another_version_of_fhir",
}  # fmt: skip
ERRORS_BY_WAY = {
    False: {"next_page_of_another_host", "next_page_is_this_page"},
    True: {"bulk_never_ready", "bulk_with_errors", "bulk_file_cut"},
}
REJECTED = {("resource_of_another_patient", False): 10, ("bulk_line_is_no_json", True): 2}


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_server_is_true_or_an_error_on_the_way_in(
    store: Store, fault: str, bulk: bool
) -> None:
    server = filled(fault)
    if fault in ERRORS_IN | ERRORS_BY_WAY[bulk]:
        with pytest.raises(RehabctlError):
            receive(store, server, bulk=bulk)
    else:
        done = receive(store, server, bulk=bulk)
        assert (done.created, done.rejected) == (9, REJECTED.get((fault, bulk), 0))
    assert server.leaks == []
    done = receive(store, filled())  # and afterwards everything is there once
    assert (done.created + done.unchanged, done.rejected) == (9, 0)
    assert [ratings(store, mrn) for mrn in known(store)] == [[3, 4]] * 3


def test_a_record_goes_out_once_and_changes_follow(store: Store, dora: None) -> None:
    server = FakeFhirServer()
    assert send(store, server) == Sent(created=3)
    assert kept(server) == {"Patient": 1, "Condition": 1, "Consent": 1}
    (condition,) = server.resources["Condition"].values()
    (patient,) = server.resources["Patient"].values()
    assert condition["subject"] == {"reference": f"Patient/{patient['id']}"}
    assert send(store, server) == Sent(unchanged=3)
    server.resources["Condition"][condition["id"]] = condition | {"code": {"text": "wrong"}}
    assert send(store, server) == Sent(unchanged=2, updated=1)
    assert server.resources["Condition"][condition["id"]]["code"] == condition["code"]
    assert kept(server) == {"Patient": 1, "Condition": 1, "Consent": 1}
    assert server.leaks == []


def test_a_patient_of_the_server_is_found_and_never_overwritten(store: Store, dora: None) -> None:
    server = FakeFhirServer()
    theirs = server.keep(person("p1", "7001", "1970-01-01"))
    assert send(store, server) == Sent(created=2, unchanged=1)
    assert server.resources["Patient"] == {"p1": theirs}


def test_a_record_number_of_another_person_stops_the_export(store: Store, dora: None) -> None:
    server = FakeFhirServer()
    server.keep(person("p1", "7001", "1999-09-09"))
    with pytest.raises(RehabctlError, match="another person"):
        send(store, server)
    assert kept(server) == {"Patient": 1}


TRUE_OUT = {
    "token_dies_between_pages", "token_without_expiry", "rate_limited_seconds",
    "rate_limited_date", "unavailable_once", "created_then_500", "created_then_timeout",
    "stale_version", "next_page_of_another_host", "resource_of_another_patient",
    "bulk_never_ready", "bulk_with_errors", "bulk_file_cut", "bulk_line_is_no_json",
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_server_is_true_or_an_error_on_the_way_out(
    store: Store, dora: None, fault: str
) -> None:
    server = FakeFhirServer(fault)
    try:
        sent = send(store, server)
    except RehabctlError:
        assert fault not in TRUE_OUT
    else:
        refused = fault == "one_entry_of_the_transaction_refused"
        assert (sent.created, sent.refused) == (2, 1) if refused else (3, 0)
    assert server.leaks == []
    server.fault = None
    send(store, server)  # and afterwards everything is there once
    assert kept(server) == {"Patient": 1, "Condition": 1, "Consent": 1}


def test_a_change_that_meets_another_is_refused(store: Store, dora: None) -> None:
    server = FakeFhirServer()
    send(store, server)
    (condition,) = server.resources["Condition"].values()
    server.resources["Condition"][condition["id"]] = condition | {"code": {"text": "theirs"}}
    server.fault = "stale_version"
    assert send(store, server) == Sent(unchanged=2, refused=1)
    assert server.resources["Condition"][condition["id"]]["code"] == {"text": "theirs"}


def test_without_consent_or_agreement_nothing_is_asked(
    store: Store, admin: Store, dora: None
) -> None:
    server = FakeFhirServer()
    consents.revoke(store, "7001", ConsentScope.DATA_SHARING)
    with pytest.raises(NotPermittedError, match="data sharing"):
        send(store, server)
    assert send(store, server, None) == Sent()
    integrations.switch(admin, "fhir-network", False)
    before = len(server.requests)
    for way in (send, receive):
        with pytest.raises(NotPermittedError, match="not enabled"):
            way(store, server)
    assert len(server.requests) == before
    assert kept(server) == {}


@pytest.mark.parametrize("kind", ["rsa", "p384"])
def test_a_signed_assertion_opens_the_server(store: Store, kind: str) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else None
    key = key or ec.generate_private_key(ec.SECP384R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    server = filled()
    smart = replace(AT, auth=FhirAuth.SMART, key_id="k1")
    opened = client(server, smart, pem)
    done = fhir_network.receive(store, load_rules(), opened, FhirOptions("ehr"))
    assert done.created == 9
    (claims,) = server.assertions
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, TOKEN_URL)
    with pytest.raises(NotPermittedError, match="neither RSA nor P-384"):
        client(filled(), smart, "no key").check(["Patient"], "read")


def test_connections_are_kept_by_who_may(store: Store, admin: Store, tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_text(FILE)
    (made,) = connections.import_file(admin, file, dry_run=True)
    assert connections.connections(store) == ()
    assert connections.import_file(admin, file) == (made,)
    assert connections.connections(store) == (made,) == (AT,)
    file.write_text(FILE.replace(CLIENT, "another"))
    connections.import_file(admin, file)
    assert [one.client_id for one in connections.connections(store)] == ["another"]
    if not store.is_local:
        with pytest.raises(NotPermittedError):
            connections.import_file(store, file)
    for wrong in (FILE.replace("https", "http"), FILE.replace('"client_secret"', '"none"'), "x"):
        file.write_text(wrong)
        with pytest.raises(FindingsError):
            connections.import_file(admin, file)
