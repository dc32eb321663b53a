"""What received FHIR R4 resources say, in our words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from rehabctl.domain.exchange import LOINC
from rehabctl.integrations.fhir.pieces import Piece, member, without_space
from rehabctl.reference.fhir_versions import other_version
from rehabctl.reference.us_states import state_code

Resource = Mapping[str, Any]
_KIND = re.compile(r"[A-Z][A-Za-z]{2,60}")
_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_SUBJECTS = (
    "subject",
    "patient",
    "beneficiary",
    "for",
    "individual",
    "target",
    "participant",
    "entity",
)
_WITHOUT_PATIENT = frozenset({
    "Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService",
    "Endpoint", "Medication", "Substance", "Questionnaire", "Device", "DeviceDefinition",
    "PlanDefinition", "ActivityDefinition", "Library", "ValueSet", "CodeSystem",
    "StructureDefinition", "CapabilityStatement", "InsurancePlan", "Schedule", "Slot",
})  # fmt: skip
"""Kinds that may stand without a patient; any other that names none is refused."""


class ResourceError(ValueError):
    """A resource that cannot be taken over.

    Parameters
    ----------
    field
        Where, such as `Observation.subject`.
    message
        Why, without its values.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Received:
    """One resource as it was received."""

    number: int
    kind: str
    id: str
    alias: str | None
    """The other name by which its bundle refers to it."""
    content: str
    """Its JSON without space between tokens: numbers keep their digits."""
    sha256: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class Pain:
    """A pain rating from 0 to 10."""

    rating: float
    at: datetime


def read(piece: Piece) -> Received | None:
    """Read one piece of a file; None for an entry without a resource and for an empty bundle.

    Parameters
    ----------
    piece
        As it was cut out.

    Raises
    ------
    ResourceError
        It is no resource of R4.
    """
    if piece.problem is not None:
        raise ResourceError("", piece.problem)
    whole = _parsed(piece.data)
    raw, alias = piece.data, None
    if "resourceType" not in whole:
        found = member(piece.data, "resource")
        if found is None:
            if "fullUrl" in whole or "request" in whole or "response" in whole:
                return None
            raise ResourceError("resourceType", "is missing")
        raw, alias = found, _tail(whole.get("fullUrl"))
        whole = _parsed(raw)
    kind = whole.get("resourceType")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise ResourceError("resourceType", "is missing or no type")
    if kind == "Bundle" and not whole.get("entry"):
        return None
    version = other_version(whole) or _profile_version(whole)
    if version is not None:
        raise ResourceError(kind, f"is of FHIR {version}, only R4 is taken over")
    name = whole.get("id", alias)
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise ResourceError(f"{kind}.id", "is missing or not valid")
    content = without_space(raw)
    return Received(
        piece.number,
        kind,
        name,
        alias if alias != name else None,
        content.decode(),
        hashlib.sha256(content).hexdigest(),
        whole,
    )


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data, parse_float=Decimal, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise ResourceError("", "is not UTF-8") from None
    except (ValueError, RecursionError, InvalidOperation):
        raise ResourceError("", "is no JSON") from None
    if not isinstance(value, dict):
        raise ResourceError("", "is no resource")
    return cast("dict[str, Any]", value)


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _profile_version(resource: Resource) -> str | None:
    """Return the version that a profile of HL7's own names, such as `5.0`."""
    for profile in _items(_object(resource.get("meta")).get("profile")):
        found = re.match(r"http://hl7\.org/fhir/(\d\.\d)/", str(profile))
        if found and found.group(1) != "4.0":
            return found.group(1)
    return None


def patient_reference(received: Received) -> str | None:
    """Return the identifier of the patient that a resource is about; None where it names none.

    Parameters
    ----------
    received
        Any resource but a Patient.

    Raises
    ------
    ResourceError
        It names none, though its kind has to.
    """
    for text in _references(received.resource):
        if text.startswith("urn:uuid:") or "Patient/" in text:
            return _tail(text.partition("/_history/")[0])
    if received.kind in _WITHOUT_PATIENT:
        return None
    raise ResourceError(received.kind, "names no patient")


