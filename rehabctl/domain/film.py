"""A still picture of a film."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame, upright, row by row from the top left."""

    width_px: int
    height_px: int
    rgb: bytes
    """Three bytes a pixel."""

    def __post_init__(self) -> None:
        """Check that the bytes fill the picture."""
        if len(self.rgb) != 3 * self.width_px * self.height_px or not self.rgb:
            raise ValueError(f"{len(self.rgb)} bytes for {self.width_px} x {self.height_px}")
