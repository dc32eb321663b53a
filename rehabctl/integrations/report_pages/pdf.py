"""A report on paper; the same report gives the same bytes."""

from __future__ import annotations

from io import BytesIO

from fpdf import FPDF
from fpdf.fonts import FontFace

from rehabctl.domain.report_page import ReportFigure, ReportPage, ReportTable
from rehabctl.integrations.hand_outs.pdf import font_files

_FONT = "report"
_TITLE_PT, _HEADING_PT, _TEXT_PT, _CELL_PT, _SMALL_PT = 16, 12, 10, 8, 8


def write_pdf(page: ReportPage) -> bytes:
    """Return the PDF.

    Parameters
    ----------
    page
        What it holds; drawings are placed as PNG.
    """
    sheet = _Sheet(page)
    sheet.add_page()
    sheet.paragraph(page.title, _TITLE_PT, bold=True)
    for text in page.lines:
        sheet.paragraph(text, _TEXT_PT)
    for part in page.parts:
        sheet.table_of(part) if isinstance(part, ReportTable) else sheet.figure(part)
    sheet.ln(3)
    for text in page.footer:
        sheet.paragraph(text, _SMALL_PT)
    return bytes(sheet.output())


class _Sheet(FPDF):
    def __init__(self, page: ReportPage) -> None:
        super().__init__(format="letter")
        regular, bold = font_files()
        self.add_font(_FONT, "", regular)
        self.add_font(_FONT, "B", bold)
        self.set_creation_date(page.made_at)
        self.set_title(page.title)
        self.set_producer("rehabctl")
        self.set_lang("en")
        self.set_margin(18)
        self.set_auto_page_break(auto=True, margin=18)

    def footer(self) -> None:
        """Write the page number."""
        self.set_y(-14)
        self.set_font(_FONT, "", _SMALL_PT)
        self.cell(0, 8, f"page {self.page_no()}", align="C")

    def paragraph(self, text: str, size: float, *, bold: bool = False) -> None:
        """Write a paragraph."""
        self.set_font(_FONT, "B" if bold else "", size)
        self.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L")
        self.ln(1)

    def table_of(self, part: ReportTable) -> None:
        """Write a table under its title; its head is repeated on each page."""
        self.ln(2)
        self.paragraph(part.title, _HEADING_PT, bold=True)
        self.set_font(_FONT, "", _CELL_PT)
        with self.table(
            headings_style=FontFace(emphasis="BOLD"),
            line_height=_CELL_PT * 0.55,
            col_widths=_widths(part),
            text_align="LEFT",
            borders_layout="HORIZONTAL_LINES",
        ) as table:
            for cells in (part.columns, *part.rows):
                row = table.row()
                for text in cells:
                    row.cell(text)
        for note in part.notes:
            self.paragraph(note, _SMALL_PT)

    def figure(self, part: ReportFigure) -> None:
        """Place a drawing over the width of the page, with its caption."""
        self.ln(2)
        self.image(BytesIO(part.png), w=self.epw, alt_text=part.caption)
        self.paragraph(part.caption, _SMALL_PT)


def _widths(part: ReportTable) -> tuple[int, ...]:
    """Return shares of the width by the longest word or half the longest text of each column."""
    columns = zip(part.columns, *part.rows, strict=True)
    return tuple(
        max(4, *(max(len(text) // 2, *map(len, text.split() or [""])) for text in column))
        for column in columns
    )
