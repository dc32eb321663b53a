"""Loader of the dated retention periods (`retention.toml`) and of a clinic's own rows over them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import NotFoundError, UsageError

_ANY_STATE = "*"
_ADULT_AGE = 18


@dataclass(frozen=True, slots=True)
class RecordPeriod:
    """How long the records of one state's patients are kept."""

    state: str
    years: int
    """After the last contact."""
    minor_until_age: int
    """Of patients who were minors at the last contact: at least until this birthday."""
    effective_from: date
    source: str
    grade: str

    def keep_until(self, birth: date, last_contact: date) -> date:
        """Return the first day on which the records may be destroyed.

        Parameters
        ----------
        birth
            The patient's.
        last_contact
            Day of the last event of any kind.
        """
        until = _years_after(last_contact, self.years)
        if last_contact < _years_after(birth, _ADULT_AGE):
            until = max(until, _years_after(birth, self.minor_until_age))
        return until


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """Every dated row: a clinic's own first."""

    tiers: Sequence[Mapping[str, Any]]
    periods: Sequence[RecordPeriod]

    def raw_video(self, on: date) -> tuple[timedelta, str]:
        """Return how long films are kept, and the consent without which they are not.

        Raises
        ------
        NotFoundError
            No row holds on this day.
        """
        row = self._tier("raw_video", on)
        return timedelta(days=row["days"]), row["destroyed_on_revocation"]

    def audit_years(self, on: date) -> int:
        """Return how long the audit log is kept at least."""
        return self._tier("audit", on)["years"]

    def period(self, state: str, on: date) -> RecordPeriod:
        """Return the row for a state on a day; a state without a row has the longest period.

        Raises
        ------
        NotFoundError
            No row holds on this day.
        """
        for wanted in (state, _ANY_STATE):
            rows = [r for r in self.periods if r.state == wanted and r.effective_from <= on]
            if rows:
                return max(rows, key=lambda row: row.effective_from)
        raise _no_row(f"state {state}", on)

    def _tier(self, name: str, on: date) -> Mapping[str, Any]:
        rows = [r for r in self.tiers if r["name"] == name and r["effective_from"] <= on]
        if not rows:
            raise _no_row(name, on)
        return max(rows, key=lambda row: row["effective_from"])


def load_retention(own: str | None = None) -> RetentionRules:
    """Return the packaged rows with a clinic's own before them.

    Parameters
    ----------
    own
        Text of the clinic's file.

    Raises
    ------
    UsageError
        The clinic's file is not TOML, or a row lacks something.
    """
    packaged = (files("rehabctl.reference") / "retention.toml").read_text("utf-8")
    try:
        documents = [tomllib.loads(text) for text in (own, packaged) if text]
        tiers = [row for d in documents for row in d.get("tier", [])]
        states = [row for d in documents for row in d.get("state", [])]
        return RetentionRules(
            [_checked_tier(row) for row in tiers], [RecordPeriod(**row) for row in states]
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UsageError(
            "retention.toml has a row that cannot be read", "Compare it with docs/clinic-it.md"
        ) from None


def _checked_tier(row: Mapping[str, Any]) -> Mapping[str, Any]:
    length = row["days" if row["name"] == "raw_video" else "years"]
    if not isinstance(length, int) or length < 0 or not isinstance(row["effective_from"], date):
        raise ValueError
    return {"destroyed_on_revocation": "video_recording", **row}


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)


def _no_row(what: str, on: date) -> NotFoundError:
    return NotFoundError(
        f"no retention row for {what} holds on {on.isoformat()}", "Add one to retention.toml"
    )
