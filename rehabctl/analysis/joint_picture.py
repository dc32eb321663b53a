"""The live picture of a joint's calibration in plain characters: what is enough, and the angle."""

from __future__ import annotations

from rehabctl.analysis.joint_guide import WANTED_STILL_S, JointView

_BAR = 20
_ROWS = 5


def joint_picture(view: JointView) -> list[str]:
    """Draw how far each demand is met, and the flexion of the last ten seconds.

    Parameters
    ----------
    view
        What is known.
    """
    above, below = view.turning_dps
    least = view.wanted_range_deg
    lines = [
        _bar("stood still", view.still_s, WANTED_STILL_S, " s"),
        _bar("moved", view.moved_s, view.wanted_moved_s, " s"),
        _bar("bent", None if view.found is None else view.found.range_deg, least, " deg"),
        *_axis(view),
        f"turning at {above:.0f} deg/s above the joint, {below:.0f} deg/s below",
    ]
    return [*lines, *_trace(view.trace_deg, least)]


def _bar(name: str, value: float | None, wanted: float, unit: str) -> str:
    share = 0.0 if value is None else max(0.0, min(1.0, value / wanted))
    number = "?" if value is None else f"{value:.{0 if 'deg' in unit else 1}f}"
    return f"{name:<12}[{'#' * int(_BAR * share):.<{_BAR}}] {number} of {wanted:g}{unit}"


def _axis(view: JointView) -> list[str]:
    """Say how well the axis is known: the rotation beside it, and whether its direction is told."""
    if view.found is None:
        return ["axis        not known yet"]
    ratio = min(view.found.axis.sign_ratio, 999.0)
    return [
        f"axis        {view.found.residual_deg:.1f} deg beside it "
        f"(at most {view.most_residual_deg:g}), direction {ratio:.0f} to 1 "
        f"(at least {view.least_sign_ratio:g})"
    ]


def _trace(angles_deg: tuple[float, ...], least_deg: float) -> list[str]:
    """Draw the angle over time, newest at the right; empty rows before it is known."""
    if not angles_deg:
        return [""] * _ROWS
    low = min(*angles_deg, 0.0)
    span = max(max(angles_deg) - low, least_deg)
    grid = [[" "] * len(angles_deg) for _ in range(_ROWS)]
    for column, angle in enumerate(angles_deg):
        grid[_ROWS - 1 - round((angle - low) / span * (_ROWS - 1))][column] = "o"
    labels = [f"{low + span * (_ROWS - 1 - row) / (_ROWS - 1):5.0f}" for row in range(_ROWS)]
    lines = [f"{label} |{''.join(row)}".rstrip() for label, row in zip(labels, grid, strict=True)]
    lines[-1] = f"{lines[-1]:<{7 + len(angles_deg)}}  {angles_deg[-1]:.0f} deg now"
    return lines
