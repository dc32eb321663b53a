"""Loader of the limits of sensor recordings and calibration (`sensors/limits.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from rehabctl.domain.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class LimitRow:
    """The limits of one procedure from one day on."""

    procedure: str
    effective_from: date
    values: Mapping[str, float]
    source: str
    grade: str


@dataclass(frozen=True, slots=True)
class SensorLimits:
    """The rows in force on one day, by procedure."""

    rows: Mapping[str, LimitRow]

    def of(self, procedure: str) -> Mapping[str, float]:
        """Return the limits of a procedure.

        Parameters
        ----------
        procedure
            As named in the table.

        Raises
        ------
        NotFoundError
            No row is in force for it.
        """
        if procedure not in self.rows:
            raise NotFoundError(f"no limits for {procedure} on that day", "Choose a later date")
        return self.rows[procedure].values


@cache
def minimum_firmware(driver: str, on: date | None = None) -> str | None:
    """Return the oldest firmware that a kind of sensor should have; None where no row is in force.

    Parameters
    ----------
    driver
        Name of its driver.
    on
        Day of the measurement; None for the newest row.
    """
    path = files("rehabctl.reference") / "sensors" / "limits.toml"
    rows = [
        row
        for row in tomllib.loads(path.read_text("utf-8"))["firmware"]
        if row["driver"] == driver and (on is None or row["effective_from"] <= on)
    ]
    return max(rows, key=lambda row: row["effective_from"])["minimum"] if rows else None


@cache
def load_sensor_limits(on: date | None = None) -> SensorLimits:
    """Return the packaged limits in force.

    Parameters
    ----------
    on
        Day of the measurement; None for the newest rows.
    """
    path = files("rehabctl.reference") / "sensors" / "limits.toml"
    table = tomllib.loads(path.read_text("utf-8"))
    rows = [
        LimitRow(
            procedure=row["procedure"],
            effective_from=row["effective_from"],
            values=row["values"],
            source=row["source"],
            grade=row["grade"],
        )
        for row in table["limit"]
        if on is None or row["effective_from"] <= on
    ]
    rows.sort(key=lambda row: row.effective_from)
    return SensorLimits({row.procedure: row for row in rows})
