from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.phone import e164


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("(303) 555-0123", "+13035550123"),
        ("1-303-555-0123", "+13035550123"),
        ("303.555.0123", "+13035550123"),
        ("+44 20 7946 0958", "+442079460958"),
        ("555-0123", None),
        ("103-555-0123", None),
        ("+0 303 555 0123", None),
        ("303 555 0123 ext 4", None),
        ("", None),
    ],
)
def test_numbers_as_people_write_them(written: str, meant: str | None) -> None:
    assert e164(written) == meant


@given(st.text())
def test_the_result_is_a_number_or_nothing(text: str) -> None:
    found = e164(text)
    assert found is None or (found[0] == "+" and found[1:].isdecimal() and e164(found) == found)