def _references(resource: Resource) -> Iterator[str]:
    for name in _SUBJECTS:
        value = resource.get(name)
        for one in _items(value) if isinstance(value, list) else [value]:
            said = _object(one)
            within = _object(said.get("actor") or said.get("what"))
            reference = said.get("reference") or within.get("reference")
            if isinstance(reference, str):
                yield reference


def patient_values(resource: Resource) -> dict[str, str]:
    """Return a Patient as columns of a roster; what it does not say is left out.

    Parameters
    ----------
    resource
        A Patient.
    """
    names = [_object(one) for one in _items(resource.get("name"))]
    name = next((n for n in names if n.get("use") == "official"), names[0] if names else {})
    given = [str(part) for part in _items(name.get("given"))]
    addresses = [_object(one) for one in _items(resource.get("address"))]
    home = next((a for a in addresses if a.get("use") == "home"), addresses[0] if addresses else {})
    languages = [
        _object(_object(one).get("language")) for one in _items(resource.get("communication"))
    ]
    values = {
        "mrn": _record_number(resource),
        "family_name": name.get("family"),
        "given_name": given[0] if given else "",
        "middle_name": " ".join(given[1:]),
        "birth_date": resource.get("birthDate"),
        "sex": resource.get("gender"),
        "phone": _contact_point(resource, "phone"),
        "email": _contact_point(resource, "email"),
        "address1": ", ".join(str(line) for line in _items(home.get("line"))),
        "city": home.get("city"),
        "state": state_code(str(home.get("state") or "")),
        "postal_code": home.get("postalCode"),
        "language": _coded(languages[0], None) if languages else "",
    }
    return {column: str(value) for column, value in values.items() if value}


def _record_number(resource: Resource) -> str:
    found = [_object(one) for one in _items(resource.get("identifier"))]
    for one in found:
        if _coded(_object(one.get("type")), None) == "MR":
            return str(one.get("value") or "")
    untyped = [one for one in found if not one.get("type")]
    return str(untyped[0].get("value") or "") if untyped else ""


def _contact_point(resource: Resource, system: str) -> str:
    for one in (_object(entry) for entry in _items(resource.get("telecom"))):
        if one.get("system") == system and one.get("value"):
            return str(one["value"])
    return ""


def pain(received: Received, codes: frozenset[str]) -> Pain | None:
    """Return the pain rating of an Observation; None where it is none.

    Parameters
    ----------
    received
        Any resource.
    codes
        LOINC codes of pain from 0 to 10.

    Raises
    ------
    ResourceError
        It is one, with a value or time that cannot be.
    """
    said = received.resource
    if received.kind != "Observation" or _coded(_object(said.get("code")), LOINC) not in codes:
        return None
    if said.get("status") not in ("final", "amended", "corrected"):
        return None
    value = said.get("valueInteger", _object(said.get("valueQuantity")).get("value"))
    if not isinstance(value, int | Decimal) or isinstance(value, bool) or not 0 <= value <= 10:
        raise ResourceError("Observation.value", "is no pain rating from 0 to 10")
    try:
        at = datetime.fromisoformat(str(said.get("effectiveDateTime")))
    except ValueError:
        at = datetime.min
    if at.tzinfo is None:
        raise ResourceError("Observation.effectiveDateTime", "is no time with a zone")
    return Pain(float(value), at)


def _coded(concept: Resource, system: str | None) -> str:
    for coding in (_object(one) for one in _items(concept.get("coding"))):
        if system is None or coding.get("system") == system:
            return str(coding.get("code") or "")
    return ""


def _tail(reference: Any) -> str | None:
    if not isinstance(reference, str):
        return None
    return reference.removeprefix("urn:uuid:").rpartition("/")[2] or None


def _object(value: Any) -> Resource:
    return cast("Resource", value) if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
