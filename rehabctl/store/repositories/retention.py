"""What may be destroyed, what is held, and the destruction itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, case, delete, exists, func, insert, inspect, select, update

from rehabctl.domain.patient import PatientRef, PatientStatus
from rehabctl.domain.recording import RecordingKind
from rehabctl.domain.retention import DischargedPatient, DueReason, StoredVideo
from rehabctl.store.handle_columns import COLUMNS
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import chunked, owned

_PATIENT = table("patient")
_RECORDING = table("recording")
_KEYPOINTS = table("keypoints")
_CONSENT = table("consent")
_HOLD = table("legal_hold")
_OWNED = tuple(
    name for name, kinds in COLUMNS.items() if "patient_id" in kinds.get("uuid", "").split()
)
"""Every table with rows about patients."""


class RetentionRepository:
    """Retention within one clinic."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def videos(
        self, kept: timedelta, scope: str, *, after: UUID | None, limit: int
    ) -> tuple[StoredVideo, ...]:
        """Return films that may be destroyed, in the order of their identifiers.

        Parameters
        ----------
        kept
            How long a film is kept that has no date of its own.
        scope
            The consent without which films are not kept.
        after
            Identifier of the last film of the page before.
        limit
            How many at most.
        """
        r, c = _RECORDING.c, _CONSENT.c
        mine = (c.patient_id == r.patient_id) & (c.scope == scope)
        revoked = exists().where(mine, c.revoked_at.is_not(None)) & ~exists().where(
            mine, c.revoked_at.is_(None)
        )
        aged = case(
            (r.keep_until.is_not(None), r.keep_until <= self._now),
            else_=r.recorded_at <= self._now - kept,
        )
        query = (
            select(
                r.id, r.patient_id, r.clinic_id, r.therapist_id, _PATIENT.c.mrn, r.sha256,
                r.byte_count, r.recorded_at, r.keep_until, revoked.label("revoked"),
                self._held(r.patient_id).label("held"),
            )
            .join(_PATIENT, _PATIENT.c.id == r.patient_id)
            .where(
                r.clinic_id == self._clinic_id,
                r.stored.is_(True),
                r.kind == RecordingKind.VIDEO.value,
                revoked | aged,
            )
        )  # fmt: skip
        if after is not None:
            query = query.where(r.id > after)
        rows = self._connection.execute(query.order_by(r.id).limit(limit)).mappings()
        return tuple(
            StoredVideo(
                row["id"],
                PatientRef(row["patient_id"], row["clinic_id"], row["therapist_id"]),
                row["mrn"],
                row["sha256"],
                row["byte_count"],
                row["keep_until"] or row["recorded_at"] + kept,
                DueReason.CONSENT_REVOKED if row["revoked"] else DueReason.AGE,
                bool(row["held"]),
            )
            for row in rows
        )

    def discharged(self, *, after: UUID | None, limit: int) -> tuple[DischargedPatient, ...]:
        """Return discharged patients with the last moment at which anything was written."""
        p = _PATIENT.c
        columns = (p.id, p.clinic_id, p.therapist_id, p.mrn, p.birth_date, p.state, p.updated_at)
        query = select(*columns, self._held(p.id).label("held"))
        query = query.where(
            p.clinic_id == self._clinic_id, p.status == PatientStatus.DISCHARGED.value
        )
        if after is not None:
            query = query.where(p.id > after)
        rows = list(self._connection.execute(query.order_by(p.id).limit(limit)).mappings())
        last = {row["id"]: row["updated_at"] for row in rows}
        for name in _OWNED:
            if "created_at" in COLUMNS[name].get("time", "").split():
                self._note_last(table(name), last)
        return tuple(
            DischargedPatient(
                PatientRef(row["id"], row["clinic_id"], row["therapist_id"]),
                row["mrn"],
                row["birth_date"],
                row["state"],
                last[row["id"]],
                bool(row["held"]),
            )
            for row in rows
        )

    def _note_last(self, owned_table: Any, last: dict[UUID, datetime]) -> None:
        c = owned_table.c
        for part in chunked(list(last)):
            query = select(c.patient_id, func.max(c.created_at)).where(c.patient_id.in_(part))
            for patient_id, moment in self._connection.execute(query.group_by(c.patient_id)):
                last[patient_id] = max(last[patient_id], moment)

    def is_held(self, patient_id: UUID) -> bool:
        """Return whether nothing about a patient may be destroyed."""
        return bool(self._connection.execute(select(self._held(patient_id))).scalar_one())

    def _held(self, patient_id: Any) -> Any:
        return exists().where(_HOLD.c.patient_id == patient_id, _HOLD.c.released_at.is_(None))

    def hold(self, patient: PatientRef, row_id: UUID, reason: str, user_id: UUID) -> bool:
        """Order to destroy nothing about a patient; return False when that is ordered already."""
        if self.is_held(patient.id):
            return False
        row = owned(patient, row_id, self._now) | {"reason": reason, "placed_by": user_id}
        self._connection.execute(insert(_HOLD).values(row))
        return True

    def release(self, patient_id: UUID, user_id: UUID) -> bool:
        """End the order; return whether there was one."""
        statement = (
            update(_HOLD)
            .where(_HOLD.c.patient_id == patient_id, _HOLD.c.released_at.is_(None))
            .values(released_at=self._now, released_by=user_id)
        )
        return self._connection.execute(statement).rowcount > 0

    def needed_elsewhere(self, sha256: str, *, not_by: Sequence[UUID], patient_id: UUID) -> bool:
        """Return whether a blob is named by a row other than these recordings.

        Parameters
        ----------
        sha256
            Of the plain bytes.
        not_by
            Recordings that are about to let go of it.
        patient_id
            Whose: with no recordings named, all of this patient's rows let go.
        """
        r, k = _RECORDING.c, _KEYPOINTS.c
        recordings = select(r.id).where(r.sha256 == sha256, r.stored.is_(True))
        keypoints = select(k.id).where(k.blob_sha256 == sha256)
        if not_by:
            recordings = recordings.where(r.id.not_in(not_by))
        else:
            recordings = recordings.where(r.patient_id != patient_id)
            keypoints = keypoints.where(k.patient_id != patient_id)
        return any(
            self._connection.execute(query.limit(1)).first() is not None
            for query in (recordings, keypoints)
        )

    def forget_video(self, recording_id: UUID) -> None:
        """Note that the bytes of a recording are gone."""
        self._connection.execute(
            update(_RECORDING).where(_RECORDING.c.id == recording_id).values(stored=False)
        )

    def blobs_of(self, patient_id: UUID) -> tuple[str, ...]:
        """Return the blobs that a patient's rows name."""
        r, k = _RECORDING.c, _KEYPOINTS.c
        queries = (
            select(r.sha256).where(r.patient_id == patient_id, r.stored.is_(True)),
            select(k.blob_sha256).where(k.patient_id == patient_id),
        )
        found = {sha for query in queries for sha in self._connection.execute(query).scalars()}
        return tuple(sorted(found))

    def destroy_record(self, patient_id: UUID) -> int:
        """Delete every row about a patient, and return how many there were. The log stays."""
        ordered = inspect(self._connection).get_sorted_table_and_fkc_names()
        count = 0
        for name, _ in reversed(ordered):
            if name in _OWNED:
                c = table(name).c
                statement = delete(table(name)).where(c.patient_id == patient_id)
                count += self._connection.execute(statement).rowcount
        self._connection.execute(delete(_PATIENT).where(_PATIENT.c.id == patient_id))
        return count + 1
