"""Words of a visit: one contact between patient and clinic."""

from __future__ import annotations

from enum import StrEnum


class VisitKind(StrEnum):
    """What a visit is for."""

    EVALUATION = "evaluation"
    RE_EVALUATION = "re_evaluation"
    TREATMENT = "treatment"
    CHECK_IN = "check_in"
    GROUP = "group"
    RTM_REVIEW = "rtm_review"


class VisitStatus(StrEnum):
    """State of a visit."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class Channel(StrEnum):
    """How patient and clinician were in contact."""

    VIDEO = "video"
    AUDIO = "audio"
    PHONE = "phone"
    IN_PERSON = "in_person"


class ParticipantRole(StrEnum):
    """Who took part."""

    PATIENT = "patient"
    PROVIDER = "provider"
    SUPERVISOR = "supervisor"
    ASSISTANT = "assistant"
    CAREGIVER = "caregiver"
    INTERPRETER = "interpreter"
