"""Reports as files."""

from __future__ import annotations

from rehabctl.domain.report_page import ReportPage


def write_page(page: ReportPage, form: str) -> bytes:
    """Return a report as a file.

    Parameters
    ----------
    page
        What it holds.
    form
        html or pdf.
    """
    from rehabctl.integrations.report_pages import html, pdf

    return {"html": html.write_html, "pdf": pdf.write_pdf}[form](page)
