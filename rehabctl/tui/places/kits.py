"""Sensor kits: their place, keys and headings."""

from __future__ import annotations

from rehabctl.tui.places.place import Announcement, PanelKey, Place

KITS = Announcement(
    places=(
        Place(
            "kits",
            "places.kits",
            "5",
            "Kits: batteries and certificates",
            "rehabctl.tui.screens.kits:KitsScreen",
        ),
    ),
    groups={
        "kits": (
            PanelKey("kits.needy", "f", "waiting", "Only with needs", shown=True),
            PanelKey("kits.returned", "b", "step('returned')", "Came back", shown=True),
            PanelKey("kits.cleaned", "c", "step('cleaned')", "Cleaned", shown=True),
            PanelKey("kits.calibrate", "s", "calibrate", "Calibrate a sensor", shown=True),
            PanelKey("kits.refresh", "R,f5", "refresh_data", "Read again"),
        ),
        "calibration": (
            PanelKey("calibration.end", "enter", "end", "End and judge", shown=True),
            PanelKey("calibration.again", "a", "again", "Again", shown=True),
        ),
    },
    together=(("panel", "places", "list", "kits"), ("panel", "reader", "calibration")),
    sections=(
        ("Kits", "rehabctl.tui.screens.kits:KitsScreen"),
        ("Kits: calibration", "rehabctl.tui.screens.calibration:CalibrationScreen"),
    ),
)
