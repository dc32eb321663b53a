"""What a calibration found, as lines: what was judged with its limit first, then the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from textual.content import Content

from rehabctl.domain.sensor import CalibrationResult
from rehabctl.tui import cells
from rehabctl.tui.widgets.section import Line

_JUDGED = (
    ("holdout_rms_mg", "error on poses left out of the fit", "mg", "holdout_mg_max", "at most"),
    ("holdout_norm_cv_percent", "spread on samples left out of the fit", "%",
     "norm_cv_percent_max", "at most"),
    ("poses", "poses", "", "poses_full_min", "at least"),
    ("coverage", "coverage", "", "coverage_min", "at least"),
    ("coverage_percent", "directions seen", "%", "coverage_percent_min", "at least"),
    ("duration_s", "still for", "s", "duration_s_min", "at least"),
    ("gyroscope_bias_dps", "gyroscope bias", "deg/s", "bias_dps_max", "at most"),
    ("gyroscope_noise_dps", "gyroscope noise", "deg/s", "gyroscope_noise_dps_max", "at most"),
    ("moving_s", "moved for", "s", "moving_s_min", "at least"),
    ("range_deg", "bent by", "deg", "range_deg_min", "at least"),
    ("residual_deg", "rotation beside the axis", "deg", "residual_deg_max", "at most"),
    ("sign_ratio", "direction of the axis, to the other", "", "sign_ratio_min", "at least"),
    ("axis_share", "share of the rotation about one axis", "", "axis_share_min", "at least"),
)  # fmt: skip
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
    for key, words, unit, limit, side in _JUDGED:
        if key in result.results and limit in result.limits:
            found, bound = _number(result.results[key]), f"{result.limits[limit]:g}"
            text = f"{f'{found} {unit}'.rstrip()}  ({side} {bound})"
            lines.append(_fact(words, text))
    known = {key for key, *_ in _JUDGED}
    lines += [
        _fact(cells.words(key), _number(value))
        for key, value in result.results.items()
        if key not in known
    ]
    if certificate is not None:
        lines.append(_fact("certificate", cells.clean(certificate.name)))
    return lines


def _fact(lead: str, text: str) -> Line:
    return Line(Content.styled(cells.fit(lead, _LEAD), "$muted"), Content(text))


def _number(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "  ".join(_number(each) for each in cast("Sequence[Any]", value))
    if value is None:
        return cells.NONE
    return f"{value:.3g}" if isinstance(value, float) else cells.clean(str(value))
