"""Small pieces of which FHIR R4 resources are made."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

Resource = dict[str, Any]
HL7 = "http://terminology.hl7.org/CodeSystem/"
UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
NPI = "http://hl7.org/fhir/sid/us-npi"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
CPT = "http://www.ama-assn.org/go/cpt"


def concept(system: str, code: str, text: str | None = None) -> Resource:
    """Return a CodeableConcept."""
    return without_none({"coding": [{"system": system, "code": code}], "text": text})


def instant(at: datetime) -> str:
    """Return a time with its offset."""
    return at.isoformat(timespec="seconds")


def day(on: date | None) -> str | None:
    """Return a day, or None."""
    return None if on is None else on.isoformat()


def without_none(values: Resource) -> Resource:
    """Return an object without what is not known."""
    return {name: value for name, value in values.items() if value is not None}
