"""What may be destroyed, what is held, and the destruction itself.

On a local file it is done here; on a server by functions that check everything again and write the
audit entry, because nobody there may see the records of a whole clinic.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from sqlalchemy import (
    Connection,
    case,
    delete,
    exists,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.patient import PatientRef, PatientStatus
from rehabctl.domain.recording import RecordingKind
from rehabctl.domain.retention import DueReason, RetentionTier, StoredRecord, StoredVideo
from rehabctl.store.handle_columns import COLUMNS
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.patients import PatientRepository
from rehabctl.store.repositories.rows import chunked, owned

if TYPE_CHECKING:
    from rehabctl.domain.clinic import User
    from rehabctl.reference.retention import RetentionRules
    from rehabctl.store.audit_log import AuditLog

_PATIENT = table("patient")
_RECORDING = table("recording")
_KEYPOINTS = table("keypoints")
_CONSENT = table("consent")
_HOLD = table("legal_hold")
_OWNED = tuple(
    name for name, kinds in COLUMNS.items() if "patient_id" in kinds.get("uuid", "").split()
)
"""Every table with rows about patients."""
_NO_CONTACT = ("legal_hold", "access_grant")
"""Orders and rights of staff: they do not begin a period anew."""


class Retention(Protocol):
    """Retention within one clinic."""

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
        ...

    def records(
        self, rules: RetentionRules, today: date, *, after: UUID | None, limit: int
    ) -> tuple[list[StoredRecord], UUID | None]:
        """Return records that may be destroyed, and where the next page begins, if there is one.

        Parameters
        ----------
        rules
            The dated periods.
        today
            The clinic's local date.
        after
            Of the page before.
        limit
            How many discharged patients are looked at.
        """
        ...

    def destroy_video(self, video: StoredVideo, kept: timedelta) -> Sequence[str] | None:
        """Note that the bytes of a film are gone; return the blobs that nothing needs any more.

        None: it was put on hold, or is not due.
        """
        ...

    def destroy_record(
        self, record: StoredRecord, rules: RetentionRules, today: date
    ) -> Sequence[str] | None:
        """Delete every row about a patient; return the blobs that nothing needs any more.

        None: it was put on hold, or is not due. The audit log stays.
        """
        ...

    def hold(self, mrn: str, reason: str) -> bool:
        """Order to destroy nothing about a patient; return False when that is ordered already."""
        ...

    def release(self, mrn: str) -> bool:
        """End the order; return whether there was one."""
        ...


class LocalRetention:
    """Retention on a local file.

    Parameters
    ----------
    connection
        Of the transaction.
    audit
        The log of the same transaction.
    user
        Who acts, and whose clinic it is.
    now
        Time of the transaction.
    """

    def __init__(self, connection: Connection, audit: AuditLog, user: User, now: datetime) -> None:
        self._connection = connection
        self._audit = audit
        self._user = user
        self._clinic_id = user.clinic_id
        self._now = now
        self._patients = PatientRepository(connection, user.clinic_id, now)

    def videos(
        self, kept: timedelta, scope: str, *, after: UUID | None, limit: int
    ) -> tuple[StoredVideo, ...]:
        """Return films that may be destroyed, in the order of their identifiers."""
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

    def records(
        self, rules: RetentionRules, today: date, *, after: UUID | None, limit: int
    ) -> tuple[list[StoredRecord], UUID | None]:
        """Return records that may be destroyed, and where the next page begins."""
        p = _PATIENT.c
        columns = (p.id, p.mrn, p.birth_date, p.state, p.updated_at)
        query = select(*columns, self._held(p.id).label("held"))
        query = query.where(
            p.clinic_id == self._clinic_id, p.status == PatientStatus.DISCHARGED.value
        )
        if after is not None:
            query = query.where(p.id > after)
        rows = list(self._connection.execute(query.order_by(p.id).limit(limit)).mappings())
        last = {row["id"]: row["updated_at"] for row in rows}
        for name in _OWNED:
            if name not in _NO_CONTACT and "created_at" in COLUMNS[name].get("time", "").split():
                self._note_last(table(name), last)
        due: list[StoredRecord] = []
        for row in rows:
            period = rules.period(row["state"], today)
            until = period.keep_until(row["birth_date"], last[row["id"]].date())
            if until <= today:
                rule = f"{period.state}@{period.effective_from.isoformat()}"
                due.append(StoredRecord(row["id"], row["mrn"], until, bool(row["held"]), rule))
        return due, rows[-1]["id"] if len(rows) == limit else None

    def _note_last(self, owned_table: Any, last: dict[UUID, datetime]) -> None:
        c = owned_table.c
        for part in chunked(list(last)):
            query = select(c.patient_id, func.max(c.created_at)).where(c.patient_id.in_(part))
            for patient_id, moment in self._connection.execute(query.group_by(c.patient_id)):
                last[patient_id] = max(last[patient_id], moment)

    def _is_held(self, patient_id: UUID) -> bool:
        return bool(self._connection.execute(select(self._held(patient_id))).scalar_one())

    def _held(self, patient_id: Any) -> Any:
        return exists().where(_HOLD.c.patient_id == patient_id, _HOLD.c.released_at.is_(None))

    def hold(self, mrn: str, reason: str) -> bool:
        """Order to destroy nothing about a patient; return False when that is ordered already."""
        patient = self._patients.get(mrn)
        placed = not self._is_held(patient.id)
        if placed:
            row = owned(patient.ref, new_id(), self._now)
            row |= {"reason": reason, "placed_by": self._user.id}
            self._connection.execute(insert(_HOLD).values(row))
        self._audit.record("retention.hold", "patient", patient.id, {"new": placed})
        return placed

    def release(self, mrn: str) -> bool:
        """End the order; return whether there was one."""
        patient = self._patients.get(mrn)
        statement = (
            update(_HOLD)
            .where(_HOLD.c.patient_id == patient.id, _HOLD.c.released_at.is_(None))
            .values(released_at=self._now, released_by=self._user.id)
        )
        ended = self._connection.execute(statement).rowcount > 0
        if ended:
            self._audit.record("retention.release", "patient", patient.id)
        return ended

    def destroy_video(self, video: StoredVideo, kept: timedelta) -> Sequence[str] | None:
        """Note that the bytes of a film are gone; return the blobs that nothing needs any more."""
        del kept
        if self._is_held(video.patient.id):
            return None
        self._connection.execute(
            update(_RECORDING).where(_RECORDING.c.id == video.recording_id).values(stored=False)
        )
        detail = {"tier": RetentionTier.RAW_VIDEO.value, "reason": video.reason.value}
        self._audit.record("retention.destroy", "recording", video.recording_id, detail)
        return [] if self._is_needed(video.sha256) else [video.sha256]

    def destroy_record(
        self, record: StoredRecord, rules: RetentionRules, today: date
    ) -> Sequence[str] | None:
        """Delete every row about a patient; return the blobs that nothing needs any more."""
        del rules, today
        patient_id = record.patient_id
        if self._is_held(patient_id):
            return None
        r, k = _RECORDING.c, _KEYPOINTS.c
        named = select(r.sha256).where(r.patient_id == patient_id, r.stored.is_(True))
        named = named.union(select(k.blob_sha256).where(k.patient_id == patient_id))
        blobs = sorted(self._connection.execute(named).scalars())
        rows = self.delete_rows(patient_id)
        detail = {"tier": RetentionTier.RECORD.value, "rows": rows, "rule": record.rule}
        self._audit.record("retention.destroy", "patient", patient_id, detail)
        return [sha256 for sha256 in blobs if not self._is_needed(sha256)]

    def _is_needed(self, sha256: str) -> bool:
        r, k = _RECORDING.c, _KEYPOINTS.c
        queries = (
            select(r.id).where(r.sha256 == sha256, r.stored.is_(True)),
            select(k.id).where(k.blob_sha256 == sha256),
        )
        return any(
            self._connection.execute(query.limit(1)).first() is not None for query in queries
        )

    def delete_rows(self, patient_id: UUID) -> int:
        """Delete every row about a patient, and return how many there were."""
        ordered = inspect(self._connection).get_sorted_table_and_fkc_names()
        count = 0
        for name, _ in reversed(ordered):
            if name in _OWNED:
                c = table(name).c
                statement = delete(table(name)).where(c.patient_id == patient_id)
                count += self._connection.execute(statement).rowcount
        self._connection.execute(delete(_PATIENT).where(_PATIENT.c.id == patient_id))
        return count + 1


class ServerRetention:
    """Retention on a server, by its functions: they check who asks, and judge by their own clock.

    The packaged periods hold there whatever a client says; a clinic's own row can lengthen one.

    Parameters
    ----------
    connection
        Of the transaction.
    clinic_id
        Of who asks.
    """

    def __init__(self, connection: Connection, clinic_id: UUID) -> None:
        self._connection = connection
        self._clinic_id = clinic_id

    def videos(
        self, kept: timedelta, scope: str, *, after: UUID | None, limit: int
    ) -> tuple[StoredVideo, ...]:
        """Return films that may be destroyed, in the order of their identifiers."""
        del scope  # the server's is that of recording video
        rows = self._connection.execute(
            text("SELECT * FROM retention_videos(:days, :after, :limit)"),
            {"days": kept.days, "after": after, "limit": limit},
        )
        return tuple(
            StoredVideo(
                row.recording,
                PatientRef(row.patient, self._clinic_id, row.therapist),
                row.mrn,
                row.sha256,
                row.byte_count,
                row.due_at,
                DueReason.CONSENT_REVOKED if row.revoked else DueReason.AGE,
                row.held,
            )
            for row in rows
        )

    def records(
        self, rules: RetentionRules, today: date, *, after: UUID | None, limit: int
    ) -> tuple[list[StoredRecord], UUID | None]:
        """Return records that may be destroyed, and where the next page begins."""
        del today
        rows = self._connection.execute(
            text("SELECT * FROM retention_records(CAST(:own AS jsonb), :after, :limit)"),
            {"own": _periods(rules), "after": after, "limit": limit},
        ).all()
        due = [
            StoredRecord(row.patient, row.mrn, row.due_on, row.held)
            for row in rows
            if row.due_on is not None
        ]
        return due, rows[-1].patient if len(rows) == limit else None

    def destroy_video(self, video: StoredVideo, kept: timedelta) -> Sequence[str] | None:
        """Note that the bytes of a film are gone; return the blobs that nothing needs any more."""
        return self._connection.execute(
            text("SELECT retention_destroy_video(:recording, :days)"),
            {"recording": video.recording_id, "days": kept.days},
        ).scalar_one()

    def destroy_record(
        self, record: StoredRecord, rules: RetentionRules, today: date
    ) -> Sequence[str] | None:
        """Delete every row about a patient; return the blobs that nothing needs any more."""
        del today
        return self._connection.execute(
            text("SELECT retention_destroy_record(:patient, CAST(:own AS jsonb))"),
            {"patient": record.patient_id, "own": _periods(rules)},
        ).scalar_one()

    def hold(self, mrn: str, reason: str) -> bool:
        """Order to destroy nothing about a patient; return False when that is ordered already."""
        return self._known(mrn, "SELECT retention_hold(:mrn, :reason)", reason=reason)

    def release(self, mrn: str) -> bool:
        """End the order; return whether there was one."""
        return self._known(mrn, "SELECT retention_release(:mrn)")

    def _known(self, mrn: str, statement: str, **values: str) -> bool:
        found = self._connection.execute(text(statement), {"mrn": mrn, **values}).scalar_one()
        if found is None:
            raise NotFoundError(f"no patient has the record number {mrn}", "Check the number")
        return found


def _periods(rules: RetentionRules) -> str:
    return json.dumps(
        [
            {
                "state": period.state,
                "years": period.years,
                "minor_until_age": period.minor_until_age,
                "effective_from": period.effective_from.isoformat(),
            }
            for period in rules.periods
        ]
    )
