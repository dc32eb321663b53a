"""What is done when a call breaks, one rung at a time, written into the visit's channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from rehabctl.clinic import visit_log
from rehabctl.domain.errors import UsageError
from rehabctl.domain.visit import REDUCED, Channel, Visit, VisitStatus
from rehabctl.reference.fallback import FallbackStep, load_fallback
from rehabctl.reference.rules import RuleTable
from rehabctl.services import visits

if TYPE_CHECKING:
    from rehabctl.store.store import Store


class Rung(StrEnum):
    """A step down, in order."""

    PICTURE = "picture"
    """The same call with a smaller picture."""
    AUDIO = "audio"
    PHONE = "phone"
    RESCHEDULE = "reschedule"


_CHANNELS = {Rung.PICTURE: Channel.VIDEO, Rung.AUDIO: Channel.AUDIO, Rung.PHONE: Channel.PHONE}


@dataclass(frozen=True, slots=True)
class Fallen:
    """Where a visit stands after a step."""

    visit: Visit
    rung: Rung
    step: FallbackStep
    """What to do now; its command is the one that comes next."""


def fall_back(
    store: Store,
    rules: RuleTable,
    visit_id: str,
    rung: Rung | None = None,
    *,
    at: datetime | None = None,
    no_contact: bool = False,
) -> Fallen:
    """Take the next step down, or the one that is named; the visit notes when.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for a visit that ends here.
    visit_id
        Identifier.
    rung
        Which step; default the one after the visit's channel.
    at
        When; default now.
    no_contact
        Where the visit ends here: nobody spoke with the patient live.

    Raises
    ------
    UsageError
        The visit does not run, or is held in one room.
    """
    visit = visits.show(store, visit_id)
    if visit.status is VisitStatus.PLANNED and rung is Rung.RESCHEDULE:
        return Fallen(visit, rung, _step(visit, rung))
    visit_log.require_running(visit)
    wanted = rung or _next(visit)
    if wanted is Rung.RESCHEDULE:
        visit = visits.stop(store, rules, visit_id, live_contact=not no_contact, at=at)
    else:
        picture = REDUCED if wanted is Rung.PICTURE else None
        visit = visits.switch_channel(store, visit_id, _CHANNELS[wanted], at, picture)
    return Fallen(visit, wanted, _step(visit, wanted))


def _next(visit: Visit) -> Rung:
    last = visit.channels[-1]
    if last.channel is Channel.IN_PERSON:
        raise UsageError("the visit is held in one room", "Name the step with --to")
    if last.channel is Channel.VIDEO:
        return Rung.AUDIO if last.picture == REDUCED else Rung.PICTURE
    return Rung.PHONE if last.channel is Channel.AUDIO else Rung.RESCHEDULE


def _step(visit: Visit, rung: Rung) -> FallbackStep:
    step = next(one for one in load_fallback() if one.rung == rung.value)
    command = step.after.replace("ID", str(visit.id))
    if rung is Rung.RESCHEDULE and visit.status is VisitStatus.PLANNED:
        command = step.command.replace("ID", str(visit.id))
    return FallbackStep(step.channel, step.text, command, step.rung, step.after)
