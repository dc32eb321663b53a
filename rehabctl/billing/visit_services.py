"""Services of a visit from its timed blocks: minutes, who furnished them, over which channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rehabctl.billing.claim_draft import DraftFinding, ServiceFacts, draft_error
from rehabctl.domain.visit import Channel, ChannelSpan, TimedBlock


def services_of_blocks(
    blocks: Sequence[TimedBlock],
    channels: Sequence[ChannelSpan],
    assistant_spans: Sequence[tuple[datetime, datetime]] = (),
    *,
    all_by_assistant: bool = False,
) -> tuple[tuple[ServiceFacts, ...], tuple[DraftFinding, ...]]:
    """Sum the timed blocks of a visit by code, with who furnished them and over which channel.

    Parameters
    ----------
    blocks
        In any order.
    channels
        Over time; a code has the channel of most of its minutes.
    assistant_spans
        When an assistant worked without a therapist.
    all_by_assistant
        Whether the visit's own provider is an assistant.
    """
    findings: list[DraftFinding] = []
    ended = sorted((b for b in blocks if b.ended_at is not None), key=lambda b: b.started_at)
    for block in blocks:
        if block.ended_at is None:
            findings.append(
                draft_error("block-open", block.code, "a block has no end", "End the block")
            )
        elif not block.one_to_one and block.code != "97150":
            message = "a block is not one-to-one"
            findings.append(
                draft_error("not-one-to-one", block.code, message, "Record it as 97150")
            )
    busy_until: datetime | None = None
    for block in ended:
        if busy_until is not None and block.started_at < busy_until:
            message = f"a block of {block.code} overlaps another"
            findings.append(draft_error("blocks-overlap", block.code, message, "Correct the times"))
        if block.ended_at is not None:
            busy_until = max(block.ended_at, busy_until or block.ended_at)
    found: dict[str, ServiceFacts] = {}
    for code in dict.fromkeys(block.code for block in ended):
        spans = tuple((b.started_at, b.ended_at) for b in ended if b.code == code and b.ended_at)
        minutes = sum(_whole_minutes(*span) for span in spans)
        by_assistant = sum(_shared(span, other) for span in spans for other in assistant_spans)
        by_assistant = minutes if all_by_assistant else min(minutes, by_assistant)
        channel = _channel(spans, channels)
        found[code] = ServiceFacts(code, minutes - by_assistant, by_assistant, channel, spans)
    return tuple(found.values()), tuple(findings)


def distinct(
    one: Sequence[tuple[datetime, datetime]], other: Sequence[tuple[datetime, datetime]]
) -> bool:
    """Tell whether both have time-stamped blocks and none of them meets one of the other."""
    return bool(one) and bool(other) and not any(_meet(a, b) for a in one for b in other)


def _meet(one: tuple[datetime, datetime], other: tuple[datetime, datetime]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _whole_minutes(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds() // 60)


def _shared(one: tuple[datetime, datetime], other: tuple[datetime, datetime]) -> int:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return _whole_minutes(start, end) if end > start else 0


def _channel(
    spans: Sequence[tuple[datetime, datetime]], channels: Sequence[ChannelSpan]
) -> Channel:
    """Return the channel of most of the time; of equal ones that which came first."""
    seconds: dict[Channel, float] = {}
    for start, end in spans:
        for span in channels:
            until = end if span.until_at is None else min(end, span.until_at)
            shared = (until - max(start, span.from_at)).total_seconds()
            if shared > 0:
                seconds[span.channel] = seconds.get(span.channel, 0) + shared
    return max(seconds, key=lambda one: seconds[one]) if seconds else Channel.IN_PERSON
