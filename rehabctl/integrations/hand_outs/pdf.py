"""A hand-out for paper: large print, one exercise a page, the same bytes for the same programme."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from fpdf import FPDF

from rehabctl.domain.hand_out import HandOut, HandOutExercise, StickFigure
from rehabctl.integrations.hand_outs.wording import date_words, dose, how_often

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
        self.set_lang(content.texts.language)
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM)

    def footer(self) -> None:
        """Write clinic, day and page number under each page."""
        made = self._content.made_at.astimezone(ZoneInfo(self._content.time_zone)).date()
        self.set_y(-15)
        self.set_font(_FONT, "", _COMPACT_PT)
        texts = self._content.texts
        day = date_words(made, texts)
        parts = filter(None, [self._content.clinic, day, self._content.made_by])
        text = f"{', '.join(parts)}    {texts.say('page_number', number=self.page_no())}"
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
        self._heading(texts.say("when_to_stop"))
        self._text(texts.red_flag_intro, self._size)
        self._list([question for _, question in texts.red_flags])
        self._text(texts.red_flag_advice, self._size, bold=True)
        self.add_page()
        self._heading(texts.say("your_week"))
        self._text(texts.pain_advice, self._size)
        self._list([f"{e.name}: {how_often(e, texts)}" for e in content.exercises])

    def exercise(self, number: int, exercise: HandOutExercise) -> None:
        """Write one exercise."""
        texts = self._content.texts
        if not self._compact or number == 1 or self.will_page_break(70):
            self.add_page()
        self._heading(f"{number}. {exercise.name}")
        if not exercise.approved:
            self._text(texts.unapproved_mark, self._size)
        if exercise.language != texts.language:
            self._text(texts.say("english_only"), self._size)
        self._text(dose(exercise, texts), self._size, bold=True)
        self._text(how_often(exercise, texts), self._size)
        if exercise.side in ("left", "right"):
            self._text(texts.say(f"{exercise.side}_side"), self._size)
        if exercise.figure is not None and not self._compact:
            self._figure(exercise.figure, exercise.name)
        if exercise.equipment:
            self._text(texts.say("you_need", items=", ".join(exercise.equipment)), self._size)
        self._list(exercise.steps, numbered=True)
        if exercise.note:
            self._text(texts.say("from_therapist", note=exercise.note), self._size, bold=True)
        for title, items in (
            ("think_of", exercise.cues),
            ("avoid", exercise.common_errors),
            ("take_care", exercise.precautions),
        ):
            if items and not self._compact:
                self._text(texts.say(title), self._size, bold=True)
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

    def _figure(self, figure: StickFigure, name: str) -> None:
        """Draw start and turning point beside each other, with captions and a text for readers."""
        texts = self._content.texts
        height = _FIGURE_MM + _COMPACT_PT
        if self.get_y() + height > self.h - _MARGIN_MM:
            self.add_page()
        top = self.get_y()
        self.image(
            io.BytesIO(_drawing(figure)),
            x=self.l_margin, y=top, w=_FIGURE_MM * 2.4, h=_FIGURE_MM,
            alt_text=texts.say("figure_alt", name=name),
        )  # fmt: skip
        self.set_y(top + _FIGURE_MM)
        self.set_font(_FONT, "", _COMPACT_PT)
        for caption in ("figure_start", "figure_turn"):
            self.cell(_FIGURE_MM * 1.2, 8, texts.say(caption), align="C")
        self.ln(11)
        if figure.of_one_joint:
            self._text(texts.say("figure_note"), self._size)


def _drawing(figure: StickFigure) -> bytes:
    """Return the start and the turning point as SVG, in body heights."""
    shapes: list[str] = []
    turning = figure.frames[len(figure.frames) // 2]
    for middle, frame in ((0.7, figure.frames[0]), (2.1, turning)):
        points = [(middle + x, 1.13 - y) for x, y in frame]
        for a, b in figure.bones:
            (x1, y1), (x2, y2) = points[a], points[b]
            shapes.append(f'<line x1="{x1:.3f}" y1="{y1:.3f}" x2="{x2:.3f}" y2="{y2:.3f}"/>')
        x, y = points[figure.head]
        shapes.append(f'<circle cx="{x:.3f}" cy="{y - 0.04:.3f}" r="0.06"/>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2.8 1.17">'
        '<g stroke="black" stroke-width="0.03" stroke-linecap="round" fill="none">'
        f"{''.join(shapes)}</g></svg>"
    ).encode()
