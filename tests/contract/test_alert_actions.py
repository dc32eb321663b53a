"""Assigning alerts and taking an action back, on both engines; a rebuild says the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.facts import AlertAction, AlertActionKind, AlertStatus
from rehabctl.services import alerts, triage
from rehabctl.services.settings import Settings
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.test_services import RULES, clinic, log, ranked, severe_pain

__all__ = ["clinic"]  # the fixture


def acknowledged(clinic: Store, settings: Settings) -> tuple[Store, str]:
    """Return the store five minutes later, and an alert that was acknowledged then."""
    log(clinic, settings, "2", pain_after=9)
    alert_id = str(severe_pain(clinic, "2").id)
    later = at(clinic, NOW + timedelta(minutes=5))
    alerts.acknowledge(later, RULES, [alert_id], "called")
    return later, alert_id


@pytest.mark.parametrize("minutes", [5, 6])
def test_an_undone_acknowledgement_is_as_if_it_had_not_been(
    clinic: Store, settings: Settings, minutes: int
) -> None:
    log(clinic, settings, "2", pain_after=9)
    before, row = severe_pain(clinic, "2"), ranked(clinic)[0]
    alerts.acknowledge(at(clinic, NOW + timedelta(minutes=5)), RULES, [str(before.id)], "called")
    later = at(clinic, NOW + timedelta(minutes=minutes))
    alerts.undo(later, RULES, [str(before.id)])
    assert severe_pain(later, "2") == before
    assert ranked(later)[0] == row
    assert triage.rebuild(later, RULES, check=True).different == 0
    assert triage.rebuild(at(clinic, NOW + timedelta(days=1)), RULES, check=True).different == 0


def test_undo_takes_back_one_action_at_a_time(clinic: Store, settings: Settings) -> None:
    _, alert_id = acknowledged(clinic, settings)
    evening = at(clinic, NOW + timedelta(hours=2))
    alerts.snooze(evening, RULES, [alert_id], NOW + timedelta(days=2))
    alerts.undo(evening, RULES, [alert_id])
    assert severe_pain(evening, "2").state.status is AlertStatus.ACKNOWLEDGED
    alerts.undo(evening, RULES, [alert_id])
    assert severe_pain(evening, "2").state.status is AlertStatus.OPEN
    with pytest.raises(UsageError, match="not yours"):
        alerts.undo(evening, RULES, [alert_id])


def test_undo_hides_no_fact_that_came_meanwhile(clinic: Store, settings: Settings) -> None:
    _, alert_id = acknowledged(clinic, settings)
    tomorrow = at(clinic, NOW + timedelta(days=1))
    log(tomorrow, settings, "2", pain_after=10, name="b")
    alerts.undo(tomorrow, RULES, [alert_id])
    state = severe_pain(tomorrow, "2").state
    assert (state.status, state.level) == (AlertStatus.OPEN, 10)
    assert triage.rebuild(tomorrow, RULES, check=True).different == 0


def test_what_somebody_else_did_is_not_taken_back(clinic: Store, settings: Settings) -> None:
    later, alert_id = acknowledged(clinic, settings)
    state = severe_pain(later, "2").state
    with later.transaction() as uow:
        other = AlertAction(
            NOW + timedelta(minutes=6), AlertActionKind.SNOOZE, state.code, state.key, "other",
            until=NOW + timedelta(days=1),
        )  # fmt: skip
        uow.alerts.add_action(uow.patients.get("2").ref, other)
    with pytest.raises(UsageError, match="not yours"):
        alerts.undo(at(clinic, NOW + timedelta(minutes=7)), RULES, [alert_id])


def test_an_assigned_alert_stays_open_and_names_the_colleague(
    clinic: Store, settings: Settings
) -> None:
    log(clinic, settings, "2", pain_after=9)
    alert_id = str(severe_pain(clinic, "2").id)
    me = clinic.user.login
    assert me in alerts.colleagues(clinic)
    alerts.assign(clinic, RULES, [alert_id], me)
    state = severe_pain(clinic, "2").state
    assert (state.status, state.assigned_to) == (AlertStatus.OPEN, me)
    alerts.undo(clinic, RULES, [alert_id])
    assert severe_pain(clinic, "2").state.assigned_to is None
    with pytest.raises(NotFoundError, match="nobody-here"):
        alerts.assign(clinic, RULES, [alert_id], "nobody-here")
