"""What a calibration found, as lines: what was judged with its limit first, then the rest."""

from __future__ import annotations

from pathlib import Path

from textual.content import Content

from rehabctl.analysis.calibration_words import facts
from rehabctl.domain.sensor import CalibrationResult
from rehabctl.tui import cells
from rehabctl.tui.widgets.section import Line

_LEAD = 40


def outcome(result: CalibrationResult, certificate: Path | None) -> list[Line]:
    """Return pass or fail, why, the numbers against their limits, and the certificate."""
    verdict = ("PASSED", "bold $success") if result.passed else ("FAILED", "bold $error")
    name = cells.words(result.procedure.value)
    lines = [Line(Content(""), Content.assemble(verdict, f"  {name}"))]
    lines += [
        Line(Content.styled("• ", "$warning"), Content(cells.clean(finding.text)))
        for finding in result.findings
    ]
    lines += [_fact(name, cells.clean(text)) for name, text in facts(result)]
    if certificate is not None:
        lines.append(_fact("certificate", cells.clean(certificate.name)))
    return lines


def _fact(lead: str, text: str) -> Line:
    return Line(Content.styled(cells.fit(lead, _LEAD), "$muted"), Content(text))
