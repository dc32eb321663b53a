"""Finding, listing and checking pose models. Analysis uses what is installed, never a download.

Models are kept as `<sha256>.task`: in the home, and in a cache folder that homes share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rehabctl.domain.errors import RehabctlError, UnavailableError, UsageError, suggestion
from rehabctl.reference.pose_models import MODEL_NAMES, KnownModel, load_pose_models
from rehabctl.vision.container import file_sha256

SUFFIX = ".task"


@dataclass(frozen=True, slots=True)
class ModelFolders:
    """Where models are kept."""

    installed: Path
    """`paths.models` of the settings."""
    cache: Path
    """`paths.cache` of the settings; models lie in its folder `models`."""

    def places(self, sha256: str) -> tuple[Path, Path]:
        """Return where a model may lie, the home first.

        Parameters
        ----------
        sha256
            Of the model.
        """
        file = sha256 + SUFFIX
        return self.installed / file, self.cache / "models" / file


@dataclass(frozen=True, slots=True)
class PoseModel:
    """A model file that was found and hashed."""

    path: Path
    sha256: str
    name: str
    """lite, full or heavy; `unknown` for a file that is not in the table."""
    origin: str
    """`official`, `built` or `unknown`."""


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """One file that bears a known model's name, and whether its bytes are that model's."""

    path: Path
    name: str
    sha256_expected: str
    intact: bool


def find_model(
    model: str,
    folders: ModelFolders,
    *,
    override: Path | None = None,
    allow_unknown: bool = False,
) -> PoseModel:
    """Return the model to use. Nothing is downloaded.

    Looked for in this order: `model` if it is a file, `override`, the home, the shared cache.

    Parameters
    ----------
    model
        lite, full, heavy, or the path of a `.task` file.
    folders
        Where installed models lie.
    override
        A file named by the settings (REHABCTL_POSE_MODEL).
    allow_unknown
        Take a file that is not in the table of known models; results name its sha256.

    Raises
    ------
    UnavailableError
        It is not installed, or the named file is not there.
    RehabctlError
        The file is not a known model, or an installed one is damaged.
    UsageError
        No model has this name.
    """
    if model.endswith(SUFFIX):
        return _named_file(Path(model), allow_unknown)
    check_name(model)
    if override is not None:
        return _named_file(override, allow_unknown)
    damaged = False
    for known in load_pose_models().named(model):
        for place in folders.places(known.sha256):
            if place.is_file():
                if is_intact(place, known):
                    return PoseModel(place, known.sha256, known.name, known.origin)
                damaged = True
    install = f"Run `rehabctl pose model install {model}`"
    if damaged:
        raise RehabctlError(f"the installed pose model {model!r} is damaged", install)
    raise UnavailableError(f"the pose model {model!r} is not installed", install)


def list_models(folders: ModelFolders) -> list[PoseModel]:
    """Return the installed and cached models whose bytes are right.

    Parameters
    ----------
    folders
        Where installed models lie.
    """
    origins = {known.sha256: known.origin for known in load_pose_models().models}
    return [
        PoseModel(check.path, check.sha256_expected, check.name, origins[check.sha256_expected])
        for check in verify_models(folders)
        if check.intact
    ]


def verify_models(folders: ModelFolders) -> list[ModelCheck]:
    """Hash every installed and cached model.

    Parameters
    ----------
    folders
        Where installed models lie.
    """
    return [
        ModelCheck(place, known.name, known.sha256, is_intact(place, known))
        for known, place in _present(folders)
    ]


def check_name(name: str) -> None:
    """Raise a usage error for a model that does not exist.

    Parameters
    ----------
    name
        What the user typed.
    """
    if name not in MODEL_NAMES:
        near = suggestion(name, list(MODEL_NAMES))
        raise UsageError(f"unknown pose model {name!r}", near or "Use lite, full or heavy")


def is_intact(path: Path, known: KnownModel) -> bool:
    """Tell whether a file has a model's bytes.

    Parameters
    ----------
    path
        The file.
    known
        The model.
    """
    try:
        return path.stat().st_size == known.size_bytes and file_sha256(path) == known.sha256
    except OSError:
        return False


def _present(folders: ModelFolders) -> Iterator[tuple[KnownModel, Path]]:
    for known in load_pose_models().models:
        for place in folders.places(known.sha256):
            if place.is_file():
                yield known, place


def _named_file(path: Path, allow_unknown: bool) -> PoseModel:
    try:
        sha256 = file_sha256(path)
    except OSError:
        raise UnavailableError(
            f"the pose model file {path.name} cannot be read",
            "Check the path, or run `rehabctl pose model install full`",
        ) from None
    known = load_pose_models().by_sha256(sha256)
    if known is not None:
        return PoseModel(path, sha256, known.name, known.origin)
    if not allow_unknown:
        raise RehabctlError(
            f"{path.name} is not a known pose model (sha256 {sha256})",
            "Run `rehabctl pose model install full`",
        )
    return PoseModel(path, sha256, "unknown", "unknown")
