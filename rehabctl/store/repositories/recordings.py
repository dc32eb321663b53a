"""Recordings and the keypoints made from them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.recording import KeypointsFile, Recording, RecordingKind
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain

_RECORDING = table("recording")
_KEYPOINTS = table("keypoints")


class RecordingRepository:
    """Recordings, once per patient and content."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, recording: Recording) -> Recording:
        """Add a recording and return it, or the one that the patient already has of these bytes."""
        row = owned(recording.patient, recording.id, self._now) | plain(recording)
        insert_once(self._connection, _RECORDING, row, ("patient_id", "sha256"))
        query = select(_RECORDING).where(
            _RECORDING.c.patient_id == recording.patient.id,
            _RECORDING.c.sha256 == recording.sha256,
        )
        return _recording(self._connection.execute(query).mappings().one())

    def get(self, recording_id: UUID) -> Recording:
        """Return a recording."""
        query = select(_RECORDING).where(_RECORDING.c.id == recording_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError("the recording does not exist", "Look at: rehabctl patient show")
        return _recording(row)

    def set_stored(self, recording_id: UUID, *, stored: bool, keep_until: datetime | None) -> None:
        """Note whether the bytes are in the blob store, and until when they are kept."""
        self._connection.execute(
            update(_RECORDING)
            .where(_RECORDING.c.id == recording_id)
            .values(stored=stored, keep_until=keep_until)
        )

    def expired(self, limit: int) -> tuple[Recording, ...]:
        """Return stored recordings whose time has passed."""
        query = select(_RECORDING).where(
            _RECORDING.c.keep_until <= self._now, _RECORDING.c.stored.is_(True)
        )
        query = query.order_by(_RECORDING.c.keep_until, _RECORDING.c.id).limit(limit)
        return tuple(_recording(row) for row in self._connection.execute(query).mappings())

    def add_keypoints(self, keypoints: KeypointsFile) -> KeypointsFile:
        """Add keypoints and return them, or those that exist of this model and these options."""
        row = owned(keypoints.patient, keypoints.id, self._now) | plain(keypoints)
        keys = ("recording_id", "model_sha256", "options_sha256")
        insert_once(self._connection, _KEYPOINTS, row, keys)
        query = select(_KEYPOINTS).where(*(_KEYPOINTS.c[k] == row[k] for k in keys))
        return _keypoints(self._connection.execute(query).mappings().one())

    def keypoints(self, keypoints_id: UUID) -> KeypointsFile:
        """Return the entry of one keypoints file."""
        query = select(_KEYPOINTS).where(_KEYPOINTS.c.id == keypoints_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError("the keypoints do not exist", "Analyse the recording again")
        return _keypoints(row)


def _recording(row: RowMapping) -> Recording:
    return build(Recording, row, patient=owner(row), kind=RecordingKind(row["kind"]))


def _keypoints(row: RowMapping) -> KeypointsFile:
    return build(KeypointsFile, row, patient=owner(row))
