"""Sensor kits: contents, log and assignments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from rehabctl.domain.errors import NotFoundError, suggestion
from rehabctl.domain.kit import (
    Kit,
    KitAssignment,
    KitEvent,
    KitEventKind,
    KitItem,
    KitItemStatus,
    KitStatus,
)
from rehabctl.store.errors import ConflictError
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain

_KIT, _ITEM = table("kit"), table("kit_item")
_EVENT, _ASSIGNMENT = table("kit_event"), table("kit_assignment")


class KitRepository:
    """The kits of one clinic."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def add(self, kit: Kit) -> None:
        """Add a kit.

        Raises
        ------
        ConflictError
            One has this name.
        """
        row = {"id": kit.id, "created_at": self._now} | plain(kit)
        self._connection.execute(insert(_KIT).values(row))

    def get(self, name: str) -> Kit:
        """Return a kit by the name on its label.

        Raises
        ------
        NotFoundError
            There is none.
        """
        c = _KIT.c
        query = select(_KIT).where(c.clinic_id == self._clinic_id, c.name == name)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            near = suggestion(name, [kit.name for kit in self.all()])
            raise NotFoundError(f"no kit {name!r}", near or "See: rehabctl kit list")
        return _kit(row)

    def all(self) -> tuple[Kit, ...]:
        """Return every kit, by name."""
        query = select(_KIT).where(_KIT.c.clinic_id == self._clinic_id).order_by(_KIT.c.name)
        return tuple(_kit(row) for row in self._connection.execute(query).mappings())

    def set_status(self, kit: Kit, status: KitStatus) -> None:
        """Move a kit on.

        Raises
        ------
        ConflictError
            Somebody else changed it since it was read.
        """
        statement = (
            update(_KIT)
            .where(_KIT.c.id == kit.id, _KIT.c.revision == kit.revision)
            .values(status=status.value, status_at=self._now, revision=kit.revision + 1)
        )
        if self._connection.execute(statement).rowcount != 1:
            raise ConflictError("the kit was changed meanwhile", "Look at it, and try again")

    def add_item(self, item: KitItem) -> None:
        """Put an item into a kit.

        Raises
        ------
        ConflictError
            One of this serial number is in a kit already.
        """
        row = {"id": item.id, "created_at": self._now} | plain(item)
        self._connection.execute(insert(_ITEM).values(row))

    def item(self, serial: str) -> KitItem:
        """Return an item by its serial number.

        Raises
        ------
        NotFoundError
            There is none.
        """
        found = [item for item in self.items() if item.serial == serial]
        if not found:
            near = suggestion(serial, [item.serial for item in self.items()])
            raise NotFoundError(f"no kit holds {serial!r}", near or "See: rehabctl kit list")
        return found[0]

    def items(self, kit_id: UUID | None = None) -> tuple[KitItem, ...]:
        """Return the items of one kit, or of all, by serial number."""
        query = select(_ITEM).where(_ITEM.c.clinic_id == self._clinic_id)
        if kit_id is not None:
            query = query.where(_ITEM.c.kit_id == kit_id)
        rows = self._connection.execute(query.order_by(_ITEM.c.serial)).mappings()
        return tuple(build(KitItem, r, status=KitItemStatus(r["status"])) for r in rows)

    def update_item(self, item: KitItem) -> None:
        """Replace what is known of an item: firmware, state, charge."""
        values = plain(item, "kit_id", "clinic_id", "serial")
        self._connection.execute(update(_ITEM).where(_ITEM.c.id == item.id).values(values))

    def remove_item(self, item_id: UUID) -> None:
        """Take an item out of its kit; the log keeps its serial number."""
        self._connection.execute(delete(_ITEM).where(_ITEM.c.id == item_id))

    def log(self, event: KitEvent) -> None:
        """Add an entry to a kit's log."""
        self._connection.execute(insert(_EVENT).values({"id": event.id} | plain(event)))

    def events(self, kit_id: UUID, limit: int) -> tuple[KitEvent, ...]:
        """Return the newest entries of a kit's log, newest first."""
        query = select(_EVENT).where(_EVENT.c.kit_id == kit_id)
        query = query.order_by(_EVENT.c.at.desc(), _EVENT.c.id.desc()).limit(limit)
        rows = self._connection.execute(query).mappings()
        return tuple(build(KitEvent, r, kind=KitEventKind(r["kind"])) for r in rows)

    def assign(self, assignment: KitAssignment) -> None:
        """Note who has a kit.

        Raises
        ------
        ConflictError
            Somebody has it.
        """
        row = owned(assignment.patient, assignment.id, self._now) | plain(assignment)
        self._connection.execute(insert(_ASSIGNMENT).values(row))

    def end_assignment(self, kit_id: UUID) -> None:
        """Note that a kit came back."""
        c = _ASSIGNMENT.c
        self._connection.execute(
            update(_ASSIGNMENT)
            .where(c.kit_id == kit_id, c.returned_at.is_(None))
            .values(returned_at=self._now)
        )

    def assignments(self) -> Sequence[KitAssignment]:
        """Return who has which kit now, the longest first."""
        query = select(_ASSIGNMENT).where(
            _ASSIGNMENT.c.clinic_id == self._clinic_id, _ASSIGNMENT.c.returned_at.is_(None)
        )
        query = query.order_by(_ASSIGNMENT.c.assigned_at, _ASSIGNMENT.c.id)
        rows = self._connection.execute(query).mappings()
        return tuple(build(KitAssignment, row, patient=owner(row)) for row in rows)


def _kit(row: RowMapping) -> Kit:
    return build(Kit, row, status=KitStatus(row["status"]))
