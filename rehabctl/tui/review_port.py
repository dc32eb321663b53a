"""The port through which a recording is labelled, remarked on and seen. Every method may block."""

from __future__ import annotations

from typing import Protocol

from rehabctl.domain.film import Picture
from rehabctl.domain.review import RepetitionLabel, ReviewRemark


class ReviewPort(Protocol):
    """What the review screen needs of the services, beside reading and deciding."""

    def label(self, assessment_id: str, repetition: int, label: RepetitionLabel) -> None:
        """Label one repetition; a later label replaces the one before."""
        ...

    def remark(self, assessment_id: str, remark: ReviewRemark) -> None:
        """Store what was seen at one moment."""
        ...

    def frame(self, assessment_id: str, t_s: float, width_px: int, height_px: int) -> Picture:
        """Return the frame of the film that is shown at a time, as large as fits."""
        ...

    def show_outside(self, assessment_id: str) -> None:
        """Open the film, with the measurement drawn in, in the desktop's own player."""
        ...

    def forget_film(self) -> None:
        """Delete the decrypted copies."""
        ...
