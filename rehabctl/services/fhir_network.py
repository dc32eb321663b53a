"""FHIR R4 over the network: records of another system in, ours out, each once.

The database is never held open while another system is waited for.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.integrations.fhir.client import FhirClient, Refused, bears
from rehabctl.integrations.fhir.inbound import ResourceError, patient_reference, read
from rehabctl.integrations.fhir.pieces import Piece, pieces
from rehabctl.services import fhir_import
from rehabctl.services.access import Action, require
from rehabctl.services.fhir_export import NETWORK, told
from rehabctl.services.integrations import require_enabled

if TYPE_CHECKING:
    from rehabctl.domain.patient import PatientSummary
    from rehabctl.reference.rules import RuleTable
    from rehabctl.services.fhir_import import FhirOptions
    from rehabctl.services.import_run import ImportReport
    from rehabctl.store.store import Store

Resource = dict[str, Any]
_IN = (
    "Patient", "Condition", "ServiceRequest", "CarePlan", "Procedure", "Observation", "Encounter",
    "Appointment", "DiagnosticReport", "DocumentReference", "QuestionnaireResponse",
)  # fmt: skip
_OUT = (
    "Patient", "Practitioner", "Device", "Condition", "ServiceRequest", "CarePlan", "Encounter",
    "Procedure", "Observation", "DiagnosticReport", "QuestionnaireResponse", "Appointment",
    "Consent", "DocumentReference",
)  # fmt: skip
"""Without Provenance and AuditEvent, which have no identifier and would be made anew each time;
without Questionnaire and Claim, which are others' to keep."""
_ENTRIES = 100
_OF_THE_SERVER = ("id", "meta", "text", "extension")


@dataclass(slots=True)
class Sent:
    """What became of resources that were sent."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0


def receive(
    store: Store,
    rules: RuleTable,
    client: FhirClient,
    options: FhirOptions,
    mrn: str | None = None,
    *,
    bulk: bool = False,
) -> ImportReport:
    """Import from a FHIR server: all that it lets us read, or one patient.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    client
        Of the connection.
    options
        As for files.
    mrn
        Record number at the server; None is everybody.
    bulk
        By a bulk export instead of searches.

    Raises
    ------
    NotFoundError
        The server does not know the record number.
    NotPermittedError
        The connection may not be used, or the server refuses us.
    RehabctlError
        The server answers wrongly. What came before it is kept, and comes again unchanged.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        require_enabled(uow, NETWORK)
        detail = {"from": client.at.name, "patients": "all" if mrn is None else "one"}
        uow.audit.record("import.fhir.network", "connection", None, detail)
    kinds = client.check(_IN, "read")
    if bulk:
        parts = (
            (kind, pieces(io.BytesIO(data), is_lines=True)) for kind, data in client.bulk(kinds)
        )
    elif mrn is None:
        parts = ((kind, client.search(kind)) for kind in kinds)
    else:
        parts = _one_patient(client, kinds, mrn)
    return fhir_import.import_parts(store, rules, parts, options)


def _one_patient(
    client: FhirClient, kinds: Sequence[str], mrn: str
) -> Iterator[tuple[str, Iterator[Piece]]]:
    found = client.find("Patient", client.at.mrn_system, mrn)
    if not found:
        raise NotFoundError(f"{client.at.name} does not know {mrn}", "Check the record number")
    if len(found) > 1:
        raise RehabctlError(
            f"{client.at.name} knows {len(found)} patients as {mrn}",
            "Have its administrator merge them",
        )
    name = str(found[0].get("id"))
    asked = {"identifier": f"{client.at.mrn_system}|{mrn}"}
    yield "Patient", (p for p in client.search("Patient", **asked) if _names(p) == name)
    for kind in kinds:
        if kind != "Patient":
            yield kind, _of(client.search(kind, patient=f"Patient/{name}"), name)


def _names(piece: Piece) -> str | None:
    try:
        found = read(piece)
    except ResourceError:
        return None
    return None if found is None else found.id


def _of(found: Iterator[Piece], patient: str) -> Iterator[Piece]:
    """Yield the pieces of a search; what is about somebody else is marked and will be refused."""
    for piece in found:
        problem = piece.problem
        try:
            received = read(piece)
            if received is not None and patient_reference(received) != patient:
                problem = "is about another patient than the one asked for"
        except ResourceError:
            pass  # refused with its own reason later
        yield Piece(piece.number, piece.data, problem)


