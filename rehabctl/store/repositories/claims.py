"""Claims with their events, files and postings, and what the clinic imported for billing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from rehabctl.domain.claim import Frequency
from rehabctl.domain.claim_record import (
    NEXT_STATES,
    ClaimEvent,
    ClaimFile,
    ClaimPosting,
    ClaimRecord,
    ClaimState,
    FileState,
    SettingKind,
)
from rehabctl.domain.errors import NotFoundError
from rehabctl.store.errors import ConflictError
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain, upsert

_CLAIM = table("claim")
_EVENT = table("claim_event")
_FILE = table("claim_file")
_POSTING = table("claim_posting")
_SETTING = table("billing_setting")


class ClaimRepository:
    """Claims of one clinic. Documents, events, files and postings are never changed."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def next_number(self) -> int:
        """Return the number of the next claim."""
        query = select(func.count()).where(_CLAIM.c.clinic_id == self._clinic_id)
        return int(self._connection.execute(query).scalar_one()) + 1

    def add(self, claim: ClaimRecord, cause: str) -> None:
        """Add a claim with its first event.

        Raises
        ------
        ConflictError
            Its number exists, or the claim that it replaces was replaced already.
        """
        row = owned(claim.patient, claim.id, self._now) | plain(claim)
        try:
            self._connection.execute(insert(_CLAIM).values(row))
        except IntegrityError:
            raise ConflictError(
                "the claim exists or was corrected already", "Look at: rehabctl claim list"
            ) from None
        self._event(claim, claim.state, cause, ())

    def move(
        self, claim: ClaimRecord, state: ClaimState, cause: str, codes: Sequence[str] = (),
        *, payer_reference: str | None = None, file_id: UUID | None = None,
    ) -> ClaimRecord:  # fmt: skip
        """Move a claim along an arrow of its life; an answer that fits none is noted only.

        Parameters
        ----------
        claim
            As it was read.
        state
            Where it is to go.
        cause, codes
            Why, for its history.
        payer_reference
            The payer's number of it, when known.
        file_id
            The file in which it was sent.
        """
        if state not in NEXT_STATES[claim.state]:
            self._event(claim, claim.state, cause, codes)
            state = claim.state
        else:
            self._event(claim, state, cause, codes)
        moved = replace(
            claim,
            state=state,
            payer_reference=payer_reference or claim.payer_reference,
            file_id=file_id or claim.file_id,
        )
        values = {
            "state": state.value,
            "payer_reference": moved.payer_reference,
            "file_id": moved.file_id,
        }
        c = _CLAIM.c
        statement = update(_CLAIM).where(c.id == claim.id, c.state == claim.state.value)
        if self._connection.execute(statement.values(values)).rowcount != 1:
            raise ConflictError("the claim was changed by somebody else", "Read it again")
        return moved

    def _event(
        self, claim: ClaimRecord, state: ClaimState, cause: str, codes: Sequence[str]
    ) -> None:
        row = owned(claim.patient, new_id(), self._now) | {
            "claim_id": claim.id,
            "at": self._now,
            "state": state.value,
            "cause": cause,
            "codes": list(codes),
        }
        self._connection.execute(insert(_EVENT).values(row))

    def get(self, control_number: str) -> ClaimRecord:
        """Return a claim by its number.

        Raises
        ------
        NotFoundError
            There is none.
        """
        found = self.find([control_number]).get(control_number)
        if found is None:
            raise NotFoundError("the claim does not exist", "Look at: rehabctl claim list")
        return found

    def find(self, control_numbers: Sequence[str]) -> dict[str, ClaimRecord]:
        """Return the claims with these numbers, by number."""
        c = _CLAIM.c
        found = self._read(c.control_number.in_(control_numbers)) if control_numbers else ()
        return {claim.control_number: claim for claim in found}

    def of_state(self, state: ClaimState | None = None) -> tuple[ClaimRecord, ...]:
        """Return the claims in a state, or all, by number."""
        return self._read(*(() if state is None else (_CLAIM.c.state == state.value,)))

    def of_patient(self, patient_id: UUID) -> tuple[ClaimRecord, ...]:
        """Return the claims of a patient, by number."""
        return self._read(_CLAIM.c.patient_id == patient_id)

    def of_file(self, file_id: UUID) -> tuple[ClaimRecord, ...]:
        """Return the claims that were sent in a file, by number."""
        return self._read(_CLAIM.c.file_id == file_id)

    def _read(self, *conditions: Any) -> tuple[ClaimRecord, ...]:
        query = select(_CLAIM).where(_CLAIM.c.clinic_id == self._clinic_id, *conditions)
        rows = self._connection.execute(query.order_by(_CLAIM.c.control_number)).mappings()
        return tuple(_claim(row) for row in rows)

    def events(self, claim_id: UUID) -> tuple[ClaimEvent, ...]:
        """Return what happened to a claim, oldest first."""
        query = select(_EVENT).where(_EVENT.c.claim_id == claim_id)
        rows = self._connection.execute(query.order_by(_EVENT.c.at, _EVENT.c.id)).mappings()
        return tuple(_event(row) for row in rows)

    def all_events(self) -> dict[UUID, list[ClaimEvent]]:
        """Return what happened to every claim of the clinic, by claim, oldest first."""
        query = select(_EVENT).where(_EVENT.c.clinic_id == self._clinic_id)
        found: dict[UUID, list[ClaimEvent]] = {}
        rows = self._connection.execute(query.order_by(_EVENT.c.at, _EVENT.c.id)).mappings()
        for row in rows:
            found.setdefault(row["claim_id"], []).append(_event(row))
        return found

    def add_file(self, file: ClaimFile) -> bool:
        """Add a file; return False when its bytes were noted in this direction already."""
        row = plain(file) | {"id": file.id, "clinic_id": self._clinic_id}
        return insert_once(self._connection, _FILE, row, ("clinic_id", "direction", "sha256"))

    def move_file(self, file: ClaimFile, state: FileState, **facts: Any) -> ClaimFile:
        """Say where a file stands, and what is known of it; its bytes and number stay.

        Parameters
        ----------
        file
            As it was read.
        state
            Where it stands now.
        **facts
            `remote_id` and `tried_at`, where they are known now.

        Raises
        ------
        ConflictError
            Somebody else moved it meanwhile.
        """
        c = _FILE.c
        was = c.tried_at.is_(None) if file.tried_at is None else c.tried_at == file.tried_at
        statement = update(_FILE).where(c.id == file.id, c.state == file.state.value, was)
        if self._connection.execute(statement.values(state=state.value, **facts)).rowcount != 1:
            raise ConflictError(f"{file.name} is being sent by somebody else", "Look again later")
        return replace(file, state=state, **facts)

    def files(self, direction: str, *states: FileState) -> tuple[ClaimFile, ...]:
        """Return files of a direction, of these states or of all, oldest first."""
        c = _FILE.c
        query = select(_FILE).where(c.clinic_id == self._clinic_id, c.direction == direction)
        if states:
            query = query.where(c.state.in_([state.value for state in states]))
        rows = self._connection.execute(query.order_by(c.created_at, c.id)).mappings()
        return tuple(build(ClaimFile, row, state=FileState(row["state"])) for row in rows)

    def post(self, posting: ClaimPosting) -> bool:
        """Add a posting; return False when this payment's place was posted already."""
        row = owned(posting.patient, posting.id, self._now) | plain(posting)
        keys = ("claim_id", "payer_id", "trace_number", "sequence")
        return insert_once(self._connection, _POSTING, row, keys)

    def postings(self, claim_id: UUID) -> tuple[ClaimPosting, ...]:
        """Return the postings of a claim, oldest first."""
        query = select(_POSTING).where(_POSTING.c.claim_id == claim_id)
        query = query.order_by(_POSTING.c.posted_at, _POSTING.c.sequence, _POSTING.c.id)
        return tuple(_posting(row) for row in self._connection.execute(query).mappings())

    def all_postings(self) -> dict[UUID, list[ClaimPosting]]:
        """Return every posting of the clinic, by claim."""
        found: dict[UUID, list[ClaimPosting]] = {}
        query = select(_POSTING).where(_POSTING.c.clinic_id == self._clinic_id)
        for row in self._connection.execute(query).mappings():
            found.setdefault(row["claim_id"], []).append(_posting(row))
        return found

    def put_setting(
        self, kind: SettingKind, key: str, valid_from: date, document: dict[str, Any]
    ) -> None:
        """Write what was imported; a row of the same day is replaced."""
        row = {
            "id": new_id(),
            "clinic_id": self._clinic_id,
            "kind": kind.value,
            "key": key,
            "valid_from": valid_from,
            "document": document,
            "created_at": self._now,
        }
        keys = ("clinic_id", "kind", "key", "valid_from")
        upsert(self._connection, _SETTING, [row], keys, ("document",))

    def settings(self, kind: SettingKind) -> tuple[dict[str, Any], ...]:
        """Return what was imported of a kind, by key and first day."""
        c = _SETTING.c
        query = select(c.document).where(c.clinic_id == self._clinic_id, c.kind == kind.value)
        rows = self._connection.execute(query.order_by(c.key, c.valid_from))
        return tuple(row[0] for row in rows)


def _event(row: RowMapping) -> ClaimEvent:
    return build(ClaimEvent, row, state=ClaimState(row["state"]), codes=tuple(row["codes"]))


def _posting(row: RowMapping) -> ClaimPosting:
    return build(ClaimPosting, row, patient=owner(row), adjustments=tuple(row["adjustments"]))


def _claim(row: RowMapping) -> ClaimRecord:
    return build(
        ClaimRecord,
        row,
        patient=owner(row),
        state=ClaimState(row["state"]),
        frequency=Frequency(row["frequency"]),
    )
