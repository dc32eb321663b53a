"""The roster of patients as other systems write it: columns, and what a valid line is.

Messages name the field and the rule, never the value: it may be a name or a birth date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import starmap
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rehabctl.domain.date_forms import DateForms
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


DEMOGRAPHIC = (*REQUIRED, *OPTIONAL[:10])
"""The columns that are fields of `Demographics`."""
_CARE = COLUMNS.index("diagnosis")
_NO_CARE = (None,) * (len(COLUMNS) - _CARE)
_KEPT_TEXTS = 20_000
"""Distinct values of one column whose reading is remembered: memory stays bounded."""


class RosterLine(NamedTuple):
    """A valid line of a roster: one plain value a column, as the store keeps it.

    A record of a million lines is cheap this way; `demographics` and `care` are made when asked.
    """

    mrn: str
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    state: str
    middle_name: str | None
    phone: str | None
    email: str | None
    address1: str | None
    city: str | None
    postal_code: str | None
    time_zone: str | None
    language: str | None
    payer: str | None
    member_id: str | None
    therapist: str | None
    """Login of the therapist; None keeps the present one, or means who imports."""
    diagnosis: str | None
    surgery_date: date | None
    side: str | None
    precautions: tuple[str, ...] | None

    @property
    def demographics(self) -> Demographics:
        """Who the patient is."""
        values: dict[str, Any] = dict(zip(DEMOGRAPHIC, self, strict=False))
        values["sex"] = Sex(self.sex)
        return Demographics(**values)

    @property
    def care(self) -> CareLine:
        """What the line says about her care."""
        side = None if self.side is None else Side(self.side)
        return CareLine(self.diagnosis, self.surgery_date, side, self.precautions or ())

    @property
    def says_care(self) -> bool:
        """Whether anything is said about her care."""
        return self[_CARE:] != _NO_CARE


def parse_line(values: Mapping[str, str], today: date) -> RosterLine | list[FieldProblem]:
    """Check one line of a roster. Dates are in ISO form.

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
    return LineParser(tuple(values), today).parse([tuple(values.values())])[0]


class LineParser:
    """Checks the lines of one file, many at once: column by column, each distinct text once.

    Parameters
    ----------
    columns
        Our name of each cell; None of those that are left out.
    today
        The present day: nobody is born after it.
    dates
        How dates are read; None: ISO only.
    """

    def __init__(
        self, columns: Sequence[str | None], today: date, dates: DateForms | None = None
    ) -> None:
        read = _iso_date if dates is None else dates.read
        parsers: dict[str, Callable[[str], Any]] = {
            **_PARSERS,
            "surgery_date": read,
            "birth_date": lambda text: _possible_birth(read(text), today),
        }
        self._width = len(columns)
        self._plan = [
            (at, name, _Column(parsers.get(name, _text)))
            for at, name in enumerate(columns)
            if name is not None
        ]

    def parse(self, rows: Sequence[Sequence[str]]) -> list[RosterLine | list[FieldProblem]]:
        """Check lines.

        Parameters
        ----------
        rows
            Cells of each line; cells that are missing at its end are "not said".

        Returns
        -------
        list
            For each line itself, or every reason why it is refused.
        """
        blank = ("",) * self._width
        full = (row if len(row) == self._width else (*row, *blank)[: self._width] for row in rows)
        cells = list(zip(*full, strict=True))
        values: dict[str, Sequence[Any]] = dict.fromkeys(COLUMNS, (None,) * len(rows))
        problems: dict[int, dict[str, str]] = {}
        if rows:
            for at, name, column in self._plan:
                values[name], refused = column.read(cells[at])
                for n, message in refused:
                    problems.setdefault(n, {})[name] = message
        for name in REQUIRED:
            for n, value in enumerate(values[name]):
                if value is None:
                    problems.setdefault(n, {}).setdefault(name, "is missing")
        operated = enumerate(zip(values["surgery_date"], values["birth_date"], strict=True))
        for n, (surgery, birth) in operated:
            if surgery is not None and n not in problems and surgery < birth:
                problems[n] = {"surgery_date": "lies before the birth date"}
        parsed: list[RosterLine | list[FieldProblem]] = list(
            starmap(RosterLine, zip(*values.values(), strict=True))
        )
        for n, found in problems.items():
            parsed[n] = [FieldProblem(name, found[name]) for name in COLUMNS if name in found]
        return parsed


class _Column:
    """Reads the cells of one column, and remembers texts that come again."""

    def __init__(self, parse: Callable[[str], Any]) -> None:
        self._parse = parse
        self._known: dict[str, Any] = {}
        self._refused: dict[str, str] = {}

    def read(self, cells: Sequence[str]) -> tuple[list[Any], list[tuple[int, str]]]:
        """Return the value of each cell, and positions with reasons of those that are refused."""
        new = set(cells).difference(self._known)
        if len(self._known) + len(new) > _KEPT_TEXTS:
            self._known.clear()
            self._refused.clear()
            new = set(cells)
        # most texts hold nothing unprintable, which is told fastest of all at once
        is_plain = "".join(new).isprintable()
        for cell in new:
            try:
                self._known[cell] = _read(cell, self._parse, is_plain=is_plain)
            except ValueError as error:
                self._known[cell] = None
                self._refused[cell] = str(error)
        values = list(map(self._known.__getitem__, cells))
        if self._refused.keys().isdisjoint(cells):
            return values, []
        refused = self._refused
        return values, [(n, refused[cell]) for n, cell in enumerate(cells) if cell in refused]


def _read(cell: str, parse: Callable[[str], Any], *, is_plain: bool) -> Any:
    text = cell.strip()
    if not text:
        return None
    if not is_plain and _UNPRINTABLE.search(text):
        raise ValueError("holds a control character or is not valid text")
    return parse(text)


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


def _iso_date(text: str) -> date:
    try:
        if len(text) != len("1970-12-31"):  # other ISO forms are too easily something else
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a date like 1970-12-31") from None


def _possible_birth(day: date, today: date) -> date:
    if day > today:
        raise ValueError("lies in the future")
    if day.year < _OLDEST_BIRTH_YEAR:
        raise ValueError(f"lies before {_OLDEST_BIRTH_YEAR}")
    return day


def is_state(text: str) -> bool:
    """Return whether a text is a two-letter state, in either case."""
    return _STATE.fullmatch(text) is not None and f"{text.upper()} " in _STATES


def _state(text: str) -> str:
    if not is_state(text):
        raise ValueError("is not a two-letter state of the United States")
    return text.upper()


def _sex(text: str) -> str:
    if text.casefold() not in _SEXES:
        raise ValueError("is not one of female, male, other, unknown")
    return _SEXES[text.casefold()].value


def _side(text: str) -> str:
    if text.casefold() not in _SIDES:
        raise ValueError("is not one of left, right, bilateral")
    return _SIDES[text.casefold()].value


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
    "side": _side,
    "precautions": _precautions,
}