def send(
    store: Store,
    rules: RuleTable,
    client: FhirClient,
    mrn: str | None,
    *,
    note: Callable[[str], None] = lambda text: None,
) -> Sent:
    """Export to a FHIR server; what is there already is compared, and updated where it differs.

    The server stays the master of its patients: one that it knows is never overwritten.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    client
        Of the connection.
    mrn
        Record number; None for every patient who consented to data sharing.
    note
        Told how many were left out.

    Raises
    ------
    NotPermittedError
        The patient has not consented, the connection may not be used, or the server refuses us.
    RehabctlError
        The server answers wrongly; the command may be run again.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        require_enabled(uow, NETWORK)
        system = f"urn:uuid:{uow.clinic.id}"
    kinds = client.check(_OUT, "write")
    sent = Sent()
    for patient, made in told(store, rules, mrn, to=client.at.name, note=note):
        names = {f"Patient/{patient.ref.id}": _patient(client, patient, made[0], sent)}
        rest = [one for one in made[1:] if one["resourceType"] in kinds]
        for start in range(0, len(rest), _ENTRIES):
            _send_some(client, rest[start : start + _ENTRIES], names, system, sent)
    return sent


def _patient(client: FhirClient, patient: PatientSummary, ours: Resource, sent: Sent) -> str:
    """Return where the server keeps a patient, who is created if it knows nobody of her number."""
    system, mrn = client.at.mrn_system, patient.demographics.mrn
    found = client.find("Patient", system, mrn)
    if not found:
        number = {**ours["identifier"][0], "system": system}
        theirs = client.create(_without(ours, "id") | {"identifier": [number]}, system, mrn)
        sent.created += 1
    else:
        theirs = found[0]
        sent.unchanged += 1
    if len(found) > 1 or theirs.get("birthDate") != ours["birthDate"]:
        raise RehabctlError(
            f"{client.at.name} knows another person, or several, by a record number of ours",
            "Compare birth dates there; nothing more was sent",
        )
    return f"Patient/{theirs['id']}"


def _send_some(
    client: FhirClient, some: Sequence[Resource], names: dict[str, str], system: str, sent: Sent
) -> None:
    within = {_name(one): f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, _name(one))}" for one in some}
    entries = [
        {
            "fullUrl": within[_name(one)],
            "resource": _to_send(one, names | within, system),
            "request": {
                "method": "POST",
                "url": one["resourceType"],
                "ifNoneExist": f"identifier={system}|{one['id']}",
            },
        }
        for one in some
    ]
    present: list[tuple[Resource, str]] = []
    for one, place in zip(some, client.transact(entries), strict=True):
        if isinstance(place, Refused):
            sent.refused += 1
            continue
        where, _, status = place.partition(" ")
        names[_name(one)] = where
        if status == "201":
            sent.created += 1
        else:
            present.append((one, where))
    for one, where in present:
        _compare(client, _to_send(one, names, system), where, system, one["id"], sent)


def _compare(
    client: FhirClient, ours: Resource, where: str, system: str, name: str, sent: Sent
) -> None:
    theirs, tag = client.read(where)
    if not bears(theirs, ours["resourceType"], system, name):
        sent.refused += 1  # it answered with something else
    elif _without(theirs, *_OF_THE_SERVER) == json.loads(json.dumps(ours)):
        sent.unchanged += 1
    elif client.update(where, ours | {"id": theirs["id"]}, tag) is None:
        sent.updated += 1
    else:
        sent.refused += 1


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _to_send(resource: Resource, names: Mapping[str, str], system: str) -> Resource:
    """Return a resource with our identifier, and with references that the server understands."""
    number = {"system": system, "value": resource["id"]}
    alone = resource["resourceType"] == "QuestionnaireResponse"
    linked = _linked(_without(resource, "id"), names)
    return cast("Resource", linked) | {"identifier": number if alone else [number]}


def _linked(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value with its references renamed; those to what is not sent are left out."""
    if isinstance(value, list):
        kept = [_linked(one, names) for one in cast("list[Any]", value)]
        return [one for one in kept if one is not None] or None
    if not isinstance(value, dict):
        return value
    whole = cast("Resource", value)
    if isinstance(whole.get("reference"), str):
        known = names.get(whole["reference"])
        return None if known is None else whole | {"reference": known}
    made = {key: _linked(one, names) for key, one in whole.items()}
    return {key: one for key, one in made.items() if one is not None}


def _without(resource: Resource, *names: str) -> Resource:
    return {key: value for key, value in resource.items() if key not in names}
