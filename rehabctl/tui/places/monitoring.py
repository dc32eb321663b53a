"""Remote monitoring: its place, keys and headings."""

from __future__ import annotations

from rehabctl.tui.places.place import Announcement, PanelKey, Place

MONITORING = Announcement(
    places=(
        Place(
            "monitoring",
            "places.monitoring",
            "8",
            "Remote monitoring: evidence of a month",
            "rehabctl.tui.screens.monitoring:MonitoringScreen",
        ),
    ),
    groups={
        "monitoring": (
            PanelKey("monitoring.waiting", "f", "waiting", "Only what waits", shown=True),
            PanelKey("monitoring.earlier", "less_than_sign", "month(-1)", "Earlier", shown=True),
            PanelKey("monitoring.later", "greater_than_sign", "month(1)", "Later", shown=True),
            PanelKey("monitoring.copy", "y", "copy_command", "Copy the command", shown=True),
            PanelKey("monitoring.refresh", "R,f5", "refresh_data", "Read again"),
        ),
    },
    together=(("panel", "places", "list", "monitoring"),),
    sections=(("Remote monitoring", "rehabctl.tui.screens.monitoring:MonitoringScreen"),),
)
