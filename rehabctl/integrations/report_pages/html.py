"""A report as one HTML page without script and without links to anything outside it."""

from __future__ import annotations

from html import escape

from rehabctl.domain.report_page import ReportFigure, ReportPage, ReportTable

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a}table{border-collapse:collapse;margin:.3rem 0 .6rem}th,td{padding:.2rem .7rem;"
    "border-bottom:1px solid #ccc;text-align:left;font-variant-numeric:tabular-nums}figure{margin:"
    "1rem 0}svg{width:100%;height:auto}figcaption,footer,.note{color:#444;font-size:13px}"
    "@media print{body{margin:0}}"
)


def write_html(page: ReportPage) -> bytes:
    """Return the page.

    Parameters
    ----------
    page
        What it holds; drawings are placed inside as SVG.
    """
    parts = [
        _table(part) if isinstance(part, ReportTable) else _figure(part) for part in page.parts
    ]
    title = escape(page.title)
    lines = "".join(f"<p>{escape(line)}</p>" for line in page.lines)
    footer = "".join(f"<p>{escape(line)}</p>" for line in page.footer)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{lines}{''.join(parts)}"
        f"<footer>{footer}</footer></body></html>\n"
    ).encode()


def _table(table: ReportTable) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows
    )
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in table.notes)
    return f"<h2>{escape(table.title)}</h2><table><tr>{head}</tr>{body}</table>{notes}"


def _figure(figure: ReportFigure) -> str:
    drawing = figure.svg.decode()
    drawing = drawing[drawing.index("<svg") :]  # without the XML prologue
    return f"<figure>{drawing}<figcaption>{escape(figure.caption)}</figcaption></figure>"
