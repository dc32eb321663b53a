"""Units furnished by assistants: published examples, the vectors, and what always holds."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.billing.assistants import marks_untimed, split_timed
from rehabctl.domain.errors import RehabctlError, UsageError

DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("therapist", "assistant", "units", "without", "with_"),
    [(5, 10, 1, 0, 1), (13, 23, 2, 1, 1), (15, 13, 2, 1, 1), (30, 8, 3, 2, 1), (8, 14, 1, 1, 0)],
)
def test_published_examples(
    therapist: int, assistant: int, units: int, without: int, with_: int
) -> None:
    split = split_timed(therapist, assistant, units, on=DAY)
    assert (split.units_without, split.units_with) == (without, with_)


def test_every_vector_of_the_reference(sample_data: Path) -> None:
    path = sample_data.parent / "reference/vectors/cqco_vectors.json"
    for vector in json.loads(path.read_text("utf-8"))["vectors"]:
        minutes = vector["therapist_minutes"], vector["assistant_minutes"]
        if vector["kind"] == "untimed":
            assert marks_untimed(*minutes, on=DAY) == vector["expected"]["modifier"], vector["id"]
            continue
        split = split_timed(*minutes, vector["units"], on=DAY)
        found = {"units_without": split.units_without, "units_with": split.units_with}
        assert found == vector["expected"], vector["id"]


@given(therapist=st.integers(0, 200), assistant=st.integers(0, 200))
def test_no_unit_is_lost_and_whole_blocks_stay(therapist: int, assistant: int) -> None:
    units = (therapist + assistant + 7) // 15
    split = split_timed(therapist, assistant, units, on=DAY)
    assert split.units_without + split.units_with == units
    assert split.units_without >= therapist // 15
    assert split.units_with >= assistant // 15
    if assistant == 0:
        assert split.units_with == 0


@pytest.mark.parametrize(("assistant", "marked"), [(4, False), (5, False), (6, True)])
def test_exactly_a_tenth_does_not_count(assistant: int, marked: bool) -> None:
    assert marks_untimed(45, assistant, on=DAY) is marked
    assert not marks_untimed(0, 0, on=DAY)


def test_a_half_percent_rounds_up() -> None:
    # 21 of 200 minutes are 10.5 percent
    assert marks_untimed(179, 21, on=DAY)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="5 units do not fit 10 minutes"):
        split_timed(5, 5, 5, on=DAY)
    with pytest.raises(UsageError, match="0 units do not fit 30 minutes"):
        split_timed(30, 0, 0, on=DAY)
    with pytest.raises(UsageError, match="cannot be"):
        split_timed(-1, 5, 1, on=DAY)
    with pytest.raises(RehabctlError, match="no row for 2019-01-01"):
        marks_untimed(1, 1, on=date(2019, 1, 1))
