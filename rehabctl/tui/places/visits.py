"""The schedule by day and week, the check-in of a visit, and its note."""

from __future__ import annotations

from rehabctl.tui.places.place import Announcement, PanelKey, Place

VISITS = Announcement(
    places=(
        Place(
            "schedule", "places.schedule", "2", "Schedule by day and week",
            "rehabctl.tui.screens.schedule:ScheduleScreen",
        ),
    ),
    groups={
        "schedule": (
            PanelKey("schedule.day", "d", "span(1)", "Day", shown=True),
            PanelKey("schedule.week", "w", "span(7)", "Week", shown=True),
            PanelKey("schedule.book", "b", "book", "Book", shown=True),
            PanelKey("schedule.move", "v", "move", "Move", shown=True),
            PanelKey("schedule.cancel", "x", "cancel_visit", "Cancel the visit"),
            PanelKey("schedule.next", "l,right", "turn(1)", "Next", shown=True),
            PanelKey("schedule.previous", "h,left", "turn(-1)", "Day or week before"),
            PanelKey("schedule.today", "t", "today", "Today"),
            PanelKey("schedule.everybody", "m", "everybody", "Mine or everybody's"),
            PanelKey("schedule.copy", "y", "copy_id", "Copy the identifier of the visit"),
            PanelKey("schedule.refresh", "R,f5", "refresh_data", "Read again"),
        ),
        "visit": (
            PanelKey("visit.start", "s", "start", "Start", shown=True),
            PanelKey("visit.channel", "c", "channel", "Channel"),
            PanelKey("visit.fallback", "f", "fallback", "Call broke: next step", shown=True),
            PanelKey("visit.code", "o", "code", "Time a code", shown=True),
            PanelKey("visit.stop", "x", "stop", "End", shown=True),
            PanelKey("visit.rate", "v", "rate", "The patient's answer"),
            PanelKey("visit.note", "e", "note", "Note", shown=True),
            PanelKey("visit.refresh", "R,f5", "refresh_data", "Read again"),
        ),
        "visit-note": (
            PanelKey("visit_note.write", "e", "write", "Write this section", shown=True),
            PanelKey("visit_note.sign", "S", "sign", "Sign", shown=True),
            PanelKey("visit_note.addendum", "a", "addendum", "Addendum", shown=True),
            PanelKey("visit_note.refresh", "R,f5", "refresh_data", "Read again"),
        ),
    },
    together=(
        ("panel", "list", "schedule", "places"),
        ("panel", "reader", "visit"),
        ("panel", "list", "visit-note"),
    ),
    sections=(
        ("Schedule", "rehabctl.tui.screens.schedule:ScheduleScreen"),
        ("Visit: check-in to close", "rehabctl.tui.screens.check_in:CheckInScreen"),
        ("Visit: note", "rehabctl.tui.screens.visit_note:VisitNoteScreen"),
    ),
)  # fmt: skip
