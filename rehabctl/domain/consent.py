"""What a patient allows: granular, dated, revocable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class ConsentScope(StrEnum):
    """What a consent is about. Each is given and revoked on its own."""

    VIDEO_RECORDING = "video_recording"
    BODY_TRACKING = "body_tracking"
    """Deriving keypoints and movement measures from recordings or sensors."""
    DATA_SHARING = "data_sharing"
    MODEL_TRAINING = "model_training"


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent as it was given; revoking dates its end and keeps the row."""

    id: UUID
    patient: PatientRef
    scope: ConsentScope
    granted_at: datetime
    recorded_by: UUID
    given_by_contact_id: UUID | None = None
    """The proxy who gave it; None means the patient."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Return whether it allows anything at this moment.

        Parameters
        ----------
        now
            Aware time.
        """
        if self.revoked_at is not None or now < self.granted_at:
            return False
        return self.expires_at is None or now < self.expires_at
