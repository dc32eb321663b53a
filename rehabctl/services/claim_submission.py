"""Claims leave: each file once, its bytes and number written down before anything is sent."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rehabctl.billing.x12.findings import Severity
from rehabctl.domain.claim_port import Arrival, ClaimPort, Outbound, Receipt, UncertainError
from rehabctl.domain.claim_record import ClaimFile, ClaimRecord, ClaimState, FileState
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import (
    FindingsError,
    NotFoundError,
    RehabctlError,
    UnavailableError,
    UsageError,
)
from rehabctl.services.access import Action, require
from rehabctl.services.billing_settings import clinic_of, payers_of, port_named
from rehabctl.services.claim_drafts import check_bytes, file_bytes, local_now
from rehabctl.services.claim_inbox import take_in

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_WAITING = (FileState.PREPARED, FileState.STAGING, FileState.RELEASING, FileState.UNCERTAIN)
_ATTEMPT = timedelta(minutes=3)
"""An attempt that is younger may still be under way; ports give up well before."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A file that left."""

    name: str
    sha256: str
    claims: tuple[str, ...]
    remote_id: str = ""
    answers: tuple[str, ...] = ()
    """Names of answers that came at once and were kept."""


def submit(store: Store, port: ClaimPort, via: str | None = None) -> Iterator[Submitted]:
    """Send every claim that is ready, by payer. What was cut short before goes first.

    A file and its number are written down before it leaves. An attempt that was cut is looked into
    before anything is sent again, so that a file is neither lost nor sent twice.

    Parameters
    ----------
    store
        The open store.
    port
        Where they go.
    via
        The connection's name; None is a folder of this machine.

    Raises
    ------
    FindingsError
        A file has findings that stand against sending it; nothing of it was changed.
    UncertainError
        What became of a file is not known.
    """
    yield from _finish(store, port, via)
    with store.transaction() as uow:
        for claims in _files_to_make(uow, port, via):
            number, data = _checked(uow, claims)
            _write_down(store, uow, claims, number, data, via)
    yield from _finish(store, port, via)


def _finish(store: Store, port: ClaimPort, via: str | None) -> Iterator[Submitted]:
    """Hand over what is written down and was not sent, the oldest first."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        waiting = [one for one in uow.claims.files("out", *_WAITING) if one.port == via]
    for file in waiting:
        yield hand_over(store, port, file)


def rehearse(store: Store, port: ClaimPort, via: str | None = None) -> tuple[Submitted, ...]:
    """Say what `submit` would send now; nothing is written and nothing leaves."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        waiting = [one for one in uow.claims.files("out", *_WAITING) if one.port == via]
        found = [Submitted(one.name, one.sha256, _numbers(uow, one)) for one in waiting]
        for offset, claims in enumerate(_files_to_make(uow, port, via)):
            number, data = _checked(uow, claims, offset)
            name = file_name(clinic_of(uow).sender_id, number)
            numbers = tuple(one.control_number for one in claims)
            found.append(Submitted(name, _sha256(data), numbers))
        return tuple(found)


def settle(store: Store, name: str, *, arrived: bool) -> None:
    """Say for a file whose handing over was cut whether the clearinghouse has it.

    Parameters
    ----------
    store
        The open store.
    name
        Of the file.
    arrived
        As the clearinghouse said; a file that did not arrive is sent by the next run.

    Raises
    ------
    NotFoundError
        There is no such file.
    UsageError
        What became of it is known.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        found = [one for one in uow.claims.files("out") if one.name == name]
        if not found:
            raise NotFoundError("no file of that name was made", "Look at: rehabctl claim files")
        if found[0].state is not FileState.UNCERTAIN:
            raise UsageError(f"{name} is {found[0].state.value}", "Nothing needs to be settled")
        state = FileState.SENT if arrived else FileState.PREPARED
        uow.claims.move_file(found[0], state)
        uow.audit.record("claim.settle", "claim_file", found[0].id, {"arrived": arrived})


def files(store: Store) -> tuple[ClaimFile, ...]:
    """Return the files that left and came, oldest first."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        found = (*uow.claims.files("out"), *uow.claims.files("in"))
        uow.audit.read("claim.files", "claim_file", [one.id for one in found])
        return tuple(sorted(found, key=lambda one: (one.created_at, one.id)))


def keep_secret(store: Store, name: str, secret: str) -> None:
    """Put the secret of a connection into the keyring.

    Raises
    ------
    NotFoundError
        There is no such connection.
    NotPermittedError
        There is no keyring.
    """
    from rehabctl.store import credentials

    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        port_named(uow, name)
        uow.audit.record("claim.secret", "clinic", uow.clinic.id)
    credentials.store(name, store.database_id, secret)


