"""The append-only, HMAC-chained log of who read and wrote what, in a local file.

Each entry's code covers the entry and the code before it, so that an edit, a deletion or another
order breaks the chain. Entries are written in the transaction of the access that they record.
On a local file the log is evidence, not access control: who holds the keys can drop the triggers.
A cut-off end, or a whole file put back, shows only against an anchor kept outside.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from rehabctl.domain.audit import AuditAnchor, AuditEntry, AuditVerdict
from rehabctl.domain.clinic import User
from rehabctl.domain.errors import NotPermittedError
from rehabctl.store.handles import table

AUDIT_ENTRY = table("audit_entry")
AUDIT_HEAD = table("audit_head")
STORE_INFO = table("store_info")

ZERO = "0" * 64
"""What the first entry follows."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NAIVE_EPOCH = datetime(1970, 1, 1)
_READ_ROWS = 10_000
_COLUMNS = (
    "sequence",
    "at",
    "clinic_id",
    "user_id",
    "actor",
    "action",
    "entity",
    "entity_id",
    "detail",
    "previous_mac",
    "mac",
)
_quote = json.encoder.encode_basestring
ANOTHER_DATABASE = "the anchor belongs to another database"


def ids_digest(ids: Iterable[object]) -> str:
    """Return a hash of the identifiers that a page showed, for its one audit entry."""
    return hashlib.sha256("\n".join(str(i) for i in ids).encode()).hexdigest()


