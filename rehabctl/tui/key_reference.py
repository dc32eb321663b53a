"""`docs/panel-keys.md` from the live bindings.

Write it anew with `python -m rehabctl.tui.key_reference > docs/panel-keys.md`.
"""

from __future__ import annotations

import sys

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key

from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.alerts import AlertsScreen
from rehabctl.tui.screens.note_editor import NoteEditor
from rehabctl.tui.screens.patient import PatientScreen
from rehabctl.tui.screens.prescribe import PrescribeScreen
from rehabctl.tui.screens.questionnaire import QuestionnaireScreen
from rehabctl.tui.screens.review import ReviewScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.widgets.alert_list import AlertList
from rehabctl.tui.widgets.answer_table import AnswerTable
from rehabctl.tui.widgets.assessment_table import AssessmentTable
from rehabctl.tui.widgets.patient_table import PatientTable
from rehabctl.tui.widgets.reader import Reader
from rehabctl.tui.widgets.week_table import WeekTable

_INTRODUCTION = """# Keys of the panel

Generated from the live bindings; `?` in the panel shows those that work where you are, F1 those of
the focused part. The mouse is optional.

Change a key in `keymap.toml` in the folder that `REHABCTL_HOME` names (without it, the data folder
of your platform) by its id. Several keys are separated by commas:

```toml
[keys]
"worklist.filter" = "slash,f"
"care.note" = "ctrl+n"
```

A file with an unknown id, a key that does not exist, or one key for two actions that work at the
same time is refused with a message, and the panel does not open. `ctrl+q` always quits.
"""

_WHERE: tuple[tuple[str, type[DOMNode]], ...] = (
    ("Everywhere", PanelApp),
    ("Worklist: rows", PatientTable),
    ("Worklist", WorklistScreen),
    ("Patient", PatientScreen),
    ("Patient: assessments", AssessmentTable),
    ("Alerts", AlertsScreen),
    ("Lists", AlertList),
    ("Prescribing", PrescribeScreen),
    ("Prescribing: the week", WeekTable),
    ("Questionnaire", QuestionnaireScreen),
    ("Questionnaire: answers", AnswerTable),
    ("Session review", ReviewScreen),
    ("Notes and comments", NoteEditor),
    ("Help and command output", Reader),
)


def key_reference() -> str:
    """Return the page."""
    parts = [_INTRODUCTION]
    for title, owner in _WHERE:
        parts.append(f"\n## {title}\n\n| key | action | id |\n|---|---|---|\n")
        parts += [f"| {keys} | {text} | `{id_}` |\n" for id_, (keys, text) in _rows(owner).items()]
    return "".join(parts)


def _rows(owner: type[DOMNode]) -> dict[str, tuple[str, str]]:
    """Return id -> keys and text, in the order of the class's own bindings."""
    found: dict[str, tuple[list[str], str]] = {}
    for binding in Binding.make_bindings(owner.BINDINGS):
        if binding.id is not None and binding.description:
            keys, _ = found.setdefault(binding.id, ([], binding.description))
            keys.append(f"`{format_key(binding.key)}`")
    return {id_: (" ".join(keys), text) for id_, (keys, text) in found.items()}


if __name__ == "__main__":
    sys.stdout.write(key_reference())
