"""A calibration certificate as a page to print. The signed JSON stays what is verified."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, cast

from rehabctl.domain.errors import RehabctlError
from rehabctl.services.sensor_certificates import SignedCertificate, canonical

_LABELS = (
    ("serial", "Serial number"), ("model", "Model"), ("firmware", "Firmware"),
    ("procedure", "Procedure"), ("issued_at", "Issued at"), ("valid_until", "Valid until"),
    ("operator", "Operator"), ("temperature_c", "Temperature (C)"), ("software", "Software"),
)  # fmt: skip


def certificate_pdf(signed: SignedCertificate) -> bytes:
    """Return the pages of a certificate; the same certificate gives the same bytes.

    Parameters
    ----------
    signed
        As it was read.

    Raises
    ------
    RehabctlError
        fpdf2 is not installed.
    """
    try:
        from fpdf import FPDF
        from fpdf.enums import XPos, YPos
    except ImportError:
        raise RehabctlError("fpdf2 is not installed", "Install rehabctl anew") from None
    statement = signed.statement
    pdf: Any = FPDF(format="A4")
    pdf.set_creation_date(_moment(statement))
    pdf.set_title(f"Calibration certificate {_text(statement.get('serial'))}")
    pdf.set_producer("rehabctl")
    pdf.add_page()

    def line(text: str, size: int = 10, *, bold: bool = False) -> None:
        pdf.set_font("Helvetica", "B" if bold else "", size)
        pdf.multi_cell(0, size * 0.55, _text(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    line("Calibration certificate", 18, bold=True)
    line("PASSED" if statement.get("passed") is True else "NOT PASSED", 14, bold=True)
    pdf.ln(3)
    for key, label in _LABELS:
        line(f"{label}: {_value(statement.get(key))}")
    for title in ("Results", "Uncertainty", "Limits"):
        table = cast("dict[str, Any]", statement.get(title.lower()) or {})
        if table:
            pdf.ln(3)
            line(title, 12, bold=True)
            for name in sorted(table):
                line(f"{name}: {_value(table[name])}")
    findings = cast("list[dict[str, Any]]", statement.get("findings") or [])
    if findings:
        pdf.ln(3)
        line("Findings", 12, bold=True)
        for finding in findings:
            line(f"- {_value(finding.get('text'))}")
    pdf.ln(3)
    line("Inputs (SHA-256)", 12, bold=True)
    for sha256 in cast("list[str]", statement.get("input_sha256") or []):
        line(_value(sha256), 8)
    pdf.ln(3)
    line("Signature (Ed25519)", 12, bold=True)
    line(f"Statement SHA-256: {hashlib.sha256(canonical(statement)).hexdigest()}", 8)
    line(f"Public key: {signed.public_key}", 8)
    line(f"Signature: {signed.signature}", 8)
    line(
        "This page is a copy for reading. The signed JSON file is the certificate; check it with: "
        "rehabctl sensor certificate verify FILE",
        8,
    )
    return bytes(pdf.output())


def _moment(statement: Mapping[str, Any]) -> Any:
    from datetime import UTC, datetime

    try:
        return datetime.fromisoformat(str(statement.get("issued_at")))
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(_value(one) for one in value)  # pyright: ignore[reportUnknownVariableType]
    return str(value)


def _text(value: Any) -> str:
    """Return text that the page's font can show."""
    return str(value).encode("latin-1", "replace").decode("latin-1")
