"""Repetitions in a table of angles, whichever instrument wrote it (`pose repetitions`)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite
from typing import TYPE_CHECKING

from rehabctl.domain.errors import FindingsError, RehabctlError, UsageError, suggestion

if TYPE_CHECKING:
    from rehabctl.analysis.repetitions import SeriesCount
    from rehabctl.domain.exercise import Measurement

_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})


@dataclass(frozen=True, slots=True)
class AngleTable:
    """A CSV file of numbers: column names and rows of text."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def numbers(self, column: str) -> list[float]:
        """Return a column; missing values are NaN.

        Parameters
        ----------
        column
            Its name.

        Raises
        ------
        UsageError
            There is no such column.
        RehabctlError
            A value is no number, or there is not one.
        """
        if column not in self.columns:
            hint = suggestion(column, list(self.columns))
            known = f"Columns are {', '.join(self.columns[:12])}"
            raise UsageError(
                f"{self.name} has no column {column!r}",
                hint or known,
            )
        position = self.columns.index(column)
        found = [self._number(row, position, line) for line, row in enumerate(self.rows, start=2)]
        if all(value != value for value in found):
            raise RehabctlError(
                f"column {column!r} of {self.name} holds no number", "Check the file"
            )
        return found

    def angle_column(self, time_column: str | None) -> str:
        """Return the one column that can be meant when none was named.

        Parameters
        ----------
        time_column
            The one that holds the times.
        """
        others = [name for name in self.columns if name != time_column]
        if len(others) != 1:
            raise UsageError(
                f"{self.name} has {len(others)} columns of angles",
                f"Name one with --column: {', '.join(others[:12])}" if others else "Check the file",
            )
        return others[0]

    def _number(self, row: tuple[str, ...], position: int, line: int) -> float:
        text = row[position].strip() if position < len(row) else ""
        if text.lower() in _MISSING:
            return float("nan")
        try:
            value = float(text)
        except ValueError:
            value = inf
        if abs(value) == inf:
            raise RehabctlError(
                f"line {line} of {self.name}: {self.columns[position]!r} is no number",
                "Leave missing values empty",
            )
        return value


def read_table(text: str, name: str) -> AngleTable:
    """Read a CSV file with a header.

    Parameters
    ----------
    text
        Its content.
    name
        Its name, for messages.

    Raises
    ------
    RehabctlError
        It is no CSV file, or it holds no row.
    """
    try:
        lines = [tuple(row) for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error:
        raise RehabctlError(f"{name} is no CSV file", "Export the angles as CSV") from None
    if len(lines) < 2 or "\0" in text:
        raise RehabctlError(
            f"{name} holds no rows under a header", "Export the angles as CSV with a header"
        )
    columns = tuple(cell.strip().removeprefix("\ufeff") for cell in lines[0])
    return AngleTable(name, columns, tuple(lines[1:]))


def count_repetitions(
    table: AngleTable,
    *,
    column: str | None = None,
    exercise: str | None = None,
    rest_deg: float | None = None,
    peak_deg: float | None = None,
    time_column: str = "t_s",
    fps: float | None = None,
) -> SeriesCount:
    """Count the repetitions of one column.

    Parameters
    ----------
    table
        From `read_table`.
    column
        The angle; may be left out where there is only one.
    exercise
        Slug that gives rest and target.
    rest_deg, peak_deg
        Instead of the exercise's own.
    time_column
        Seconds, rising.
    fps
        Samples a second, for a table without times.

    Raises
    ------
    UsageError
        A column is missing, or rest and target are not known.
    NotFoundError
        The exercise is not in the library.
    FindingsError
        The exercise is not counted by an angle.
    RehabctlError
        The values are no series.
    """
    import numpy as np

    from rehabctl.analysis.repetitions import count_series
    from rehabctl.reference.measurement import load_measurement_data

    spec = _measurement(exercise)
    rest = rest_deg if rest_deg is not None or spec is None else spec.rest_deg
    target = peak_deg if peak_deg is not None or spec is None else spec.target_deg
    if rest is None or target is None:
        raise UsageError(
            "rest and turning point are not known", "Give --exercise, or --rest-deg and --peak-deg"
        )
    if not (isfinite(rest) and isfinite(target)):
        raise UsageError("an angle is not a finite number", "Give degrees")
    if rest == target:
        raise UsageError("rest and turning point are the same", "Give two different angles")
    values = table.numbers(column or table.angle_column(None if fps else time_column))
    t_s = _times(table, time_column, fps, len(values))
    shortest = {} if spec is None else {"min_rep_s": spec.min_rep_s}
    return count_series(
        np.array(t_s),
        np.array(values),
        rest_deg=rest,
        target_deg=target,
        thresholds=load_measurement_data().repetitions,
        **shortest,
    )


def _measurement(exercise: str | None) -> Measurement | None:
    from rehabctl.reference.exercise_library import load_library

    if exercise is None:
        return None
    spec = load_library().get(exercise).measurement
    if spec.rest_deg is None or spec.target_deg is None:
        raise FindingsError(
            f"{exercise} is not counted by an angle", "Give --rest-deg and --peak-deg instead"
        )
    return spec


def _times(table: AngleTable, time_column: str, fps: float | None, count: int) -> Sequence[float]:
    if fps is not None:
        return [frame / fps for frame in range(count)]
    if time_column not in table.columns:
        raise UsageError(
            f"{table.name} has no column {time_column!r}",
            "Name the times with --time-column, or give --fps",
        )
    times = table.numbers(time_column)
    if not all(later > earlier for earlier, later in pairwise(times)):
        raise RehabctlError(
            f"the times of {table.name} do not rise", "Sort the rows and remove repeated times"
        )
    return times
