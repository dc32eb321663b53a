"""Evidence of remote monitoring as a document: the same evidence gives the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from rehabctl.billing.monitoring_evidence import MonthEvidence, Support
from rehabctl.domain.counting import counted
from rehabctl.domain.monitoring import PeriodKind

if TYPE_CHECKING:
    from fpdf import FPDF


def write_markdown(evidence: MonthEvidence, mrn: str, clinic: str) -> str:
    """Return the document as Markdown, with the SHA-256 of all above it in its last line.

    Parameters
    ----------
    evidence
        Of one month.
    mrn, clinic
        Record number, and name of the clinic.
    """
    body = "\n".join(_lines(evidence, mrn, clinic)) + "\n"
    return f"{body}\nSHA-256 of the text above: {hashlib.sha256(body.encode()).hexdigest()}\n"


def _lines(evidence: MonthEvidence, mrn: str, clinic: str) -> Iterator[str]:
    yield f"# Remote therapeutic monitoring, {evidence.month}"
    yield ""
    yield f"{clinic}. Patient {mrn}. Days are those of {evidence.time_zone}."
    yield ""
    yield "## Codes"
    yield ""
    yield "| code | units | period | service day | state | why | rule |"
    yield "|---|---|---|---|---|---|---|"
    for one in evidence.supports:
        yield (
            f"| {one.code or '-'} | {one.units} | {_period(one)} | {one.service_on} "
            f"| {one.status} | {one.why} | {one.rule_version} |"
        )
    yield ""
    yield "## Management time"
    yield ""
    contact = "with" if evidence.contact else "without"
    yield f"{counted(evidence.minutes, 'minute')} in the calendar month, {contact} live contact."
    for window in (one for one in evidence.supports if one.kind is PeriodKind.SUPPLY):
        days = [day for day in evidence.days if window.from_on <= day.day <= window.service_on]
        yield ""
        yield f"## Days with data, {window.from_on} to {window.service_on}: {len(days)}"
        yield ""
        yield "| day | record | kind | recorded at (UTC) | received at (UTC) | SHA-256 |"
        yield "|---|---|---|---|---|---|"
        for day in days:
            for record in day.records:
                yield (
                    f"| {day.day} | {record.event_id} | {record.kind.value} "
                    f"| {_moment(record.recorded_at)} "
                    f"| {_moment(record.received_at)} | {record.sha256} |"
                )
    if evidence.notices:
        yield ""
        yield "## Notices"
        yield ""
        for notice in evidence.notices:
            yield f"- {notice}."


def _period(one: Support) -> str:
    return f"{one.from_on} to {one.service_on}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def write_pdf(evidence: MonthEvidence, mrn: str, clinic: str) -> bytes:
    """Return the document as PDF; parameters as in `write_markdown`."""
    from fpdf import FPDF

    from rehabctl.integrations.hand_outs.pdf import font_files

    text = write_markdown(evidence, mrn, clinic)
    sheet = FPDF(orientation="landscape", format="letter")
    regular, bold = font_files()
    sheet.add_font("evidence", "", regular)
    sheet.add_font("evidence", "B", bold)
    last = max(one.service_on for one in evidence.supports) if evidence.supports else None
    if last is not None:  # a fixed moment: the file names no day on which it was printed
        sheet.set_creation_date(datetime.combine(last, time(), UTC))
    sheet.set_title("Remote therapeutic monitoring")
    sheet.set_producer("rehabctl")
    sheet.set_lang("en")
    sheet.add_page()
    table: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if set(line) != set("|-"):
                table.append(cells)
            continue
        if table:
            _write_table(sheet, table)
            table = []
        size = {"# ": 15, "##": 12}.get(line[:2], 9)
        sheet.set_font("evidence", "B" if line.startswith("#") else "", size)
        sheet.multi_cell(0, size * 0.5, line.lstrip("# ") or " ", new_x="LMARGIN", new_y="NEXT")
    return bytes(sheet.output())


def _write_table(sheet: FPDF, rows: list[list[str]]) -> None:
    sheet.set_font("evidence", "", 7)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    with sheet.table(col_widths=tuple(min(max(width, 6), 64) for width in widths)) as table:
        for row in rows:
            drawn = table.row()
            for cell in row:
                drawn.cell(cell)
