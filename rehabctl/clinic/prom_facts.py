"""What a patient's pathway asks for, and which change of her scores is important."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from operator import attrgetter
from zoneinfo import ZoneInfo

from rehabctl.clinic.proms_change import find_threshold
from rehabctl.clinic.proms_schedule import occurrences
from rehabctl.domain.facts import Episode, ScoreDue, ScoreFact
from rehabctl.domain.prom_followup import (
    ChangeThreshold,
    Pathway,
    ThresholdKind,
    ThresholdUnit,
)

PLANNED_AHEAD = timedelta(days=62)
"""Longer than any interval of a pathway without end: the next occasion is always known."""


def anchor_of(pathway: Pathway, episode: Episode) -> date | None:
    """Return day 0 of a pathway for an episode; None where the surgery is not dated."""
    return episode.surgery_on if pathway.anchor == "surgery" else episode.started_on


def planned_scores(
    pathway: Pathway, episode: Episode, known_on: date | None, today: date
) -> tuple[ScoreDue, ...]:
    """Return every questionnaire that a pathway asks for, past ones too.

    Parameters
    ----------
    pathway
        The episode's.
    episode
        Gives day 0 and the end of care.
    known_on
        When the clinic entered the patient: nothing is asked for whose window had closed by then.
    today
        Plans reach some weeks beyond it.
    """
    anchor = anchor_of(pathway, episode)
    if anchor is None:
        return ()
    # whole months, so that the same plan is used again on the next day
    until = max(today, anchor).replace(day=1) + PLANNED_AHEAD
    planned = _planned(pathway, anchor, until, episode.ended_on)
    if known_on is None:
        return planned
    return tuple(due for due in planned if due.closes_on is None or due.closes_on >= known_on)


@lru_cache(maxsize=1024)
def _planned(
    pathway: Pathway, anchor: date, until: date, ended_on: date | None
) -> tuple[ScoreDue, ...]:
    return tuple(
        ScoreDue(o.instrument, o.due_on, o.opens_on, o.closes_on, o.superseded_on)
        for o in occurrences(pathway, anchor, until, ended_on)
    )


def with_important_changes(
    scores: Sequence[ScoreFact],
    thresholds: Sequence[ChangeThreshold],
    condition: str,
    zone: ZoneInfo,
) -> tuple[ScoreFact, ...]:
    """Return the scores with the change that counts as important: the larger of MDC and MCID.

    Parameters
    ----------
    scores
        In any order.
    thresholds
        Rows of all instruments; those in force on the day of a score are used.
    condition
        The patients, as the rows name them, such as `surgical`.
    zone
        Of the clinic.

    Notes
    -----
    A row that holds for a part of the range, or is a percentage, is read at the best score before,
    with which a worse score is compared. Without an MCID nothing is called important.
    """
    best: dict[tuple[str, str, str | None, str], float] = {}
    rated: list[ScoreFact] = []
    for score in sorted(scores, key=attrgetter("at", "id")):
        key = (score.instrument, score.scale, score.side, score.rule_version)
        baseline = best.get(key, score.score)
        on = score.at.astimezone(zone).date()
        limit = _important(score, thresholds, baseline, condition, on)
        rated.append(replace(score, important_change=limit))
        better = max if score.higher_is_better else min
        best[key] = better(baseline, score.score)
    return tuple(rated)


def _important(
    score: ScoreFact,
    thresholds: Sequence[ChangeThreshold],
    baseline: float,
    condition: str,
    on: date,
) -> float | None:
    rows = [t for t in thresholds if (t.instrument, t.scale) == (score.instrument, score.scale)]
    limits: dict[ThresholdKind, float] = {}
    for kind in (ThresholdKind.MDC, ThresholdKind.MCID):
        row = find_threshold(rows, kind, baseline, condition, on)
        if row is not None:
            share = 1.0 if row.unit is ThresholdUnit.POINTS else baseline / 100.0
            limits[kind] = float(row.value) * share
    if not limits.get(ThresholdKind.MCID):
        return None
    return max(limits.values())
