"""Drawings of reports, as SVG and PNG: the same data gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import cycle
from typing import Any

from rehabctl.clinic import recovery
from rehabctl.clinic.trajectory import Trajectory
from rehabctl.domain.report_page import ReportFigure

_OWN, _COHORT, _SHADE = "#1b4f8a", "#555555", "#9db7d5"


def figure(caption: str, draw: Callable[[Any], None], height_in: float = 3.8) -> ReportFigure:
    """Return a drawing in both forms.

    Parameters
    ----------
    caption
        What it shows, for people who cannot see it too.
    draw
        Draws into the axes it is given.
    height_in
        Height in inches, of a width of 8.
    """
    svg, png = (_render(draw, height_in, form) for form in ("svg", "png"))
    return ReportFigure(caption, svg, png)


def _render(draw: Callable[[Any], None], height_in: float, form: str) -> bytes:
    # the object interface: pyplot would choose a window system and keep global state
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    library: Any = mpl  # its own types are partial
    with library.rc_context({"svg.hashsalt": "rehabctl", "font.size": 9}):
        made: Any = Figure(figsize=(8, height_in), layout="constrained")
        FigureCanvasAgg(made)
        axes = made.subplots()
        draw(axes)
        axes.grid(alpha=0.25)
        metadata: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
        made.savefig(buffer, format=form, dpi=130, metadata=metadata)
    return buffer.getvalue()


def draw_trajectory(axes: Any, found: Trajectory) -> None:
    """Draw a patient's points and projection over the band of the reference cohorts."""
    curve = found.curve
    last = max([p.day for p in found.points] + ([found.projection.day] if found.projection else []))
    days = range(1, int(last * 1.1) + 2)
    bands = [band for day in days if (band := recovery.band(curve, day)) is not None]
    if bands:
        axes.fill_between(
            [b.day for b in bands],
            [b.low for b in bands],
            [b.high for b in bands],
            color=_SHADE,
            alpha=0.4,
            linewidth=0,
            label="spread of the reference cohorts"
            if len(curve.sources) > 1
            else f"the one source, with an own margin of {curve.default_spread:g}",
        )
    for source, style in zip(curve.sources, cycle(("-", "--", ":", "-.")), strict=False):
        drawn = [
            (day, v) for day in days if (v := recovery.source_value(source.points, day)) is not None
        ]
        if drawn:
            label = f"{source.name.partition(';')[0]} (n={source.patients})"
            axes.plot(
                *zip(*drawn, strict=True),
                color=_COHORT,
                linestyle=style,
                linewidth=0.9,
                label=label,
            )
    errors = [p.uncertainty or 0.0 for p in found.points]
    axes.errorbar(
        [p.day for p in found.points],
        [p.value for p in found.points],
        errors if any(errors) else None,
        fmt="o",
        ms=3.5,
        color=_OWN,
        elinewidth=0.7,
        label="measured, with its 90 % interval" if any(errors) else "measured",
    )
    if (made := found.projection) is not None:
        axes.errorbar(
            [made.day],
            [made.value],
            [[made.value - made.low], [made.high - made.value]],
            fmt="D",
            ms=5,
            color=_OWN,
            mfc="white",
            capsize=4,
            label=f"drawn on to day {made.day:g}, 90 % bootstrap",
        )
    axes.set_xlabel("days after surgery")
    axes.set_ylabel(f"{curve.measure.replace('_', ' ')} ({curve.unit})")
    axes.legend(loc="best", fontsize=7)
