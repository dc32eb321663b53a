"""Loader of the limits of comparison with a reference curve (`deviation_limits.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from rehabctl.domain.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class DeviationLimits:
    """The row in force on one day."""

    default_deg: float
    motion_deg: Mapping[str, float]
    least_half_band_deg: float
    """A reference from few recordings looks more certain than one camera can be."""
    dtw_band_percent: float
    """How far the alignment may shift a phase."""
    left_right_deg: float
    """Largest difference of the sides of a reference that is meant to be symmetric."""

    def of(self, motion: str) -> float:
        """Return the limit of a motion.

        Parameters
        ----------
        motion
            In the contract's vocabulary.
        """
        return self.motion_deg.get(motion, self.default_deg)


@cache
def load_deviation_limits(on: date | None = None) -> DeviationLimits:
    """Return the packaged limits in force.

    Parameters
    ----------
    on
        Day of the recording; None for the newest row.

    Raises
    ------
    NotFoundError
        No row is in force on that day.
    """
    path = files("rehabctl.reference") / "deviation_limits.toml"
    rows = tomllib.loads(path.read_text("utf-8"))["limits"]
    begun = [row for row in rows if on is None or row["effective_from"] <= on]
    if not begun:
        raise NotFoundError(f"no deviation limits in force on {on}", "Choose a later date")
    row = max(begun, key=lambda row: row["effective_from"])
    return DeviationLimits(
        default_deg=row["default_deg"],
        motion_deg=row["motion_deg"],
        least_half_band_deg=row["least_half_band_deg"],
        dtw_band_percent=row["dtw_band_percent"],
        left_right_deg=row["left_right_deg"],
    )
