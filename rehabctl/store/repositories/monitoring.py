"""What monitoring is billed from: hashed records, minutes, attestations and frozen evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, delete, insert, select, union
from sqlalchemy.exc import IntegrityError

from rehabctl.billing.monitoring_evidence import record_sha256
from rehabctl.domain.monitoring import (
    DeviceAttestation,
    MonitoringClaim,
    MonitoringMinutes,
    MonitoringRecord,
    PeriodKind,
    RecordKind,
)
from rehabctl.domain.patient import PatientRef
from rehabctl.store.errors import ConflictError
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, chunked, insert_once, owned, owner, plain

_SESSION = table("exercise_session")
_ENTRY = table("session_entry")
_ASSESSMENT = table("movement_assessment")
_RECORDING = table("recording")
_RESPONSE = table("prom_response")
_MINUTES = table("monitoring_minutes")
_ATTESTATION = table("device_attestation")
_CLAIM = table("monitoring_claim")
_SLOT = table("billing_slot")
_NOT_CONTENT = {"therapist_id", "stored", "keep_until"}
"""Columns that change without the record: a transfer, the end of a retention."""


class MonitoringRepository:
    """Evidence of remote therapeutic monitoring."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def records(self, patient_id: UUID) -> tuple[MonitoringRecord, ...]:
        """Return every record of a patient that may make a day count, with its hash."""
        entries: dict[UUID, list[Any]] = {}
        for row in self._rows(_ENTRY, patient_id):
            entries.setdefault(row["session_id"], []).append(_content(row))
        found = [
            _record(
                row,
                RecordKind.EXERCISE_SESSION,
                row["source"],
                row["started_at"],
                sorted(entries.get(row["id"], []), key=lambda entry: entry["position"]),
            )
            for row in self._rows(_SESSION, patient_id)
            if row["completed_at"] is not None
        ]
        found += [
            _record(row, RecordKind.MOVEMENT_ASSESSMENT, row["instrument"], row["measured_at"])
            for row in self._rows(_ASSESSMENT, patient_id)
            if row["status"] != "refused"
        ]
        found += [
            _record(row, RecordKind.SENSOR_RECORDING, row["kind"], row["recorded_at"])
            for row in self._rows(_RECORDING, patient_id)
        ]
        found += [
            _record(row, RecordKind.QUESTIONNAIRE, row["mode"], row["completed_at"])
            for row in self._rows(_RESPONSE, patient_id)
        ]
        return tuple(sorted(found, key=lambda record: (record.recorded_at, record.event_id)))

    def active_between(self, first: datetime, last: datetime) -> tuple[UUID, ...]:
        """Return who has a record or logged time between two moments."""
        moments = (
            (_SESSION, "started_at"), (_ASSESSMENT, "measured_at"), (_RECORDING, "recorded_at"),
            (_RESPONSE, "completed_at"), (_MINUTES, "started_at"),
        )  # fmt: skip
        queries = [
            select(source.c.patient_id).where(
                source.c.clinic_id == self._clinic_id, source.c[name].between(first, last)
            )
            for source, name in moments
        ]
        return tuple(self._connection.execute(union(*queries)).scalars())

    def _rows(self, source: Table, patient_id: UUID) -> list[Mapping[str, Any]]:
        query = select(source).where(source.c.patient_id == patient_id)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def add_minutes(self, entry: MonitoringMinutes) -> bool:
        """Add time; return False when the same provider's entry of this moment exists."""
        row = owned(entry.patient, entry.id, self._now) | plain(entry)
        return insert_once(
            self._connection, _MINUTES, row, ("patient_id", "provider_id", "started_at")
        )

    def minutes(self, patient_id: UUID) -> tuple[MonitoringMinutes, ...]:
        """Return the time logged for a patient, oldest first."""
        query = select(_MINUTES).where(_MINUTES.c.patient_id == patient_id)
        query = query.order_by(_MINUTES.c.started_at, _MINUTES.c.id)
        rows = self._connection.execute(query).mappings()
        return tuple(build(MonitoringMinutes, row, patient=owner(row)) for row in rows)

    def attest(self, attestation: DeviceAttestation) -> bool:
        """Add an attestation; return False when the device has one of this day."""
        row = plain(attestation) | {
            "id": attestation.id,
            "clinic_id": self._clinic_id,
            "created_at": self._now,
        }
        keys = ("clinic_id", "device", "device_version", "valid_from")
        return insert_once(self._connection, _ATTESTATION, row, keys)

    def attestations(self) -> tuple[DeviceAttestation, ...]:
        """Return the clinic's attestations, oldest first."""
        c = _ATTESTATION.c
        query = select(_ATTESTATION).where(c.clinic_id == self._clinic_id)
        query = query.order_by(c.valid_from, c.id)
        rows = self._connection.execute(query).mappings()
        return tuple(build(DeviceAttestation, row) for row in rows)

    def freeze(self, claim: MonitoringClaim, slots: Iterable[str]) -> None:
        """Store evidence that is claimed, and hold what may be billed once.

        Raises
        ------
        ConflictError
            A window, month, minute or set-up is held already.
        """
        row = owned(claim.patient, claim.id, self._now) | plain(claim)
        row["lines"] = [list(line) for line in claim.lines]
        try:
            self._connection.execute(insert(_CLAIM).values(row))
        except IntegrityError:
            raise ConflictError(
                f"{claim.kind.value} {claim.period} is claimed already",
                "Look at: rehabctl rtm evidence",
            ) from None
        self.hold(claim.patient, claim.id, slots)

    def frozen(self, patient_id: UUID) -> tuple[MonitoringClaim, ...]:
        """Return the claimed periods of a patient, by day of service."""
        query = select(_CLAIM).where(_CLAIM.c.patient_id == patient_id)
        query = query.order_by(_CLAIM.c.service_on, _CLAIM.c.kind, _CLAIM.c.id)
        return tuple(
            build(
                MonitoringClaim,
                row,
                patient=owner(row),
                kind=PeriodKind(row["kind"]),
                lines=tuple((str(code), int(units)) for code, units in row["lines"]),
            )
            for row in self._connection.execute(query).mappings()
        )

    def hold(self, patient: PatientRef, owner_id: UUID, slots: Iterable[str]) -> None:
        """Hold what may be billed once.

        Raises
        ------
        ConflictError
            Something is held by another claim.
        """
        rows = [
            owned(patient, new_id(), self._now) | {"owner_id": owner_id, "slot": slot}
            for slot in slots
        ]
        try:
            for part in chunked(rows):
                self._connection.execute(insert(_SLOT), list(part))
        except IntegrityError:
            raise ConflictError(
                "a day, minute or service of it is billed already", "Look at: rehabctl claim list"
            ) from None

    def release(self, owner_id: UUID) -> None:
        """Give free what a voided or replaced claim held."""
        self._connection.execute(delete(_SLOT).where(_SLOT.c.owner_id == owner_id))


def _record(
    row: Mapping[str, Any],
    kind: RecordKind,
    source: str,
    recorded_at: datetime,
    parts: list[Any] | None = None,
) -> MonitoringRecord:
    content = _content(row) if parts is None else {**_content(row), "parts": parts}
    sha256 = record_sha256(content)
    return MonitoringRecord(row["id"], kind, source, recorded_at, row["created_at"], sha256)


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _json(value) for key, value in row.items() if key not in _NOT_CONTENT}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | UUID):
        return str(value)
    return value
