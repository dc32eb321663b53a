"""Which scheduled sessions were done, and which were missed in a row."""

from __future__ import annotations

from collections.abc import Sequence


def match_schedule(due: Sequence[int], done: Sequence[int], grace_days: int) -> list[bool]:
    """Return for each scheduled session whether it was done in time.

    Each completed session stands for one scheduled session only: the earliest open one on whose
    due day, or within the grace days after it, it was done.

    Parameters
    ----------
    due, done
        Days of scheduled and of completed sessions, ascending, with repeats.
    grace_days
        Days after the due day that still count.
    """
    matched: list[bool] = []
    position, total = 0, len(done)
    for day in due:
        while position < total and done[position] < day:
            position += 1
        fits = position < total and done[position] <= day + grace_days
        matched.append(fits)
        position += fits
    return matched


def missed_run(
    due: Sequence[int], matched: Sequence[bool], today: int, grace_days: int
) -> tuple[int, ...]:
    """Return the due days of the scheduled sessions missed in a row up to now, oldest first.

    A session counts as missed once its grace days are over; one that was done ends the run.
    """
    run: list[int] = []
    for position in range(len(due) - 1, -1, -1):
        if matched[position] and due[position] <= today:
            break
        if due[position] + grace_days < today:
            run.append(due[position])
    return tuple(reversed(run))
