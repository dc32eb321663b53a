"""What clearinghouses hold for us: fetched, told apart by content, and each applied once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.segments import read_segments
from rehabctl.domain.claim_port import ClaimPort, Inbound
from rehabctl.domain.claim_record import FileState
from rehabctl.domain.errors import FindingsError
from rehabctl.services import coverage_answers
from rehabctl.services.access import Action, require
from rehabctl.services.claim_exchange import Incoming, acknowledge, note_file, post

if TYPE_CHECKING:
    from rehabctl.store.store import Store

_CLAIM_ACKNOWLEDGEMENT = "005010X214"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one file that was fetched."""

    name: str
    kind: str
    """TA1, 999, 277CA, 277, 271, 835, or unknown."""
    state: str
    """applied, known (its content was applied before), quarantined, or waiting (a rehearsal)."""
    claims: tuple[str, ...] = ()


def fetch(
    store: Store, port: ClaimPort, via: str, *, dry_run: bool = False
) -> Iterator[Fetched]:  # fmt: skip
    """Fetch what waits for us and apply each file once; what cannot be applied is quarantined.

    Parameters
    ----------
    store
        The open store.
    port
        The connection.
    via
        Its name.
    dry_run
        Only say what waits; nothing is kept or changed.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        known = {one.remote_id for one in uow.claims.files("in") if one.port == via}
    for inbound in port.fetch({one for one in known if one is not None}):
        if dry_run:
            yield Fetched(_printable(inbound.name), kind_of(inbound.data), "waiting")
        else:
            yield take_in(store, inbound, via)


def take_in(store: Store, inbound: Inbound, via: str | None) -> Fetched:
    """Apply one file by what it holds, never by its name."""
    inbound = replace(inbound, name=_printable(inbound.name))
    kind = kind_of(inbound.data)
    file = Incoming(inbound.name, inbound.data, via, inbound.remote_id)
    try:
        if kind in ("TA1", "999", "277CA", "277"):
            done = acknowledge(store, file)
            moved = tuple(dict.fromkeys(one.claim for one in done.moved))
            return Fetched(inbound.name, kind, "applied" if done.is_new else "known", moved)
        if kind == "835":
            paid = post(store, file)
            state = "quarantined" if paid.quarantined else "applied" if paid.is_new else "known"
            return Fetched(inbound.name, kind, state, tuple(one.claim for one in paid.posted))
        if kind == "271":
            answered = coverage_answers.take_in(store, file)
            return Fetched(inbound.name, kind, "applied" if answered else "known")
    except FindingsError:
        pass
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        note_file(store, uow, file, FileState.QUARANTINED)
        uow.audit.record("claim.quarantine", "clinic", uow.clinic.id, {"files": 1})
    return Fetched(inbound.name, kind, "quarantined")


def kind_of(data: bytes) -> str:
    """Return what kind of answer a file is by its first set, or by a TA1 that stands alone."""
    kind = "unknown"
    for segment in EnvelopeChecker().watch(read_segments(io.BytesIO(data))):
        if segment.tag == "TA1":
            kind = "TA1"
        elif segment.tag == "ST":
            kind = segment.get(1)[:3]
            if kind == "277" and segment.get(3).startswith(_CLAIM_ACKNOWLEDGEMENT):
                kind = "277CA"
            break
    return kind if kind in ("TA1", "999", "277CA", "277", "271", "835") else "unknown"


def _printable(name: str) -> str:
    """Return a foreign name as it may be shown: a terminal obeys control characters."""
    return "".join(one if one.isprintable() else "?" for one in name)[:200]
