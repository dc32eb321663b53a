"""Labels, remarks and a film drawn from a formula, over the clinic in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehabctl.domain.film import Picture
from rehabctl.domain.review import RepetitionLabel, ReviewRemark

if TYPE_CHECKING:
    from tui.clinic import ClinicData


class ClinicReviews:
    """The review's port; faults come from the clinic."""

    def __init__(self, clinic: ClinicData) -> None:
        self._clinic = clinic
        self.labels: dict[str, dict[int, RepetitionLabel]] = {}
        self.remarks: dict[str, list[ReviewRemark]] = {}
        self.opened: list[str] = []
        self.forgotten = 0

    def label(self, assessment_id: str, repetition: int, label: RepetitionLabel) -> None:
        with self._clinic._called(f"label {assessment_id} {repetition} {label.value}"):
            self.labels.setdefault(assessment_id, {})[repetition] = label

    def remark(self, assessment_id: str, remark: ReviewRemark) -> None:
        with self._clinic._called(f"remark {assessment_id}"):
            self.remarks.setdefault(assessment_id, []).append(remark)

    def frame(self, assessment_id: str, t_s: float, width_px: int, height_px: int) -> Picture:
        with self._clinic._called(f"frame {assessment_id} {t_s:.2f}"):
            return a_picture(t_s, width_px, height_px)

    def show_outside(self, assessment_id: str) -> None:
        with self._clinic._called(f"show_outside {assessment_id}"):
            self.opened.append(assessment_id)

    def forget_film(self) -> None:
        self.forgotten += 1


def a_picture(t_s: float, width_px: int, height_px: int) -> Picture:
    """Return a picture of 3 to 4 with a light bar that goes down with time."""
    height = min(height_px, width_px * 4 // 3)
    width = height * 3 // 4
    bar = round(t_s * 10) % max(1, height)
    rows = (
        bytes((250, 250, 200)) * width
        if y in (bar, bar + 1)
        else b"".join(bytes((40 + 160 * x // width, 90, 40 + 160 * y // height))
                      for x in range(width))
        for y in range(height)
    )  # fmt: skip
    return Picture(width, height, b"".join(rows))
