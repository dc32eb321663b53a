"""Alerts on both engines: derived states are replaced, what people did is kept."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.facts import (
    AlertAction,
    AlertActionKind,
    AlertSeverity,
    AlertState,
    AlertStatus,
)
from rehabctl.store.handles import table
from rehabctl.store.store import Store
from tests.contract.conftest import NOW
from tests.contract.records import add_patient, given_patient


def state(code: str = "PAIN_SEVERE", opened_at: datetime = NOW, **changes: Any) -> AlertState:
    values: dict[str, Any] = {
        "code": code,
        "key": "",
        "opened_at": opened_at,
        "status": AlertStatus.OPEN,
        "severity": AlertSeverity.HIGH,
        "group": "clinical",
        "text": "pain 8 of 10, limit 8",
        "rule_version": "2026-01-01",
        "level": 8.0,
        "known_at": opened_at,
        "close_after_days": 7,
        "reopens_on": "new",
        "unreviewed_since": opened_at,
    }
    return AlertState(**(values | changes))


def test_every_field_of_a_state_has_a_column() -> None:
    assert {f.name for f in fields(AlertState)} <= set(table("alert").c.keys())
    assert {f.name for f in fields(AlertAction)} <= set(table("alert_action").c.keys())


def test_replace_makes_the_stored_alerts_equal_and_keeps_identifiers(store: Store) -> None:
    ref = given_patient(store)
    early = NOW - timedelta(days=9)
    first = state()
    with store.transaction() as uow:
        uow.alerts.replace({ref: [first, state("ROM_DECLINE", key="knee_flexion left")]})
        (kept, gone) = uow.alerts.of_patient(ref.id)
        closed = replace(first, status=AlertStatus.CLOSED, closed_at=NOW)
        reopened = state(opened_at=NOW + timedelta(hours=1))
        uow.alerts.replace({ref: [closed, reopened, state("MISSED", early)]})
        stored = uow.alerts.of_patient(ref.id, closed=True)
        assert [a.state for a in stored] == [state("MISSED", early), closed, reopened]
        assert kept.id in {a.id for a in stored}
        assert gone.id not in {a.id for a in stored}
        assert [a.state for a in uow.alerts.of_patient(ref.id)] == [
            state("MISSED", early), reopened,
        ]  # fmt: skip
        (again,) = uow.alerts.get([kept.id])
        assert again.state == closed
        with pytest.raises(NotFoundError):
            uow.alerts.get([kept.id, gone.id])


def test_every_value_of_a_state_survives(store: Store) -> None:
    ref = given_patient(store)
    full = state(
        unmet_since=NOW,
        handled_at=NOW,
        handled_level=7.5,
        handled_severity=AlertSeverity.MEDIUM,
        handled_by="jlee",
        snoozed_until=NOW + timedelta(days=1),
        assigned_to="mkim",
        close_after_days=None,
        status=AlertStatus.SNOOZED,
    )
    with store.transaction() as uow:
        uow.alerts.replace({ref: [full]})
        (stored,) = uow.alerts.of_patient(ref.id)
        assert (stored.state, stored.patient) == (full, ref)


def test_actions_are_facts_of_their_patient(store: Store) -> None:
    action = AlertAction(
        NOW, AlertActionKind.SNOOZE, "MISSED", "", "jlee", until=NOW + timedelta(days=2)
    )
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        uow.alerts.add_action(ref, action, "called her")
        assert uow.alerts.actions(ref.id) == (action,)
        facts = uow.facts.of_patients([ref.id, other.id])
        assert facts[ref.id].alert_actions == (action,)
        assert facts[other.id].alert_actions == ()
