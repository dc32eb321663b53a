"""Kits as the panel's screen asks for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehabctl.domain.kit import KitEventKind
from rehabctl.services import kits

if TYPE_CHECKING:
    from pathlib import Path

    from rehabctl.analysis.calibration_picture import BenchView
    from rehabctl.domain.sensor import CalibrationResult
    from rehabctl.services.sensor_bench import BenchControl, BenchRequest
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store

_LOG = 20


@dataclass(frozen=True)
class KitDesk:
    """The kits' part of the panel's port."""

    store: Store
    settings: Settings

    def report(self) -> tuple[kits.KitLine, ...]:
        """Return every kit with its state and what it needs."""
        return kits.report(self.store, self.settings)

    def show(self, name: str) -> kits.KitDetail:
        """Return one kit with its contents and the newest of its log."""
        return kits.show(self.store, self.settings, name, _LOG)

    def move(self, name: str, kind: KitEventKind) -> None:
        """Note what happened to a kit."""
        kits.move(self.store, name, kind)

    def calibrate(
        self,
        request: BenchRequest,
        show: Callable[[BenchView], None],
        note: Callable[[str], None],
        control: BenchControl,
    ) -> tuple[CalibrationResult, Path | None]:
        """Calibrate a sensor, as `rehabctl sensor calibrate` does."""
        from rehabctl.services.sensor_bench import calibrate_live

        return calibrate_live(request, self.settings, show=show, note=note, control=control)
