"""Records of other systems, as they wrote them last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from rehabctl.domain.patient import PatientRef
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import chunked, owner, upsert

_FOREIGN = table("foreign_record")
_DIRECTORY = table("directory_record")
_CHANGING = ("content", "content_sha256", "received_at")
_NAMED = ("source", "kind", "external_id")


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """One record of another system."""

    patient: PatientRef | None
    """None: it is about no patient."""
    kind: str
    external_id: str
    content: str
    content_sha256: str

    @property
    def key(self) -> tuple[UUID | None, str, str]:
        """By which a later version of it is found."""
        return (None if self.patient is None else self.patient.id, self.kind, self.external_id)


class ForeignRecordRepository:
    """What other systems told."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def known(
        self, source: str, records: Sequence[ForeignRecord]
    ) -> dict[tuple[UUID | None, str, str], str]:
        """Return the SHA-256 of the kept version of these records, by key."""
        wanted = {record.key for record in records}
        found: dict[tuple[UUID | None, str, str], str] = {}
        for handle, is_patient in ((_FOREIGN, True), (_DIRECTORY, False)):
            ids = [r.external_id for r in records if (r.patient is not None) is is_patient]
            c = handle.c
            for part in chunked(ids):
                query = select(handle).where(
                    c.clinic_id == self._clinic_id, c.source == source, c.external_id.in_(part)
                )
                for row in self._connection.execute(query).mappings():
                    key = (row["patient_id"] if is_patient else None, row["kind"])
                    found[*key, row["external_id"]] = row["content_sha256"]
        return {key: sha for key, sha in found.items() if key in wanted}

    def put(self, source: str, records: Sequence[ForeignRecord]) -> None:
        """Keep these records; a later version takes the place of the earlier one."""
        owned_rows = [
            self._told(source, r)
            | {"patient_id": r.patient.id, "therapist_id": r.patient.therapist_id}
            for r in records
            if r.patient is not None
        ]
        rows = [self._told(source, r) for r in records if r.patient is None]
        upsert(self._connection, _FOREIGN, owned_rows, ("patient_id", *_NAMED), _CHANGING)
        upsert(self._connection, _DIRECTORY, rows, ("clinic_id", *_NAMED), _CHANGING)

    def _told(self, source: str, record: ForeignRecord) -> dict[str, Any]:
        return {
            "id": new_id(),
            "clinic_id": self._clinic_id,
            "created_at": self._now,
            "source": source,
            "kind": record.kind,
            "external_id": record.external_id,
            "content": record.content,
            "content_sha256": record.content_sha256,
            "received_at": self._now,
        }

    def patients(
        self, source: str, kind: str, external_ids: Sequence[str]
    ) -> dict[str, list[PatientRef]]:
        """Return the patients whom a system knows by these identifiers."""
        c = _FOREIGN.c
        found: dict[str, list[PatientRef]] = {}
        for part in chunked(external_ids):
            query = select(c.external_id, c.patient_id, c.clinic_id, c.therapist_id).where(
                c.clinic_id == self._clinic_id,
                c.source == source,
                c.kind == kind,
                c.external_id.in_(part),
            )
            for row in self._connection.execute(query).mappings():
                found.setdefault(row["external_id"], []).append(owner(row))
        return found

    def of_patient(self, patient: PatientRef) -> tuple[ForeignRecord, ...]:
        """Return what other systems told about a patient, in the order of kind and identifier."""
        c = _FOREIGN.c
        query = select(_FOREIGN).where(c.patient_id == patient.id)
        return tuple(
            ForeignRecord(
                patient, row["kind"], row["external_id"], row["content"], row["content_sha256"]
            )
            for row in self._connection.execute(
                query.order_by(c.source, c.kind, c.external_id)
            ).mappings()
        )