class AuditLog:
    """Writes and reads the chain within one transaction.

    Parameters
    ----------
    connection
        Of the transaction.
    key
        HMAC key of the chain.
    user
        Who acts.
    now
        Time of the transaction.
    """

    def __init__(self, connection: Connection, key: bytes, user: User, now: datetime) -> None:
        self._connection = connection
        self._key = key
        self._user = user
        self._now = now

    def record(
        self,
        action: str,
        entity: str,
        entity_id: UUID | str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Append one entry.

        Parameters
        ----------
        action
            Such as `patient.read` or `import.batch`.
        entity
            Kind of record.
        entity_id
            Its identifier; None for a page of records.
        detail
            Counts, hashes and codes; never patient data.
        """
        head = AUDIT_HEAD.c
        locked = select(head.sequence, head.mac).with_for_update()
        sequence, previous = self._connection.execute(locked).one()
        row: dict[str, Any] = {
            "sequence": sequence + 1,
            "at": self._now,
            "clinic_id": self._user.clinic_id,
            "user_id": self._user.id,
            "actor": self._user.login,
            "action": action,
            "entity": entity,
            "entity_id": None if entity_id is None else str(entity_id),
            "detail": canonical(detail or {}),
            "previous_mac": previous,
        }
        row["mac"] = _mac(self._key, row)
        self._connection.execute(insert(AUDIT_ENTRY).values(row))
        self._connection.execute(
            update(AUDIT_HEAD).values(sequence=row["sequence"], mac=row["mac"])
        )

    def read(self, action: str, entity: str, ids: Sequence[object]) -> None:
        """Append the one entry of a page or screen that showed these records.

        Parameters
        ----------
        action, entity
            As for `record`.
        ids
            Identifiers of what was shown, in the order shown; their hash is kept.
        """
        self.record(action, entity, None, {"count": len(ids), "ids_sha256": ids_digest(ids)})

    def entries(
        self,
        *,
        limit: int,
        before: int | None = None,
        entity_id: UUID | None = None,
        actor: str | None = None,
    ) -> tuple[AuditEntry, ...]:
        """Return entries, newest first.

        Parameters
        ----------
        limit
            How many at most.
        before
            Only those before this sequence number.
        entity_id, actor
            Only those about this record, by this login.
        """
        c = AUDIT_ENTRY.c
        query = select(
            c.sequence, c.at, c.actor, c.action, c.entity, c.entity_id, c.detail, c.mac
        ).where(c.clinic_id == self._user.clinic_id)
        if before is not None:
            query = query.where(c.sequence < before)
        if entity_id is not None:
            query = query.where(c.entity_id == str(entity_id))
        if actor is not None:
            query = query.where(c.actor == actor)
        rows = self._connection.execute(query.order_by(c.sequence.desc()).limit(limit))
        return tuple(AuditEntry(*row) for row in rows)

    def anchor(self) -> AuditAnchor:
        """Return the head of the chain."""
        head, info = AUDIT_HEAD.c, STORE_INFO.c
        sequence, mac = self._connection.execute(select(head.sequence, head.mac)).one()
        database_id = self._connection.execute(select(info.database_id)).scalar_one()
        return AuditAnchor(database_id, sequence, mac, self._now)

    def verify(self, anchor: AuditAnchor | None = None) -> AuditVerdict:
        """Walk the whole chain.

        Parameters
        ----------
        anchor
            A head noted earlier and kept outside: shows a cut-off end and a roll-back.
        """
        head = self.anchor()
        if anchor is not None and anchor.database_id != head.database_id:
            return AuditVerdict(False, 0, None, ANOTHER_DATABASE)
        noted = -1 if anchor is None else anchor.sequence
        count, previous = 0, ZERO
        for row in self._rows():
            number, mac = row[0], row[-1]
            if number != count + 1:
                return _bad(count, "an entry is missing or out of order")
            if row[-2] != previous:
                return _bad(count, "an entry does not follow the one before")
            if not _same(str(mac), _stored_mac(self._key, row)):
                return _bad(count, "an entry was changed")
            if anchor is not None and number == noted and mac != anchor.mac:
                return _bad(count, "an entry differs from the anchor")
            count, previous = number, mac
        if count < noted:
            return _bad(count, "the log ends before the anchor")
        if (head.sequence, head.mac) != (count, previous):
            return _bad(count, "the log ends before its head")
        return AuditVerdict(True, count, None, None)

    def _rows(self) -> Generator[tuple[Any, ...]]:
        """Yield entries as the driver stores them: turning a million into objects takes longer."""
        columns = ", ".join(_COLUMNS)
        driver: Any = self._connection.connection.driver_connection
        cursor = driver.execute(f"SELECT {columns} FROM audit_entry ORDER BY sequence")  # noqa: S608
        with closing(cursor):
            while rows := cursor.fetchmany(_READ_ROWS):
                yield from rows


def start_log(connection: Connection, key: bytes | None) -> str:
    """Write the head of an empty chain and return the code by which the key is checked later."""
    connection.execute(insert(AUDIT_HEAD).values(one=1, sequence=0, mac=ZERO))
    return "" if key is None else key_check(key)


def key_check(key: bytes) -> str:
    """Return a code that tells a wrong audit key before it writes anything."""
    return hmac.new(key, b"rehabctl audit key check 1", hashlib.sha256).hexdigest()


def require_key(connection: Connection, key: bytes) -> None:
    """Check that this is the key the chain was started with.

    Raises
    ------
    NotPermittedError
        It is another one.
    """
    stored = connection.execute(select(STORE_INFO.c.audit_key_check)).scalar_one()
    if not _same(stored, key_check(key)):
        raise NotPermittedError(
            "the audit key does not belong to this database",
            "Put the right .audit file into the key folder",
        )


def _same(left: str, right: str) -> bool:
    """Compare codes in constant time; one that was tampered with may hold any character."""
    return hmac.compare_digest(left.encode(), right.encode())


def _bad(entries: int, reason: str) -> AuditVerdict:
    return AuditVerdict(False, entries, entries + 1, reason)


def _mac(key: bytes, row: Mapping[str, Any]) -> str:
    fields = (
        row["sequence"],
        (row["at"] - _EPOCH) // _MICROSECOND,
        str(row["clinic_id"]),
        None if row["user_id"] is None else str(row["user_id"]),
        row["actor"],
        row["action"],
        row["entity"],
        row["entity_id"],
        row["detail"],
    )
    text = row["previous_mac"] + canonical(fields)
    return hmac.digest(key, text.encode(), "sha256").hex()


def _stored_mac(key: bytes, row: tuple[Any, ...]) -> str:
    """Return the code of an entry as SQLite holds it: the same text as `_mac` makes, faster.

    Raises no error over columns that were tampered with: then the code is another one.
    """
    number, at, clinic, user, actor, action, entity, entity_id, detail, previous, _ = row
    try:
        micros = (datetime.fromisoformat(at) - _NAIVE_EPOCH) // _MICROSECOND
        fields = (
            f"{previous}[{number},{micros},{_uuid(clinic)},{_uuid(user)},{_quote(actor)},"
            f"{_quote(action)},{_quote(entity)},"
            f"{'null' if entity_id is None else _quote(entity_id)},{_quote(detail)}]"
        )
        return hmac.digest(key, fields.encode(), "sha256").hex()
    except (TypeError, ValueError):
        return ""


def _uuid(stored: str | None) -> str:
    if stored is None:
        return "null"
    return f'"{stored[:8]}-{stored[8:12]}-{stored[12:16]}-{stored[16:20]}-{stored[20:]}"'


def canonical(value: object) -> str:
    """Return JSON of which there is only one form."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
