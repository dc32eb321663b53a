"""A trend over calendar days: points with their uncertainty, joined within one method only.

Importing this module costs numpy and textual-plot, so it is imported when a patient is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from typing import ClassVar

from textual.app import ComposeResult
from textual_plot import HiResMode, PlotWidget
from textual_plot.axis_formatter import AxisFormatter

from rehabctl.domain.patient_detail import Trend
from rehabctl.tui.patient_text import chart_days
from rehabctl.tui.safe_app import app_of

MARKERS = ("●", "◆", "■", "▲")
"""One a method, in order of appearance."""
_TICK_DAYS = (1, 2, 7, 14, 28, 56, 91, 182, 364)
_AXIS_CELLS = 6
_FIXED_LIMITS = {"of 10": (-0.5, 10.5), "%": (-4.0, 104.0)}
"""Scales that are what they are: a steady pain of 2 does not fill the chart."""
_FIXED_TICKS = {"of 10": (0.0, 5.0, 10.0), "%": (0.0, 50.0, 100.0)}
_TICK_CELLS = 12
_TICK_STEPS = (
    *(1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 200.0, 250.0, 500.0),
    *(1000.0, 2000.0, 2500.0, 5000.0, 10_000.0, 20_000.0),
)
_LINES_PER_TICK = 2
_EDGE_SHARE = 0.04


class DayFormatter(AxisFormatter):
    """Ticks at whole days or weeks, written as calendar days.

    Parameters
    ----------
    start
        Where the axis is zero.
    zone
        The viewer's time zone.
    most
        Tells how many ticks have room for their labels.
    """

    def __init__(self, start: datetime, zone: tzinfo, most: Callable[[], int]) -> None:
        self._start = start
        self._zone = zone
        self._most = most

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        """Return ticks a round number of days apart."""
        span = max(max_ - min_, 1.0)
        most = min(max_ticks, self._most())
        step = next((s for s in _TICK_DAYS if span / s <= most), _TICK_DAYS[-1])
        first = -(-min_ // step) * step
        ticks = [first + i * step for i in range(int((max_ - first) // step) + 1)]
        # the label of a tick at the right edge would be cut: it is left out
        return [t for t in ticks if max_ - t >= _EDGE_SHARE * span or t is ticks[0]]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """Return `3 Mar` for each tick."""
        days = [(self._start + timedelta(days=t)).astimezone(self._zone) for t in ticks]
        return [f"{day.day} {day:%b}" for day in days]


class TrendChart(PlotWidget, can_focus=False, inherit_bindings=False):
    """Draws one trend; colours follow the theme.

    Parameters
    ----------
    trend
        At least one point.
    zone
        The viewer's time zone.
    """

    COMPONENT_CLASSES: ClassVar = {
        "chart--points",
        "chart--target",
        "chart--spread",
        "chart--important",
        "chart--band",
    }

    def __init__(self, trend: Trend, zone: tzinfo) -> None:
        super().__init__(allow_pan_and_zoom=False)
        self._trend = trend
        self._zone = zone

    def compose(self) -> ComposeResult:
        """Keep the margins small."""
        self.set_reactive(PlotWidget.margin_left, _AXIS_CELLS)
        self.set_reactive(PlotWidget.margin_top, 0)
        self.set_reactive(PlotWidget.margin_bottom, 1)
        yield from super().compose()

    def on_mount(self) -> None:
        """Draw after the base class has cleared itself, and again in new colours."""
        self.call_after_refresh(self.draw)
        app_of(self).theme_changed_signal.subscribe(self, lambda _: self.draw())

    def on_resize(self) -> None:
        """Choose the ticks for the new height; before the first layout there is none."""
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Draw the points of each method, their spread, and the target."""
        if not self.is_attached:  # the patient was left before this drawing's turn came
            return
        trend = self._trend
        start, days = chart_days(trend)
        self.clear()
        self.set_x_formatter(DayFormatter(start, self._zone, self._room_for_ticks))
        margin = max((days[-1] - days[0]) * 0.03, 0.5)
        left, right = days[0] - margin, days[-1] + margin
        self.set_xlimits(left, right)
        self.set_ylimits(*self._value_limits())
        self.set_yticks(_FIXED_TICKS.get(trend.unit) or self._round_ticks())
        if trend.target is not None:
            self.plot([left, right], [trend.target] * 2, self._style("target"), HiResMode.BRAILLE)
        if (mark := trend.important_at) is not None:
            self.plot([left, right], [mark] * 2, self._style("important"), HiResMode.BRAILLE)
        if trend.band is not None:
            x = [(at - start) / timedelta(days=1) for at, _, _ in trend.band.limits]
            _, low, high = zip(*trend.band.limits, strict=True)
            for edge in (low, high):
                self.plot(x, edge, self._style("band"), HiResMode.BRAILLE)
        names = list(dict.fromkeys(point.method for point in trend.points))
        placed = list(zip(days, trend.points, strict=True))
        for method, run in groupby(placed, key=lambda pair: pair[1].method):
            pairs = list(run)
            x = [day for day, _ in pairs]
            y = [point.value for _, point in pairs]
            spread = [point.uncertainty or 0.0 for _, point in pairs]
            if any(spread):
                self.errorbar(x, y, yerr=spread, marker_style=self._style("spread"))
            if len(pairs) > 1:
                self.plot(x, y, self._style("points"), HiResMode.BRAILLE)
            marker = MARKERS[names.index(method) % len(MARKERS)]
            self.scatter(x, y, marker=marker, marker_style=self._style("points"))

    def _round_ticks(self) -> list[float]:
        """Return evenly spaced whole numbers, as many as have a line of their own between them."""
        low, high = self._value_limits()
        most = max(2, self.size.height // _LINES_PER_TICK)
        step = next((s for s in _TICK_STEPS if (high - low) / s <= most), _TICK_STEPS[-1])
        first = -(-low // step) * step
        return [first + i * step for i in range(int((high - first) // step) + 1)]

    def _room_for_ticks(self) -> int:
        return max(2, (self.size.width - _AXIS_CELLS) // _TICK_CELLS)

    def _value_limits(self) -> tuple[float, float]:
        if self._trend.unit in _FIXED_LIMITS:
            return _FIXED_LIMITS[self._trend.unit]
        trend = self._trend
        points = trend.points
        values = [p.value + (p.uncertainty or 0.0) for p in points]
        values += [p.value - (p.uncertainty or 0.0) for p in points]
        lines = (trend.target, trend.important_at)
        values += [value for value in lines if value is not None]
        values += [v for limit in (trend.band.limits if trend.band else ()) for v in limit[1:]]
        low, high = min(values), max(values)
        room = max((high - low) * 0.08, 0.5)
        return low - room, high + room

    def _style(self, part: str) -> str:
        colour = self.get_component_styles(f"chart--{part}").color
        return colour.hex
