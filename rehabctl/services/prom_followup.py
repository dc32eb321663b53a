"""What follows from outcome scores: rate a change, plan what is due, gate and check wording.

Everything here is pure so far: nothing is read from or written to the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import cast

from rehabctl.clinic import proms_change, proms_licence, proms_schedule, proms_text
from rehabctl.domain.errors import (
    FindingsError,
    NotFoundError,
    NotPermittedError,
    UsageError,
    suggestion,
)
from rehabctl.domain.prom import AnswerFinding, Instrument, Scale, ScoringRule
from rehabctl.domain.prom_followup import (
    ChangeThreshold,
    LicenceRecord,
    OccurrenceStatus,
    ScoreChange,
    SendDecision,
    ThresholdKind,
)
from rehabctl.reference.instruments import load_instrument
from rehabctl.reference.prom_followup import load_pathway, load_thresholds
from rehabctl.services.proms import rule_for

_PLANNED_DAYS = 90


def thresholds_of(slug: str) -> tuple[ChangeThreshold, ...]:
    """Return every threshold of change that is recorded for an instrument."""
    return tuple(row for row in load_thresholds() if row.instrument == slug)


def rate_change(
    slug: str,
    before: float,
    after: float,
    *,
    scale: str | None = None,
    variant: str | None = None,
    condition: str = "any",
    row_ids: Sequence[str] = (),
    on: date | None = None,
) -> ScoreChange:
    """Label the change between two scores of one scale.

    Parameters
    ----------
    slug
        The instrument.
    before, after
        The two scores.
    scale
        Needed where an instrument has several scales and no total.
    variant
        The scoring variant of both scores.
    condition
        The patients, as the threshold rows name them (`any`, `surgical`, `knee-replacement`).
    row_ids
        Rows to judge by instead of the default ones.
    on
        The day of the second score; None means the newest rows.

    Raises
    ------
    NotFoundError
        There is no such instrument, condition or row.
    UsageError
        The scale is missing or unknown.
    FindingsError
        A score lies outside the scale.
    """
    asked = load_instrument(slug)
    chosen = _scale_of(asked, rule_for(asked, variant, on), scale)
    for value in (before, after):
        if not chosen.minimum <= value <= chosen.maximum:
            low, high = float(chosen.minimum), float(chosen.maximum)
            raise FindingsError(
                f"a score of {slug} {chosen.key} is outside {low:g} to {high:g}",
                "Check both scores and the scale",
            )
    rows = [row for row in thresholds_of(slug) if row.scale == chosen.key]
    _require_condition(slug, rows, condition)
    by_kind = {row.kind: row for row in _rows_by_id(slug, rows, row_ids)}
    found = {
        kind: by_kind.get(kind) or proms_change.find_threshold(rows, kind, before, condition, on)
        for kind in ThresholdKind
    }
    return proms_change.rate_change(
        slug,
        chosen,
        before,
        after,
        mdc=found[ThresholdKind.MDC],
        mcid=found[ThresholdKind.MCID],
        scb=found[ThresholdKind.SCB],
    )


def _scale_of(asked: Instrument, rule: ScoringRule, key: str | None) -> Scale:
    scales = {scale.key: scale for scale in rule.scales}
    chosen = scales.get(key or "total")
    if chosen is None:
        what = "needs --scale" if key is None else f"has no scale {key!r}"
        raise UsageError(f"{asked.slug} {what}", f"Use one of: {', '.join(scales)}")
    return chosen


def _require_condition(slug: str, rows: Sequence[ChangeThreshold], condition: str) -> None:
    known = sorted({row.condition for row in rows} | {"any"})
    if condition not in known:
        raise NotFoundError(
            f"no threshold of {slug} is recorded for {condition!r}",
            f"Use one of: {', '.join(known)}",
        )


def _rows_by_id(
    slug: str, rows: Sequence[ChangeThreshold], ids: Sequence[str]
) -> list[ChangeThreshold]:
    by_id = {row.id: row for row in rows}
    for row_id in ids:
        if row_id not in by_id:
            near = suggestion(row_id, list(by_id))
            hint = f"{near[0].upper()}{near[1:]} " if near else ""
            raise NotFoundError(
                f"no threshold {row_id!r} for this scale", f"{hint}See: rehabctl prom show {slug}"
            )
    return [by_id[row_id] for row_id in ids]


def plan(
    pathway: str,
    anchor: date,
    as_of: date,
    until: date | None = None,
    completed: Mapping[str, Sequence[date]] | None = None,
    discharged_on: date | None = None,
) -> list[OccurrenceStatus]:
    """Return every questionnaire of a pathway and where it stands.

    Parameters
    ----------
    pathway
        Slug of the pathway.
    anchor
        Day 0: surgery or start of the episode.
    as_of
        The day to look from.
    until
        The last day to plan for; None means 90 days after `as_of`.
    completed
        By instrument, the days on which it was answered.
    discharged_on
        The end of care.

    Raises
    ------
    NotFoundError
        There is no such pathway or instrument.
    UsageError
        A date lies outside the calendar.
    """
    done = {load_instrument(slug).slug: days for slug, days in (completed or {}).items()}
    chosen = load_pathway(pathway)
    try:
        last = until or as_of + timedelta(_PLANNED_DAYS)
        planned = proms_schedule.occurrences(chosen, anchor, last, discharged_on)
    except OverflowError:
        raise UsageError("a date lies outside the calendar", "Check the dates") from None
    return [proms_schedule.status(o, done, as_of, discharged_on) for o in planned]


def check_wording(document: object) -> tuple[Instrument, list[AnswerFinding]]:
    """Check a file of clinic-supplied wording against the instrument that it names.

    Raises
    ------
    FindingsError
        The file names no instrument.
    NotFoundError
        It names one that is not known.
    """
    table = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    named = table.get("instrument")
    if not isinstance(named, str):
        raise FindingsError("the file names no `instrument`", "See: rehabctl prom list")
    found = load_instrument(named)
    return found, proms_text.check_wording(found, table)


def require_permission_to_send(
    slug: str, records: Iterable[LicenceRecord], on: date
) -> SendDecision:
    """Return the decision that an instrument may be sent.

    Raises
    ------
    NotPermittedError
        Its rights ask for a licence record that is not there.
    """
    decision = proms_licence.may_send(load_instrument(slug), records, on)
    if not decision.allowed:
        raise NotPermittedError(decision.reason, "Record the licence, or choose another instrument")
    return decision