def _files_to_make(
    uow: UnitOfWork, port: ClaimPort, via: str | None
) -> Iterator[Sequence[ClaimRecord]]:
    """Yield the claims of each new file: of one payer, and of payers that use this connection."""
    elsewhere = {one.key: one.port for one in payers_of(uow)}  # the newest rules come last
    ready: dict[str, list[ClaimRecord]] = {}
    for claim in uow.claims.of_state(ClaimState.READY):
        if elsewhere.get(claim.payer, "") in ("", via):
            ready.setdefault(claim.payer, []).append(claim)
    for claims in ready.values():
        most = port.claims_a_file or len(claims)
        for start in range(0, len(claims), most):
            yield claims[start : start + most]


def _checked(
    uow: UnitOfWork, claims: Sequence[ClaimRecord], offset: int = 0
) -> tuple[int, bytes]:  # fmt: skip
    clinic, now = clinic_of(uow), local_now(uow)
    number = next_number(uow) + offset
    data = file_bytes(clinic, claims, number, now, is_test=False)
    days = min(int(one.document["payer"]["timely_filing_days"]) for one in claims)
    checked = check_bytes(data, now.date(), days)
    if not checked.ok:
        errors = sum(one.severity is Severity.ERROR for one in checked.findings)
        raise FindingsError(
            f"the file for {claims[0].payer} has {counted(errors, 'error')}",
            "Correct the claims first",
        )
    return number, data


def _write_down(
    store: Store, uow: UnitOfWork, claims: Sequence[ClaimRecord], number: int, data: bytes,
    via: str | None,
) -> None:  # fmt: skip
    sha256 = store.blobs.put(io.BytesIO(data), kind="claim_file")
    name = file_name(clinic_of(uow).sender_id, number)
    file = ClaimFile(
        uow.new_id(), "out", FileState.PREPARED, name, sha256, uow.now, number, port=via
    )
    uow.claims.add_file(file)
    for claim in claims:
        uow.claims.move(claim, ClaimState.SUBMITTED, "837P", file_id=file.id)
    uow.audit.record("claim.submit", "claim_file", file.id, {"claims": len(claims)})


def hand_over(store: Store, port: ClaimPort, file: ClaimFile) -> Submitted:
    """Hand over one file that was written down, unless the other side has it."""
    data = store.blobs.read(file.sha256)
    outbound = Outbound(file.name, str(file.id), data, file.created_at)
    now = store.clock()
    under_way = file.state in (FileState.STAGING, FileState.RELEASING)
    if under_way and file.tried_at is not None and now - file.tried_at < _ATTEMPT:
        raise UnavailableError(
            f"{file.name} may be being sent right now", "Run the command again in three minutes"
        )
    if file.state in (FileState.RELEASING, FileState.UNCERTAIN):
        file = _move(store, file, FileState.UNCERTAIN)
        arrival = port.arrival(outbound, now)
        if arrival is Arrival.THERE:
            return _note_sent(store, file, Receipt())
        if arrival is Arrival.UNKNOWN:
            raise UncertainError(
                f"whether {file.name} arrived is not known",
                f"Ask the clearinghouse, then: rehabctl claim settle {file.name} --arrived, or "
                "--not-arrived",
            )
    file = _move(store, file, FileState.STAGING, tried_at=now)
    try:
        port.stage(outbound)
    except RehabctlError:
        _move(store, file, FileState.PREPARED)
        raise
    file = _move(store, file, FileState.RELEASING)
    try:
        receipt = port.release(outbound)
    except UncertainError:
        _move(store, file, FileState.UNCERTAIN)
        raise
    except RehabctlError:  # it was not taken
        _move(store, file, FileState.PREPARED)
        raise
    answers = tuple(take_in(store, one, file.port).name for one in receipt.answers)
    return replace(_note_sent(store, file, receipt), answers=answers)


def _note_sent(store: Store, file: ClaimFile, receipt: Receipt) -> Submitted:
    with store.transaction() as uow:
        uow.claims.move_file(file, FileState.SENT, remote_id=receipt.remote_id or None)
        numbers = _numbers(uow, file)
        uow.audit.record("claim.sent", "claim_file", file.id, {"claims": len(numbers)})
    return Submitted(file.name, file.sha256, numbers, receipt.remote_id)


def _move(store: Store, file: ClaimFile, state: FileState, **facts: object) -> ClaimFile:
    with store.transaction() as uow:
        return uow.claims.move_file(file, state, **facts)


def _numbers(uow: UnitOfWork, file: ClaimFile) -> tuple[str, ...]:
    return tuple(one.control_number for one in uow.claims.of_file(file.id))


def file_name(sender_id: str, number: int, kind: str = "837") -> str:
    """Return the name under which a file leaves."""
    return f"{sender_id}_{number:09d}_P.{kind}"


def next_number(uow: UnitOfWork) -> int:
    """Return the control number of the next file: of claims and of questions alike."""
    return max((one.control_number or 0 for one in uow.claims.files("out")), default=0) + 1


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()
