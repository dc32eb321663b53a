"""How far the import of a file has come."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, upsert

_TABLE = table("import_checkpoint")
_KEYS = ("clinic_id", "kind", "file_sha256")


@dataclass(frozen=True)
class Progress:
    """Rows of one file that are done, and what became of them."""

    rows_done: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


class ImportRepository:
    """Checkpoints, written in the same transaction as the rows that they count."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def progress(self, kind: str, file_sha256: str) -> Progress:
        """Return how far an unfinished import of this file has come."""
        query = select(_TABLE).where(
            _TABLE.c.clinic_id == self._clinic_id,
            _TABLE.c.kind == kind,
            _TABLE.c.file_sha256 == file_sha256,
            _TABLE.c.finished_at.is_(None),
        )
        row = self._connection.execute(query).mappings().first()
        return Progress() if row is None else build(Progress, row)

    def note(self, kind: str, file_sha256: str, progress: Progress, *, finished: bool) -> None:
        """Write how far an import has come."""
        row = {
            "id": new_id(),
            "clinic_id": self._clinic_id,
            "kind": kind,
            "file_sha256": file_sha256,
            **asdict(progress),
            "updated_at": self._now,
            "finished_at": self._now if finished else None,
        }
        changing = row.keys() - {"id", *_KEYS}
        upsert(self._connection, _TABLE, [row], _KEYS, changing)
