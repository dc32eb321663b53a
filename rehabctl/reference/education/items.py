"""Loader of the education items (`*.toml`): one short text a pathway and week."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class EducationItem:
    """One text that a patient reads in one week of her pathway."""

    pathway: str
    slug: str
    version: int
    effective_from: date
    language: str
    week: int
    """1 is the first week after surgery or since the start of care."""
    title: str
    text: str
    source: str
    grade: str

    @property
    def key(self) -> str:
        """Names it once for each patient, in whichever version."""
        return f"{self.pathway}/{self.slug}"


@cache
def load_education() -> tuple[EducationItem, ...]:
    """Return every item, by pathway and week."""
    found: list[EducationItem] = []
    for entry in (files("rehabctl.reference") / "education").iterdir():
        if entry.name.endswith(".toml"):
            document = tomllib.loads(entry.read_text("utf-8"))
            shared = {key: value for key, value in document.items() if key != "item"}
            found += [EducationItem(**shared, **item) for item in document["item"]]
    return tuple(sorted(found, key=lambda item: (item.pathway, item.week)))


def education_of(pathway: str, week: int, language: str, on: date) -> EducationItem | None:
    """Return the item of a week; None where there is none, or none in that language.

    Parameters
    ----------
    pathway
        Slug, such as `knee-replacement`.
    week
        From 1.
    language
        Such as `en` or `es-US`.
    on
        The day: items of later versions wait for theirs.
    """
    fitting = [
        item
        for item in load_education()
        if (item.pathway, item.week) == (pathway, week)
        and item.language == language.partition("-")[0]
        and item.effective_from <= on
    ]
    return max(fitting, key=lambda item: item.version, default=None)
