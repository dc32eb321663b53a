"""A superbill as plain text, as a page, or as a PDF: the same facts, codes without descriptors."""

from __future__ import annotations

from html import escape

from rehabctl.domain.account import Superbill

_TITLE = "Statement of services (superbill)"
_HEAD = ("Date", "POS", "ICD-10-CM", "Code", "Modifiers", "Units", "Charge", "Provider NPI")
_WIDTHS = (22, 12, 34, 18, 24, 14, 24, 28)


def as_text(bill: Superbill) -> str:
    """Return plain text.

    Parameters
    ----------
    bill
        What is stated.
    """
    rows = [_HEAD, *_rows(bill)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD))]
    table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([_TITLE, "", *_facts(bill), "", *table, "", *_sums(bill), ""])


def as_html(bill: Superbill) -> str:
    """Return one page that needs nothing else; it prints on letter paper.

    Parameters
    ----------
    bill
        What is stated.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in _HEAD)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
        for row in _rows(bill)
    )
    facts = "".join(f"<p>{escape(line)}</p>\n" for line in _facts(bill))
    sums = "".join(f"<p>{escape(line)}</p>\n" for line in _sums(bill))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_TITLE}</title>\n'
        "<style>body{font:11pt sans-serif;margin:2cm}p{margin:.2em 0}table{border-collapse:"
        "collapse;margin:1em 0}th,td{border:1px solid #666;padding:.2em .5em;text-align:left}"
        f"</style></head>\n<body><h1>{_TITLE}</h1>\n{facts}<table><thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table>\n{sums}</body></html>\n"
    )


def as_pdf(bill: Superbill) -> bytes:
    """Return a PDF: the same bytes for the same statement.

    Parameters
    ----------
    bill
        What is stated.
    """
    from fpdf import FPDF

    from rehabctl.integrations.hand_outs.pdf import font_files

    pdf = FPDF(format="letter")
    regular, bold = font_files()
    pdf.add_font("sheet", "", regular)
    pdf.add_font("sheet", "B", bold)
    pdf.set_creation_date(bill.made_at)
    pdf.set_title(_TITLE)
    pdf.set_producer("rehabctl")
    pdf.set_lang("en")
    pdf.set_margin(20)
    pdf.set_auto_page_break(auto=True, margin=20)
    pdf.add_page()
    pdf.set_font("sheet", "B", 16)
    pdf.multi_cell(0, 9, _TITLE, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("sheet", "", 10)
    for line in _facts(bill):
        pdf.multi_cell(0, 5, line, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(3)
    pdf.set_font("sheet", "", 8)
    with pdf.table(col_widths=_WIDTHS) as table:
        for row in (_HEAD, *_rows(bill)):
            table.row(row)
    pdf.ln(3)
    pdf.set_font("sheet", "", 10)
    for line in _sums(bill):
        pdf.multi_cell(0, 5, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def _facts(bill: Superbill) -> list[str]:
    clinic = bill.clinic
    providers = dict.fromkeys((one.provider, one.provider_npi) for one in bill.lines)
    lines = [
        f"{clinic.name}, {clinic.line1}, {clinic.city}, {clinic.state} {clinic.postal_code}",
        f"Phone {clinic.contact_phone}, NPI {clinic.npi}, tax id {clinic.tax_id}",
        *(f"Provider {name}, NPI {npi}" for name, npi in providers),
        f"Patient {bill.patient}, born {bill.birth_date.isoformat()}",
    ]
    if bill.address:
        lines.append(f"Address {bill.address}")
    if bill.member_id:
        lines.append(f"Member id {bill.member_id}")
    return [*lines, f"Services from {bill.first.isoformat()} to {bill.last.isoformat()}"]


def _rows(bill: Superbill) -> list[tuple[str, ...]]:
    return [
        (
            one.service_on.isoformat(), one.place_of_service, " ".join(one.diagnoses), one.code,
            " ".join(one.modifiers), str(one.units), f"{one.charge:.2f}", one.provider_npi,
        )
        for one in bill.lines
    ]  # fmt: skip


def _sums(bill: Superbill) -> list[str]:
    return [
        f"Charged {bill.charged:.2f}",
        f"Paid in this time {bill.paid:.2f}",
        f"Balance of the account {bill.balance:.2f}",
    ]
