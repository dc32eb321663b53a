"""Recordings of video visits: fetched by consent, stored encrypted and once, put up for review."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from datetime import datetime
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from uuid import UUID

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.recording import Recording, RecordingKind
from rehabctl.domain.review import NOT_MEASURED, ReviewData, ReviewDecision
from rehabctl.domain.video import VideoPort, VideoService, VisitRecording
from rehabctl.domain.visit import Visit, VisitKind
from rehabctl.services.access import Action, require
from rehabctl.services.consents import require_consent
from rehabctl.services.identifiers import identifier
from rehabctl.services.integrations import require_enabled
from rehabctl.services.video_visits import group_size, note_recordings

if TYPE_CHECKING:
    from rehabctl.store.files import BlobStore
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

EXERCISE = "video-visit"
"""What a visit's recording says in place of an exercise."""
_READ_BYTES = 1 << 20
_NOBODY = ((nan, nan),) * 33


@dataclass(frozen=True, slots=True)
class RecordingLine:
    """One recording of a visit, and how far it has come."""

    id: UUID
    remote_id: str
    began_at: datetime
    duration_s: float | None
    state: str
    """in_progress, remote, stored, destroyed or reviewed."""
    sha256: str | None


def listed(store: Store, port: VideoPort, visit_id: str) -> list[RecordingLine]:
    """Return the recordings of a visit, as its service and this store know them.

    Parameters
    ----------
    store
        The open store.
    port
        The video service.
    visit_id
        Identifier.
    """
    visit, finished = _known(store, port, visit_id)
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        lines = [_line(uow, one, finished) for one in uow.video.of_visit(visit.id)]
        uow.audit.record("visit_recording.list", "visit", visit.id, {"count": len(lines)})
        return lines


def fetch(store: Store, port: VideoPort, visit_id: str) -> list[RecordingLine]:
    """Store what was recorded and is finished, each once; then return the list.

    A film is believed when it came whole and reads back by its SHA-256; one that does not is not
    stored, and the others are.

    Raises
    ------
    NotPermittedError
        The patient has not consented to video recording, or no longer does.
    RehabctlError
        A film did not come whole.
    """
    visit, finished = _known(store, port, visit_id)
    failed: RehabctlError | None = None
    with store.transaction() as uow:
        _require_allowed(uow, visit)
        uow.audit.record("visit_recording.fetch", "visit", visit.id)
        missing = [one for one in uow.video.of_visit(visit.id) if one.recording_id is None]
        missing = [one for one in missing if one.service is port.service]
    for one in missing:
        if not finished.get(one.remote_id, True):
            continue
        try:
            _store(store, visit, one, port.film(one.remote_id))
        except RehabctlError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return listed(store, port, visit_id)


def take(store: Store, service: VideoService, visit_id: str, film: Path) -> UUID:
    """Store a file that the clinic's own server recorded, once; return the recording's identifier.

    Raises
    ------
    NotPermittedError
        The patient has not consented to video recording.
    RehabctlError
        The file cannot be read, or is empty.
    UsageError
        It was stored as the film of another visit.
    """
    with store.transaction() as uow:
        visit = _visit(uow, visit_id)
        _require_allowed(uow, visit)
        uow.audit.record("visit_recording.take", "visit", visit.id)
        one = VisitRecording(
            uow.new_id(),
            visit.patient,
            visit.id,
            service,
            "",
            "",
            visit.started_at or visit.planned_start_at,
        )
    try:
        with film.open("rb") as source:
            return _store(store, visit, one, source)
    except OSError as error:
        raise RehabctlError(f"cannot read {film.name}: {error.strerror}", "Check it") from None


def waiting(store: Store, limit: int) -> list[tuple[str, VisitRecording]]:
    """Return what nobody has looked at, with record numbers."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        found = uow.video.waiting(limit)
        rows = [(uow.patients.by_id(one.patient.id).mrn, one) for one in found]
        uow.audit.read("visit_recording.waiting", "visit_recording", [one.id for one in found])
        return rows


def decide(
    uow: UnitOfWork, found: UUID, decision: ReviewDecision, comment: str | None
) -> VisitRecording:
    """Store what a clinician decided about a recording, inside a transaction.

    Raises
    ------
    NotFoundError
        There is none with this identifier.
    """
    one = uow.video.recording(found)
    uow.video.decide(one.id, decision, comment, uow.user.id)
    detail = {"decision": decision.value}
    uow.audit.record("review.decide", "visit_recording", one.id, detail)
    return one


def load(uow: UnitOfWork, found: UUID, following: str | None) -> ReviewData:
    """Return a recording as the review screen shows it, inside a transaction: a film by the second.

    Parameters
    ----------
    uow
        The transaction.
    found
        Identifier of the recording of a visit.
    following
        What waits for review after it.

    Raises
    ------
    NotFoundError
        There is none with this identifier.
    """
    one = uow.video.recording(found)
    patient = uow.patients.by_id(one.patient.id)
    stored = one.recording_id and uow.recordings.get(one.recording_id)
    seconds = range(int(one.duration_s or _length_s(uow.visits.get(one.visit_id))) + 1)
    uow.audit.record("review.read", "visit_recording", one.id)
    return ReviewData(
        assessment_id=str(one.id),
        mrn=patient.mrn,
        name=patient.demographics.display_name,
        exercise=EXERCISE,
        recorded_at=one.began_at,
        status=NOT_MEASURED,
        confidence=0.0,
        reasons=(),
        t_s=tuple(float(t) for t in seconds),
        landmarks_px=[_NOBODY] * len(seconds),
        motion="",
        side="",
        angle_deg=(None,) * len(seconds),
        target_deg=None,
        repetitions=(),
        decision=one.decision,
        comment=one.comment,
        next_assessment_id=following,
        has_film=bool(stored and stored.stored),
    )


def _length_s(visit: Visit) -> float:
    """Return how long a visit was: what the clinic's own server recorded does not say it."""
    if visit.started_at is None or visit.ended_at is None:
        return 0.0
    return (visit.ended_at - visit.started_at).total_seconds()


