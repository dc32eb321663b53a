"""`docs/panel-keys.md` from the live bindings.

Write it anew with `python -m rehabctl.tui.key_reference > docs/panel-keys.md`.
"""

from __future__ import annotations

import sys

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key

from rehabctl.tui.places import sections
from rehabctl.tui.places.place import load

_INTRODUCTION = """# Keys of the panel

Generated from the live bindings; `?` in the panel shows those that work where you are, F1 those of
the focused part. The mouse is optional.

Change a key in `keymap.toml` in the folder that `REHABCTL_HOME` names (without it, the data folder
of your platform) by its id. Several keys are separated by commas:

```toml
[keys]
"worklist.filter" = "slash,f"
"care.note" = "ctrl+n"
```

A file with an unknown id, a key that does not exist, or one key for two actions that work at the
same time is refused with a message, and the panel does not open. `ctrl+q` always quits.
The bar and the lists of keys name yours; sentences in the panel go on naming the default ones.
"""


def key_reference() -> str:
    """Return the page."""
    parts = [_INTRODUCTION]
    for title, owner in sections():
        parts.append(f"\n## {title}\n\n| key | action | id |\n|---|---|---|\n")
        parts += [
            f"| {keys} | {text} | `{id_}` |\n" for id_, (keys, text) in _rows(load(owner)).items()
        ]
    return "".join(parts)


def _rows(owner: type[DOMNode]) -> dict[str, tuple[str, str]]:
    """Return id -> keys and text, in the order of the class's own bindings."""
    found: dict[str, tuple[list[str], str]] = {}
    for binding in Binding.make_bindings(owner.BINDINGS):
        if binding.id is not None and binding.description:
            keys, _ = found.setdefault(binding.id, ([], binding.description))
            keys.append(f"`{format_key(binding.key)}`")
    return {id_: (" ".join(keys), text) for id_, (keys, text) in found.items()}


if __name__ == "__main__":
    sys.stdout.write(key_reference())
