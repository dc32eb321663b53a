"""Alerts as they stand, and what people did with them.

Alerts are derived: `replace` writes what the rules made of the events. What people do is an event
of its own, so that alerts can be made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from rehabctl.domain.alert import StoredAlert
from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.facts import (
    AlertAction,
    AlertActionKind,
    AlertSeverity,
    AlertState,
    AlertStatus,
)
from rehabctl.domain.patient import PatientRef
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, chunked, owned, owner, plain, word

_ALERT = table("alert")
_ACTION = table("alert_action")
_Key = tuple[str, str, datetime]


class AlertRepository:
    """Alerts of patients."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def of_patient(self, patient_id: UUID, *, closed: bool = False) -> tuple[StoredAlert, ...]:
        """Return the alerts of a patient by code, key and time of opening.

        Parameters
        ----------
        patient_id
            Whose.
        closed
            Whether closed ones are included.
        """
        query = select(_ALERT).where(_ALERT.c.patient_id == patient_id)
        if not closed:
            query = query.where(_ALERT.c.status != AlertStatus.CLOSED.value)
        query = query.order_by(_ALERT.c.code, _ALERT.c.key, _ALERT.c.opened_at)
        return tuple(_alert(row) for row in self._connection.execute(query).mappings())

    def of_patients(self, patient_ids: Sequence[UUID]) -> dict[UUID, tuple[AlertState, ...]]:
        """Return all alerts of patients as they stand, closed ones too, ordered as `of_patient`."""
        found: dict[UUID, list[AlertState]] = {}
        for part in chunked(patient_ids):
            for row in self._connection.execute(_of_patients(part)).mappings():
                found.setdefault(row["patient_id"], []).append(_alert(row).state)
        return {patient_id: tuple(states) for patient_id, states in found.items()}

    def get(self, alert_ids: Sequence[UUID]) -> tuple[StoredAlert, ...]:
        """Return these alerts, in this order.

        Raises
        ------
        NotFoundError
            One of them does not exist.
        """
        query = select(_ALERT).where(_ALERT.c.id.in_(alert_ids))
        found = {row["id"]: _alert(row) for row in self._connection.execute(query).mappings()}
        if missing := [alert_id for alert_id in alert_ids if alert_id not in found]:
            raise NotFoundError(
                f"no alert has the identifier {missing[0]}", "Look at: rehabctl alert list"
            )
        return tuple(found[alert_id] for alert_id in alert_ids)

    def replace(self, wanted: Mapping[PatientRef, Sequence[AlertState]]) -> None:
        """Make the stored alerts of patients equal to these; identifiers of known ones stay.

        Parameters
        ----------
        wanted
            All alerts of each patient, closed ones too.
        """
        stored: dict[UUID, dict[_Key, StoredAlert]] = {patient.id: {} for patient in wanted}
        for part in chunked(list(stored)):
            for row in self._connection.execute(_of_patients(part)).mappings():
                alert = _alert(row)
                stored[alert.patient.id][_key(alert.state)] = alert
        gone: list[UUID] = []
        changed: list[dict[str, Any]] = []
        added: list[dict[str, Any]] = []
        for patient, states in wanted.items():
            before = stored[patient.id]
            for state in states:
                known = before.pop(_key(state), None)
                if known is None:
                    added.append(owned(patient, new_id(), self._now) | plain(state))
                elif known.state != state:
                    changed.append(plain(state) | {"alert_id": known.id})
            gone += [alert.id for alert in before.values()]
        for part in chunked(gone):
            self._connection.execute(delete(_ALERT).where(_ALERT.c.id.in_(part)))
        # Closing comes first: only one alert per code and key may be open at any moment.
        changed.sort(key=lambda values: values["status"] != AlertStatus.CLOSED.value)
        if changed:
            values: dict[str, Any] = {
                name: bindparam(name) for name in changed[0] if name != "alert_id"
            }
            statement = update(_ALERT).where(_ALERT.c.id == bindparam("alert_id")).values(values)
            self._connection.execute(statement, changed)
        if added:
            self._connection.execute(insert(_ALERT), added)

    def add_action(
        self, patient: PatientRef, action: AlertAction, comment: str | None = None
    ) -> None:
        """Add what a person did with the alerts of one code and key."""
        self._connection.execute(
            insert(_ACTION).values(
                owned(patient, new_id(), self._now) | plain(action) | {"comment": comment}
            )
        )

    def actions(self, patient_id: UUID) -> tuple[AlertAction, ...]:
        """Return what people did with a patient's alerts, oldest first."""
        query = select(_ACTION).where(_ACTION.c.patient_id == patient_id)
        rows = self._connection.execute(query.order_by(_ACTION.c.at, _ACTION.c.id)).mappings()
        return tuple(action_of(row) for row in rows)


def _of_patients(patient_ids: Sequence[UUID]) -> Any:
    query = select(_ALERT).where(_ALERT.c.patient_id.in_(patient_ids))
    return query.order_by(_ALERT.c.code, _ALERT.c.key, _ALERT.c.opened_at)


def _key(state: AlertState) -> _Key:
    return state.code, state.key, state.opened_at


def _alert(row: RowMapping) -> StoredAlert:
    state = build(
        AlertState,
        row,
        status=AlertStatus(row["status"]),
        severity=AlertSeverity(row["severity"]),
        handled_severity=word(AlertSeverity, row["handled_severity"]),
    )
    return StoredAlert(row["id"], owner(row), state)


def action_of(row: RowMapping) -> AlertAction:
    """Return the action of a row."""
    return build(AlertAction, row, kind=AlertActionKind(row["kind"]))
