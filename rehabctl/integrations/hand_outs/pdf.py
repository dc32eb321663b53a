"""A hand-out for paper: large print, one exercise a page, the same bytes for the same programme."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from fpdf import FPDF

from rehabctl.domain.hand_out import HandOut, HandOutExercise, StickFigure, days

_FONT = "hand-out"
_BODY_PT, _HEADING_PT, _TITLE_PT = 15, 20, 26
_COMPACT_PT = 14
"""Nothing is set smaller than 14 points."""
_MARGIN_MM = 20
_FIGURE_MM = 50.0


def write_pdf(content: HandOut, *, compact: bool = False) -> bytes:
    """Return the hand-out as a PDF.

    Parameters
    ----------
    content
        The programme.
    compact
        Several exercises on a page.
    """
    sheet = _Sheet(content, compact=compact)
    sheet.first_page()
    for number, exercise in enumerate(content.exercises, start=1):
        sheet.exercise(number, exercise)
    return bytes(sheet.output())


def font_files() -> tuple[Path, Path]:
    """Return DejaVu Sans, regular and bold, which Matplotlib brings along.

    The standard fonts of PDF know no letters beyond Western Europe; names and notes need them.
    """
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:  # a dependency of this program
        raise ModuleNotFoundError("matplotlib")
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    return folder / "DejaVuSans.ttf", folder / "DejaVuSans-Bold.ttf"


class _Sheet(FPDF):
    def __init__(self, content: HandOut, *, compact: bool) -> None:
        super().__init__(format="letter")
        self._content = content
        self._compact = compact
        self._size = _COMPACT_PT if compact else _BODY_PT
        regular, bold = font_files()
        self.add_font(_FONT, "", regular)
        self.add_font(_FONT, "B", bold)
        self.set_creation_date(content.made_at)
        self.set_title(content.title)
        self.set_producer("rehabctl")
        self.set_lang("en")
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM)

    def footer(self) -> None:
        """Write clinic, day and page number under each page."""
        made = self._content.made_at.astimezone(ZoneInfo(self._content.time_zone)).date()
        self.set_y(-15)
        self.set_font(_FONT, "", _COMPACT_PT)
        parts = [self._content.clinic, made.isoformat(), self._content.made_by]
        text = f"{', '.join(filter(None, parts))}    page {self.page_no()}"
        self.cell(0, 8, text, align="C")

    def first_page(self) -> None:
        """Write the title, the week, the notes and when to stop."""
        content, texts = self._content, self._content.texts
        self.add_page()
        self._text(content.title, _TITLE_PT, bold=True)
        if content.patient:
            self._text(content.patient, _HEADING_PT)
        if content.notes:
            self._text(content.notes, self._size)
        self._heading("When to stop")
        self._text(texts.red_flag_intro, self._size)
        self._list([question for _, question in texts.red_flags])
        self._text(texts.red_flag_advice, self._size, bold=True)
        self.add_page()
        self._heading("Your week")
        self._text(texts.pain_advice, self._size)
        self._list([f"{e.name}: {_how_often(e)}" for e in content.exercises])

    def exercise(self, number: int, exercise: HandOutExercise) -> None:
        """Write one exercise."""
        if not self._compact or number == 1 or self.will_page_break(70):
            self.add_page()
        self._heading(f"{number}. {exercise.name}")
        if not exercise.approved:
            self._text(self._content.texts.unapproved_mark, self._size)
        self._text(exercise.dose, self._size, bold=True)
        self._text(_how_often(exercise), self._size)
        if exercise.side in ("left", "right"):
            self._text(f"Your {exercise.side} side.", self._size)
        if exercise.figure is not None and not self._compact:
            self._figure(exercise.figure)
        if exercise.equipment:
            self._text("You need: " + ", ".join(exercise.equipment), self._size)
        self._list(exercise.steps, numbered=True)
        if exercise.note:
            self._text(f"From your therapist: {exercise.note}", self._size, bold=True)
        for title, items in (
            ("Think of", exercise.cues),
            ("Avoid", exercise.common_errors),
            ("Take care", exercise.precautions),
        ):
            if items and not self._compact:
                self._text(title, self._size, bold=True)
                self._list(items)

    def _heading(self, text: str) -> None:
        self.ln(3)
        self._text(text, _HEADING_PT, bold=True)

    def _text(self, text: str, size: int, *, bold: bool = False) -> None:
        self.set_font(_FONT, "B" if bold else "", size)
        self.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L")
        self.ln(1.5)

    def _list(self, items: Sequence[str], *, numbered: bool = False) -> None:
        for number, item in enumerate(items, start=1):
            self._text(f"{number}. {item}" if numbered else f"\u2022 {item}", self._size)

    def _figure(self, figure: StickFigure) -> None:
        """Draw start and turning point beside each other."""
        turning = len(figure.frames) // 2
        top = self.get_y()
        if top + _FIGURE_MM > self.h - _MARGIN_MM:
            self.add_page()
            top = self.get_y()
        self.set_line_width(1.2)
        for column, frame in enumerate((figure.frames[0], figure.frames[turning])):
            left, floor = self.l_margin + 25 + column * 60, top + _FIGURE_MM - 3

            points = [(left + x * 42, floor - y * 42) for x, y in frame]
            for a, b in figure.bones:
                self.line(*points[a], *points[b])
            x, y = points[figure.head]
            self.circle(x, y - 2, 3.0)
        self.set_y(top + _FIGURE_MM + 2)


def _how_often(exercise: HandOutExercise) -> str:
    times = exercise.times_a_day
    often = "" if times == 1 else f", {times} times a day"
    if not exercise.weekdays:
        return f"{exercise.per_week} times a week"
    return days(exercise.weekdays)[:1].upper() + days(exercise.weekdays)[1:] + often
