"""What a calibration found, in words: what was judged with its limit first, then the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from rehabctl.domain.sensor import CalibrationResult

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


def facts(result: CalibrationResult) -> list[tuple[str, str]]:
    """Return each number with its name, and with its limit where it has one.

    Parameters
    ----------
    result
        Of any procedure.
    """
    found: list[tuple[str, str]] = []
    for key, words, unit, limit, side in _JUDGED:
        if key in result.results and limit in result.limits:
            number = f"{_number(result.results[key])} {unit}".rstrip()
            found.append((words, f"{number}  ({side} {result.limits[limit]:g})"))
    known = {key for key, *_ in _JUDGED}
    found += [
        (key.replace("_", " "), _number(value))
        for key, value in result.results.items()
        if key not in known
    ]
    return found


def _number(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "  ".join(_number(each) for each in cast("Sequence[Any]", value))
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)
