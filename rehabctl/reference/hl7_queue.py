"""Loader of how waiting HL7 v2 messages are tried again (`hl7_queue.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class RetryRules:
    """When a message is sent again."""

    effective_from: date
    source: str
    grade: str
    lease_minutes: int
    """How long nobody else touches what one run is sending."""
    first_wait_minutes: int
    """After the first attempt that nobody answered; each later wait is twice as long."""
    longest_wait_minutes: int

    @property
    def lease(self) -> timedelta:
        """How long nobody else touches what one run is sending."""
        return timedelta(minutes=self.lease_minutes)

    def wait(self, attempts: int) -> timedelta:
        """Return how long to wait.

        Parameters
        ----------
        attempts
            So many nobody answered; at least one.
        """
        doubled = self.first_wait_minutes * 2 ** min(attempts - 1, 30)
        return timedelta(minutes=min(doubled, self.longest_wait_minutes))


def load_retry_rules(day: date) -> RetryRules:
    """Return the rules in force on a day.

    Raises
    ------
    RehabctlError
        None is in force.
    """
    path = files("rehabctl.reference") / "hl7_queue.toml"
    rows = tomllib.loads(path.read_text("utf-8"))["retry"]
    begun = [row for row in rows if row["effective_from"] <= day]
    if not begun:
        raise RehabctlError(f"no rules of the HL7 queue are in force on {day}", "Check the clock")
    return RetryRules(**max(begun, key=lambda row: row["effective_from"]))
