"""What people do with alerts: acknowledge, snooze, assign. An action never hides a new fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rehabctl.clinic.alert_history import advance
from rehabctl.clinic.alerts import apply_action, standing_actions
from rehabctl.clinic.explanation import RuleExplanation, explain
from rehabctl.domain.alert import AlertEvidence, StoredAlert
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.facts import AlertAction, AlertActionKind, AlertStatus
from rehabctl.domain.patient import PatientRef
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, may, require
from rehabctl.services.identifiers import identifier
from rehabctl.services.patient_facts import facts_of

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


def evidence(store: Store, rules: RuleTable, mrn: str) -> tuple[AlertEvidence, ...]:
    """Return a patient's alerts with what their rules read, open ones first.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        triage.refresh(uow, [patient.ref], rules)
        found = uow.alerts.of_patient(patient.id)
        facts = facts_of(uow, [patient.id])[patient.id]
        told = explain(facts, tuple(a.state for a in found), uow.now, rules)
        uow.audit.record("alert.list", "patient", patient.id, {"count": len(found)})
    by_rule = {(rule.code, rule.key): rule for rule in told.rules}
    ordered = sorted(
        found, key=lambda a: (a.state.status is not AlertStatus.OPEN, -a.state.severity.rank)
    )
    return tuple(_evidence(a, by_rule.get((a.state.code, a.state.key))) for a in ordered)


def _evidence(alert: StoredAlert, rule: RuleExplanation | None) -> AlertEvidence:
    if rule is None:
        return AlertEvidence(str(alert.id), alert.state)
    return AlertEvidence(
        id=str(alert.id),
        state=alert.state,
        verdict=rule.state,
        inputs=rule.inputs,
        limits=rule.limits,
        source=rule.source,
        grade=rule.grade,
    )


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
    _act(store, rules, alert_ids, AlertActionKind.SNOOZE, None, until=until)


def assign(store: Store, rules: RuleTable, alert_ids: Sequence[str], login: str) -> None:
    """Give alerts to a colleague; all of them or none. They stay open.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    alert_ids
        Identifiers.
    login
        Of a user of the clinic who may work with patients.

    Raises
    ------
    NotFoundError
        Nobody of that login works with patients here.
    """
    if login not in colleagues(store):
        raise NotFoundError(
            f"no colleague has the login {login!r}", "Look at: rehabctl alert colleagues"
        )
    _act(store, rules, alert_ids, AlertActionKind.ASSIGN, None, assignee=login)


def colleagues(store: Store) -> list[str]:
    """Return the logins of those to whom an alert can be given, sorted.

    Parameters
    ----------
    store
        The open store.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        return sorted(
            user.login
            for user in uow.clinics.users(uow.clinic.id)
            if user.active and may(user.role, Action.WRITE_CLINICAL, is_local=uow.is_local)
        )


def undo(store: Store, rules: RuleTable, alert_ids: Sequence[str]) -> None:
    """Take back the newest own action on each of these alerts; all of them or none.

    The alert is again what the facts and the other actions say: an action that was taken back
    hides no fact that came meanwhile.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    alert_ids
        Identifiers.

    Raises
    ------
    UsageError
        The newest action on one of them is somebody else's, or there is none.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        found = uow.alerts.get(
            [identifier(text, "an alert", "rehabctl alert list") for text in alert_ids]
        )
        patients = list({alert.patient.id: alert.patient for alert in found}.values())
        for alert in found:
            action = AlertAction(
                uow.now, AlertActionKind.UNDO, alert.state.code, alert.state.key, uow.user.login
            )
            _require_own(uow, alert)
            uow.alerts.add_action(alert.patient, action)
            uow.audit.record("alert.undo", "alert", alert.id, {"code": action.code})
        facts = facts_of(uow, [patient.id for patient in patients])
        for patient in patients:
            replayed = advance(facts[patient.id], (), None, uow.now, rules)
            uow.alerts.replace({patient: replayed.alerts})
        triage.write_rows(uow, patients, rules)


def _require_own(uow: UnitOfWork, alert: StoredAlert) -> None:
    about = (alert.state.code, alert.state.key)
    standing = standing_actions(uow.alerts.actions(alert.patient.id))
    newest = next((a for a in reversed(standing) if (a.code, a.key) == about), None)
    if newest is None or newest.by != uow.user.login:
        raise UsageError(
            "the newest action on this alert is not yours to take back",
            "Look at: rehabctl alert list",
        )


def _act(
    store: Store,
    rules: RuleTable,
    alert_ids: Sequence[str],
    kind: AlertActionKind,
    comment: str | None,
    *,
    until: datetime | None = None,
    assignee: str | None = None,
) -> None:
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        if assignee is not None and uow.clinics.user_by_login(assignee, uow.clinic.id) is None:
            raise NotFoundError(f"no user is called {assignee}", "Look at: rehabctl user list")
        found = uow.alerts.get(
            [identifier(text, "an alert", "rehabctl alert list") for text in alert_ids]
        )
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
    uow.alerts.replace({patient: apply_action(states, action)})
