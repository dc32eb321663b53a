"""Claims: their place, keys and headings."""

from __future__ import annotations

from rehabctl.tui.places.place import Announcement, PanelKey, Place

CLAIMS = Announcement(
    places=(
        Place(
            "claims",
            "places.claims",
            "7",
            "Claims: denials and what is due",
            "rehabctl.tui.screens.claims:ClaimsScreen",
        ),
    ),
    groups={
        "claims": (
            PanelKey("claims.waiting", "f", "waiting", "Only what waits", shown=True),
            PanelKey("claims.copy", "y", "copy_number", "Copy the number", shown=True),
            PanelKey("claims.refresh", "R,f5", "refresh_data", "Read again"),
        ),
    },
    together=(("panel", "places", "list", "claims"),),
    sections=(("Claims", "rehabctl.tui.screens.claims:ClaimsScreen"),),
)
