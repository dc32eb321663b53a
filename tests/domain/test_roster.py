"""What a valid roster line is, and that no message repeats a value."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.patient import CareLine, Sex, Side
from rehabctl.domain.roster import COLUMNS, FieldProblem, RosterLine, parse_line

TODAY = date(2026, 3, 2)
VALID = {
    "mrn": "1042",
    "given_name": "Ana",
    "family_name": "Diaz",
    "birth_date": "1961-04-02",
    "sex": "F",
    "state": "co",
}


def line(**changes: str) -> RosterLine:
    parsed = parse_line(VALID | changes, TODAY)
    assert isinstance(parsed, RosterLine), parsed
    return parsed


def problems(**changes: str) -> list[FieldProblem]:
    parsed = parse_line(VALID | changes, TODAY)
    assert isinstance(parsed, list), parsed
    return parsed


def test_a_line_is_normalised() -> None:
    found = line(
        given_name=" Ana ", side="L", diagnosis="TKR", surgery_date="2026-01-10",
        precautions="no kneeling; ;no twist;", time_zone="America/Denver", therapist="jlee",
    )  # fmt: skip
    who = found.demographics
    assert (who.given_name, who.sex, who.state, who.phone) == ("Ana", Sex.FEMALE, "CO", None)
    assert who.time_zone == "America/Denver"
    assert found.therapist == "jlee"
    assert found.care == CareLine("TKR", date(2026, 1, 10), Side.LEFT, ("no kneeling", "no twist"))
    assert line().care.is_empty


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("mrn", "10 42", "letters, digits"),
        ("mrn", "-x", "letters, digits"),
        ("mrn", "x" * 65, "letters, digits"),
        ("given_name", "x" * 101, "longer than 100"),
        ("birth_date", "02.04.1961", "not a date like"),
        ("birth_date", "19610402", "not a date like"),
        ("birth_date", "1961-02-30", "not a date like"),
        ("birth_date", "2026-03-03", "future"),
        ("birth_date", "1889-12-31", "before 1890"),
        ("sex", "w", "not one of"),
        ("state", "ZZ", "two-letter state"),
        ("state", "A ", "two-letter state"),
        ("state", "Colorado", "two-letter state"),
        ("email", "ana@nowhere", "not an e-mail"),
        ("phone", "call me", "not a telephone"),
        ("time_zone", "Denver", "not a time zone"),
        ("time_zone", "../../etc/passwd", "not a time zone"),
        ("language", "spanish!", "language tag"),
        ("side", "top", "not one of left"),
        ("surgery_date", "1950-01-01", "before the birth date"),
        ("city", "a\x00b", "control character"),
        ("city", "a\nb", "control character"),
        ("city", "a\udcffb", "not valid text"),
    ],
)
def test_a_wrong_value_is_named_by_its_field(field: str, value: str, message: str) -> None:
    (problem,) = problems(**{field: value})
    assert problem.field == field
    assert message in problem.message


def test_every_reason_is_told_at_once() -> None:
    found = problems(mrn="", birth_date="x", sex="?", state="")
    assert [p.field for p in found] == ["mrn", "birth_date", "sex", "state"]


@given(st.dictionaries(st.sampled_from(COLUMNS), st.text("QXZ@!\x00é0123456789", max_size=40)))
def test_no_message_repeats_a_value(values: dict[str, str]) -> None:
    parsed = parse_line(values, TODAY)
    if isinstance(parsed, list):
        shown = " ".join(p.message for p in parsed)
        assert not [v for v in values.values() if v.strip() and len(v) > 8 and v in shown]


@given(
    st.fixed_dictionaries(
        {name: st.just(value) for name, value in VALID.items()},
        optional={name: st.text(max_size=12) for name in COLUMNS if name not in VALID},
    )
)
def test_parsing_never_crashes(values: dict[str, str]) -> None:
    parsed = parse_line(values, TODAY)
    assert isinstance(parsed, RosterLine) or parsed
