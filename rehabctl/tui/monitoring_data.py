"""The port through which remote monitoring is read. Every method may block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rehabctl.services.monitoring_desk import MonitoredMonth


class MonitoringData(Protocol):
    """What the monitoring screen needs of the services."""

    def month(self, month: str | None) -> MonitoredMonth:
        """Return who is monitored in a month like `2026-03`; None is the current one."""
        ...
