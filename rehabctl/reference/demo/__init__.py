"""What the demo clinic is made of: invented names and a film that we rendered."""

from __future__ import annotations

import tomllib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

DEMO_EXERCISE = "bodyweight-squat"


@dataclass(frozen=True, slots=True)
class DemoNames:
    """Invented names."""

    given_female: tuple[str, ...]
    given_male: tuple[str, ...]
    family: tuple[str, ...]


def load_names() -> DemoNames:
    """Return the packaged names."""
    table = tomllib.loads((files(__name__) / "names.toml").read_text("utf-8"))
    return DemoNames(**{name: tuple(table[name]) for name in DemoNames.__dataclass_fields__})


def demo_film() -> AbstractContextManager[Path]:
    """Return the packaged film of `DEMO_EXERCISE` as a file for the time of a `with` block."""
    return as_file(files(__name__) / f"{DEMO_EXERCISE}.mp4")
