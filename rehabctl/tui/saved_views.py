"""Named views of the worklist (filter and order), kept per user as plain text in the home.

A filter may name a patient, and this file is not encrypted: the screen saves a filter only when it
stands in the reasons of a patient in view, never a name or a record number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.panel_row import PanelSort
from rehabctl.domain.triage import WorklistRow
from rehabctl.tui.worklist_pages import WorklistQuery

FILE = "panel-views.json"
_LONGEST_NAME = 40


def load_views(path: Path) -> dict[str, WorklistQuery]:
    """Read the saved views, by name; no file means none.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    UsageError
        The file is not one of views.
    """
    try:
        read: object = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise UsageError(f"{path} cannot be read", "Correct or remove the file") from None
    views = cast("Mapping[str, Any]", read).get("views") if isinstance(read, dict) else None
    if not isinstance(views, dict):
        raise UsageError(f"{path} holds no views", "Correct or remove the file")
    return {str(name): _view(path, value) for name, value in cast("dict[str, Any]", views).items()}


def _view(path: Path, value: Any) -> WorklistQuery:
    fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    text, sort, reverse = fields.get("filter"), fields.get("sort"), fields.get("reverse")
    if (
        not isinstance(text, str)
        or sort not in get_args(PanelSort)
        or not isinstance(reverse, bool)
    ):
        raise UsageError(f"{path} holds a view that is none", "Correct or remove the file")
    return WorklistQuery(text, cast("PanelSort", sort), reverse)


def save_views(path: Path, views: Mapping[str, WorklistQuery]) -> None:
    """Write the views; the old file stays whole until the new one is there.

    Parameters
    ----------
    path
        The file.
    views
        All of them, by name.

    Raises
    ------
    RehabctlError
        The file cannot be written.
    """
    plain = {
        name: {"filter": view.text_filter, "sort": view.sort, "reverse": view.reverse}
        for name, view in sorted(views.items())
    }
    part = path.with_name(path.name + ".part")
    try:
        part.touch(mode=0o600)
        part.write_text(json.dumps({"schema_version": 1, "views": plain}, indent=1) + "\n", "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RehabctlError(
            f"cannot write {path}: {error.strerror}", "Check the folder and its rights"
        ) from None


def refusal(name: str, view: WorklistQuery, rows: Sequence[WorklistRow]) -> str | None:
    """Return why a view may not be saved, or None.

    Parameters
    ----------
    name
        What the user calls it.
    view
        Filter and order.
    rows
        Patients that the filter keeps.
    """
    text = view.text_filter.casefold()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        return f"A name has 1 to {_LONGEST_NAME} characters."
    named = name.casefold()
    if any(part in named for row in rows for part in (row.mrn, *row.name.casefold().split())):
        return "A view must not be named after a patient: it is kept as plain text."
    reasons = (reason.text.casefold() for row in rows for reason in row.reasons)
    if text and not any(text in reason for reason in reasons):
        return "Only a filter for reasons can be saved: a view is kept as plain text."
    return None
