"""Rows of simulated patients whose probability of dropping out is known exactly.

To show that a fit finds what is there: the log odds follow `TRUTH`, so that the best possible area
under the curve is known too. No simulated row is ever part of a fit to a clinic's records.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from rehabctl.clinic.dropout_fit import Ranking
from rehabctl.clinic.dropout_model import logistic
from rehabctl.domain.dropout import FEATURES, IndexRow

TRUTH = {
    "freq_slope": -0.7, "completion": -0.9, "miss_run": 0.5, "time_of_day": -0.3,
    "pain_slope": 0.4, "pain_fluct": 0.2, "skip": 0.3, "first_week": 0.0, "contact": 0.35,
}  # fmt: skip
"""True coefficients of standardised features."""
_INTERCEPT = -2.6
_SPREAD = {"completion": (0.8, 0.2), "miss_run": (0.7, 1.0), "contact": (1.5, 1.5)}
_FIRST = date(2024, 1, 1)
_SPAN_DAYS = 690


class SimulatedRows:
    """Patients with weekly rows over two years.

    Rows of one patient share a part of their features. The points carry a noisy share of the truth,
    as a score does that was not made for this clinic.

    Parameters
    ----------
    patients, seed
        The same seed gives the same patients.
    weeks
        Rows of each patient.
    intercept
        Log odds of an average row.
    """

    def __init__(
        self, patients: int, seed: int, *, weeks: int = 6, intercept: float = _INTERCEPT
    ) -> None:
        draw = np.random.default_rng(seed)
        self.rows: list[IndexRow] = []
        self.truth: list[float] = []
        """True probability of each row."""
        coefficients = np.array(list(TRUTH.values()))
        for n in range(patients):
            begins = _FIRST + timedelta(days=int(draw.integers(0, _SPAN_DAYS)))
            own = draw.normal(size=len(FEATURES))
            for week in range(weeks):
                z = 0.6 * own + 0.8 * draw.normal(size=len(FEATURES))
                p = logistic(intercept + float(z @ coefficients))
                points = max(0, round(4 + 2 * float(z[2] - z[1]) + 3 * float(draw.normal())))
                event = bool(draw.random() < p)
                on = begins + timedelta(days=7 * week)
                groups = {"sex": "female" if n % 2 else "male", "language": "es" if n < 8 else "en"}
                values = _values(z.tolist(), week)
                self.rows.append(IndexRow(f"p{n}", on, values, points, event, groups))
                self.truth.append(p)

    def true_auc(self, chosen: Sequence[bool]) -> float:
        """Return the area under the curve of the true probabilities on some of the rows."""
        y = np.array([r.event for r, c in zip(self.rows, chosen, strict=True) if c], int)
        p = np.array([p for p, c in zip(self.truth, chosen, strict=True) if c])
        return Ranking(y, p).auc(np.ones(len(y)))


def _values(z: Sequence[float], week: int) -> tuple[float | None, ...]:
    """Return features in their own units; the first week is known in the first two only."""
    values: list[float | None] = []
    for name, value in zip(FEATURES, z, strict=True):
        mean, spread = _SPREAD.get(name, (0.0, 1.0))
        known = name != "first_week" or week < 2
        values.append(mean + spread * value if known else None)
    return tuple(values)
