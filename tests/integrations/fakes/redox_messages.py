"""Messages of the Redox Data Model API about people who were made up for these tests.

Documented (docs.redoxengine.com/api-reference/data-model-api in public copies, and sample messages
of Redox's own developer tools as public projects carry them: tidepool-org/clinic,
vital-software/scala-redox, jtravan3/redox-java-data-model): every message has `Meta` with
DataModel, EventType, EventDateTime (UTC), Test, Source, Destinations and Logs; absent things are
null, not left out; times are ISO 8601 with milliseconds and Z, dates are plain;
`Patient.Identifiers` is a list of ID and IDType; results hang under `Orders[].Results[]`, each with
Value, ValueType and Units as text.

Assumed: `Patient.PreviousIdentifiers` of PatientMerge, `Visit.CancelReason`, `Visit.Status` words,
and which optional members a given hospital leaves null.
"""

from __future__ import annotations

import base64
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

SOURCE = {"ID": "7c0de000-0000-4000-8000-000000000001", "Name": "Hill Street Hospital (p)"}
DESTINATION = {"ID": "de570000-0000-4000-8000-000000000001", "Name": "Hill Street Rehab (p)"}
NOBODY_ADDRESS = dict.fromkeys(("StreetAddress", "City", "State", "ZIP", "County", "Country"))
Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """One made-up patient of the hospital that Redox speaks for."""

    mrn: str
    first: str
    last: str
    birth: str
    sex: str
    phone: str


PEOPLE = (
    Person("HS-004711", "Zdeňka", "Ambrose-Falk", "1958-02-28", "Female", "+15125550141"),
    Person("HS-000012", "Tomasz", "O'Dwyer", "1991-12-31", "Male", "+15125550142"),
    Person("HS-000120", "Mei", "Okonkwo", "2009-07-04", "Other", "+15125550143"),
)


