"""The port through which kits are listed and moved on. Every method may block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from rehabctl.domain.kit import KitEventKind

if TYPE_CHECKING:
    from pathlib import Path

    from rehabctl.analysis.calibration_picture import BenchView
    from rehabctl.domain.sensor import CalibrationResult
    from rehabctl.services.kits import KitDetail, KitLine
    from rehabctl.services.sensor_bench import BenchControl, BenchRequest


class KitData(Protocol):
    """What the kit screen needs of the services."""

    def report(self) -> Sequence[KitLine]:
        """Return every kit with its state and what it needs."""
        ...

    def show(self, name: str) -> KitDetail:
        """Return one kit with its contents and the newest of its log."""
        ...

    def move(self, name: str, kind: KitEventKind) -> None:
        """Note what happened to a kit; refuses a step that its state does not allow."""
        ...

    def calibrate(
        self,
        request: BenchRequest,
        show: Callable[[BenchView], None],
        note: Callable[[str], None],
        control: BenchControl,
    ) -> tuple[CalibrationResult, Path | None]:
        """Record a sensor, judge and sign; `show` and `note` are called from this thread."""
        ...
