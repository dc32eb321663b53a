"""Labels, remarks and films of recordings, as the panel's review screen asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehabctl.domain.film import Picture
from rehabctl.domain.review import RepetitionLabel, ReviewRemark
from rehabctl.services import repetition_labels, review

if TYPE_CHECKING:
    from rehabctl.services.films import Films
    from rehabctl.store.store import Store


@dataclass(frozen=True)
class RecordingReview:
    """The review's part of the panel's port."""

    store: Store
    films: Films

    def label(self, assessment_id: str, repetition: int, label: RepetitionLabel) -> None:
        """Label one repetition."""
        found = review.assessment_uuid(assessment_id)
        repetition_labels.label(self.store, found, {repetition: label})

    def remark(self, assessment_id: str, remark: ReviewRemark) -> None:
        """Store what was seen at one moment."""
        review.comment(
            self.store,
            assessment_id,
            at_s=remark.at_s,
            body=remark.text,
            landmark=remark.landmark,
            joint=remark.joint,
        )

    def frame(self, assessment_id: str, t_s: float, width_px: int, height_px: int) -> Picture:
        """Return one frame of the film."""
        return self.films.frame(assessment_id, t_s, width_px, height_px)

    def show_outside(self, assessment_id: str) -> None:
        """Open the film outside."""
        self.films.show_outside(assessment_id)

    def forget_film(self) -> None:
        """Delete the decrypted copies."""
        self.films.forget()
