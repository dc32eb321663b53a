"""Alerts brought forward through time: a function of the events, not of when somebody looked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rehabctl.clinic.alerts import AlertChange, apply_action, standing_actions
from rehabctl.clinic.triage import Refreshed, panel_row, refresh
from rehabctl.domain.facts import AlertState, PatientFacts
from rehabctl.reference.rules import RuleTable


def advance(
    facts: PatientFacts,
    alerts: Sequence[AlertState],
    since: datetime | None,
    until: datetime,
    rules: RuleTable,
    next_change_at: datetime | None = None,
) -> Refreshed:
    """Bring alerts forward through every moment at which something happened or changed by itself.

    It makes no difference how often, or how late, anybody looked. With `since` None the whole
    history is replayed, by which stored alerts and rows are checked against the raw events.

    Parameters
    ----------
    facts
        What is known at `until`, with every person's actions (`alert_actions`).
    alerts
        The alerts as they stood at `since`, or none.
    since
        The moment up to which `alerts` are right; None starts when the patient became known
        (`known_since`, or the first event).
    until
        The moment to go to.
    rules
        The dated rules.
    next_change_at
        Of the row that was made at `since` by the same rules: until then nothing changes unless
        something is recorded. None looks at `since` once more.
    """
    known, moments = facts, list(facts.recorded_moments(since))
    if moments and moments[-1] > until:
        known = facts.known_at(until)
        moments = list(known.recorded_moments(since))
    last_recorded = moments[-1] if moments else None
    moments.append(until)
    actions = standing_actions(
        sorted(known.alert_actions, key=lambda a: (a.at, a.code, a.key, a.kind))
    )
    states, changes = tuple(alerts), list[AlertChange]()
    if since is None:
        moment = moments.pop(0)
    elif next_change_at is None or next_change_at <= since:
        moment = since
    else:
        moment = next_change_at if next_change_at < moments[0] else moments.pop(0)
    while True:
        all_known = last_recorded is None or last_recorded <= moment
        then = known if all_known else known.known_at(moment)
        step = refresh(then, states, moment, rules)
        changes.extend(step.changes)
        states = step.alerts
        for action in actions:
            if action.at == moment and action.at != since:
                states = apply_action(states, action)
        row = step.row if states == step.alerts else panel_row(then, states, moment, rules)
        alone = row.next_change_at
        settled = all_known and (alone is None or alone > until)
        if settled or moment == until:
            return Refreshed(states, tuple(changes), row)
        moment = alone if alone is not None and alone < moments[0] else moments.pop(0)
