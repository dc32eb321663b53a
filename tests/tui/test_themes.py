"""Contrast, computed from what is really drawn."""

from __future__ import annotations

import pytest
from rich.color import Color as RichColor
from textual.app import App
from textual.color import Color

from rehabctl.tui.app import PanelApp
from rehabctl.tui.themes import THEMES
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

FLOOR = {"rehabctl-dark": 4.5, "rehabctl-light": 4.5, "rehabctl-high-contrast": 7.0}
BORDERS = set("─│╭╮╰╯┌┐└┘━┃┏┓┗┛╸╹╺╻┼╶╴╷╵▁▂▃▄▅▆▇█░▔▕▏▊▎▌▐▀┤├┬┴╋┣┫┳┻╇╈ \xa0")
"""Lines, bars and scrollbars: drawn things that carry no text of their own."""


def text_pairs(app: App[None]) -> dict[tuple[str, str], str]:
    """Return every pair of text and background colour on the screen, with a sample.

    While a dialog is open, what lies dimmed behind it is out of use and not looked at.
    """
    strips = app.screen._compositor.render_strips()
    if app.screen.is_modal:
        box = app.screen.query(".dialog").first().region
        strips = [strip.crop(box.x, box.right) for strip in strips[box.y : box.bottom]]
    found: dict[tuple[str, str], str] = {}
    for strip in strips:
        for text, style, _ in strip:
            letters = "".join(c for c in text if c not in BORDERS)
            if not letters or style is None or style.color is None or style.bgcolor is None:
                continue
            front, back = style.color, style.bgcolor
            if style.reverse:
                front, back = back, front
            found.setdefault((_hex(front), _hex(back)), text)
    return found


def _hex(colour: RichColor) -> str:
    return colour.get_truecolor().hex


def contrast(front: str, back: str) -> float:
    """Return the ratio of WCAG 2.2 (1 to 21)."""
    lighter, darker = sorted((_luminance(front), _luminance(back)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in Color.parse(colour).normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_formula_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
@pytest.mark.parametrize(
    "keys",
    [
        ("space", "down"),
        ("enter",),
        ("enter", "3"),
        ("r", "m"),
        ("a",),
        ("z",),
        ("e", "x"),
        ("question_mark",),
        ("s",),
        ("@offline", "R"),
        ("ctrl+l",),
    ],
    ids="".join,
)
async def test_text_can_be_read(theme: str, keys: tuple[str, ...]) -> None:
    clinic = ClinicData(40)
    app: PanelApp = make_panel(clinic, theme=theme)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for key in keys:
            if key == "@offline":
                clinic.offline = True
            else:
                await press(pilot, key)
        pairs = text_pairs(app)
        assert len(pairs) >= 2  # the scan sees the screen
        poor = {
            sample.strip()[:40]: round(contrast(*pair), 1)
            for pair, sample in pairs.items()
            if contrast(*pair) < FLOOR[theme]
        }
        assert poor == {}


def test_the_high_contrast_theme_reaches_seven_in_its_own_colours() -> None:
    theme = next(t for t in THEMES if t.name == "rehabctl-high-contrast")
    background = theme.background or ""
    for name in ("tier-red-flag", "tier-declining", "tier-due", "tier-stable", "muted"):
        assert contrast(theme.variables[name], background) >= 7
    for colour in (theme.foreground, theme.primary, theme.error, theme.warning, theme.success):
        assert contrast(colour or "", background) >= 7
    assert contrast(theme.variables["cursor-foreground"], theme.variables["cursor-background"]) >= 7


async def test_only_tested_themes_are_offered() -> None:
    app = make_panel(ClinicData(3))
    async with app.run_test():
        assert set(app.available_themes) == {theme.name for theme in THEMES}
