"""The items of a questionnaire by their own keys, with the answers typed beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from rehabctl.domain.prom import Instrument, Item
from rehabctl.tui.cells import fit
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings

_KEY_CELLS = 8
_RANGE_CELLS = 12
_ANSWER_CELLS = 8
_TOPIC_MOST = 60
_LONGEST = 7
_ONE_DIGIT = 9


class AnswerTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Digits are typed straight into the row; a one-digit item goes on by itself.

    Parameters
    ----------
    instrument
        The form.
    answers
        By item key; None is left out knowingly, no entry is not asked yet.
    """

    BINDINGS: ClassVar = bindings("answers")
    COMPONENT_CLASSES: ClassVar = {"answers--row", "answers--answer", "answers--wrong"}
    help = HelpText(
        "Answers",
        "Type the number of each answer, in the order of the form. An item with answers of one "
        "digit goes on by itself, others with enter. - leaves an item out, backspace corrects. "
        "The wording is on your licensed form; here stand the item's key and topic.",
    )

    @dataclass
    class Changed(Message):
        """Answers were typed."""

        answers: dict[str, float | None]

    def __init__(self, instrument: Instrument, answers: dict[str, float | None]) -> None:
        super().__init__()
        self._items = instrument.items
        self._texts = {k: "-" if v is None else f"{v:g}" for k, v in answers.items()}
        self.place = 0
        self.virtual_size = Size(0, len(self._items))

    @property
    def answers(self) -> dict[str, float | None]:
        """The answers by item key; what is not a number yet counts as not asked."""
        return {
            key: None if text == "-" else float(text)
            for key, text in self._texts.items()
            if text == "-" or _is_number(text)
        }

    def render_line(self, y: int) -> Strip:
        """Return one item."""
        width, index = self.scrollable_content_region.width, y + self.scroll_offset.y
        if index >= len(self._items):
            return Strip.blank(width, self.rich_style)
        item, here = self._items[index], index == self.place
        text = self._texts.get(item.key, "")
        base = self.get_component_rich_style("answers--row") if here else self.rich_style
        topic_cells = width - 2 - _KEY_CELLS - _RANGE_CELLS - _ANSWER_CELLS
        topic_cells = min(_TOPIC_MOST, topic_cells)
        start = (">" if here else " ") + " " + fit(item.key, _KEY_CELLS)
        middle = fit(item.topic, topic_cells) + fit(
            f"{item.minimum} to {item.maximum}", _RANGE_CELLS
        )
        wrong = bool(text) and not _fits(item, text)
        part = "answers--wrong" if wrong else "answers--answer"
        shown = f"{text}!" if wrong else text or "·"
        answer = Segment(fit(shown, _ANSWER_CELLS, right=True), self.get_component_rich_style(part))
        return Strip([Segment(start + middle, base), answer]).crop_extend(0, width, base)

    def on_key(self, event: events.Key) -> None:
        """Take digits, a point, a minus and backspace."""
        item = self._items[self.place]
        text, typed = self._texts.get(item.key, ""), event.character or ""
        if event.key == "backspace":
            text = text[:-1]
        elif typed == "-":
            text = "-"
        elif typed and typed in "0123456789." and len(typed) == 1:
            text = (text if text != "-" else "")[:_LONGEST] + typed
            if item.whole and item.maximum <= _ONE_DIGIT:
                text = typed
        else:
            return
        event.stop()
        if text:
            self._texts[item.key] = text
        else:
            self._texts.pop(item.key, None)
        goes_on = text == "-" or (typed and item.whole and item.maximum <= _ONE_DIGIT)
        if goes_on and _fits(item, text):
            self.action_move(1)
        self.refresh()
        self.post_message(self.Changed(self.answers))

    def action_move(self, step: int) -> None:
        """Go to another item."""
        self.place = max(0, min(len(self._items) - 1, self.place + step))
        first = self.scroll_offset.y
        height = max(1, self.size.height)
        if not first <= self.place < first + height:
            y = self.place if self.place < first else self.place - height + 1
            self.scroll_to(y=y, animate=False, force=True)
        self.refresh()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _fits(item: Item, text: str) -> bool:
    if text == "-":
        return True
    if not _is_number(text):
        return False
    value = float(text)
    return item.minimum <= value <= item.maximum and (not item.whole or value.is_integer())
