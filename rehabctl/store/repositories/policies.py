"""Insurance policies of patients."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert, select, update

from rehabctl.domain.policy import Policy, Rank, Relationship, Subscriber
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain

_TABLE = table("insurance_policy")


class PolicyRepository:
    """Policies are added and ended, never changed: claims were made from them."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, policy: Policy) -> None:
        """Add a policy."""
        row = owned(policy.patient, policy.id, self._now) | plain(policy, "subscriber")
        self._connection.execute(insert(_TABLE).values(row | {"subscriber": _document(policy)}))

    def of_patient(self, patient_id: UUID) -> tuple[Policy, ...]:
        """Return the policies of a patient, ended ones too: by rank, oldest first."""
        c = _TABLE.c
        query = select(_TABLE).where(c.patient_id == patient_id).order_by(c.rank, c.valid_from)
        return tuple(_policy(row) for row in self._connection.execute(query).mappings())

    def end(self, policy_id: UUID, last_day: date) -> None:
        """Date the last day of a policy."""
        statement = update(_TABLE).where(_TABLE.c.id == policy_id).values(valid_to=last_day)
        self._connection.execute(statement)


def _document(policy: Policy) -> dict[str, Any] | None:
    who = policy.subscriber
    return None if who is None else asdict(who) | {"birth_date": who.birth_date.isoformat()}


def _policy(row: RowMapping) -> Policy:
    who: dict[str, Any] | None = row["subscriber"]
    subscriber = None
    if who is not None:
        born: dict[str, Any] = {"birth_date": date.fromisoformat(who["birth_date"])}
        subscriber = Subscriber(**(who | born))
    return build(
        Policy,
        row,
        patient=owner(row),
        rank=Rank(row["rank"]),
        relationship=Relationship(row["relationship"]),
        subscriber=subscriber,
    )
