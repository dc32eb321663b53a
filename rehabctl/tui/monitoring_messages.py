"""Messages of the monitoring screen."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from rehabctl.services.monitoring_desk import MonitoredMonth


@dataclass
class MonthRead(Message):
    """A month was read; `wanted` is what was asked for."""

    wanted: str | None
    month: MonitoredMonth
