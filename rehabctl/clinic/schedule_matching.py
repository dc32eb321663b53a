"""Which scheduled sessions were done, and which were missed in a row."""

from __future__ import annotations

from collections.abc import Sequence


def match_schedule(due: Sequence[int], done: Sequence[int], grace_days: int) -> list[bool]:
    """Return for each scheduled session whether it was done in time.

    Each completed session stands for one scheduled session only: one of its own day, or else the
    earliest open one whose grace days it falls into. A later session never changes what an
    earlier one stood for.

    Parameters
    ----------
    due, done
        Days of scheduled and of completed sessions, ascending, with repeats.
    grace_days
        Days after the due day that still count.
    """
    matched = [False] * len(due)
    first, total = 0, len(due)
    for day in done:
        while first < total and due[first] < day - grace_days:
            first += 1
        late: int | None = None
        position = first
        while position < total and due[position] <= day:
            if not matched[position]:
                if due[position] == day:
                    matched[position] = True
                    break
                late = position if late is None else late
            position += 1
        else:
            if late is not None:
                matched[late] = True
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
