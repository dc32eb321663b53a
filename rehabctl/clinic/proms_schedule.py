"""When questionnaires are due: windows around planned days, and where each one stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from rehabctl.domain.prom_followup import (
    DueDay,
    Occurrence,
    OccurrenceState,
    OccurrenceStatus,
    Pathway,
    Series,
)


def occurrences(
    pathway: Pathway, anchor: date, until: date, discharged_on: date | None = None
) -> tuple[Occurrence, ...]:
    """Return every questionnaire of a pathway whose window opens by a day, by due date.

    Parameters
    ----------
    pathway
        Which instruments are due when.
    anchor
        Day 0 (surgery, or start of the episode), a date of the clinic's calendar.
    until
        The last day to look at.
    discharged_on
        The end of care: nothing that is due later is asked for.
    """
    found = [
        occurrence
        for series in pathway.series
        for instrument in series.instruments
        for occurrence in _of_series(pathway.slug, series, instrument, anchor, until)
        if discharged_on is None or occurrence.due_on <= discharged_on
    ]
    return tuple(sorted(found, key=lambda o: (o.due_on, o.instrument, o.purpose)))


def status(
    occurrence: Occurrence,
    completed: Mapping[str, Sequence[date]],
    as_of: date,
    discharged_on: date | None = None,
) -> OccurrenceStatus:
    """Return where one questionnaire stands on a day.

    Parameters
    ----------
    occurrence
        One of `occurrences`.
    completed
        By instrument, the days on which it was answered.
    as_of
        The day to look from; later answers do not count yet.
    discharged_on
        From the day after it on, what was not answered is missed.

    Notes
    -----
    An answer counts from the opening of the window to the day before the next one of the same
    series opens, so that each answer completes at most one occurrence of a series. After the
    window it counts as late.
    """
    done = [
        day
        for day in completed.get(occurrence.instrument, ())
        if occurrence.opens_on <= day < occurrence.superseded_on and day <= as_of
    ]
    completed_on = min(done, default=None)
    state = _state(occurrence, completed_on, as_of, discharged_on)
    return OccurrenceStatus(
        occurrence=occurrence,
        state=state,
        completed_on=completed_on,
        late=completed_on is not None and completed_on > occurrence.closes_on,
        reminder_due=state is OccurrenceState.OPEN and as_of in occurrence.reminders_on,
    )


def _state(
    occurrence: Occurrence, completed_on: date | None, as_of: date, discharged_on: date | None
) -> OccurrenceState:
    if completed_on is not None:
        return OccurrenceState.COMPLETED
    if as_of < occurrence.opens_on:
        return OccurrenceState.UPCOMING
    discharged = discharged_on is not None and as_of > discharged_on
    if discharged or as_of >= occurrence.superseded_on:
        return OccurrenceState.MISSED
    return OccurrenceState.OPEN if as_of <= occurrence.closes_on else OccurrenceState.OVERDUE


def _of_series(
    pathway: str, series: Series, instrument: str, anchor: date, until: date
) -> list[Occurrence]:
    return [
        Occurrence(
            pathway=pathway,
            purpose=series.purpose,
            instrument=instrument,
            due_on=anchor + timedelta(day.due_day),
            opens_on=anchor + timedelta(day.opens_day),
            closes_on=anchor + timedelta(day.closes_day),
            reminders_on=tuple(
                anchor + timedelta(day.due_day + after) for after in series.reminder_days
            ),
            superseded_on=anchor + timedelta(day.superseded_day),
        )
        for day in _days(series, (until - anchor).days)
    ]


def _days(series: Series, last: int) -> list[DueDay]:
    """Return the planned days whose windows open by a day, with the repeats of an open end."""
    days = list(series.days)
    while series.repeat_days and days[-1].opens_day < last:
        days.append(_later(days[-1], series.repeat_days))
    return [day for day in days if day.opens_day <= last]


def _later(day: DueDay, by: int) -> DueDay:
    return DueDay(
        day.due_day + by, day.opens_day + by, day.closes_day + by, day.superseded_day + by
    )