def _known(store: Store, port: VideoPort, visit_id: str) -> tuple[Visit, dict[str, bool]]:
    """Return a visit and, after asking the service, which recordings are finished there."""
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        require_enabled(uow, f"video-{port.service.value}")
        visit = _visit(uow, visit_id)
        rooms = [one for one in uow.video.rooms(visit.id) if one.service is port.service]
        uow.audit.record("visit_recording.ask", "visit", visit.id)
    finished: dict[str, bool] = {}
    for room in rooms:
        finished |= note_recordings(store, port, visit, room)
    return visit, finished


def _visit(uow: UnitOfWork, visit_id: str) -> Visit:
    return uow.visits.get(identifier(visit_id, "a visit", "rehabctl visit list"))


def _require_allowed(uow: UnitOfWork, visit: Visit) -> None:
    require(uow, Action.WRITE_CLINICAL)
    require_consent(uow, visit.patient, ConsentScope.VIDEO_RECORDING)
    if visit.kind is VisitKind.GROUP or group_size(uow, visit.id) > 1:
        raise UsageError("a group is not recorded", "It would show others in a patient's record")


class _Counted(io.RawIOBase):
    """A film that says at its end how long it was, and whether it is stored already."""

    def __init__(self, blobs: BlobStore, source: BinaryIO) -> None:
        self._blobs, self._source = blobs, source
        self._digest = hashlib.sha256()
        self.size = 0
        self.was_there = False

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        piece = self._source.read(size)
        self._digest.update(piece)
        self.size += len(piece)
        if not piece:
            if not self.size:
                raise RehabctlError("the film is empty", "Look where it comes from")
            self.was_there = self._blobs.exists(self._digest.hexdigest())
        return piece


def _store(store: Store, visit: Visit, one: VisitRecording, film: BinaryIO) -> UUID:
    """Store a film whole, or nothing: bytes first, encrypted, then the record of them."""
    blobs = store.blobs
    with film:
        counted = _Counted(blobs, film)
        sha256 = blobs.put(cast("BinaryIO", counted), kind="video")
    try:
        _read_back(blobs, sha256, counted.size)
        with store.transaction() as uow:
            _require_allowed(uow, visit)  # a consent may end while a film comes
            return _record(uow, visit, one, sha256, counted.size)
    except RehabctlError:
        if not counted.was_there:
            blobs.delete(sha256)
        raise


def _read_back(blobs: BlobStore, sha256: str, size: int) -> None:
    """Read a film as it lies in the store: every chunk and its SHA-256 are verified by that."""
    with blobs.open(sha256) as again:
        while block := again.read(_READ_BYTES):
            size -= len(block)
    if size:
        raise RehabctlError("the film changed while it was stored", "Run the command again")


def _record(uow: UnitOfWork, visit: Visit, one: VisitRecording, sha256: str, size: int) -> UUID:
    known = uow.video.add_recording(replace(one, remote_id=one.remote_id or f"sha256:{sha256}"))
    if known.visit_id != visit.id:
        raise UsageError("the film belongs to another visit", "Check the visit")
    if known.recording_id is None:
        recording = uow.recordings.add(
            Recording(
                uow.new_id(),
                visit.patient,
                RecordingKind.VIDEO,
                sha256,
                size,
                one.began_at,
                EXERCISE,
                one.duration_s,
                device=one.service.value,
            )
        )
        uow.recordings.set_stored(recording.id, stored=True, keep_until=None)
        uow.video.set_stored(known.id, recording.id)
    detail = {"service": one.service.value, "sha256": sha256}
    uow.audit.record("visit_recording.store", "visit", visit.id, detail)
    return known.id


def _line(uow: UnitOfWork, one: VisitRecording, finished: dict[str, bool]) -> RecordingLine:
    sha256 = None
    if one.recording_id is None:
        state = "remote" if finished.get(one.remote_id, True) else "in_progress"
    else:
        stored = uow.recordings.get(one.recording_id)
        sha256 = stored.sha256
        state = "stored" if one.decision is None else "reviewed"
        state = state if stored.stored else "destroyed"
    return RecordingLine(one.id, one.remote_id, one.began_at, one.duration_s, state, sha256)
