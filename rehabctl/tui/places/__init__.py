"""Every screen that a key opens, announced in one list.

A new part of the panel is one module here with one `Announcement`, and one line in `ANNOUNCED`.
The keys, `?`, the palette, the user's keymap and `docs/panel-keys.md` follow from it.
"""

from __future__ import annotations

from rehabctl.tui.places.claims import CLAIMS
from rehabctl.tui.places.core import CORE
from rehabctl.tui.places.kits import KITS
from rehabctl.tui.places.monitoring import MONITORING
from rehabctl.tui.places.outcomes import OUTCOMES
from rehabctl.tui.places.place import Announcement, PanelKey, Place
from rehabctl.tui.places.visits import VISITS

ANNOUNCED: tuple[Announcement, ...] = (
    CORE,
    VISITS,
    OUTCOMES,
    KITS,
    CLAIMS,
    MONITORING,
)  # fmt: skip

WORKLIST = "worklist"
"""Name of the place where the panel starts and to which every other one returns."""


def places() -> tuple[Place, ...]:
    """Return every screen that a key opens."""
    return tuple(place for part in ANNOUNCED for place in part.places)


def find(name: str) -> Place:
    """Return a place by its name."""
    return next(place for place in places() if place.name == name)


def groups() -> dict[str, tuple[PanelKey, ...]]:
    """Return the keys by group; `care` and `places` hold those that open a screen, too."""
    found = {name: keys for part in ANNOUNCED for name, keys in part.groups.items()}
    found["care"] += tuple(place.as_key() for place in places() if place.of_patient)
    back = PanelKey("places.worklist", "1", f"open('{WORKLIST}')", "The worklist")
    found["places"] = (back, *(place.as_key() for place in places() if not place.of_patient))
    return found


def together() -> tuple[tuple[str, ...], ...]:
    """Return the groups whose keys work at the same time."""
    return tuple(groups for part in ANNOUNCED for groups in part.together)


def sections() -> tuple[tuple[str, str], ...]:
    """Return the headings of the page of keys and the `module:Class` whose keys stand below."""
    return tuple(section for part in ANNOUNCED for section in part.sections)
