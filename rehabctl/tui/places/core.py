"""The worklist, a patient, review, prescribing, questionnaires: what the panel always had."""

from __future__ import annotations

from collections.abc import Mapping

from rehabctl.tui.places.place import Announcement, PanelKey, Place

_PLACES = (
    Place(
        "alerts", "care.alerts", "w", "Why: the alerts with their evidence",
        "rehabctl.tui.screens.alerts:AlertsScreen", of_patient=True,
    ),
    Place(
        "prescribe", "care.prescribe", "p", "Prescribe",
        "rehabctl.tui.screens.prescribe:PrescribeScreen", of_patient=True,
    ),
    Place(
        "questionnaire", "care.questionnaire", "t", "Enter a questionnaire",
        "rehabctl.tui.screens.questionnaire:QuestionnaireScreen", of_patient=True,
    ),
)  # fmt: skip

_GROUPS: Mapping[str, tuple[PanelKey, ...]] = {
    "panel": (
        PanelKey("panel.quit", "ctrl+q", "quit", "Quit", priority=True),
        PanelKey("panel.leave", "q", "leave", "Close this screen; on the worklist, quit"),
        PanelKey("panel.back", "escape", "back", "Back one level"),
        PanelKey("panel.help", "question_mark", "help", "Help", shown=True),
        PanelKey("panel.help_focused", "f1", "help_focused", "Help on the focused part"),
        PanelKey("panel.palette", "ctrl+p", "command_palette", "Command palette"),
        PanelKey("panel.command_line", "colon", "command_line", "Run a rehabctl command"),
        PanelKey("panel.lock", "ctrl+l", "lock", "Lock the screen"),
    ),
    "table": (
        PanelKey("table.down", "j,down", "move(1)", "Down"),
        PanelKey("table.up", "k,up", "move(-1)", "Up"),
        PanelKey("table.page_down", "pagedown,ctrl+d,ctrl+f", "page(1)", "Page down"),
        PanelKey("table.page_up", "pageup,ctrl+u,ctrl+b", "page(-1)", "Page up"),
        PanelKey("table.top", "g,home", "jump_first", "First patient"),
        PanelKey("table.bottom", "G,end", "jump_last", "Last patient"),
        PanelKey("table.open", "enter", "open", "Open", shown=True),
        PanelKey("table.mark", "space", "mark", "Mark or unmark, and down"),
        PanelKey("table.mark_range", "v", "mark_range", "Mark from the last mark to here"),
        PanelKey("table.mark_all", "asterisk", "mark_all", "Mark all loaded; again: none"),
    ),
    "worklist": (
        PanelKey("worklist.filter", "slash", "filter", "Filter", shown=True),
        PanelKey("worklist.sort", "s", "sort", "Sort"),
        PanelKey("worklist.views", "V", "views", "Saved views"),
        PanelKey("worklist.reverse", "S", "reverse", "Reverse the order"),
        PanelKey("worklist.next_match", "n", "match(1)", "Next match of the filter"),
        PanelKey("worklist.previous_match", "N", "match(-1)", "Previous match"),
        PanelKey("worklist.refresh", "R,f5", "refresh_data", "Read again"),
    ),
    "care": (
        PanelKey("care.acknowledge", "a", "acknowledge", "Acknowledge", shown=True),
        PanelKey("care.snooze", "z", "snooze", "Snooze", shown=True),
        PanelKey("care.assign", "A", "assign", "Assign to a colleague"),
        PanelKey("care.undo", "u", "undo", "Undo"),
        PanelKey("care.note", "e", "note", "Note", shown=True),
        PanelKey("care.review", "r", "review", "Review the newest session"),
        PanelKey("care.copy", "y", "copy_mrn", "Copy the record number"),
    ),
    "patient": (
        PanelKey("patient.down", "j,down", "scroll(1)", "Down"),
        PanelKey("patient.up", "k,up", "scroll(-1)", "Up"),
        PanelKey("patient.page_down", "pagedown,ctrl+d,ctrl+f", "scroll_page(1)", "Page down"),
        PanelKey("patient.page_up", "pageup,ctrl+u,ctrl+b", "scroll_page(-1)", "Page up"),
        PanelKey("patient.top", "g,home", "scroll_edge(-1)", "Top"),
        PanelKey("patient.bottom", "G,end", "scroll_edge(1)", "Bottom"),
        PanelKey("patient.next", "n", "neighbour(1)", "Next patient", shown=True),
        PanelKey("patient.previous", "N", "neighbour(-1)", "Previous patient"),
        PanelKey("patient.summary", "1", "section('summary')", "Summary"),
        PanelKey("patient.trends", "2", "section('trends')", "Trends"),
        PanelKey("patient.assessments", "3", "section('assessments')", "Assessments"),
        PanelKey("patient.sessions", "4", "section('sessions')", "Sessions"),
        PanelKey("patient.programme", "5", "section('programme')", "Programme and consents"),
        PanelKey("patient.refresh", "R,f5", "refresh_data", "Read again"),
    ),
    "assessments": (
        PanelKey("assessments.down", "j,down", "cursor_down", "Next assessment"),
        PanelKey("assessments.up", "k,up", "cursor_up", "Previous assessment"),
        PanelKey("assessments.left", "h,left", "cursor_left", "Columns to the left"),
        PanelKey("assessments.right", "l,right", "cursor_right", "Columns to the right"),
        PanelKey("assessments.open", "enter", "select_cursor", "Review this session", shown=True),
    ),
    "review": (
        PanelKey("review.next_frame", "l,right", "step(1)", "Next frame"),
        PanelKey("review.previous_frame", "h,left", "step(-1)", "Previous frame"),
        PanelKey("review.forward", "L,shift+right", "step(10)", "Ten frames on"),
        PanelKey("review.backward", "H,shift+left", "step(-10)", "Ten frames back"),
        PanelKey("review.start", "g,home", "seek_end(-1)", "First frame"),
        PanelKey("review.end", "G,end", "seek_end(1)", "Last frame"),
        PanelKey("review.next_repetition", "j,down", "repetition(1)", "Next repetition"),
        PanelKey("review.previous_repetition", "k,up", "repetition(-1)", "Previous repetition"),
        PanelKey("review.next_moment", "m", "moment(1)", "Next flagged moment"),
        PanelKey("review.previous_moment", "M", "moment(-1)", "Previous flagged moment"),
        PanelKey("review.play", "space", "play", "Play or pause", shown=True),
        PanelKey("review.accept", "a", "decide('accepted')", "Accept", shown=True),
        PanelKey("review.adjust", "d", "decide('adjusted')", "Adjust", shown=True),
        PanelKey("review.flag", "f", "decide('flagged')", "Flag", shown=True),
        PanelKey("review.comment", "e", "comment", "Comment at this moment"),
        PanelKey("review.copy", "y", "copy_mrn", "Copy the record number"),
        PanelKey("review.next_item", "n", "next_item", "Next waiting session", shown=True),
    ),
    "form": (PanelKey("form.save", "ctrl+s", "save", "Save", shown=True),),
    "answers": (
        PanelKey("answers.down", "j,down,enter", "move(1)", "Next item", shown=True),
        PanelKey("answers.up", "k,up", "move(-1)", "Previous item", shown=True),
        PanelKey("answers.top", "g,home", "move(-1000)", "First item"),
        PanelKey("answers.bottom", "G,end", "move(1000)", "Last item"),
    ),
    "plan": (
        PanelKey("plan.save", "ctrl+s", "save", "Save", shown=True),
        PanelKey("plan.add", "slash", "add", "Add an exercise", shown=True),
        PanelKey("plan.protocol", "p", "protocol", "Protocol", shown=True),
        PanelKey("plan.undo", "u", "undo", "Undo", shown=True),
        PanelKey("plan.refresh", "R,f5", "refresh_data", "Read again"),
    ),
    "week": (
        PanelKey("week.down", "j,down", "move(1)", "Down"),
        PanelKey("week.up", "k,up", "move(-1)", "Up"),
        PanelKey("week.right", "l,right", "cell(1)", "Next cell"),
        PanelKey("week.left", "h,left", "cell(-1)", "Previous cell"),
        PanelKey("week.top", "g,home", "move(-1000)", "First exercise"),
        PanelKey("week.bottom", "G,end", "move(1000)", "Last exercise"),
        PanelKey("week.more", "plus,equals_sign", "change(1)", "More", shown=True),
        PanelKey("week.less", "minus", "change(-1)", "Less"),
        PanelKey("week.day", "space", "day", "Set or clear the day"),
        PanelKey("week.type", "enter", "type", "Type the number"),
        PanelKey("week.remove", "D,delete", "remove", "Take the exercise out"),
    ),
    "alerts": (PanelKey("alerts.refresh", "R,f5", "refresh_data", "Read again"),),
    "list": (
        PanelKey("list.down", "j,down", "cursor_down", "Down"),
        PanelKey("list.up", "k,up", "cursor_up", "Up"),
        PanelKey("list.page_down", "pagedown,ctrl+d,ctrl+f", "page_down", "Page down"),
        PanelKey("list.page_up", "pageup,ctrl+u,ctrl+b", "page_up", "Page up"),
        PanelKey("list.top", "g,home", "first", "First"),
        PanelKey("list.bottom", "G,end", "last", "Last"),
        PanelKey("list.choose", "enter", "select", "Choose"),
    ),
    "reader": (
        PanelKey("reader.down", "j,down", "scroll(1)", "Down"),
        PanelKey("reader.up", "k,up", "scroll(-1)", "Up"),
        PanelKey("reader.page_down", "pagedown,space,ctrl+d,ctrl+f", "scroll_page(1)", "Page down"),
        PanelKey("reader.page_up", "pageup,ctrl+u,ctrl+b", "scroll_page(-1)", "Page up"),
        PanelKey("reader.top", "g,home", "scroll_edge(-1)", "Top"),
        PanelKey("reader.bottom", "G,end", "scroll_edge(1)", "Bottom"),
    ),
    "editor": (PanelKey("editor.save", "ctrl+s", "save", "Save"),),
}

