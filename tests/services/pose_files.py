"""Keypoint files of rendered clips, for tests that need a recording but no pose model."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.services.pose_analysis import Analyser, AnalysisRequest, prepare
from rehabctl.services.settings import Settings, load_settings
from rehabctl.vision import keypoints
from tests.analysis.rendered_clips import clip


def series_of(name: str, **changes: object) -> KeypointSeries:
    """Landmarks of a rendered clip."""
    return replace(clip(name).series, **changes)  # type: ignore[arg-type]


def keypoint_file(folder: Path, name: str) -> Path:
    """Write the landmarks of a rendered clip and return the file."""
    path = folder / f"{name}.npz"
    keypoints.write(series_of(name), path)
    return path


def settings_in(folder: Path) -> Settings:
    """Settings with a home in this folder."""
    return load_settings({**os.environ, "REHABCTL_HOME": str(folder / "home")})


def analyser(folder: Path, slug: str = "bodyweight-squat", **options: object) -> Analyser:
    """An analyser of one exercise."""
    return prepare(AnalysisRequest(slug, **options), settings_in(folder))  # type: ignore[arg-type]


def no_report(_done: float, _total: float | None) -> None:
    """Show nothing."""
