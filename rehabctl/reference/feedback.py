"""Loader of the sentences that a patient reads after a recording (`feedback.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class FeedbackSettings:
    """Limits in force on one day."""

    most_items: int
    hurried_s: float
    """A shorter repetition, without its hold, is called hurried."""
    slow_enough_s: float
    hold_tolerance_s: float


@dataclass(frozen=True, slots=True)
class FeedbackTexts:
    """Codes, and their sentences in one language."""

    settings: FeedbackSettings
    reach: Mapping[str, str]
    """Code by driving motion, way (up or down) and, where it matters, task."""
    parts: Mapping[str, str]
    """Name of what moves, by joint."""
    sides: Mapping[str, str]
    sentences: Mapping[str, Mapping[str, str]]
    """`one` and `other` by code."""

    def sentence(self, code: str, count: int = 1, **values: object) -> str:
        """Return the sentence of a code.

        Parameters
        ----------
        code
            One of the table's.
        count
            Chooses between one and several.
        values
            What the sentence's placeholders stand for.
        """
        form = self.sentences[code]["one" if count == 1 else "other"]
        return form.format(count=count, **values)

    def reach_code(self, motion: str, way: str, task: str) -> str:
        """Return the code that asks for more range.

        Parameters
        ----------
        motion
            The driving motion.
        way
            up or down: whether its angle is to grow or to shrink.
        task
            bending, rising or standing.
        """
        return self.reach.get(f"{motion} {way} {task}") or self.reach.get(
            f"{motion} {way}", "further"
        )


@cache
def load_feedback(locale: str = "en", on: date | None = None) -> FeedbackTexts:
    """Return codes and sentences.

    Parameters
    ----------
    locale
        Language of the sentences.
    on
        Day of the recording; None for the newest settings.

    Raises
    ------
    NotFoundError
        There are no sentences in that language, or no settings in force.
    """
    path = files("rehabctl.reference") / "feedback.toml"
    table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    rows = [row for row in table["settings"] if on is None or row["effective_from"] <= on]
    if locale not in table or not rows:
        raise NotFoundError(
            f"no feedback in {locale!r} in force", "Use the language en and a later date"
        )
    row = max(rows, key=lambda row: row["effective_from"])
    texts = table[locale]
    return FeedbackTexts(
        settings=FeedbackSettings(
            most_items=row["most_items"],
            hurried_s=row["hurried_s"],
            slow_enough_s=row["slow_enough_s"],
            hold_tolerance_s=row["hold_tolerance_s"],
        ),
        reach=table["reach"],
        parts=texts["parts"],
        sides=texts["sides"],
        sentences=texts["sentences"],
    )
