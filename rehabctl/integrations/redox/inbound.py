"""What messages of Redox's data model say, put into the HL7 v2 messages that say the same.

So patients, orders and appointments of Redox come in by the same rules as those of any record
system. Events that have no such message are only read here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from rehabctl.integrations.hl7v2.outbound import Field, encoded

Json = Mapping[str, Any]
_ADT = {("PatientAdmin", "NewPatient"): "A04", ("PatientAdmin", "PatientUpdate"): "A08"}
_SIU = {
    ("Scheduling", "New"): "S12", ("Scheduling", "Reschedule"): "S13",
    ("Scheduling", "Modification"): "S14", ("Scheduling", "Cancel"): "S15",
}  # fmt: skip
_REFERRALS = (("Referral", "New"), ("Referral", "Modify"))
_ORDERS = (("Order", "New"),)
_NUMBERED = {
    "Scheduling": ("Visit", "VisitNumber"),
    "Order": ("Order", "ID"),
    "Referral": ("Referral", "ID"),
}
"""Where a message says which appointment, order or referral it is about."""
KEPT = frozenset({
    ("PatientAdmin", "Arrival"), ("PatientAdmin", "Discharge"), ("Scheduling", "NoShow"),
    ("Results", "New"), ("Notes", "New"),
})  # fmt: skip
"""Events from which nothing of ours is made; their messages are kept as they are."""
_SEXES = {"Female": "F", "Male": "M", "Other": "O", "Unknown": "U", "Nonbinary": "O"}
_NUMBER = re.compile(r"[A-Za-z0-9._\-]{1,64}")


class RedoxError(ValueError):
    """A message that cannot be read.

    Parameters
    ----------
    field
        Where.
    message
        Why, without its values.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Notice:
    """One message, with what is known about it before it is taken over."""

    model: str
    event: str
    number: str
    """Of Redox's log: the same in every attempt to deliver it."""
    at: datetime
    destinations: tuple[str, ...]
    is_test: bool
    mrn: str
    about: str
    """Of what its events follow each other: the patient, or an appointment or order of hers."""
    hl7: bytes | None
    """The same as an HL7 v2 message; None where there is none."""


def read(body: bytes) -> Notice:
    """Read a message.

    Parameters
    ----------
    body
        Its JSON.

    Raises
    ------
    RedoxError
        It is none, or a part that is needed is missing or of a wrong form.
    """
    try:
        whole = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise RedoxError("", "is no JSON") from None
    if not isinstance(whole, dict):
        raise RedoxError("", "is no message")
    said = cast("Json", whole)
    meta = _part(said, "Meta")
    kind = (_text(meta, "DataModel"), _text(meta, "EventType"))
    logs = _list(meta, "Logs")
    number = _text(logs[0], "ID") if logs else ""
    if not all(kind) or not _NUMBER.fullmatch(number):
        raise RedoxError("Meta", "names no data model, event or log")
    patient = _part(said, "Patient")
    mrn = _record_number(patient)
    if not mrn:
        raise RedoxError("Patient.Identifiers", "holds no medical record number")
    part, name = _NUMBERED.get(kind[0], ("Patient", ""))
    return Notice(
        *kind,
        number=number,
        at=_time(_text(meta, "EventDateTime")),
        destinations=tuple(_text(one, "ID") for one in _list(meta, "Destinations")),
        is_test=meta.get("Test") is not False,
        mrn=mrn,
        about=f"{kind[0]}|{_text(_part(said, part), name) or mrn}",
        hl7=_hl7(kind, number, said, mrn),
    )


def _hl7(kind: tuple[str, str], number: str, said: Json, mrn: str) -> bytes | None:
    source = _text(_part(_part(said, "Meta"), "Source"), "ID")
    pid = _pid(_part(said, "Patient"), mrn)
    if kind in _ADT:
        event, rest = ("ADT", _ADT[kind]), [pid]
    elif kind in _SIU:
        event, rest = ("SIU", _SIU[kind]), [*_appointment(_part(said, "Visit")), pid]
    elif kind in _REFERRALS:
        event, rest = ("REF", "I12"), [*_referral(_part(said, "Referral")), pid]
    elif kind in _ORDERS:
        event, rest = ("ORM", "O01"), [pid, *_order(_part(said, "Order"))]
    else:
        return None
    msh = ("MSH", "^~\\&", "REDOX", source, "", "", "", "", event, number, "P", "2.5.1")
    return encoded([(*msh, *[""] * 5, "UNICODE UTF-8"), *rest])


