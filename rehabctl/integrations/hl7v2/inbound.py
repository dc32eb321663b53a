"""What received messages say, in our words: the patient, and an order or referral.

Dates become ISO days, codes our words; nothing is checked here beyond its form, since the rules of
a roster apply to patients from everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rehabctl.integrations.hl7v2.message import Message, Segment, part

PATIENT_EVENTS = frozenset({"ADT^A01", "ADT^A04", "ADT^A08", "ADT^A28", "ADT^A31"})
"""Admit, register, update, add and update person: each carries the whole of what is known."""
REFERRAL_KINDS = ("REF", "ORM", "OMG")
NULL = '""'
"""A value that the sender deletes."""
_SEXES = {"M": "male", "F": "female", "U": "unknown", "O": "other", "A": "other", "N": "other"}
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{2,6}(?:\.\d{1,4})?)?(?:[+-]\d{4})?")
_RECORD_NUMBER_TYPES = ("MR", "MRN")


@dataclass(frozen=True, slots=True)
class ReferralMessage:
    """An order or referral. Texts are as written, days ISO; empty means not said."""

    control: str
    """ORC-1: what is to be done with the order, such as `NW` or `CA`."""
    referrer_name: str
    referrer_npi: str
    ordered_on: str
    expires_on: str
    authorised_visits: str
    diagnosis: str
    icd10: str
    procedure: str
    surgery_date: str


def patient_values(message: Message) -> dict[str, str]:
    """Return the patient of a message as columns of a roster.

    What the message does not say is left out; an empty text is what it deletes.

    Parameters
    ----------
    message
        Any message with a PID segment.
    """
    pid = message.first("PID")
    if pid is None:
        return {}
    values = {
        "mrn": record_number(pid),
        "birth_date": iso_day(pid.text(7)),
        "sex": _SEXES.get(pid.text(8).upper(), pid.text(8)),
        "language": pid.text(15),
        **_name(pid),
        **_address(pid),
        **_reached_by(pid),
    }
    insurance = message.first("IN1")
    if insurance is not None:
        values["payer"] = insurance.text(4)
        values["member_id"] = insurance.text(49) or insurance.text(36)
    return {name: "" if text == NULL else text for name, text in values.items() if text}


def record_number(pid: Segment) -> str:
    """Return the medical record number: PID-3 of that type, else the first that has no other type.

    Parameters
    ----------
    pid
        The PID segment.
    """
    repeated = pid.repetitions(3)
    for wanted in (5, 4):  # type; some senders write it as the assigning authority
        for one in repeated:
            if part(one, pid.marks, wanted).upper() in _RECORD_NUMBER_TYPES:
                return part(one, pid.marks, 1)
    untyped = (part(one, pid.marks, 1) for one in repeated if not part(one, pid.marks, 5))
    return next((value for value in untyped if value), pid.text(2))


def referral(message: Message) -> ReferralMessage:
    """Return the order or referral of a REF, ORM or OMG message.

    Parameters
    ----------
    message
        The message.
    """
    rf1, orc, obr = message.first("RF1"), message.first("ORC"), message.first("OBR")
    dg1, pr1, aut = message.first("DG1"), message.first("PR1"), message.first("AUT")
    name, npi = _referrer(message)
    return ReferralMessage(
        control=_text(orc, 1).upper(),
        referrer_name=name,
        referrer_npi=npi,
        ordered_on=iso_day(
            _text(rf1, 7) or _text(orc, 9) or _text(obr, 6) or message.header.text(7)
        ),
        expires_on=iso_day(_text(rf1, 8) or _text(aut, 5)),
        authorised_visits=_text(aut, 9) or _text(aut, 8),
        diagnosis=_text(dg1, 3, 2) or _text(dg1, 4),
        icd10=_text(dg1, 3) if dg1 is not None and _is_icd10(dg1) else "",
        procedure=_text(pr1, 3, 2) or _text(pr1, 4),
        surgery_date=iso_day(_text(pr1, 5)),
    )


def iso_day(text: str) -> str:
    """Return the day of an HL7 time as ISO; a text that is no whole day stays as it is.

    Parameters
    ----------
    text
        Such as `19610402` or `202603020915-0700`.
    """
    found = _DAY.fullmatch(text)
    return "-".join(found.groups()) if found else text


def _referrer(message: Message) -> tuple[str, str]:
    for provider in message.named("PRD"):
        if provider.text(1).upper() == "RP":
            return _person(provider.repetitions(2), provider, 2, 1), _npi(provider, 7, 1, 3)
    for segment in message.segments:
        field = {"ORC": 12, "OBR": 16, "PV1": 8}.get(segment.name)
        if field is not None and segment.text(field, 2):
            return _person(segment.repetitions(field), segment, 3, 2), _npi(segment, field, 1, 13)
    return "", ""


def _person(repeated: tuple[str, ...], segment: Segment, given: int, family: int) -> str:
    if not repeated:
        return ""
    names = (part(repeated[0], segment.marks, n) for n in (given, family))
    return " ".join(name for name in names if name)


def _npi(segment: Segment, field: int, number: int, kind: int) -> str:
    for one in segment.repetitions(field):
        if "NPI" in (part(one, segment.marks, kind), part(one, segment.marks, 9)):
            return part(one, segment.marks, number)
    return ""


def _is_icd10(dg1: Segment) -> bool:
    system = (dg1.text(3, 3) or dg1.text(2)).upper().replace("-", "")
    return system.startswith(("I10", "ICD10"))


def _name(pid: Segment) -> dict[str, str]:
    repeated = pid.repetitions(5)
    if not repeated:
        return {}
    legal = next((r for r in repeated if part(r, pid.marks, 7).upper() == "L"), repeated[0])
    columns = ("family_name", "given_name", "middle_name")
    return {name: part(legal, pid.marks, n) for n, name in enumerate(columns, start=1)}


def _address(pid: Segment) -> dict[str, str]:
    repeated = pid.repetitions(11)
    if not repeated:
        return {}
    home = next((r for r in repeated if part(r, pid.marks, 7).upper() == "H"), repeated[0])
    columns = {1: "address1", 3: "city", 4: "state", 5: "postal_code"}
    return {name: part(home, pid.marks, n) for n, name in columns.items()}


def _reached_by(pid: Segment) -> dict[str, str]:
    phone = email = ""
    for one in (*pid.repetitions(13), *pid.repetitions(40)):
        said = {n: part(one, pid.marks, n) for n in (1, 2, 3, 4, 6, 7, 12)}
        if said[4] and (said[2] == "NET" or "@" in said[4]):
            email = email or said[4]
        elif said[3] != "FX":
            local = " ".join(text for text in (said[6], said[7]) if text)
            phone = phone or said[1] or said[12] or local
    return {"phone": phone, "email": email}


def _text(segment: Segment | None, field: int, component: int = 1) -> str:
    return "" if segment is None else segment.text(field, component)
