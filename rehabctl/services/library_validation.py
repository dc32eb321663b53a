"""Checking files of exercises, variants, protocols and reference data, for CI jobs and imports."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from rehabctl.clinic.protocol_checks import check_protocol
from rehabctl.clinic.wording import find
from rehabctl.domain.counting import counted
from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_library import ExerciseLibrary
from rehabctl.reference.exercise_library_rules import check_duplicates, check_links
from rehabctl.reference.exercise_rules import ExerciseProblem, check_exercise
from rehabctl.reference.exercise_vocabulary import Vocabulary, load_vocabulary
from rehabctl.reference.findings import Finding, Severity
from rehabctl.reference.toml_lines import KeyPath
from rehabctl.services.library_files import LibraryFile, LocatedExercise, read_files


def validate(paths: Sequence[Path], library: ExerciseLibrary) -> tuple[list[str], list[Finding]]:
    """Check files and folders.

    Parameters
    ----------
    paths
        Files, or folders that are searched for TOML and JSON files.
    library
        Exercises that links may lead to, beside those in the files.

    Returns
    -------
    tuple
        The names of the files that were looked at, and the findings by file and line.

    Raises
    ------
    UsageError
        A path does not exist, or no file was found.
    """
    files = read_files(paths)
    return [file.name for file in files], validate_files(files, library)


def validate_files(files: Sequence[LibraryFile], library: ExerciseLibrary) -> list[Finding]:
    """Return every finding of files that were read, by file and line.

    Parameters
    ----------
    files
        What `read_files` returned.
    library
        Exercises that links may lead to, beside those in the files.
    """
    vocabulary = load_vocabulary()
    findings = [finding for file in files for finding in file.findings]
    places: dict[str, tuple[LibraryFile, KeyPath]] = {}
    own: dict[str, Exercise] = {}
    for file in files:
        for row in file.exercises:
            slug = row.exercise.slug
            findings += _same_version(file, row, library)
            if slug in places:
                first = places[slug][0].name
                text = f"{slug!r} stands in {first} too"
                findings.append(file.finding((*row.path, "slug"), "duplicate", text))
            else:
                places[slug] = file, row.path
                own[slug] = row.exercise
    known = {exercise.slug: exercise for exercise in library.all()} | own
    for file in files:
        for row in file.exercises:
            findings += _files_beside(file, row)
        findings += _check_variants(file, known, vocabulary)
        if file.protocol is not None:
            findings += (
                file.finding(problem.path, problem.rule, problem.message)
                for problem in check_protocol(file.protocol, known, vocabulary)
            )
    unread = {slug for file in files for slug in file.unread.values()}
    for problem in _problems(own, known, unread, vocabulary):
        if problem.slug in places:
            file, path = places[problem.slug]
            findings.append(_located(file, path, problem))
    return sorted(set(findings))


def _problems(
    own: Mapping[str, Exercise],
    known: Mapping[str, Exercise],
    unread: Collection[str],
    vocabulary: Vocabulary,
) -> Iterator[ExerciseProblem]:
    for exercise in own.values():
        yield from check_exercise(exercise, vocabulary, patient_wording)
    yield from check_links(own, known, unread)
    others = [exercise for slug, exercise in known.items() if slug not in own]
    limit = vocabulary.limits.shared_step_words_percent
    yield from check_duplicates([*others, *own.values()], limit)


def patient_wording(text: str) -> Iterator[str]:
    """Yield a sentence for every expression that a text for patients avoids.

    Parameters
    ----------
    text
        The text.
    """
    for finding in find(text, for_patients=True):
        yield f"write {finding.prefer!r} instead of {finding.expression!r}"


def _same_version(
    file: LibraryFile, row: LocatedExercise, library: ExerciseLibrary
) -> Iterator[Finding]:
    """Ask for a higher version of a changed exercise: programmes pin versions."""
    slug, version = row.exercise.slug, row.exercise.version
    known = library.find(slug)
    if known is not None and known != row.exercise and version <= known.version:
        text = f"{slug!r} is in the library as version {known.version} with other content"
        yield file.finding((*row.path, "version"), "version", text, Severity.WARNING)


def _check_variants(
    file: LibraryFile, known: Mapping[str, Exercise], vocabulary: Vocabulary
) -> Iterator[Finding]:
    if file.variants is None:
        return
    for variant in file.variants.variants.values():
        path: KeyPath = ("variant", variant.number)
        base = known.get(variant.base)
        if base is None or base.variant_of is not None:
            text = f"no base exercise {variant.base!r}"
            yield file.finding((*path, "base"), "link", text)
            continue
        if not 0 <= variant.after <= len(base.steps) - variant.replaces:
            text = f"{variant.base!r} has {counted(len(base.steps), 'step')}"
            yield file.finding((*path, "after"), "range", text)
            continue
        exercise = file.variants.expand(variant, base)
        for problem in check_exercise(exercise, vocabulary, patient_wording):
            yield file.finding(path, problem.rule, problem.message, problem.severity)


def _files_beside(file: LibraryFile, row: LocatedExercise) -> Iterator[Finding]:
    """Check that files an exercise names are there and are the ones it names."""
    exercise = row.exercise
    films = enumerate(exercise.assets)
    named = [(("assets", n), "uri", a.uri, a.sha256) for n, a in films if "://" not in a.uri]
    curves = enumerate(exercise.reference_data)
    named += [(("reference_data", n), "path", d.path, d.sha256) for n, d in curves]
    for key, field, name, sha256 in named:
        actual = _sha256(file.path.parent / name)
        if actual is None:
            path = (*row.path, *key, field)
            yield file.finding(path, "missing-file", f"no file {name}")
        elif actual != sha256.lower():
            text = f"{name} is not the file that sha256 names"
            yield file.finding((*row.path, *key, "sha256"), "hash", text)


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def _located(file: LibraryFile, path: KeyPath, problem: ExerciseProblem) -> Finding:
    key = (*path, *problem.key)
    return file.finding(key, problem.rule, problem.message, problem.severity)
