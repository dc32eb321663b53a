"""What people do with alerts: acknowledge, snooze, assign. An action never hides a new fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.clinic.alerts import apply_action
from rehabctl.domain.alert import StoredAlert
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.facts import AlertAction, AlertActionKind
from rehabctl.domain.patient import PatientRef
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """One alert with the patient's record number."""

    mrn: str
    alert: StoredAlert


def of_patient(
    store: Store, rules: RuleTable, mrn: str, *, closed: bool = False
) -> list[ListedAlert]:
    """Return the alerts of a patient as of now, oldest first.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    closed
        Whether closed ones are included.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        triage.refresh(uow, [patient.ref], rules)
        found = uow.alerts.of_patient(patient.id, closed=closed)
        uow.audit.record("alert.list", "patient", patient.id, {"count": len(found)})
        return [ListedAlert(mrn, alert) for alert in found]


def acknowledge(store: Store, rules: RuleTable, alert_ids: Sequence[str], comment: str) -> None:
    """Mark alerts as seen; all of them or none.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    alert_ids
        Identifiers.
    comment
        What was decided; kept with the action.
    """
    _act(store, rules, alert_ids, AlertActionKind.ACKNOWLEDGE, comment or None)


def snooze(store: Store, rules: RuleTable, alert_ids: Sequence[str], until: datetime) -> None:
    """Hide alerts until a time; a fact that goes further brings them back at once.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    alert_ids
        Identifiers; all of them are snoozed or none.
    until
        A moment in the future.

    Raises
    ------
    UsageError
        The moment has passed.
    """
    if until <= store.clock():
        raise UsageError("the end of the snooze has passed", "Choose a later moment")
    _act(store, rules, alert_ids, AlertActionKind.SNOOZE, None, until)


def assign(store: Store, rules: RuleTable, alert_ids: Sequence[str], login: str) -> None:
    """Give alerts to a person; all of them or none.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    alert_ids
        Identifiers.
    login
        Of whom they are given to.

    Raises
    ------
    NotFoundError
        There is no such user.
    """
    _act(store, rules, alert_ids, AlertActionKind.ASSIGN, None, assignee=login)


def _act(
    store: Store,
    rules: RuleTable,
    alert_ids: Sequence[str],
    kind: AlertActionKind,
    comment: str | None,
    until: datetime | None = None,
    assignee: str | None = None,
) -> None:
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        if assignee is not None and uow.clinics.user_by_login(assignee, uow.clinic.id) is None:
            raise NotFoundError(f"no user is called {assignee}", "Look at: rehabctl user list")
        found = uow.alerts.get([_uuid(text) for text in alert_ids])
        patients = list({alert.patient.id: alert.patient for alert in found}.values())
        triage.refresh(uow, patients, rules)
        for alert in found:
            action = AlertAction(
                at=uow.now,
                kind=kind,
                code=alert.state.code,
                key=alert.state.key,
                by=uow.user.login,
                until=until,
                assignee=assignee,
            )
            uow.alerts.add_action(alert.patient, action, comment)
            _apply(uow, alert.patient, action)
            uow.audit.record(f"alert.{kind.value}", "alert", alert.id, {"code": action.code})
        triage.write_rows(uow, patients, rules)


def _apply(uow: UnitOfWork, patient: PatientRef, action: AlertAction) -> None:
    states = tuple(a.state for a in uow.alerts.of_patient(patient.id, closed=True))
    uow.alerts.replace(patient, apply_action(states, action))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(
            "that is no identifier of an alert", "Look at: rehabctl alert list"
        ) from None
