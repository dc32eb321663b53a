"""Deliveries that were given up: listed, and tried again by somebody of the clinic."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.message import OutboxItem, OutboxState
from rehabctl.services.access import Action, require
from rehabctl.services.message_delivery import DELIVERY_KEY

if TYPE_CHECKING:
    from rehabctl.store.store import Store


def dead(store: Store) -> tuple[OutboxItem, ...]:
    """Return what could not be delivered, newest first."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        found = uow.outbox.failed(uow.clinic.id)
        uow.audit.read("message.dead", "outbox", [item.id for item in found])
        return found


def retry(store: Store, item_id: str) -> OutboxItem:
    """Queue a delivery that was given up again, from its first channel on.

    Raises
    ------
    NotFoundError
        There is none with this identifier.
    UsageError
        It was not given up.
    """
    try:
        wanted = UUID(item_id)
    except ValueError:
        raise NotFoundError(
            "that is no identifier of a delivery", "Look at: rehabctl message dead"
        ) from None
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        item = uow.outbox.get(wanted)
        if item.state is not OutboxState.FAILED:
            raise UsageError(f"it is {item.state.value}", "Only dead deliveries are tried again")
        payload = {name: value for name, value in item.payload.items() if name != DELIVERY_KEY}
        after = replace(
            item,
            state=OutboxState.QUEUED,
            attempts=0,
            payload=payload,
            not_before=uow.now,
            last_error=None,
        )
        uow.outbox.advance(item, after)
        uow.audit.record("message.retry", "outbox", item.id)
        return after
