"""A note as one HTML page without script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from zoneinfo import ZoneInfo

from rehabctl.domain.note import ClinicalNote
from rehabctl.integrations.notes.text import DRAFT_MARK, blocks, head, signature

_TAGS = {"title": "h1", "heading": "h2", "text": "p"}
_STYLE = "body{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto}footer{color:#444}"


def write_html(
    note: ClinicalNote, addenda: Sequence[ClinicalNote], mrn: str, clinic: str, zone: ZoneInfo
) -> bytes:
    """Return the page; parameters as in `write_text`."""
    mark = "" if note.signed_at else f"<p><strong>{DRAFT_MARK}</strong></p>"
    parts = [f"<p>{escape(head(mrn, clinic))}</p>", mark, _body(note.body), _foot(note, zone)]
    for added in addenda:
        parts += ["<h2>Addendum</h2>", _body(added.body), _foot(added, zone)]
    title = escape(f"{note.kind.value} {note.for_day.isoformat()}")
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    return page.encode()


def _body(body: str) -> str:
    found: list[str] = []
    for is_list, group in groupby(blocks(body), key=lambda block: block[0] == "item"):
        lines = [
            f"<li>{escape(text)}</li>"
            if is_list
            else f"<{_TAGS[kind]}>{escape(text)}</{_TAGS[kind]}>"
            for kind, text in group
        ]
        found.append(f"<ul>{''.join(lines)}</ul>" if is_list else "".join(lines))
    return "".join(found)


def _foot(note: ClinicalNote, zone: ZoneInfo) -> str:
    return f"<footer>{escape(signature(note, zone))}</footer>"