@dataclass
class Hospital:
    """Writes messages one after another; the same seed writes the same ones."""

    seed: int = 1
    test: bool = False
    minute: int = field(default=0, init=False)
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def identifier(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def message(self, model: str, event: str, person: Person, /, **parts: Any) -> Json:
        """Return one message; each is a minute later than the one before."""
        self.minute += 1
        stamp = f"2026-03-02T{15 + self.minute // 60:02d}:{self.minute % 60:02d}:07.036Z"
        meta: Json = {
            "DataModel": model,
            "EventType": event,
            "EventDateTime": stamp,
            "Test": self.test,
            "Source": SOURCE,
            "Destinations": [DESTINATION],
            "Logs": [{"ID": self.identifier(), "AttemptID": self.identifier()}],
            "FacilityCode": None,
        }
        return {"Meta": meta, "Patient": patient(person), **parts}


def patient(person: Person) -> Json:
    """Return the part of a message that says who it is about."""
    demographics: Json = {
        "FirstName": person.first,
        "MiddleName": None,
        "LastName": person.last,
        "DOB": person.birth,
        "SSN": None,
        "Sex": person.sex,
        "Race": None,
        "IsHispanic": None,
        "MaritalStatus": None,
        "IsDeceased": None,
        "DeathDateTime": None,
        "PhoneNumber": {"Home": None, "Office": None, "Mobile": person.phone},
        "EmailAddresses": [],
        "Language": "en",
        "Citizenship": [],
        "Address": {**NOBODY_ADDRESS, "City": "Austin", "State": "TX", "ZIP": "78701"},
    }
    identifiers = [
        {"ID": person.mrn, "IDType": "MR"},
        {"ID": str(uuid.uuid5(uuid.NAMESPACE_OID, person.mrn)), "IDType": "EHRID"},
    ]
    return {"Identifiers": identifiers, "Demographics": demographics, "Notes": []}


def provider(npi: str | None = "1234567893", first: str | None = "Ruth", **more: Any) -> Json:
    """Return one provider as every model writes them."""
    return {
        "ID": npi,
        "IDType": "NPI" if npi else None,
        "FirstName": first,
        "LastName": "Castellanos" if first else None,
        "Credentials": ["MD"] if first else [],
        "Address": NOBODY_ADDRESS,
        "EmailAddresses": [],
        "PhoneNumber": {"Office": None},
        "Location": {"Type": None, "Facility": None, "Department": None, "Room": None},
        **more,
    }


def visit(number: str, start: str | None, **more: Any) -> Json:
    """Return a visit; `start` is UTC."""
    return {
        "VisitNumber": number,
        "AccountNumber": None,
        "VisitDateTime": start,
        "PatientClass": "Outpatient",
        "Status": None,
        "Duration": 45,
        "Reason": "Therapeutic exercise, left knee",
        "Instructions": [],
        "AttendingProvider": provider(),
        "ConsultingProvider": provider(None, None),
        "ReferringProvider": provider("1245319599", "Owen"),
        "VisitProvider": provider(None, None),
        "Location": {"Type": "Outpatient", "Facility": "Hill Street", "Department": "PT"},
        "Diagnoses": [
            {"Code": "M25.562", "Codeset": "ICD-10", "Name": "Pain in left knee", "Type": None}
        ],
        **more,
    }


def _order(identifier: str, **more: Any) -> Json:
    return {
        "ID": identifier,
        "ApplicationOrderID": None,
        "Status": "New",
        "TransactionDateTime": "2026-03-02T14:00:58.872Z",
        "CollectionDateTime": None,
        "Procedure": {"Code": "97110", "Codeset": "CPT", "Description": None},
        "Provider": {"NPI": "1245319599", **provider("1245319599", "Owen")},
        "Priority": "Routine",
        "Expiration": None,
        "Comments": None,
        "Notes": ["Evaluate and treat, 12 visits"],
        "Diagnoses": [
            {"Code": "M25.562", "Codeset": "ICD-10", "Name": "Pain in left knee", "Type": None}
        ],
        "ClinicalInfo": [],
        **more,
    }


def _result(code: str, value: str, kind: str, units: str | None) -> Json:
    return {
        "Code": code,
        "Codeset": "LOINC",
        "Description": None,
        "Specimen": {"Source": None, "BodySite": None, "ID": None},
        "Value": value,
        "ValueType": kind,
        "FileType": None,
        "Units": units,
        "Notes": [],
        "AbnormalFlag": None,
        "Status": "Final",
        "CompletionDateTime": "2026-03-02T14:20:00.000Z",
        "ReferenceRange": {"Low": None, "High": None, "Text": None},
    }


def _referral(identifier: str, status: str) -> Json:
    return {
        "ID": identifier,
        "IDType": None,
        "AlternateID": None,
        "Type": "Physical Therapy",
        "Category": "Outpatient",
        "Priority": "Routine",
        "Status": status,
        "DateTime": "2026-03-02T00:00:00.000Z",
        "ExpirationDateTime": "2026-06-02T00:00:00.000Z",
        "ProcessDateTime": None,
        "Reason": "Provider Ordered",
        "ProviderSpecialty": None,
        "DepartmentSpecialty": None,
        "Notes": [],
        "Authorization": {
            "Number": "AUTH-00017",
            "DateTime": "2026-03-02T00:00:00.000Z",
            "ExpirationDateTime": "2026-05-31T00:00:00.000Z",
            "RequestedTreatmentCount": "12",
            "AuthorizedTreatmentCount": "8",
            "Notes": [],
        },
        "Diagnoses": [{"Code": "M25.562", "Codeset": "ICD-10", "Name": None, "Notes": []}],
        "Procedures": [{"Code": "97110", "Codeset": "CPT", "Description": None, "Notes": []}],
        "Providers": [provider("1245319599", "Owen", Type="Referring Provider")],
    }


def _note(document: str, text: str) -> Json:
    return {
        "ContentType": "Base64 Encoded",
        "FileName": "operation-note.txt",
        "FileContents": base64.b64encode(text.encode()).decode(),
        "Components": [],
        "DocumentType": "Operative Note",
        "DocumentID": document,
        "ServiceDateTime": "2026-02-20T09:00:00.000Z",
        "DocumentationDateTime": "2026-02-20T16:31:58.872Z",
        "Provider": provider("1245319599", "Owen"),
        "Status": None,
        "Authenticator": provider(None, None),
        "Availability": "Available",
        "Notifications": [],
    }


def week_of_messages(seed: int = 1, *, test: bool = False) -> list[Json]:
    """Return what one hospital sends about three people, in the order in which things happened."""
    hospital = Hospital(seed, test)
    first, second, minor = PEOPLE
    admin, book = "PatientAdmin", "Scheduling"
    moved = visit("V-1001", "2026-03-09T14:30:00.000Z")
    messages = [
        hospital.message(admin, "NewPatient", first),
        hospital.message(admin, "NewPatient", second),
        hospital.message(admin, "PatientUpdate", first, Visit=visit("V-0900", None)),
        hospital.message("Referral", "New", first, Referral=_referral("R-77", "Pending")),
        hospital.message("Order", "New", first, Visit=visit("V-0900", None), Order=_order("O-501")),
        hospital.message(
            book,
            "New",
            first,
            AppointmentInfo=[],
            Visit=visit("V-1001", "2026-03-08T14:30:00.000Z"),
        ),
        hospital.message(book, "Reschedule", first, AppointmentInfo=[], Visit=moved),
        hospital.message(
            book,
            "New",
            second,
            AppointmentInfo=[],
            Visit=visit("V-1002", "2026-03-09T15:15:00.000Z"),
        ),
        hospital.message(
            book,
            "Cancel",
            second,
            AppointmentInfo=[],
            Visit=visit("V-1002", "2026-03-09T15:15:00.000Z", CancelReason="Patient request"),
        ),
        hospital.message(admin, "Arrival", first, Visit=moved),
        hospital.message(
            "Results",
            "New",
            first,
            Orders=[
                {
                    **_order("O-501", Status="Resulted", ResultsStatus="Final"),
                    "CompletionDateTime": "2026-03-09T15:20:00.000Z",
                    "Results": [
                        _result("41343-5", "112", "Numeric", "deg"),
                        _result("72514-3", "4", "Numeric", "{score}"),
                    ],
                }
            ],
        ),
        hospital.message(
            "Notes",
            "New",
            first,
            Visit=visit("V-0900", None),
            Note=_note("DOC-1", "Arthroscopy of the left knee.\n"),
            Orders=[],
        ),
        hospital.message(admin, "PatientMerge", second),
        hospital.message(book, "NoShow", minor, AppointmentInfo=[], Visit=moved),
        hospital.message(admin, "Discharge", first, Visit=moved),
    ]
    for message in messages:
        if message["Meta"]["EventType"] == "PatientMerge":
            message["Patient"]["PreviousIdentifiers"] = [{"ID": "HS-999012", "IDType": "MR"}]
    return messages
