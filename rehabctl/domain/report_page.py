"""A report for people, before it is HTML or paper: text, tables and drawings in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table of text cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    """Lines under the table."""


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """One drawing in both forms that pages need."""

    caption: str
    svg: bytes
    png: bytes


@dataclass(frozen=True, slots=True)
class ReportPage:
    """What one report holds."""

    title: str
    made_at: datetime
    lines: tuple[str, ...]
    """Sentences under the title."""
    parts: tuple[ReportTable | ReportFigure, ...]
    footer: tuple[str, ...]
    """Rules, versions and how to read it."""
