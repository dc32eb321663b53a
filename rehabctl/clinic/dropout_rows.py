"""The rows that a model of dropout is fitted to: what was known on a day, and what came after.

A row is made once a week while a programme runs. It is left out while a patient has dropped out
already, and where the days after it cannot tell: too few sessions scheduled, a hold, the end of
care, or days that have not passed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import date, timedelta

from rehabctl.clinic.dropout import engagement_features, score_features
from rehabctl.clinic.patient_view import PatientView
from rehabctl.domain.dropout import IndexRow
from rehabctl.domain.facts import PatientFacts
from rehabctl.reference.rules import RuleRow, RuleTable


def index_rows(
    view: PatientView, rules: RuleTable, subgroups: Mapping[str, str]
) -> Iterator[IndexRow]:
    """Yield the rows of one patient, oldest first.

    Parameters
    ----------
    view
        The patient as of now: gives the outcomes.
    rules
        The dated rules.
    subgroups
        Of the patient.
    """
    row = view.rules["DROPOUT_FIT"]
    first, horizon = view.episode_first_day, row.days("horizon_days")
    if first is None:
        return
    done = sorted(view.done_days)
    last = view.today - horizon - view.grace_days - 1
    start = first + row.days("first_index_day") - 1
    for day in range(start, last + 1, row.days("index_every_days")):
        if dropped_out(view.due, done, day - horizon + 1, day, row):
            continue
        event = _event_after(view, done, day, row)
        if event is not None:
            known = _view_on(view.facts, view, day, rules)
            features = engagement_features(known)
            yield IndexRow(
                patient=view.facts.patient_id,
                on=date.fromordinal(day),
                features=astuple(features),
                points=score_features(features, known.rules).points,
                event=event,
                subgroups=subgroups,
            )


def dropped_out(
    due: Sequence[int], done: Sequence[int], first: int, last: int, row: RuleRow
) -> bool:
    """Return whether enough was scheduled between two days and nothing was done.

    Parameters
    ----------
    due, done
        Day numbers, sorted.
    first, last
        Both inclusive.
    row
        `DROPOUT_FIT`.
    """
    return _between(due, first, last) >= row.limits["scheduled_at_least"] and not _between(
        done, first, last
    )


def _between(days: Sequence[int], first: int, last: int) -> int:
    return bisect_right(days, last) - bisect_left(days, first)


def _event_after(view: PatientView, done: Sequence[int], day: int, row: RuleRow) -> bool | None:
    """Return whether the patient dropped out after a day; None where it cannot be told."""
    last = day + row.days("horizon_days")
    episode = view.facts.episode
    if episode is not None and episode.ended_on and episode.ended_on.toordinal() <= last:
        return None
    for hold in view.facts.holds:
        ends = None if hold.to_day is None else hold.to_day.toordinal()
        if hold.from_day.toordinal() <= last and (ends is None or ends >= day):
            return None
    if _between(view.due, day + 1, last) < row.limits["scheduled_at_least"]:
        return None
    return dropped_out(view.due, done, day + 1, last, row)


def _view_on(facts: PatientFacts, view: PatientView, day: int, rules: RuleTable) -> PatientView:
    """Return what the clinic knew at the end of an earlier day."""
    moment = view.start_of(day + 1) - timedelta(seconds=1)
    return PatientView.of(facts.known_at(moment), moment, rules)
