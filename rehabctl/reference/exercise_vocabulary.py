"""Loader of the controlled vocabulary and limits of exercise files (`exercise_vocabulary.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class Effect(StrEnum):
    """What a contraindication does to an assignment."""

    BLOCK = "block"
    """The exercise is not assigned."""
    WARNING = "warning"
    """The clinician decides; the answer is kept."""


@dataclass(frozen=True, slots=True)
class MotionRow:
    """One motion: from where a camera sees it, and its plausible range."""

    views: frozenset[str]
    """Empty: by motion sensor only."""
    range_deg: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ContraindicationTag:
    """What a tag on an exercise means for a patient who carries its flag."""

    key: str
    flag: str
    effect: Effect
    text: str
    until_week: int | None
    """The restriction ends when the episode reaches this week after surgery; None: no end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Closed intervals, and two single limits, of numbers in exercise files."""

    sets: tuple[int, int]
    reps: tuple[int, int]
    hold_s: tuple[float, float]
    hold_s_by_time: tuple[float, float]
    rest_s: tuple[float, float]
    per_week: tuple[int, int]
    difficulty: tuple[int, int]
    asset_duration_s: tuple[float, float]
    landmarks: tuple[int, int]
    rest_to_target_deg: float
    shared_step_words_percent: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every controlled word and limit, with the date from which the table holds."""

    effective_from: date
    regions: frozenset[str]
    types: frozenset[str]
    positions: frozenset[str]
    statuses: frozenset[str]
    asset_kinds: frozenset[str]
    asset_angles: frozenset[str]
    accuracy_classes: frozenset[str]
    compensations: frozenset[str]
    imu_segments: frozenset[str]
    equipment: frozenset[str]
    motions: Mapping[str, MotionRow]
    conditions: Mapping[str, str]
    """Names by condition key."""
    tags: Mapping[str, ContraindicationTag]
    limits: Limits


_INTERVALS = (
    "sets",
    "reps",
    "hold_s",
    "hold_s_by_time",
    "rest_s",
    "per_week",
    "difficulty",
    "asset_duration_s",
    "landmarks",
)


@cache
def load_vocabulary() -> Vocabulary:
    """Return the packaged vocabulary."""
    import tomllib

    text = (files("rehabctl.reference") / "exercise_vocabulary.toml").read_text("utf-8")
    table = tomllib.loads(text)
    limits: dict[str, Any] = table["limits"]
    return Vocabulary(
        effective_from=table["effective_from"],
        regions=frozenset(table["regions"]),
        types=frozenset(table["types"]),
        positions=frozenset(table["positions"]),
        statuses=frozenset(table["statuses"]),
        asset_kinds=frozenset(table["asset_kinds"]),
        asset_angles=frozenset(table["asset_angles"]),
        accuracy_classes=frozenset(table["accuracy_classes"]),
        compensations=frozenset(table["compensations"]),
        imu_segments=frozenset(table["imu_segments"]),
        equipment=frozenset(table["equipment"]),
        motions={
            name: MotionRow(frozenset(row["views"]), tuple(row["range_deg"]))
            for name, row in table["motions"].items()
        },
        conditions=dict(table["conditions"]),
        tags={row["key"]: _tag(row) for row in table["tag"]},
        limits=Limits(
            **{name: (limits[name][0], limits[name][1]) for name in _INTERVALS},
            rest_to_target_deg=limits["rest_to_target_deg"],
            shared_step_words_percent=limits["shared_step_words_percent"],
        ),
    )


def _tag(row: Mapping[str, Any]) -> ContraindicationTag:
    return ContraindicationTag(
        key=row["key"],
        flag=row.get("flag", row["key"]),
        effect=Effect(row["effect"]),
        text=row["text"],
        until_week=row.get("until_week"),
    )
