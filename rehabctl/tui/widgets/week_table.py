"""A week of exercises as a table with a cell cursor: doses and days are changed in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from rehabctl.domain.week_plan import WEEK, PlanLine
from rehabctl.tui.cells import NONE, fit
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings

_DAY_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_NUMBER_CELLS = 6
_DAY_CELLS = 3
_STATE_CELLS = 11
_MARK_CELLS = 2
_NAME_MIN = 16
_NAME_MOST = 44


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A number of a line that can be changed."""

    title: str
    name: str
    """Field of the dose, or `target_deg`."""
    step: float
    text: Callable[[PlanLine], str]


def _plain(name: str, unit: str = "") -> Callable[[PlanLine], str]:
    return lambda line: f"{getattr(line.dose, name):g}{unit}"


def _target(line: PlanLine) -> str:
    return NONE if line.target_deg is None else f"{line.target_deg:g}°"


NUMBERS = (
    NumberColumn("Sets", "sets", 1, _plain("sets")),
    NumberColumn("Reps", "reps", 1, _plain("reps")),
    NumberColumn("Hold", "hold_s", 1, _plain("hold_s", "s")),
    NumberColumn("Rest", "rest_s", 15, _plain("rest_s", "s")),
    NumberColumn("Goal", "target_deg", 5, _target),
)
_COLUMNS = len(NUMBERS) + len(WEEK)


def with_number(line: PlanLine, name: str, value: float) -> PlanLine:
    """Return a line with one number set; whole where only whole numbers count.

    Parameters
    ----------
    line
        Of the plan.
    name
        Field of the dose, or `target_deg`.
    value
        Its new value, at least zero.
    """
    value = max(0.0, value)
    if name == "target_deg":
        return replace(line, target_deg=value)
    return replace(
        line, dose=replace(line.dose, **{name: value if name.endswith("_s") else round(value)})
    )


def number_of(line: PlanLine, name: str) -> float | None:
    """Return one number of a line; None where no target angle counts."""
    value = line.target_deg if name == "target_deg" else getattr(line.dose, name)
    return None if value is None else float(value)


class WeekTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines of the plan; the screen owns the plan and takes the changes."""

    BINDINGS: ClassVar = bindings("week")
    COMPONENT_CLASSES: ClassVar = {
        "week--title",
        "week--row",
        "week--cursor",
        "week--blocked",
        "week--warning",
    }
    help = HelpText(
        "Week",
        "One line an exercise: sets, repetitions, seconds of hold and rest, the goal of the "
        "driving angle, and the days. h and l go between cells, + and - change a number, enter "
        "types one, space sets or clears a day. `blocked` may not be prescribed while what is on "
        "record holds; `look` has a warning; `draft` waits for a clinician's approval of the "
        "library.",
    )

    @dataclass
    class Changed(Message):
        """A line was changed."""

        place: int
        line: PlanLine

    @dataclass
    class NumberWanted(Message):
        """A number is to be typed."""

        place: int
        column: NumberColumn

    @dataclass
    class RemoveWanted(Message):
        """A line is to be taken out."""

        place: int

    class CursorMoved(Message):
        """Another line is under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[PlanLine, ...] = ()
        self.place = 0
        self.column = 0

    @property
    def current(self) -> PlanLine | None:
        """The line under the cursor."""
        return self._lines[self.place] if self.place < len(self._lines) else None

    def show(self, lines: tuple[PlanLine, ...]) -> None:
        """Replace the lines; the cursor stays where it is as far as there are lines."""
        self._lines = lines
        self.place = max(0, min(self.place, len(lines) - 1))
        self.virtual_size = Size(0, len(lines) + 1)
        self.refresh()

    # -- drawing -------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Return the titles or one line."""
        width = self.scrollable_content_region.width
        name_cells = width - _MARK_CELLS - len(NUMBERS) * _NUMBER_CELLS
        name_cells -= len(WEEK) * _DAY_CELLS + 1 + _STATE_CELLS
        name_cells = max(_NAME_MIN, min(_NAME_MOST, name_cells))
        index = y + self.scroll_offset.y - 1
        if index < 0:
            return self._titles(name_cells).crop_extend(0, width, self.rich_style)
        if index >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        return self._row(index, name_cells).crop_extend(0, width, self.rich_style)

    def _titles(self, name_cells: int) -> Strip:
        numbers = "".join(fit(c.title, _NUMBER_CELLS, right=True) for c in NUMBERS)
        days = "".join(fit(name, _DAY_CELLS, right=True) for name in _DAY_NAMES)
        text = " " * _MARK_CELLS + fit("Exercise", name_cells) + numbers + days
        return Strip([Segment(text, self.get_component_rich_style("week--title"))])

    def _row(self, index: int, name_cells: int) -> Strip:
        line, here = self._lines[index], index == self.place
        base = self.get_component_rich_style("week--row") if here else self.rich_style
        cursor = self.get_component_rich_style("week--cursor")
        lead = (">" if here else " ") + " "
        segments = [Segment(lead + fit(line.name, name_cells), base)]
        cells = [fit(c.text(line), _NUMBER_CELLS, right=True) for c in NUMBERS]
        cells += [fit("x" if d in line.weekdays else "·", _DAY_CELLS, right=True) for d in WEEK]
        for i, text in enumerate(cells):
            under = here and i == self.column and self.has_focus
            segments.append(Segment(text, cursor if under else base))
        word, part = state_of(line)
        style = self.get_component_rich_style(part) if part else base
        segments.append(Segment(" " + fit(word, _STATE_CELLS), style))
        return Strip(segments)

    def on_focus(self) -> None:
        """Show the cell cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cell cursor."""
        self.refresh()

    # -- actions -------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """Go to another line."""
        self.place = max(0, min(len(self._lines) - 1, self.place + step))
        self.scroll_to(y=max(0, self.place + 2 - self.size.height), animate=False, force=True)
        self.refresh()
        self.post_message(self.CursorMoved())

    def action_cell(self, step: int) -> None:
        """Go to another cell of the line."""
        self.column = max(0, min(_COLUMNS - 1, self.column + step))
        self.refresh()

    def action_change(self, direction: int) -> None:
        """Raise or lower the number under the cursor; on a day, set or clear it."""
        line = self.current
        if line is None:
            return
        if self.column >= len(NUMBERS):
            self.action_day()
            return
        column = NUMBERS[self.column]
        value = number_of(line, column.name)
        if value is not None:
            changed = with_number(line, column.name, value + direction * column.step)
            self.post_message(self.Changed(self.place, changed))

    def action_day(self) -> None:
        """Set or clear the day under the cursor."""
        if self.current is not None and self.column >= len(NUMBERS):
            weekday = WEEK[self.column - len(NUMBERS)]
            self.post_message(self.Changed(self.place, self.current.with_day(weekday)))

    def action_type(self) -> None:
        """Type the number under the cursor; on a day, set or clear it."""
        line = self.current
        if self.column >= len(NUMBERS):
            self.action_day()
        elif line is not None and number_of(line, NUMBERS[self.column].name) is not None:
            self.post_message(self.NumberWanted(self.place, NUMBERS[self.column]))

    def action_remove(self) -> None:
        """Take the line out of the plan."""
        if self.current is not None:
            self.post_message(self.RemoveWanted(self.place))


def state_of(line: PlanLine) -> tuple[str, str]:
    """Return what a line's last cell says and which style says it again."""
    if line.is_blocked:
        return "blocked", "week--blocked"
    if line.warnings:
        return "look", "week--warning"
    return ("", "") if line.approved else ("draft", "week--warning")