_TOGETHER = (
    ("panel", "table", "worklist", "care", "places"),
    ("panel", "patient", "care"),
    ("panel", "assessments", "care"),
    ("panel", "list", "alerts", "care"),
    ("panel", "week", "plan"),
    ("panel", "answers", "form"),
    ("panel", "review"),
    ("panel", "reader"),
    ("panel", "editor"),
)

_SECTIONS = (
    ("Everywhere", "rehabctl.tui.app:PanelApp"),
    ("Worklist: rows", "rehabctl.tui.widgets.patient_table:PatientTable"),
    ("Worklist", "rehabctl.tui.screens.worklist:WorklistScreen"),
    ("Patient", "rehabctl.tui.screens.patient:PatientScreen"),
    ("Patient: assessments", "rehabctl.tui.widgets.assessment_table:AssessmentTable"),
    ("Alerts", "rehabctl.tui.screens.alerts:AlertsScreen"),
    ("Lists", "rehabctl.tui.widgets.alert_list:AlertList"),
    ("Prescribing", "rehabctl.tui.screens.prescribe:PrescribeScreen"),
    ("Prescribing: the week", "rehabctl.tui.widgets.week_table:WeekTable"),
    ("Questionnaire", "rehabctl.tui.screens.questionnaire:QuestionnaireScreen"),
    ("Questionnaire: answers", "rehabctl.tui.widgets.answer_table:AnswerTable"),
    ("Session review", "rehabctl.tui.screens.review:ReviewScreen"),
    ("Notes and comments", "rehabctl.tui.screens.note_editor:NoteEditor"),
    ("Help and command output", "rehabctl.tui.widgets.reader:Reader"),
)

CORE = Announcement(_PLACES, _GROUPS, _TOGETHER, _SECTIONS)
