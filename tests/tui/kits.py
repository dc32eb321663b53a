"""Kits of the clinic in memory; steps follow the real table."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.analysis.calibration_guide import CalibrationGuide
from rehabctl.analysis.calibration_picture import BenchView
from rehabctl.analysis.sensor_simulation import SimulatedSensor
from rehabctl.domain.errors import FindingsError, NotFoundError
from rehabctl.domain.kit import (
    KIT_STEPS,
    KitEvent,
    KitEventKind,
    KitItem,
    KitItemStatus,
    KitStatus,
)
from rehabctl.domain.sensor import CalibrationResult, Procedure, SensorFinding
from rehabctl.reference.sensor_limits import load_sensor_limits
from rehabctl.services.kits import KitDetail, KitLine
from rehabctl.services.sensor_bench import BenchControl, BenchRequest
from rehabctl.services.sensor_calibration import run_procedure
from tui.times import NOW

if TYPE_CHECKING:
    from tui.clinic import ClinicData

_CLINIC = UUID(int=1)


class ClinicKits:
    """The kits' port; faults come from the clinic."""

    def __init__(self, clinic: ClinicData) -> None:
        self._clinic = clinic
        ends = NOW + timedelta(days=9)
        soon = SensorFinding(
            "certificate_expiring",
            f"D422CD001122: static certificate ends on {ends.date()}",
        )
        low = SensorFinding("battery_low", "D422CD001125 has 12 % of charge")
        self.lines = {
            line.kit: line
            for line in (
                KitLine(
                    "KIT1", KitStatus.AVAILABLE, NOW, None, None, 3, 88, NOW + timedelta(200), ()
                ),
                KitLine(
                    "KIT2", KitStatus.SHIPPED, NOW, "1003", date(2026, 4, 2), 3, 71, ends, (soon,)
                ),
                KitLine("KIT3", KitStatus.RETURNED, NOW, None, None, 2, 12, None, (low,)),
            )
        }
        self.events: dict[str, list[KitEvent]] = {name: [] for name in self.lines}
        self.poses = 14
        """In what a sensor at the bench measures."""
        self.waits_for_end = False
        """Whether a recording goes on until somebody ends or leaves it."""
        self.shown_all = threading.Event()
        self.calibrations: list[tuple[BenchRequest, BenchControl]] = []

    def report(self) -> tuple[KitLine, ...]:
        with self._clinic._called("kits"):
            return tuple(self.lines.values())

    def show(self, name: str) -> KitDetail:
        with self._clinic._called(f"kit {name}"):
            if name not in self.lines:
                raise NotFoundError(f"there is no kit {name}", "Look at: rehabctl kit list")
            items = tuple(_item(number) for number in range(self.lines[name].items))
            return KitDetail(self.lines[name], items, tuple(self.events[name]))

    def move(self, name: str, kind: KitEventKind) -> None:
        with self._clinic._called(f"move {name} {kind.value}"):
            allowed, target = KIT_STEPS[kind]
            line = self.lines[name]
            if line.status not in allowed:
                raise FindingsError(
                    f"kit {name} is {line.status.value} and cannot be {kind.value}", "Look at it"
                )
            self.lines[name] = replace(line, status=target)
            event = KitEvent(UUID(int=9), UUID(int=2), _CLINIC, kind, NOW, "hberg")
            self.events[name].insert(0, event)

    def calibrate(
        self,
        request: BenchRequest,
        show: Callable[[BenchView], None],
        note: Callable[[str], None],
        control: BenchControl,
    ) -> tuple[CalibrationResult, Path | None]:
        with self._clinic._called(f"calibrate {request.procedure.value}"):
            self.calibrations.append((request, control))
            if request.sensors == ("nowhere",):
                raise NotFoundError("no sensor 'nowhere' was heard", "Switch it on")
            sensor, limits = SimulatedSensor(), load_sensor_limits(NOW.date())
            recording = {
                Procedure.ACCELEROMETER: lambda: sensor.poses(self.poses),
                Procedure.MAGNETOMETER: lambda: sensor.tumble(20),
            }.get(request.procedure, lambda: sensor.still(6))()
            guide = CalibrationGuide(request.procedure, limits)
            assert recording.mag_ut is not None
            note(f"{request.sensors[0]}: connected")
            for i, t_s in enumerate(recording.t_s.tolist()):
                guide.add(t_s, recording.gyr_rads[i], recording.acc_ms2[i], recording.mag_ut[i])
                if i % 60 == 59:
                    show(guide.view())
            self.shown_all.set()
            if self.waits_for_end:
                control.ended.wait(20)
            if control.left.is_set():
                raise FindingsError("the calibration was left", "Begin again")
            result = run_procedure(request.procedure, [recording], limits)
            return result, Path("certificate.json") if result.results else None


def _item(number: int) -> KitItem:
    sensor = number < 2
    return KitItem(
        UUID(int=10 + number), UUID(int=2), _CLINIC,
        f"D422CD00112{number}" if sensor else "strap-1",
        "Movella DOT" if sensor else "",
        "3.1.0" if sensor else "",
        ("thigh", "shank")[number] if sensor else "",
        sensor,
        KitItemStatus.GOOD if sensor else KitItemStatus.DAMAGED,
        88 if sensor else None,
        NOW - timedelta(days=2) if sensor else None,
    )  # fmt: skip
