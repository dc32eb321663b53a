"""Video visits: where they are held and who enters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class VideoService(StrEnum):
    """A video server of the clinic's own."""

    LIVEKIT = "livekit"
    JITSI = "jitsi"


class VideoRole(StrEnum):
    """Who enters a room."""

    PATIENT = "patient"
    THERAPIST = "therapist"


@dataclass(frozen=True, slots=True)
class Admission:
    """One person's right to enter one room for a time. It holds no name."""

    room: str
    person: str
    """Opaque: the same for the same person and visit."""
    role: VideoRole
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class JoinLink:
    """What opens the room."""

    room: str
    link: str
    from_at: datetime
    until_at: datetime
