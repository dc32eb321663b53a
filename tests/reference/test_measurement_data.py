"""The dated data behind angle measurement."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import rehabctl.analysis
from rehabctl.analysis.reasons import REASONS
from rehabctl.clinic.wording import find
from rehabctl.domain.errors import RehabctlError
from rehabctl.reference.measurement import BiasTable, load_measurement_data

DATA = load_measurement_data()


def test_every_table_says_from_when_it_holds() -> None:
    assert set(DATA.versions) == {"filter", "body", "gates", "repetitions", "bias"}
    assert all(date.fromisoformat(day) for day in DATA.versions.values())


def test_a_day_before_the_first_row_is_an_error_and_a_later_one_is_not() -> None:
    with pytest.raises(RehabctlError, match="in force"):
        load_measurement_data(date(2020, 1, 1))
    later = load_measurement_data(date(2031, 5, 5))
    assert later.biases == DATA.biases


def test_every_bias_row_has_its_evidence() -> None:
    for row in (row for table in DATA.biases for row in table.rows):
        assert row.grade in ("measured", "published", "consensus")
        assert len(row.source) > 20
        assert row.half_width_deg >= 4.0
        assert row.angle_range_deg[0] <= row.angle_range_deg[1]
        assert (row.grade == "measured") == (row.clips > 0)


@pytest.mark.parametrize("table", DATA.biases, ids=lambda table: table.model.name)
def test_the_most_specific_row_is_found_and_there_is_always_one(table: BiasTable) -> None:
    find_row = table.find
    assert find_row("knee_flexion", "sagittal", "upright", "max").motion == "knee_flexion"
    assert find_row("knee_flexion", "sagittal", "seated", "min").posture == "seated"
    assert find_row("neck_flexion", "sagittal", "upright", "max").motion == "*"
    assert find_row("knee_flexion", "frontal", "upright", "max").motion == "*"


def test_thresholds_are_ordered() -> None:
    gates, repetitions = DATA.gates, DATA.repetitions
    assert gates.in_plane_deg < gates.refuse_off_plane_deg < 45.0
    assert gates.bone_length_limited < gates.bone_length_refused < 1.0
    assert gates.refuse_rate_hz < gates.low_rate_hz
    assert gates.dark_luma < gates.bright_luma
    assert repetitions.min_share < repetitions.usual_share < repetitions.full_share
    assert DATA.filter.cutoff_per_rate < 0.4


def test_every_reason_is_given_somewhere() -> None:
    package = Path(rehabctl.analysis.__file__).parent
    code = "".join(p.read_text("utf-8") for p in package.glob("*.py") if p.name != "reasons.py")
    assert [name for name in REASONS if f'"{name}"' not in code] == []


def test_reasons_keep_to_the_wording() -> None:
    for code, text in REASONS.items():
        assert not find(text, for_patients=True), code
