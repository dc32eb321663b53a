"""Messages of a calibration in the panel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from rehabctl.analysis.calibration_picture import BenchView
from rehabctl.domain.sensor import CalibrationResult


@dataclass
class Guided(Message):
    """The sensor moved on."""

    view: BenchView


@dataclass
class BenchNoted(Message):
    """The link, or a new pose."""

    text: str


@dataclass
class Calibrated(Message):
    """The recording was judged."""

    result: CalibrationResult
    certificate: Path | None
