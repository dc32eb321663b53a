"""A note on paper."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from fpdf import FPDF

from rehabctl.domain.note import ClinicalNote
from rehabctl.integrations.hand_outs.pdf import font_files
from rehabctl.integrations.notes.text import DRAFT_MARK, blocks, head, signature

_FONT = "note"
_SIZES = {"title": 15, "heading": 12, "item": 10.5, "text": 10.5}
_FOOT_PT = 8


def write_pdf(
    note: ClinicalNote, addenda: Sequence[ClinicalNote], mrn: str, clinic: str, zone: ZoneInfo
) -> bytes:
    """Return the PDF; parameters as in `write_text`. The same note gives the same bytes."""
    sheet = _Sheet(note, head(mrn, clinic))
    sheet.add_page()
    sheet.body(note, zone)
    for added in addenda:
        sheet.block("heading", "Addendum")
        sheet.body(added, zone)
    return bytes(sheet.output())


class _Sheet(FPDF):
    def __init__(self, note: ClinicalNote, head_line: str) -> None:
        super().__init__(format="letter")
        self._head_line = head_line
        self._is_draft = note.signed_at is None
        regular, bold = font_files()
        self.add_font(_FONT, "", regular)
        self.add_font(_FONT, "B", bold)
        self.set_creation_date(note.signed_at or note.opened_at)
        self.set_title(f"{note.kind.value} note")
        self.set_producer("rehabctl")
        self.set_lang("en")
        self.set_margin(20)
        self.set_auto_page_break(auto=True, margin=20)

    def header(self) -> None:
        """Write whose note it is, and whether it is a draft, on each page."""
        self.set_font(_FONT, "", _FOOT_PT)
        mark = f"    {DRAFT_MARK}" if self._is_draft else ""
        self.cell(0, 5, self._head_line + mark, new_x="LMARGIN", new_y="NEXT")
        self.ln(2)

    def footer(self) -> None:
        """Write the page number."""
        self.set_y(-15)
        self.set_font(_FONT, "", _FOOT_PT)
        self.cell(0, 8, f"page {self.page_no()}", align="C")

    def body(self, note: ClinicalNote, zone: ZoneInfo) -> None:
        """Write one note with its signature."""
        for kind, text in blocks(note.body):
            self.block(kind, text)
        self.ln(3)
        self.set_font(_FONT, "", _FOOT_PT)
        self.multi_cell(0, 4, signature(note, zone), new_x="LMARGIN", new_y="NEXT", align="L")

    def block(self, kind: str, text: str) -> None:
        """Write one line of a note."""
        size = _SIZES[kind]
        if kind in ("title", "heading"):
            self.ln(2)
        self.set_font(_FONT, "B" if kind in ("title", "heading") else "", size)
        shown = f"\u2022 {text}" if kind == "item" else text
        self.multi_cell(0, size * 0.5, shown, new_x="LMARGIN", new_y="NEXT", align="L")
