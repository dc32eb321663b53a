"""Every key of the panel: one table of ids, and the user's own changes to it.

A user changes keys in `$REHABCTL_HOME/keymap.toml`::

    [keys]
    "worklist.filter" = "slash,f"

Ids stay stable; keys are Textual key names, several separated by commas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from textual.binding import Binding, BindingType
from textual.keys import KEY_ALIASES, KEY_NAME_REPLACEMENTS, Keys

from rehabctl.domain.errors import UsageError, suggestion


@dataclass(frozen=True, slots=True)
class PanelKey:
    """One action that a key starts."""

    id: str
    keys: str
    action: str
    text: str
    shown: bool = False
    """In the key bar at the bottom."""
    priority: bool = False


_KEYS: Mapping[str, tuple[PanelKey, ...]] = {
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
        PanelKey("care.alerts", "w", "alerts", "Why: the alerts with their evidence"),
        PanelKey("care.prescribe", "p", "prescribe", "Prescribe"),
        PanelKey("care.questionnaire", "t", "questionnaire", "Enter a questionnaire"),
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
    ("panel", "table", "worklist", "care"),
    ("panel", "patient", "care"),
    ("panel", "assessments", "care"),
    ("panel", "list", "alerts", "care"),
    ("panel", "week", "plan"),
    ("panel", "answers", "form"),
    ("panel", "review"),
    ("panel", "reader"),
    ("panel", "editor"),
)
"""Groups whose keys work at the same time and so cannot share one."""

_FIXED = frozenset({"ctrl+q", "ctrl+c", "tab", "shift+tab"})
_MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "meta", "hyper"})


def bindings(*groups: str) -> list[BindingType]:
    """Return the Textual bindings of these groups of the table."""
    return [
        Binding(key.keys, key.action, key.text, show=key.shown, priority=key.priority, id=key.id)
        for group in groups
        for key in _KEYS[group]
    ]


def default_keys() -> dict[str, str]:
    """Return every binding id with its default keys."""
    return {key.id: key.keys for keys in _KEYS.values() for key in keys}


def load_keymap(path: Path) -> dict[str, str]:
    """Read the user's changes; no file means none.

    Parameters
    ----------
    path
        The keymap file.

    Returns
    -------
    dict
        Binding id -> keys, for `App.set_keymap`.

    Raises
    ------
    UsageError
        Not TOML, an unknown id, a key that does not exist or is fixed, or one key for two actions.
    """
    import tomllib

    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}", "Correct or remove the file") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "Correct its mode") from None
    section: object = content.get("keys", {})
    if set(content) - {"keys"} or not isinstance(section, dict):
        raise UsageError(f"{path} may hold the table [keys] only", "Correct or remove the file")
    table = cast("dict[str, object]", section)
    changes = {name: _checked(path, name, keys) for name, keys in table.items()}
    _refuse_collisions(path, {**default_keys(), **changes}, changes)
    return changes


def _checked(path: Path, name: str, keys: object) -> str:
    known = default_keys()
    if name not in known:
        near = suggestion(name, list(known)) or "docs/panel-keys.md lists them"
        raise UsageError(f"{path}: unknown action {name!r}", near.rstrip("?").capitalize())
    if not isinstance(keys, str) or not keys.strip():
        raise UsageError(f"{path}: {name} needs a key as text", 'Write for example "ctrl+n"')
    parts = [_long_name(part.strip()) for part in keys.split(",")]
    for part in parts:
        if not _is_key(part):
            raise UsageError(f"{path}: {name}: no key is called {part!r}", "Correct the name")
        if part in _FIXED and part not in _parts(known[name]):
            raise UsageError(f"{path}: {name}: {part} cannot be changed", "Choose another key")
    if name == "panel.quit" and "ctrl+q" not in parts:
        parts.append("ctrl+q")
    return ",".join(parts)


def _long_name(key: str) -> str:
    """Return Textual's name of a key that was written as a character (`?`)."""
    from textual.keys import _character_to_key  # pyright: ignore[reportPrivateUsage]

    return _character_to_key(key) if len(key) == 1 else key


def _is_key(key: str) -> bool:
    *modifiers, base = key.split("+")
    if not set(modifiers) <= _MODIFIERS:
        return False
    named = {k.value for k in Keys} | set(KEY_ALIASES) | set(KEY_NAME_REPLACEMENTS.values())
    if key in named or base in named or len(base) == 1:
        return True
    import unicodedata

    try:
        unicodedata.lookup(base.replace("_", " ").upper())
    except KeyError:
        return False
    return True


def _refuse_collisions(path: Path, keys: dict[str, str], changes: Mapping[str, str]) -> None:
    for groups in _TOGETHER:
        owner: dict[str, str] = {}
        for name in (key.id for group in groups for key in _KEYS[group]):
            for part in _parts(keys[name]):
                other = owner.setdefault(part, name)
                if other != name and {other, name} & set(changes):
                    raise UsageError(
                        f"{path}: {part} would start both {other} and {name}",
                        "Give one of them another key",
                    )


def _parts(keys: str) -> list[str]:
    return [_long_name(part.strip()) for part in keys.split(",")]
