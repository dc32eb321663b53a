"""The exercise and protocol library of an installation: packaged data and the clinic's own files.

A clinic keeps its exercises and protocols as TOML files in the folders `exercises` and `protocols`
of its home (a checkout of a repository, for instance). They replace packaged ones of the same slug.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_library import (
    ExerciseLibrary,
    ExerciseSource,
    library_of,
    load_library,
)
from rehabctl.reference.findings import Finding, Severity
from rehabctl.reference.protocol_library import ProtocolLibrary, load_protocols, protocols_of
from rehabctl.services.settings import Settings


@dataclass(frozen=True, slots=True)
class Reject:
    """An exercise that was not imported; its fields are those of the command contract."""

    file: str
    line: int
    field: str
    message: str


@dataclass(slots=True)
class ImportReport:
    """What an import did; its fields are those of the command contract."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list[Reject])


def exercise_folder(settings: Settings) -> Path:
    """Return the folder of the clinic's own exercises."""
    return settings.paths.home / "exercises"


def open_library(settings: Settings) -> ExerciseLibrary:
    """Return the packaged library with the clinic's exercises over it.

    Parameters
    ----------
    settings
        What this command runs with.

    Raises
    ------
    RehabctlError
        A file of the clinic cannot be read.
    """
    texts = _texts(exercise_folder(settings))
    if not texts:
        return load_library()
    return library_of(ExerciseSource(name, text) for name, text in texts)


def open_protocols(settings: Settings) -> ProtocolLibrary:
    """Return the packaged protocols with the clinic's own ones over them.

    Parameters
    ----------
    settings
        What this command runs with.

    Raises
    ------
    RehabctlError
        A file of the clinic cannot be read or breaks the format.
    """
    texts = _texts(settings.paths.home / "protocols")
    return protocols_of(texts) if texts else load_protocols()


def import_exercises(
    paths: Sequence[Path], settings: Settings, *, dry_run: bool = False
) -> ImportReport:
    """Take exercises from TOML files into the clinic's folder, one file an exercise.

    An exercise without errors is taken; warnings do not stop it. The content of a version that is
    already there is never replaced: a change needs a higher version.

    Parameters
    ----------
    paths
        Files and folders.
    settings
        What this command runs with.
    dry_run
        Write nothing, report what would be done.

    Raises
    ------
    UsageError
        A path does not exist, or no file was found.
    """
    from rehabctl.reference.exercise_toml import to_toml
    from rehabctl.services.library_files import read_files
    from rehabctl.services.library_validation import validate_files

    files = read_files(paths)
    library = open_library(settings)
    errors = [f for f in validate_files(files, library) if f.severity is Severity.ERROR]
    report = ImportReport()
    folder = exercise_folder(settings)
    for file in files:
        own = [finding for finding in errors if finding.file == file.name]
        exercises = {row.path: row.exercise for row in file.exercises}
        spans = file.spans()
        report.read += len(spans)
        _reject(report, (f for f in own if not any(_within(f, span) for span in spans.values())))
        for place, span in spans.items():
            exercise = exercises.get(place)
            wrong = [finding for finding in own if _within(finding, span)]
            if exercise is not None:
                wrong += _stays_with_its_file(exercise, file.name, span[0])
                wrong += _same_version(exercise, library, file.name, span[0])
            if exercise is None or wrong:
                report.rejected += 1
                _reject(report, wrong)
                continue
            known = library.find(exercise.slug)
            if known == exercise:
                report.unchanged += 1
                continue
            report.updated += known is not None
            report.created += known is None
            if not dry_run:
                _write(folder / f"{exercise.slug}.toml", to_toml([exercise]))
    return report


def _within(finding: Finding, span: tuple[int, int]) -> bool:
    return span[0] <= finding.line <= span[1]


def _stays_with_its_file(exercise: Exercise, name: str, line: int) -> Iterator[Finding]:
    relative = [a.uri for a in exercise.assets if "://" not in a.uri]
    if relative or exercise.reference_data:
        text = "it has files beside it: put the folder itself under the home's `exercises`"
        yield Finding(name, line, "files-beside", Severity.ERROR, text)


def _same_version(
    exercise: Exercise, library: ExerciseLibrary, name: str, line: int
) -> Iterator[Finding]:
    known = library.find(exercise.slug)
    if known is not None and known != exercise and exercise.version <= known.version:
        text = f"{exercise.slug!r} is there as version {known.version}: raise the version"
        yield Finding(name, line, "version", Severity.ERROR, text)


def _reject(report: ImportReport, findings: Iterable[Finding]) -> None:
    report.rejects += [Reject(f.file, f.line, f.rule, f.message) for f in findings]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, "utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RehabctlError(
            f"cannot write {path}: {error.strerror}", "Check the folder and its rights"
        ) from None


def _texts(folder: Path) -> list[tuple[str, str]]:
    """Return (path, text) of the TOML files below a folder; none where there is no folder."""
    texts: list[tuple[str, str]] = []
    for path in sorted(folder.rglob("*.toml")) if folder.is_dir() else []:
        try:
            texts.append((str(path), path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError):
            raise RehabctlError(f"cannot read {path}", "Correct or remove the file") from None
    return texts
