"""Loader of what is done when a call breaks (`scheduling/fallback.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rehabctl.domain.visit import REDUCED, ChannelSpan


@dataclass(frozen=True, slots=True)
class FallbackStep:
    """One step of the join sheet."""

    channel: str
    """video, audio, phone or rescheduled."""
    text: str
    command: str
    """`ID` stands for the visit."""
    rung: str = ""
    """Word of `video-visit fallback --to`; empty: no step down."""
    after: str = ""
    """The command that follows once the step was taken."""

    def is_in_force(self, span: ChannelSpan) -> bool:
        """Return whether a visit stands on this step."""
        is_reduced = span.picture == REDUCED
        return self.channel == span.channel.value and is_reduced == (self.rung == "picture")


@cache
def load_fallback() -> tuple[FallbackStep, ...]:
    """Return the steps in order."""
    text = (files("rehabctl.reference") / "scheduling" / "fallback.toml").read_text("utf-8")
    return tuple(FallbackStep(**step) for step in tomllib.loads(text)["step"])
