"""Links into the room of a visit; the visits of one group share theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rehabctl.domain.errors import UsageError
from rehabctl.domain.video import Admission, JoinLink, VideoRole
from rehabctl.domain.visit import VisitStatus
from rehabctl.reference.video import VideoRules
from rehabctl.services.access import Action, require
from rehabctl.services.identifiers import identifier

if TYPE_CHECKING:
    from rehabctl.store.store import Store

_OPEN = (VisitStatus.PLANNED, VisitStatus.IN_PROGRESS)


class Rooms(Protocol):
    """A video server."""

    def opaque(self, text: str) -> str:
        """Return a name that nobody can guess."""
        ...

    def link(self, admission: Admission) -> JoinLink:
        """Return the link that lets one person in."""
        ...


def join(store: Store, rules: VideoRules, rooms: Rooms, visit_id: str, role: VideoRole) -> JoinLink:
    """Return the link by which one person enters the room of a visit.

    Parameters
    ----------
    store
        The open store.
    rules
        When links open.
    rooms
        The video server.
    visit_id
        Identifier.
    role
        Who enters.

    Raises
    ------
    UsageError
        The visit is over.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        visit = uow.visits.get(identifier(visit_id, "a visit", "rehabctl visit list"))
        until_at = visit.planned_end_at + rules.open_after
        if visit.status not in _OPEN or until_at <= uow.now:
            raise UsageError("the visit is over", "Look at: rehabctl visit list")
        shared = visit.provider_id if role is VideoRole.THERAPIST else visit.id
        uow.audit.record("video_visit.join", "visit", visit.id, {"role": role.value})
        return rooms.link(
            Admission(
                room=rooms.opaque(f"room {visit.appointment_id or visit.id}"),
                person=rooms.opaque(f"{role.value} {shared}"),
                role=role,
                from_at=visit.planned_start_at - rules.open_before,
                until_at=until_at,
            )
        )
