"""How a visit goes: it starts, changes its channel, times its codes, and ends.

Each function returns the changed visit, or raises `UsageError` with what does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from rehabctl.domain.errors import UsageError
from rehabctl.domain.visit import Channel, ChannelSpan, Participant, TimedBlock, Visit, VisitStatus


def start(
    visit: Visit,
    at: datetime,
    channel: Channel,
    patient_state: str | None,
    participants: Sequence[Participant],
) -> Visit:
    """Start a planned visit.

    Parameters
    ----------
    visit
        As planned.
    at
        Real start.
    channel
        By which it begins.
    patient_state
        Where the patient said that she is; needed unless both are in one room.
    participants
        Who is there.
    """
    if visit.status is not VisitStatus.PLANNED:
        raise UsageError(f"the visit is {_words(visit.status)}", "Only a planned visit starts")
    if patient_state is None and channel is not Channel.IN_PERSON:
        raise UsageError(
            "the patient's present state is not given", "Ask her where she is and give --state CO"
        )
    return replace(
        visit,
        status=VisitStatus.IN_PROGRESS,
        started_at=at,
        patient_state=patient_state,
        location_confirmed_at=at if patient_state else None,
        channels=(ChannelSpan(channel, at),),
        participants=tuple(replace(p, joined_at=at) for p in participants),
    )


def switch_channel(
    visit: Visit, at: datetime, channel: Channel, picture: str | None = None
) -> Visit:
    """Go on by another channel, or with another picture, from a moment on."""
    require_running(visit)
    spans = visit.channels
    if spans and (spans[-1].channel, spans[-1].picture) == (channel, picture):
        return visit
    _require_after(at, [span.from_at for span in spans], "the channel before began")
    span = ChannelSpan(channel, at, picture=picture)
    return replace(visit, channels=(*_closed_spans(spans, at), span))


def begin_block(visit: Visit, at: datetime, code: str, *, one_to_one: bool) -> Visit:
    """Time a procedure code from a moment on; the code before ends there."""
    require_running(visit)
    starts = [block.started_at for block in visit.blocks]
    ends = [block.ended_at for block in visit.blocks if block.ended_at is not None]
    _require_after(at, [*starts, *ends, *_start(visit)], "the time before it ends")
    block = TimedBlock(code, at, one_to_one=one_to_one)
    return replace(visit, blocks=(*_closed_blocks(visit.blocks, at), block))


def stop(visit: Visit, at: datetime, *, live_contact: bool) -> Visit:
    """End a visit, with the channel and the code that still run."""
    require_running(visit)
    moments = [span.from_at for span in visit.channels]
    moments += [block.started_at for block in visit.blocks]
    moments += [block.ended_at for block in visit.blocks if block.ended_at is not None]
    _require_after(at, [*moments, *_start(visit)], "the visit's own times")
    return replace(
        visit,
        status=VisitStatus.COMPLETED,
        ended_at=at,
        live_contact=live_contact,
        channels=_closed_spans(visit.channels, at),
        blocks=_closed_blocks(visit.blocks, at),
        participants=tuple(replace(p, left_at=p.left_at or at) for p in visit.participants),
    )


def cancel(visit: Visit, reason: str, *, no_show: bool) -> Visit:
    """Cancel a planned visit, or note that the patient did not come."""
    if visit.status is not VisitStatus.PLANNED:
        raise UsageError(
            f"the visit is {_words(visit.status)}", "Only a planned visit is cancelled"
        )
    status = VisitStatus.NO_SHOW if no_show else VisitStatus.CANCELLED
    return replace(visit, status=status, cancel_reason=reason)


def require_running(visit: Visit) -> None:
    """Check that a visit is being held."""
    if visit.status is not VisitStatus.IN_PROGRESS:
        raise UsageError(
            f"the visit is {_words(visit.status)}", "Start it first: rehabctl visit start ID"
        )


def _require_after(at: datetime, moments: Sequence[datetime], what: str) -> None:
    if any(at < moment for moment in moments):
        raise UsageError(f"the time lies before {what}", "Check --at")


def _start(visit: Visit) -> list[datetime]:
    return [] if visit.started_at is None else [visit.started_at]


def _closed_spans(spans: Sequence[ChannelSpan], at: datetime) -> tuple[ChannelSpan, ...]:
    return tuple(replace(s, until_at=at) if s.until_at is None else s for s in spans)


def _closed_blocks(blocks: Sequence[TimedBlock], at: datetime) -> tuple[TimedBlock, ...]:
    return tuple(replace(b, ended_at=at) if b.ended_at is None else b for b in blocks)


def _words(status: VisitStatus) -> str:
    return status.value.replace("_", " ")
