"""What the caller of the landmark extraction may choose, and what it gets back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.domain.errors import RehabctlError, UsageError

SLOWEST_FPS = 1.0
FASTEST_FPS = 240.0


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """How a video is turned into landmarks.

    Raises
    ------
    UsageError
        A frame rate is outside 1 to 240.
    """

    max_fps: float = 30.0
    """No more frames a second are analysed; of a 60 fps video every second one."""
    fps: float | None = None
    """A lower rate for a quick look; frames are left out, none is made up."""
    mirror: bool = False
    """Analyse the flipped image and turn the landmarks back (for mirror averaging)."""
    fast: bool = False
    """Analyse 60 s segments side by side; landmarks differ slightly from the plain way."""
    sample_people: bool = True
    """Look for everybody in about ten frames."""

    def __post_init__(self) -> None:
        for rate in (self.max_fps, self.fps):
            if rate is not None and not SLOWEST_FPS <= rate <= FASTEST_FPS:
                raise UsageError(
                    f"{rate:g} frames a second cannot be analysed", "Use a rate from 1 to 240"
                )

    @property
    def analysis_fps(self) -> float:
        """The highest rate at which frames are analysed."""
        return min(self.max_fps, self.fps or self.max_fps)


@dataclass(frozen=True, slots=True)
class ExtractResult:
    """What became of one video: landmarks, or the reason why there are none."""

    path: Path
    series: KeypointSeries | None = None
    error: RehabctlError | None = None
