"""Every key of the panel by its id, and the user's own changes. `places` holds the table.

A user changes keys in `$REHABCTL_HOME/keymap.toml`::

    [keys]
    "worklist.filter" = "slash,f"

Ids stay stable; keys are Textual key names, several separated by commas.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from textual.binding import Binding, BindingType
from textual.keys import KEY_ALIASES, KEY_NAME_REPLACEMENTS, Keys

from rehabctl.domain.errors import UsageError, suggestion
from rehabctl.tui import places

_FIXED = frozenset({"ctrl+q", "ctrl+c", "tab", "shift+tab"})
_MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "meta", "hyper"})


def bindings(*groups: str) -> list[BindingType]:
    """Return the Textual bindings of these groups of the table."""
    known = places.groups()
    return [
        Binding(key.keys, key.action, key.text, show=key.shown, priority=key.priority, id=key.id)
        for group in groups
        for key in known[group]
    ]


def default_keys() -> dict[str, str]:
    """Return every binding id with its default keys."""
    return {key.id: key.keys for keys in places.groups().values() for key in keys}


def load_keymap(path: Path) -> dict[str, str]:
    """Read the user's changes; no file means none.

    Parameters
    ----------
    path
        The keymap file.

    Returns
    -------
    dict
        Binding id -> keys, for `App.set_keymap`.

    Raises
    ------
    UsageError
        Not TOML, an unknown id, a key that does not exist or is fixed, or one key for two actions.
    """
    import tomllib

    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}", "Correct or remove the file") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "Correct its mode") from None
    section: object = content.get("keys", {})
    if set(content) - {"keys"} or not isinstance(section, dict):
        raise UsageError(f"{path} may hold the table [keys] only", "Correct or remove the file")
    table = cast("dict[str, object]", section)
    changes = {name: _checked(path, name, keys) for name, keys in table.items()}
    _refuse_collisions(path, {**default_keys(), **changes}, changes)
    return changes


def _checked(path: Path, name: str, keys: object) -> str:
    known = default_keys()
    if name not in known:
        near = suggestion(name, list(known)) or "docs/panel-keys.md lists them"
        raise UsageError(f"{path}: unknown action {name!r}", near)
    if not isinstance(keys, str) or not keys.strip():
        raise UsageError(f"{path}: {name} needs a key as text", 'Write for example "ctrl+n"')
    parts = [_long_name(part.strip()) for part in keys.split(",")]
    for part in parts:
        if not _is_key(part):
            raise UsageError(f"{path}: {name}: no key is called {part!r}", "Correct the name")
        if part in _FIXED and part not in _parts(known[name]):
            raise UsageError(f"{path}: {name}: {part} cannot be changed", "Choose another key")
    if name == "panel.quit" and "ctrl+q" not in parts:
        parts.append("ctrl+q")
    return ",".join(parts)


def _long_name(key: str) -> str:
    """Return Textual's name of a key that was written as a character (`?`)."""
    from textual.keys import _character_to_key  # pyright: ignore[reportPrivateUsage]

    return _character_to_key(key) if len(key) == 1 else key


def _is_key(key: str) -> bool:
    *modifiers, base = key.split("+")
    if not set(modifiers) <= _MODIFIERS:
        return False
    named = {k.value for k in Keys} | set(KEY_ALIASES) | set(KEY_NAME_REPLACEMENTS.values())
    if key in named or base in named or len(base) == 1:
        return True
    import string
    import unicodedata

    if base in {_long_name(character) for character in string.punctuation}:
        return True  # a hyphen of the Unicode name (LESS-THAN SIGN) is an underscore there
    try:
        unicodedata.lookup(base.replace("_", " ").upper())
    except KeyError:
        return False
    return True


def _refuse_collisions(path: Path, keys: dict[str, str], changes: Mapping[str, str]) -> None:
    known = places.groups()
    for groups in places.together():
        owner: dict[str, str] = {}
        for name in (key.id for group in groups for key in known[group]):
            for part in _parts(keys[name]):
                other = owner.setdefault(part, name)
                if other != name and {other, name} & set(changes):
                    raise UsageError(
                        f"{path}: {part} would start both {other} and {name}",
                        "Give one of them another key",
                    )


def _parts(keys: str) -> list[str]:
    return [_long_name(part.strip()) for part in keys.split(",")]
