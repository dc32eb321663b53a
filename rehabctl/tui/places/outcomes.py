"""A patient's course beside published curves, and the outcomes of a cohort."""

from __future__ import annotations

from rehabctl.tui.places.place import Announcement, PanelKey, Place

OUTCOMES = Announcement(
    places=(
        Place(
            "course", "care.course", "o", "Course beside published curves, and goals",
            "rehabctl.tui.screens.course:CourseScreen", of_patient=True,
        ),
        Place(
            "cohort", "places.cohort", "6", "Outcomes of a cohort",
            "rehabctl.tui.screens.cohort:CohortScreen",
        ),
    ),
    groups={
        "course": (PanelKey("course.refresh", "R,f5", "refresh_data", "Read again", shown=True),),
        "cohort": (
            PanelKey("cohort.next_year", "l,right", "year(1)", "Next year", shown=True),
            PanelKey("cohort.previous_year", "h,left", "year(-1)", "Year before", shown=True),
            PanelKey("cohort.by", "b", "by", "Group by", shown=True),
            PanelKey("cohort.instrument", "i", "instrument", "Questionnaire", shown=True),
            PanelKey("cohort.refresh", "R,f5", "refresh_data", "Read again"),
        ),
    },
    together=(("panel", "reader", "course"), ("panel", "reader", "cohort", "places")),
    sections=(
        ("Patient: course", "rehabctl.tui.screens.course:CourseScreen"),
        ("Cohort", "rehabctl.tui.screens.cohort:CohortScreen"),
    ),
)  # fmt: skip
