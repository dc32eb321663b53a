"""The source text of `handle_columns.py`, made from the declared tables."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from sqlalchemy import String
from sqlmodel import AutoString

from rehabctl.store.handles import TYPES
from rehabctl.store.tables import METADATA

_HEAD = '''"""Columns of every table by type. Generated: run `python -m rehabctl.store.tables`."""

from __future__ import annotations

# fmt: off
COLUMNS: dict[str, dict[str, str]] = {
'''
_WIDTH = 96


def handle_source() -> str:
    """Return the module's whole text."""
    lines = [_HEAD.rstrip("\n")]
    for table in sorted(METADATA.tables.values(), key=lambda t: t.name):
        lines.append(f'    "{table.name}": {{')
        for kind in TYPES:
            if names := [column.name for column in table.columns if _word(column.type) == kind]:
                lines += _entry(kind, names)
        lines.append("    },")
    return "\n".join([*lines, "}", "# fmt: on", ""])


def _word(column_type: Any) -> str:
    for word, ours in TYPES.items():
        if type(column_type) is (AutoString if ours is String else ours):
            return word
    raise TypeError(f"no word for the column type {column_type!r}")


def _entry(kind: str, names: list[str]) -> list[str]:
    """Return one entry, its names separated by spaces, in lines of bounded length."""
    parts = wrap(" ".join(names), _WIDTH - len(f'        "{kind}": "",'))
    pad = " " * (8 + len(f'"{kind}": '))
    quoted = [f'"{part} "' for part in parts[:-1]] + [f'"{parts[-1]}",']
    return [f'        "{kind}": {quoted[0]}', *(pad + part for part in quoted[1:])]
