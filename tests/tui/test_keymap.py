from __future__ import annotations

from pathlib import Path

import pytest

from rehabctl.domain.errors import ExitCode, UsageError
from rehabctl.tui.app import PanelApp
from rehabctl.tui.key_reference import key_reference
from rehabctl.tui.keymap import default_keys, load_keymap
from rehabctl.tui.widgets.patient_table import PatientTable
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

PAGE = Path(__file__).resolve().parents[2] / "docs" / "panel-keys.md"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "keymap.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_page_of_keys_is_that_of_the_live_bindings() -> None:
    assert PAGE.read_text(encoding="utf-8") == key_reference(), (
        "run: python -m rehabctl.tui.key_reference > docs/panel-keys.md"
    )


def test_every_id_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in default_keys() if f"`{name}`" not in page] == []


def test_no_file_changes_nothing(tmp_path: Path) -> None:
    assert load_keymap(tmp_path / "keymap.toml") == {}


def test_the_default_keys_would_pass_as_a_users_file(tmp_path: Path) -> None:
    lines = [f'"{name}" = "{keys}"' for name, keys in default_keys().items()]
    assert load_keymap(write(tmp_path, "[keys]\n" + "\n".join(lines))) == default_keys()


def test_characters_become_key_names(tmp_path: Path) -> None:
    loaded = load_keymap(write(tmp_path, '[keys]\n"worklist.filter" = "f, ctrl+f7"'))
    assert loaded == {"worklist.filter": "f,ctrl+f7"}


def test_quit_cannot_be_lost(tmp_path: Path) -> None:
    loaded = load_keymap(write(tmp_path, '[keys]\n"panel.quit" = "f10"'))
    assert loaded == {"panel.quit": "f10,ctrl+q"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[keys", "is not TOML"),
        ('keys = "x"', r"may hold the table \[keys\] only"),
        ('[other]\na = "b"', r"may hold the table \[keys\] only"),
        ('[keys]\n"worklist.filtre" = "f"', "unknown action 'worklist.filtre'. Did you mean"),
        ('[keys]\n"zzz" = "f"', "unknown action 'zzz'. Docs/panel-keys.md lists them"),
        ('[keys]\n"worklist.filter" = 3', "needs a key as text"),
        ('[keys]\n"worklist.filter" = ""', "needs a key as text"),
        ('[keys]\n"worklist.filter" = "ctlr+x"', "no key is called 'ctlr\\+x'"),
        ('[keys]\n"worklist.filter" = "bogus"', "no key is called 'bogus'"),
        ('[keys]\n"worklist.filter" = "ctrl+q"', "ctrl\\+q cannot be changed"),
        ('[keys]\n"worklist.filter" = "j"', "j would start both table.down and worklist.filter"),
        ('[keys]\n"care.note" = "n"', "n would start both"),
    ],
)
def test_a_wrong_file_is_named_with_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load_keymap(write(tmp_path, text))
    assert caught.value.exit_code == ExitCode.USAGE
    assert "keymap.toml" in caught.value.what
    assert "\n" not in str(caught.value)


def test_one_key_may_serve_two_screens(tmp_path: Path) -> None:
    text = '[keys]\n"review.flag" = "x"\n"worklist.sort" = "x"'
    assert load_keymap(write(tmp_path, text)) == {"review.flag": "x", "worklist.sort": "x"}


async def test_a_changed_key_works_and_the_old_one_does_not(tmp_path: Path) -> None:
    keymap = load_keymap(write(tmp_path, '[keys]\n"table.down" = "ctrl+n"'))
    app: PanelApp = make_panel(ClinicData(10), keymap=keymap)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "j")
        assert app.query_one(PatientTable).cursor == 0
        await press(pilot, "ctrl+n")
        assert app.query_one(PatientTable).cursor == 1
        from rehabctl.tui.screens.help import groups_of

        worklist = next(g for g in groups_of(app.screen) if g.title == "Worklist")
        assert ("^n", "Down") in worklist.keys
