"""Rooms of video visits, and the recordings that were made in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.review import ReviewDecision
from rehabctl.domain.video import VideoRoom, VideoService, VisitRecording
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain, upsert, word

_ROOM = table("video_room")
_RECORDING = table("visit_recording")


class VideoRepository:
    """Rooms by visit, and recordings once by their service's identifier."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def put_room(self, room: VideoRoom) -> None:
        """Add a room, or replace what was noted about it."""
        row = owned(room.patient, room.id, self._now) | plain(room)
        changed = ("page", "opens_at", "closes_at", "recording", "waiting", "ended_at")
        upsert(self._connection, _ROOM, [row], ("visit_id", "room"), changed)

    def rooms(self, visit_id: UUID) -> tuple[VideoRoom, ...]:
        """Return the rooms of a visit, the newest last."""
        query = select(_ROOM).where(_ROOM.c.visit_id == visit_id)
        query = query.order_by(_ROOM.c.created_at, _ROOM.c.id)
        return tuple(
            build(VideoRoom, row, patient=owner(row), service=VideoService(row["service"]))
            for row in self._connection.execute(query).mappings()
        )

    def end_rooms(self, rooms: Sequence[str]) -> None:
        """Note that rooms are closed, for every visit that was held in them."""
        statement = update(_ROOM).where(_ROOM.c.room.in_(rooms), _ROOM.c.ended_at.is_(None))
        self._connection.execute(statement.values(ended_at=self._now))

    def add_recording(self, recording: VisitRecording) -> VisitRecording:
        """Add a recording and return it, or the one that is known by this identifier."""
        row = owned(recording.patient, recording.id, self._now) | plain(recording)
        insert_once(self._connection, _RECORDING, row, ("clinic_id", "service", "remote_id"))
        c = _RECORDING.c
        [found] = self._read(
            c.clinic_id == recording.patient.clinic_id,
            c.service == recording.service.value,
            c.remote_id == recording.remote_id,
        )
        return found

    def of_visit(self, visit_id: UUID) -> tuple[VisitRecording, ...]:
        """Return the recordings of a visit, oldest first."""
        return self._read(_RECORDING.c.visit_id == visit_id)

    def recording(self, visit_recording_id: UUID) -> VisitRecording:
        """Return one.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        found = self._read(_RECORDING.c.id == visit_recording_id)
        if not found:
            raise NotFoundError("there is no such recording", "Look at: rehabctl review list")
        return found[0]

    def waiting(self, limit: int) -> tuple[VisitRecording, ...]:
        """Return the stored recordings that nobody has looked at, oldest first."""
        c = _RECORDING.c
        return self._read(c.recording_id.is_not(None), c.decision.is_(None), limit=limit)

    def set_stored(self, visit_recording_id: UUID, recording_id: UUID) -> None:
        """Note as which recording it was stored."""
        self._set(visit_recording_id, recording_id=recording_id)

    def decide(
        self, visit_recording_id: UUID, decision: ReviewDecision, comment: str | None, by: UUID
    ) -> None:
        """Store a clinician's decision; a later one replaces it."""
        self._set(
            visit_recording_id,
            decision=decision.value,
            comment=comment,
            decided_by=by,
            decided_at=self._now,
        )

    def _set(self, visit_recording_id: UUID, **values: Any) -> None:
        statement = update(_RECORDING).where(_RECORDING.c.id == visit_recording_id)
        self._connection.execute(statement.values(values))

    def _read(self, *conditions: Any, limit: int | None = None) -> tuple[VisitRecording, ...]:
        query = select(_RECORDING).where(*conditions)
        query = query.order_by(_RECORDING.c.began_at, _RECORDING.c.id).limit(limit)
        return tuple(_recording(row) for row in self._connection.execute(query).mappings())


def _recording(row: RowMapping) -> VisitRecording:
    return build(
        VisitRecording,
        row,
        patient=owner(row),
        service=VideoService(row["service"]),
        decision=word(ReviewDecision, row["decision"]),
    )
