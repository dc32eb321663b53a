"""The ways by which patients and contacts allow the clinic to reach them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from rehabctl.domain.message import DeliveryChannel, MessageChannel, OptOut
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain, upsert, word

_TABLE = table("message_channel")
_KEYS = ("patient_id", "receiver", "channel")
_CHANGED = ("rank", "opted_in_at", "recorded_by", "opted_out_at", "opted_out_by")


class MessageChannelRepository:
    """Channels of receivers; ending one dates its end and keeps the row."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def put(self, channel: MessageChannel) -> None:
        """Add a channel, or replace what was noted about it."""
        row = owned(channel.patient, channel.id, self._now) | plain(channel)
        upsert(self._connection, _TABLE, [row], _KEYS, _CHANGED)

    def end(
        self,
        patient_id: UUID,
        receiver: str,
        channels: Collection[DeliveryChannel],
        by: OptOut,
    ) -> int:
        """Date the end of channels that are open; return how many were."""
        c = _TABLE.c
        statement = (
            update(_TABLE)
            .where(
                c.patient_id == patient_id,
                c.receiver == receiver,
                c.channel.in_([one.value for one in channels]),
                c.opted_out_at.is_(None),
            )
            .values(opted_out_at=self._now, opted_out_by=by.value)
        )
        return self._connection.execute(statement).rowcount

    def of_patient(self, patient_id: UUID) -> tuple[MessageChannel, ...]:
        """Return every channel about a patient by receiver, the first to try first."""
        return self._read(_TABLE.c.patient_id == patient_id)

    def of_channel(self, channel: DeliveryChannel) -> tuple[MessageChannel, ...]:
        """Return every channel of one kind that this login may see, ended ones too."""
        c = _TABLE.c
        return self._read(c.clinic_id == self._clinic_id, c.channel == channel.value)

    def _read(self, *conditions: Any) -> tuple[MessageChannel, ...]:
        c = _TABLE.c
        query = select(_TABLE).where(*conditions)
        query = query.order_by(c.patient_id, c.receiver, c.rank, c.channel)
        return tuple(
            build(
                MessageChannel, row, patient=owner(row), channel=DeliveryChannel(row["channel"]),
                opted_out_by=word(OptOut, row["opted_out_by"]),
            )
            for row in self._connection.execute(query).mappings()
        )  # fmt: skip
