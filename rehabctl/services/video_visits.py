"""Rooms of visits and the links into them; the visits of one group share theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.domain.video import (
    Admission,
    JoinLink,
    Picture,
    RoomPlan,
    VideoPort,
    VideoRole,
    VideoRoom,
    VideoService,
    VisitRecording,
)
from rehabctl.domain.visit import REDUCED, Channel, Visit, VisitKind, VisitStatus
from rehabctl.reference.video import VideoRules
from rehabctl.services.access import Action, require
from rehabctl.services.consents import require_consent
from rehabctl.services.identifiers import identifier
from rehabctl.services.integrations import require_enabled

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_OPEN = (VisitStatus.PLANNED, VisitStatus.IN_PROGRESS)
_HELPERS = 3
"""Besides the patients: the therapist, a second member of staff, a caregiver or interpreter."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing the rooms of a visit came to."""

    rooms: int
    at_once: bool
    """False where people stay until their links end."""


def create(
    store: Store,
    rules: VideoRules,
    port: VideoPort,
    visit_id: str,
    *,
    recording: bool = False,
    waiting: bool | None = None,
) -> VideoRoom:
    """Make the room of a visit, or return the one that it has; a group has one for all.

    Parameters
    ----------
    store
        The open store.
    rules
        When links open.
    port
        The video service.
    visit_id
        Identifier.
    recording
        Whether the therapist may record.
    waiting
        Whether patients wait to be let in; default: they do unless it is a group.

    Raises
    ------
    NotPermittedError
        The service is not enabled, or a patient does not consent to video recording.
    UsageError
        The visit is over, or a group is to be recorded.
    """
    with store.transaction() as uow:
        visit = _open_visit(uow, rules, port, visit_id)
        others = _group(uow, visit)
        if recording:
            _require_recording(uow, visit, others)
        waits = not others if waiting is None else waiting
        plan = RoomPlan(
            _name(port, visit),
            visit.planned_start_at - rules.open_before,
            visit.planned_end_at + rules.open_after,
            recording,
            waits,
            1 + len(others) + _HELPERS,
        )
        known = _room(uow, visit, port.service)
        asked = None if waiting is None else waits
        if known is not None and _same(known, plan, asked):
            uow.audit.record("video_visit.read", "visit", visit.id)
            return known
    made = port.make(plan)
    with store.transaction() as uow:
        for one in (visit, *others):
            room = VideoRoom(
                uow.new_id(),
                one.patient,
                one.id,
                port.service,
                made.room,
                made.page,
                plan.from_at,
                plan.until_at,
                recording,
                made.waiting,
            )
            uow.video.put_room(room)
            detail = {"service": port.service.value, "recording": recording}
            uow.audit.record("video_visit.create", "visit", one.id, detail)
        made_room = _room(uow, visit, port.service)
    if made_room is None:
        raise RehabctlError("the room was not kept", "Run the command again")
    return made_room


def join(
    store: Store, rules: VideoRules, port: VideoPort, visit_id: str, role: VideoRole
) -> JoinLink:
    """Return the link by which one person enters the room of a visit.

    Parameters
    ----------
    store
        The open store.
    rules
        When links open.
    port
        The video service.
    visit_id
        Identifier.
    role
        Who enters.

    Raises
    ------
    UsageError
        The visit is over or was moved, or its room was closed.
    NotFoundError
        No room was made where one has to be.
    NotPermittedError
        The room records, and the consent to it has ended.
    """
    with store.transaction() as uow:
        visit = _open_visit(uow, rules, port, visit_id)
        room = _room(uow, visit, port.service)
        if room is None and port.service is VideoService.DAILY:
            raise NotFoundError("the visit has no room", "Make it: rehabctl video-visit create ID")
        if room is not None and room.ended_at is not None:
            raise UsageError("the room was closed", "Make one: rehabctl video-visit create ID")
        opens_at = visit.planned_start_at - rules.open_before
        if room is not None and room.opens_at != opens_at and room.page:
            raise UsageError(
                "the visit was moved, and its room was not",
                "Make it anew: rehabctl video-visit create ID",
            )
        if room is not None and room.recording:
            require_consent(uow, visit.patient, ConsentScope.VIDEO_RECORDING)
        shared = visit.provider_id if role is VideoRole.THERAPIST else visit.id
        uow.audit.record("video_visit.join", "visit", visit.id, {"role": role.value})
        admission = Admission(
            room=_name(port, visit) if room is None else room.room,
            person=port.opaque(f"{role.value} {shared}"),
            role=role,
            from_at=opens_at,
            until_at=visit.planned_end_at + rules.open_after,
            page="" if room is None else room.page,
            recording=room is not None and room.recording,
            waiting=room is not None and room.waiting,
            picture=_picture(visit),
        )
    return port.link(admission)


