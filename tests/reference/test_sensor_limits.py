"""Limits and firmware of sensors are dated data with their source and how well it is known."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from rehabctl.domain.errors import NotFoundError
from rehabctl.reference.sensor_limits import load_sensor_limits, minimum_firmware

TODAY, BEFORE = date(2026, 11, 22), date(2023, 12, 31)


def test_every_row_says_since_when_whence_and_how_sure() -> None:
    text = (files("rehabctl.reference") / "sensors" / "limits.toml").read_text("utf-8")
    table = tomllib.loads(text)
    for row in [*table["limit"], *table["firmware"]]:
        assert row["grade"] in {"filter", "measured", "proposal"}
        assert isinstance(row["effective_from"], date)
        assert len(row["source"]) > 10


def test_a_day_before_every_row_has_none() -> None:
    assert minimum_firmware("movella-dot", TODAY) == "2.0.0"
    assert minimum_firmware("movella-dot", BEFORE) is None
    assert minimum_firmware("thingy52", TODAY) is None
    with pytest.raises(NotFoundError):
        load_sensor_limits(BEFORE).of("static")
