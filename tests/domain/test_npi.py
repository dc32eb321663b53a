"""Provider identifiers: published ones, and that any single error shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.npi import is_well_formed_npi

RIGHT = ("1234567893", "1245319599", "1679576722", "1003000126", "1111111112")


@pytest.mark.parametrize("npi", RIGHT)
def test_right_ones(npi: str) -> None:
    assert is_well_formed_npi(npi)


@pytest.mark.parametrize(
    "npi",
    [
        "1234567890",
        "0234567893",
        "3234567893",
        "123456789",
        "12345678933",
        "1234567839",
        "",
        "\uff11",
    ],
)
def test_wrong_ones(npi: str) -> None:
    assert not is_well_formed_npi(npi)


@given(npi=st.sampled_from(RIGHT), place=st.integers(1, 9), digit=st.sampled_from("0123456789"))
def test_one_wrong_digit_always_shows(npi: str, place: int, digit: str) -> None:
    changed = npi[:place] + digit + npi[place + 1 :]
    assert is_well_formed_npi(changed) == (changed == npi)
