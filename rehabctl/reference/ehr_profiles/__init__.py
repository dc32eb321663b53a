"""Settings for systems of others, as data: columns of their files, or connections to fill in."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import NotFoundError, suggestion


@dataclass(frozen=True, slots=True)
class EhrProfile:
    """How one system is spoken to."""

    name: str
    system: str
    effective_from: date
    source: str
    grade: str
    text: str
    """The whole file, to be copied and changed."""
    mappings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """By kind of file (`patients`, `schedule`): what a mapping file says."""


def load_profiles() -> tuple[EhrProfile, ...]:
    """Return every profile, by name."""
    folder = files("rehabctl.reference.ehr_profiles")
    found = sorted(f for f in (one.name for one in folder.iterdir()) if f.endswith(".toml"))
    return tuple(_profile((folder / name).read_text("utf-8")) for name in found)


def load_profile(name: str) -> EhrProfile:
    """Return a profile.

    Raises
    ------
    NotFoundError
        There is none of this name.
    """
    known = {one.name: one for one in load_profiles()}
    if name not in known:
        near = suggestion(name, list(known))
        raise NotFoundError(
            f"there is no profile {name!r}", near or "See: rehabctl integration profile"
        )
    return known[name]


def _profile(text: str) -> EhrProfile:
    said = tomllib.loads(text)
    plain = {k: said[k] for k in ("name", "system", "effective_from", "source", "grade")}
    mappings = {k: said[k] for k in ("patients", "schedule") if k in said}
    return EhrProfile(**plain, text=text, mappings=mappings)
