"""Random keys: nothing may crash, and no note may be lost."""

from __future__ import annotations

from random import Random

import pytest
from textual import events
from textual.keys import key_to_character

from rehabctl.tui.app import PanelApp
from rehabctl.tui.keymap import default_keys
from rehabctl.tui.screens.note_editor import NoteEditor
from tui.clinic import ClinicData
from tui.conftest import make_panel, settle

_STOP = {"ctrl+q", "q", "ctrl+c"}
"""Keys that end the panel; tested by themselves."""
_OFTEN = ("e", "e", "a", "r", "x", "x", "x", "enter", "enter", "escape", "escape", "ctrl+s", "j")
_TEXTS = ("note:", "review:", "remark:")
_TYPED = ("x", "1", "space", "backspace", "left", "shift+tab", "tab")


def all_keys() -> list[str]:
    bound = {part.strip() for keys in default_keys().values() for part in keys.split(",")}
    return [*sorted((bound | set(_TYPED)) - _STOP), *_OFTEN * 3]


def writing(app: PanelApp) -> str | None:
    """Return the key of the draft that is being written, if one is."""
    return app.screen._draft_key if isinstance(app.screen, NoteEditor) else None


def stored_texts(clinic: ClinicData) -> str:
    """Return everything that was stored, as one text."""
    decided = [text for _, text in clinic.decisions.values()]
    remarked = [r.text for remarks in clinic.reviews.remarks.values() for r in remarks]
    return "\n".join([text for _, text in clinic.notes] + decided + remarked)


async def run_keys(seed: int, count: int, rows: int) -> None:
    """Press random keys; the palette's own Quit may end a panel, then another one starts."""
    random, clinic = Random(seed), ClinicData(rows)
    keys, left, wrote = all_keys(), count, 0
    while left > 0:
        app = make_panel(clinic)
        size = random.choice([(80, 24), (120, 40), (200, 60)])
        async with app.run_test(size=size) as pilot:  # a failure in the panel is raised here
            await settle(pilot)
            before: dict[str, str] = {}
            while left > 0 and app.is_running:
                left -= 4
                clinic.offline = random.random() < 0.1
                pressed = [random.choice(keys) for _ in range(4)]
                open_before = writing(app)
                for key in pressed:
                    app.post_message(events.Key(key, key_to_character(key)))
                await settle(pilot)
                if not app.is_running:
                    break
                drafts = app.context.drafts
                for name in set(before) - set(drafts) - {open_before, writing(app)}:
                    text = before[name].strip()
                    assert text in stored_texts(clinic), f"lost {name} after {pressed}"
                # plans and questionnaires may be typed back to what is stored: texts may not
                before = {
                    k: v for k, v in drafts.items() if k.startswith(("note:", "review:", "remark:"))
                }
                wrote += len(drafts)
                assert 1 <= len(app.screen_stack) < 40
        assert app.return_code in (0, None)
    assert wrote > 0, "the keys never wrote a draft: the test looks at nothing"


@pytest.mark.parametrize("seed", [3, 4])
async def test_250_random_keys_each(seed: int) -> None:
    await run_keys(seed, 250, 40)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10, 20))
async def test_a_thousand_random_keys_each(seed: int) -> None:
    await run_keys(seed, 1000, 300)