def end(store: Store, port: VideoPort, visit_id: str) -> Closed:
    """Close the rooms of a visit, for its whole group; what was recorded there is noted first.

    Raises
    ------
    NotFoundError
        The visit has no open room.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        _require_service(uow, port)
        visit = uow.visits.get(identifier(visit_id, "a visit", "rehabctl visit list"))
        rooms = [one for one in uow.video.rooms(visit.id) if one.ended_at is None]
        rooms = [one for one in rooms if one.service is port.service]
        uow.audit.record("video_visit.end", "visit", visit.id, {"rooms": len(rooms)})
    if not rooms:
        raise NotFoundError("the visit has no open room", "Look at: rehabctl video-visit create")
    for room in rooms:
        note_recordings(store, port, visit, room)
    at_once = [port.end(room.room) for room in rooms]
    with store.transaction() as uow:
        uow.video.end_rooms([room.room for room in rooms])
        uow.audit.record("video_visit.closed", "visit", visit.id)
    return Closed(len(rooms), port.service is VideoService.DAILY or all(at_once))


def note_recordings(
    store: Store, port: VideoPort, visit: Visit, room: VideoRoom
) -> dict[str, bool]:
    """Note what was recorded in a room; return which recordings are finished."""
    if not room.recording:
        return {}
    listed = port.recordings(room.room)
    with store.transaction() as uow:
        for one in listed:
            uow.video.add_recording(
                VisitRecording(
                    uow.new_id(),
                    visit.patient,
                    visit.id,
                    port.service,
                    one.remote_id,
                    room.room,
                    one.began_at,
                    one.duration_s,
                )
            )
        uow.audit.record("video_visit.recordings", "visit", visit.id, {"count": len(listed)})
    return {one.remote_id: one.finished for one in listed}


def _open_visit(uow: UnitOfWork, rules: VideoRules, port: VideoPort, visit_id: str) -> Visit:
    require(uow, Action.WRITE_CLINICAL)
    _require_service(uow, port)
    visit = uow.visits.get(identifier(visit_id, "a visit", "rehabctl visit list"))
    if visit.status not in _OPEN or visit.planned_end_at + rules.open_after <= uow.now:
        raise UsageError("the visit is over", "Look at: rehabctl visit list")
    return visit


def _require_service(uow: UnitOfWork, port: VideoPort) -> None:
    require_enabled(uow, f"video-{port.service.value}")


def _group(uow: UnitOfWork, visit: Visit) -> list[Visit]:
    """Return the other visits of the same appointment."""
    if visit.appointment_id is None:
        return []
    ids = uow.schedule.of_appointment(visit.appointment_id)
    return [uow.visits.get(one) for one in ids if one != visit.id]


def _require_recording(uow: UnitOfWork, visit: Visit, others: list[Visit]) -> None:
    if others or visit.kind is VisitKind.GROUP:
        raise UsageError(
            "a group is not recorded", "It would put others into a patient's record: see her alone"
        )
    require_consent(uow, visit.patient, ConsentScope.VIDEO_RECORDING)


def _name(port: VideoPort, visit: Visit) -> str:
    return port.opaque(f"room {visit.appointment_id or visit.id}")


def _room(uow: UnitOfWork, visit: Visit, service: VideoService) -> VideoRoom | None:
    rooms = [one for one in uow.video.rooms(visit.id) if one.service is service]
    return rooms[-1] if rooms else None


def _same(room: VideoRoom, plan: RoomPlan, waiting: bool | None) -> bool:
    """Return whether a room is still what is asked for: the visit may have been moved."""
    times = (room.opens_at, room.closes_at) == (plan.from_at, plan.until_at)
    waits = waiting is None or waiting == room.waiting
    return room.ended_at is None and times and waits and room.recording == plan.recording


def _picture(visit: Visit) -> Picture:
    if not visit.channels or visit.channels[-1].channel is Channel.VIDEO:
        reduced = bool(visit.channels) and visit.channels[-1].picture == REDUCED
        return Picture.REDUCED if reduced else Picture.FULL
    return Picture.NONE if visit.channels[-1].channel is Channel.AUDIO else Picture.FULL


def group_size(uow: UnitOfWork, visit_id: UUID) -> int:
    """Return how many visits share the appointment of a visit."""
    return 1 + len(_group(uow, uow.visits.get(visit_id)))
