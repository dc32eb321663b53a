"""Video visits: where they are held, who enters, and what was recorded there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol
from uuid import UUID

from rehabctl.domain.patient import PatientRef
from rehabctl.domain.review import ReviewDecision


class VideoService(StrEnum):
    """Where rooms are: a server of the clinic's own, or Daily."""

    LIVEKIT = "livekit"
    JITSI = "jitsi"
    DAILY = "daily"


class VideoRole(StrEnum):
    """Who enters a room."""

    PATIENT = "patient"
    THERAPIST = "therapist"


class Picture(StrEnum):
    """How much of the picture a link asks for."""

    FULL = "full"
    REDUCED = "reduced"
    """Fewer lines, for a weak connection."""
    NONE = "none"
    """Sound alone."""


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """What a room is to be. It holds no name."""

    name: str
    """Opaque; a service that names its rooms itself does not use it."""
    from_at: datetime
    until_at: datetime
    recording: bool = False
    waiting: bool = False
    """Whether patients wait until the therapist lets them in."""
    most_people: int = 4


@dataclass(frozen=True, slots=True)
class MadeRoom:
    """A room as its service made it."""

    room: str
    page: str
    """Address of the room, without what lets anybody in; empty where links are built here."""
    waiting: bool
    """Whether patients wait there until they are let in."""


@dataclass(frozen=True, slots=True)
class Admission:
    """One person's right to enter one room for a time. It holds no name."""

    room: str
    person: str
    """Opaque: the same for the same person and visit."""
    role: VideoRole
    from_at: datetime
    until_at: datetime
    page: str = ""
    recording: bool = False
    """Whether the therapist may start a recording."""
    waiting: bool = False
    picture: Picture = Picture.FULL


@dataclass(frozen=True, slots=True)
class JoinLink:
    """What opens the room."""

    room: str
    link: str
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class RemoteRecording:
    """A recording as its service lists it."""

    remote_id: str
    began_at: datetime
    duration_s: float | None
    finished: bool


@dataclass(frozen=True, slots=True)
class VideoRoom:
    """A room that was made for a visit."""

    id: UUID
    patient: PatientRef
    visit_id: UUID
    service: VideoService
    room: str
    page: str
    opens_at: datetime
    closes_at: datetime
    recording: bool
    waiting: bool
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VisitRecording:
    """A recording of a visit, from the day that its service told of it."""

    id: UUID
    patient: PatientRef
    visit_id: UUID
    service: VideoService
    remote_id: str
    room: str
    began_at: datetime
    duration_s: float | None = None
    recording_id: UUID | None = None
    """None until it was fetched."""
    decision: ReviewDecision | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    comment: str | None = None


class VideoPort(Protocol):
    """One video service."""

    @property
    def service(self) -> VideoService:
        """Which it is."""
        ...

    def opaque(self, text: str) -> str:
        """Return a name that nobody can guess or trace back."""
        ...

    def make(self, plan: RoomPlan) -> MadeRoom:
        """Make a room.

        Raises
        ------
        UnavailableError
            The service is away.
        UncertainError
            It may have made one; that one closes by itself.
        """
        ...

    def link(self, admission: Admission) -> JoinLink:
        """Return the link that lets one person in.

        Raises
        ------
        NotFoundError
            The room is gone.
        """
        ...

    def end(self, room: str) -> bool:
        """Close a room at once; return False where its tokens close it."""
        ...

    def recordings(self, room: str) -> Sequence[RemoteRecording]:
        """Return what was recorded in a room; nothing where the service keeps no list."""
        ...

    def film(self, remote_id: str) -> BinaryIO:
        """Open a recording; reading it fails unless it comes whole."""
        ...
