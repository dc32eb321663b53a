"""The roster of patients as other systems write it: columns, and what a valid line is.

Messages name the field and the rule, never the value: it may be a name or a birth date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from rehabctl.domain.patient import CareLine, Demographics, Sex, Side

REQUIRED = ("mrn", "given_name", "family_name", "birth_date", "sex", "state")
OPTIONAL = (
    "middle_name", "phone", "email", "address1", "city", "postal_code", "time_zone", "language",
    "payer", "member_id", "therapist", "diagnosis", "surgery_date", "side", "precautions",
)  # fmt: skip
COLUMNS = REQUIRED + OPTIONAL

_OLDEST_BIRTH_YEAR = 1890
_STATES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM "
    "NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI AA AE AP "
)
"""Postal codes of the states, the district, the territories and the armed forces abroad."""
_SEXES = {
    "f": Sex.FEMALE, "female": Sex.FEMALE, "m": Sex.MALE, "male": Sex.MALE,
    "o": Sex.OTHER, "other": Sex.OTHER, "x": Sex.OTHER, "u": Sex.UNKNOWN, "unknown": Sex.UNKNOWN,
}  # fmt: skip
_SIDES = {
    "l": Side.LEFT, "left": Side.LEFT, "r": Side.RIGHT, "right": Side.RIGHT,
    "b": Side.BILATERAL, "both": Side.BILATERAL, "bilateral": Side.BILATERAL,
}  # fmt: skip
_STATE = re.compile(r"[A-Za-z]{2}")
_MRN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[0-9 ().\-/]{5,30}(?:\s*(?:x|ext\.?)\s*[0-9]{1,6})?", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Why a value was refused."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class RosterLine:
    """A valid line of a roster."""

    demographics: Demographics
    therapist: str | None
    """Login of the therapist; None keeps the present one, or means who imports."""
    care: CareLine


def parse_line(values: Mapping[str, str], today: date) -> RosterLine | list[FieldProblem]:
    """Check one line of a roster.

    Parameters
    ----------
    values
        Text by column; a missing or empty value means "not said".
    today
        The present day: nobody is born after it.

    Returns
    -------
    RosterLine or list
        The line, or every reason why it is refused.
    """
    problems: list[FieldProblem] = []
    parsed: dict[str, Any] = {}
    for name in COLUMNS:
        text = values.get(name, "").strip()
        if not text:
            parsed[name] = None
            if name in REQUIRED:
                problems.append(FieldProblem(name, "is missing"))
            continue
        try:
            parsed[name] = _parse(name, text, today)
        except ValueError as error:
            problems.append(FieldProblem(name, str(error)))
    if not problems:
        problems.extend(_contradictions(parsed))
    if problems:
        return problems
    care = CareLine(
        parsed.pop("diagnosis"),
        parsed.pop("surgery_date"),
        parsed.pop("side"),
        parsed.pop("precautions") or (),
    )
    therapist = parsed.pop("therapist")
    return RosterLine(Demographics(**parsed), therapist, care)


def _parse(name: str, text: str, today: date) -> Any:
    if _UNPRINTABLE.search(text):
        raise ValueError("holds a control character or is not valid text")
    return _PARSERS.get(name, _text)(text) if name != "birth_date" else _birth_date(text, today)


def _contradictions(parsed: Mapping[str, Any]) -> list[FieldProblem]:
    surgery, birth = parsed["surgery_date"], parsed["birth_date"]
    if surgery is not None and surgery < birth:
        return [FieldProblem("surgery_date", "lies before the birth date")]
    return []


def _text(text: str) -> str:
    return _at_most(text, 200)


def _name(text: str) -> str:
    return _at_most(text, 100)


def _at_most(text: str, length: int) -> str:
    if len(text) > length:
        raise ValueError(f"is longer than {length} characters")
    return text


def _mrn(text: str) -> str:
    if not _MRN.fullmatch(text):
        raise ValueError("may hold letters, digits and . _ / - only, up to 64")
    return text


def _date(text: str) -> date:
    try:
        if len(text) != len("1970-12-31"):  # other ISO forms are too easily something else
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a date like 1970-12-31") from None


def _birth_date(text: str, today: date) -> date:
    day = _date(text)
    if day > today:
        raise ValueError("lies in the future")
    if day.year < _OLDEST_BIRTH_YEAR:
        raise ValueError(f"lies before {_OLDEST_BIRTH_YEAR}")
    return day


def _state(text: str) -> str:
    if not _STATE.fullmatch(text) or f"{text.upper()} " not in _STATES:
        raise ValueError("is not a two-letter state of the United States")
    return text.upper()


def _sex(text: str) -> Sex:
    if text.casefold() not in _SEXES:
        raise ValueError("is not one of female, male, other, unknown")
    return _SEXES[text.casefold()]


def _side(text: str) -> Side:
    if text.casefold() not in _SIDES:
        raise ValueError("is not one of left, right, bilateral")
    return _SIDES[text.casefold()]


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(_at_most(text, 254)):
        raise ValueError("is not an e-mail address")
    return text


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise ValueError("is not a telephone number")
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(_at_most(text, 35)):
        raise ValueError("is not a language tag like es or en-US")
    return text


def _time_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ValueError, KeyError, OSError):  # not a name, or no zone of this name
        raise ValueError("is not a time zone like America/Denver") from None


def _precautions(text: str) -> tuple[str, ...]:
    return tuple(_at_most(part.strip(), 200) for part in text.split(";") if part.strip())


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "mrn": _mrn,
    "given_name": _name,
    "middle_name": _name,
    "family_name": _name,
    "sex": _sex,
    "state": _state,
    "phone": _phone,
    "email": _email,
    "time_zone": _time_zone,
    "language": _language,
    "surgery_date": _date,
    "side": _side,
    "precautions": _precautions,
}
