"""Messages that we send: results (ORU^R01), documents (MDM^T02), charges (DFT^P03), answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rehabctl.domain.claim import Claim, ClaimLine, Frequency
from rehabctl.domain.exchange import LOINC, CodedObservation
from rehabctl.domain.patient import Demographics, PatientNote, Sex
from rehabctl.integrations.hl7v2.message import Message, Separators, escape

VERSION = "2.5.1"
_MARKS = Separators()
_SEXES = {Sex.FEMALE: "F", Sex.MALE: "M", Sex.OTHER: "O", Sex.UNKNOWN: "U"}
_OWN_SYSTEM = "99RHB"
"""Coding system of codes of our own; 99 marks a local one."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends what to whom."""

    facility: str
    receiver: str
    control_id: str
    at: datetime
    processing: str = "P"


def oru_r01(
    envelope: Envelope, patient: Demographics, observations: Sequence[CodedObservation]
) -> bytes:
    """Return a result message with one OBX per value.

    Parameters
    ----------
    envelope
        Sender, receiver, control id and time.
    patient
        Whose.
    observations
        At least one, oldest first.
    """
    first, last = observations[0].at, observations[-1].at
    order = ("", f"{envelope.control_id}", ("REHAB", "Home exercise results", _OWN_SYSTEM))
    obr = ("OBR", "1", *order, "", "", _time(first), _time(last), *[""] * 13, _time(envelope.at))
    segments = [
        _msh(envelope, ("ORU", "R01", "ORU_R01")),
        _pid(patient),
        (*obr, "", "", "F"),
        *(_obx(number, value) for number, value in enumerate(observations, start=1)),
    ]
    return encoded(segments)


def mdm_t02(envelope: Envelope, patient: Demographics, note: PatientNote, author: str) -> bytes:
    """Return a document message that carries a note's text, one OBX a line.

    Parameters
    ----------
    envelope
        Sender, receiver, control id and time.
    patient
        Whose.
    note
        The note.
    author
        Login of who wrote it.
    """
    code = ("11506-3", "Progress note", "LN")
    written = _time(note.created_at)
    txa = ("TXA", "1", "PN", "TX", written, author, "", written, *[""] * 4, str(note.id))
    lines = note.body.splitlines() or [""]
    segments = [
        _msh(envelope, ("MDM", "T02", "MDM_T02")),
        ("EVN", "T02", _time(envelope.at)),
        _pid(patient),
        ("PV1", "1", "O"),
        (*txa, *[""] * 4, "AU"),
        *(
            ("OBX", str(n), "TX", code, str(n), line, *[""] * 5, "F")
            for n, line in enumerate(lines, start=1)
        ),
    ]
    return encoded(segments)


def dft_p03(envelope: Envelope, patient: Demographics, claims: Sequence[Claim]) -> bytes:
    """Return a message of charges, one FT1 for each line of each claim.

    Parameters
    ----------
    envelope
        Sender, receiver, control id and time.
    patient
        Whose.
    claims
        At least one.
    """
    lines = [(claim, line) for claim in claims for line in claim.lines]
    segments = [
        _msh(envelope, ("DFT", "P03", "DFT_P03")),
        ("EVN", "P03", _time(envelope.at)),
        _pid(patient),
        ("PV1", "1", "O"),
        *(
            _ft1(number, claim, line, envelope)
            for number, (claim, line) in enumerate(lines, start=1)
        ),
    ]
    return encoded(segments)