def _pid(patient: Json, mrn: str) -> tuple[Field, ...]:
    who = _part(patient, "Demographics")
    home, phones = _part(who, "Address"), _part(who, "PhoneNumber")
    name = (_text(who, "LastName"), _text(who, "FirstName"), _text(who, "MiddleName"))
    phone = next((t for k in ("Mobile", "Home", "Office") if (t := _text(phones, k))), "")
    mails = [one for one in _values(who, "EmailAddresses") if isinstance(one, str)]
    reached: list[tuple[str, ...]] = [(phone, "PRN", "CP")] if phone else []
    reached += [("", "NET", "Internet", mail) for mail in mails[:1]]
    street = (_text(home, "StreetAddress"), "", _text(home, "City"), _text(home, "State"))
    return (
        "PID", "1", "", (mrn, "", "", "", "MR"), "", (*name, "", "", "", "L"), "",
        _text(who, "DOB").replace("-", ""), _SEXES.get(_text(who, "Sex"), ""), "", "",
        (*street, _text(home, "ZIP"), "", "H"), "", tuple(reached) or "", "",
        _text(who, "Language"),
    )  # fmt: skip


def _appointment(visit: Json) -> list[tuple[Field, ...]]:
    start, minutes = _text(visit, "VisitDateTime"), visit.get("Duration")
    lasts = str(minutes) if isinstance(minutes, int) and not isinstance(minutes, bool) else ""
    begins = _time(start).strftime("%Y%m%d%H%M%S%z") if start else ""
    number, reason = _text(visit, "VisitNumber"), _text(visit, "CancelReason")
    sch = ("SCH", "", number, "", "", "", reason, "", "", lasts, "MIN" if lasts else "")
    return [sch, ("AIS", "1", "", "", begins)]


def _referral(said: Json) -> list[tuple[Field, ...]]:
    allowed = _part(said, "Authorization")
    expires = _text(said, "ExpirationDateTime") or _text(allowed, "ExpirationDateTime")
    rf1: tuple[Field, ...] = (
        "RF1", "", "", "", "", "", "", _day(_text(said, "DateTime")), _day(expires),
    )  # fmt: skip
    segments: list[tuple[Field, ...]] = [rf1]
    who = next((p for p in _list(said, "Providers") if "Refer" in _text(p, "Type")), None)
    if who is not None:
        name = (_text(who, "LastName"), _text(who, "FirstName"))
        number: Field = (_text(who, "ID"), "", "NPI") if _text(who, "IDType") == "NPI" else ""
        segments.append(("PRD", "RP", name, "", "", "", "", number))
    segments += _diagnosis(said)
    visits = _text(allowed, "AuthorizedTreatmentCount")
    return [*segments, ("AUT", *[""] * 8, visits)] if visits else segments


def _order(said: Json) -> list[tuple[Field, ...]]:
    who = _part(said, "Provider")
    is_npi = _text(who, "IDType") == "NPI"
    doctor = (_text(who, "ID") if is_npi else "", _text(who, "LastName"), _text(who, "FirstName"))
    orc: tuple[Field, ...] = (
        "ORC", "NW", _text(said, "ID"), *[""] * 6, _day(_text(said, "TransactionDateTime")), "",
        "", (*doctor, *[""] * 9, "NPI" if is_npi else ""),
    )  # fmt: skip
    return [orc, *_diagnosis(said)]


def _diagnosis(said: Json) -> list[tuple[Field, ...]]:
    for one in _list(said, "Diagnoses"):
        if "10" in _text(one, "Codeset"):
            return [("DG1", "1", "", (_text(one, "Code"), _text(one, "Name"), "I10"))]
    return []


def _record_number(patient: Json) -> str:
    for one in _list(patient, "Identifiers"):
        if _text(one, "IDType") in ("MR", "MRN"):
            return _text(one, "ID")
    return ""


def _day(text: str) -> str:
    return text[:10].replace("-", "")


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.min
    if at.tzinfo is None:
        raise RedoxError("DateTime", "is no time with a zone")
    return at


def _part(whole: Json, name: str) -> Json:
    value = whole.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RedoxError(name, "is of a wrong form")
    return cast("Json", value)


def _values(whole: Json, name: str) -> list[Any]:
    value = whole.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise RedoxError(name, "is of a wrong form")
    return cast("list[Any]", value)


def _list(whole: Json, name: str) -> list[Json]:
    found = _values(whole, name)
    if not all(isinstance(one, dict) for one in found):
        raise RedoxError(name, "is of a wrong form")
    return cast("list[Json]", found)


def _text(whole: Json, name: str) -> str:
    value = whole.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RedoxError(name, "is of a wrong form")
    return value.strip()
