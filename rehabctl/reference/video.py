"""Loader of the rules of video visits (`scheduling/video.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class VideoRules:
    """When links open, how old notices may be, and what the camera has to see."""

    open_before: timedelta
    open_after: timedelta
    notice: timedelta
    guide: tuple[str, ...]


def load_video_rules(day: date) -> VideoRules:
    """Return the rules in force on a day.

    Raises
    ------
    RehabctlError
        None are in force.
    """
    text = (files("rehabctl.reference") / "scheduling" / "video.toml").read_text("utf-8")
    table = tomllib.loads(text)
    if day < table["effective_from"]:
        raise RehabctlError(f"no rules of video visits are in force on {day}", "Check the clock")
    return VideoRules(
        timedelta(minutes=table["open_before_minutes"]),
        timedelta(minutes=table["open_after_minutes"]),
        timedelta(minutes=table["notice_minutes"]),
        tuple(one["text"] for one in table["guide"]),
    )