def _ft1(number: int, claim: Claim, line: ClaimLine, envelope: Envelope) -> tuple[Field, ...]:
    rendering = line.rendering or claim.rendering
    performer: Field = ""
    if rendering is not None and rendering.person is not None:
        name = (rendering.person.family, rendering.person.given)
        performer = (rendering.npi, *name, *[""] * 9, "NPI")
    diagnoses = tuple((claim.diagnoses[pointer - 1], "", "I10") for pointer in line.pointers)
    kind = "CR" if claim.frequency is Frequency.VOID else "CG"
    on = line.service_from.strftime("%Y%m%d")
    return (
        "FT1", str(number), f"{claim.control_number}-{line.reference}", claim.control_number, on,
        _time(envelope.at), kind, (line.code, "", "C4"), "", "", f"{line.units:f}",
        (f"{line.charge:.2f}", "USD"), *[""] * 7, diagnoses, performer, *[""] * 4,
        (line.code, "", "C4"), tuple((modifier,) for modifier in line.modifiers),
    )  # fmt: skip


def acknowledgement(
    received: Message | None, code: str, text: str, control_id: str, at: datetime
) -> bytes:
    """Return the answer to a message: sender and receiver exchanged, its control id repeated.

    Parameters
    ----------
    received
        What is answered; None when it could not be read.
    code
        `AA` taken over, `AE` refused for what it says, `AR` refused for what it is.
    text
        Why, without patient data.
    control_id
        Of the answer itself.
    at
        Aware time.
    """
    header = None if received is None else received.header

    def field(number: int) -> str:
        return "" if header is None else header.text(number)

    event = "" if received is None else received.kind.partition("^")[2]
    msh = (
        "MSH", "^~\\&", field(5), field(6), field(3), field(4), _time(at), "",
        ("ACK", event, "ACK") if event else "ACK", control_id, field(11) or "P",
        field(12) or VERSION, *[""] * 5, "UNICODE UTF-8",
    )  # fmt: skip
    return encoded([msh, ("MSA", code, field(10), text)])


Field = str | tuple[str, ...] | tuple[tuple[str, ...], ...]
"""Text, components, or repetitions of components."""


def _msh(envelope: Envelope, kind: tuple[str, str, str]) -> tuple[Field, ...]:
    return (
        "MSH", "^~\\&", "REHABCTL", envelope.facility, envelope.receiver, "", _time(envelope.at),
        "", kind, envelope.control_id, envelope.processing, VERSION, *[""] * 5, "UNICODE UTF-8",
    )  # fmt: skip


def _pid(patient: Demographics) -> tuple[Field, ...]:
    home = (patient.address1 or "", "", patient.city or "", patient.state)
    return (
        "PID", "1", "", (patient.mrn, "", "", "", "MR"), "",
        (patient.family_name, patient.given_name, patient.middle_name or "", "", "", "", "L"), "",
        patient.birth_date.strftime("%Y%m%d"), _SEXES[patient.sex], "", "",
        (*home, patient.postal_code or "", "", "H"), "", patient.phone or "",
    )  # fmt: skip


def _obx(number: int, value: CodedObservation) -> tuple[Field, ...]:
    system = "LN" if value.code.system == LOINC else _OWN_SYSTEM
    return (
        "OBX", str(number), "NM", (value.code.code, value.code.text, system), str(number),
        f"{value.value:g}", (value.code.unit, value.code.unit_text, "UCUM"), *[""] * 4, "F", "", "",
        _time(value.at), "", "", value.method or "",
    )  # fmt: skip


def _time(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S%z")


def encoded(segments: Iterable[tuple[Field, ...]]) -> bytes:
    """Return segments as a message, each ended by CR, their values escaped.

    Parameters
    ----------
    segments
        Name and fields of each; MSH begins with its encoding characters.
    """
    return b"".join(_segment(fields).encode() + b"\r" for fields in segments)


def _segment(fields: tuple[Field, ...]) -> str:
    if fields[0] == "MSH":
        head, rest = f"MSH|{fields[1]}", fields[2:]
    else:
        head, rest = str(fields[0]), fields[1:]
    return "|".join((head, *(_field(value) for value in rest))).rstrip("|")


def _field(value: Field) -> str:
    if isinstance(value, str):
        return escape(value, _MARKS)
    if value and isinstance(value[0], tuple):
        return "~".join(_field(one) for one in value)
    return "^".join(escape(str(component), _MARKS) for component in value).rstrip("^")
