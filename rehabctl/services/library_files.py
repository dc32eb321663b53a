"""Reading files of exercises, variants, protocols and reference data for a check.

Nothing here fails on content: what cannot be read or understood is a finding with its line.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from rehabctl.domain.errors import UsageError
from rehabctl.domain.exercise import Exercise
from rehabctl.domain.protocol import Protocol
from rehabctl.reference.exercise_schema import SCHEMA, read_exercise
from rehabctl.reference.exercise_variants import VariantTable, read_variants
from rehabctl.reference.findings import Finding, Problem, Severity
from rehabctl.reference.protocol_library import packaged_documents, read_protocol
from rehabctl.reference.toml_lines import KeyPath, LineMap, map_lines

SUFFIXES = (".toml", ".json")
"""Files that are looked at in a folder."""
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


@dataclass(frozen=True, slots=True)
class LocatedExercise:
    """An exercise and where it stands in its document."""

    exercise: Exercise
    path: KeyPath


@dataclass(slots=True)
class LibraryFile:
    """One file that was read, with what was understood of it."""

    path: Path
    name: str
    """As it is reported."""
    lines: LineMap = field(default_factory=LineMap)
    length: int = 1
    """Number of lines."""
    exercises: list[LocatedExercise] = field(default_factory=list[LocatedExercise])
    unread: dict[KeyPath, str] = field(default_factory=dict[KeyPath, str])
    """Slugs of exercises that break the schema, by place."""
    variants: VariantTable | None = None
    protocol: Protocol | None = None
    phases: Mapping[int, int] | None = None
    """Of a protocol's variant: where its template's phases stand in this file, by position."""
    findings: list[Finding] = field(default_factory=list[Finding])

    def finding(
        self, path: KeyPath, rule: str, message: str, severity: Severity = Severity.ERROR
    ) -> Finding:
        """Return a finding at a key of this file."""
        if self.phases is not None and path[:1] == ("phase",) and isinstance(path[1], int):
            own = self.phases.get(path[1])  # what the template says has no line here
            path = () if own is None else ("phase", own, *path[2:])
        return Finding(self.name, self.lines.line_of(path), rule, severity, message)

    def spans(self) -> dict[KeyPath, tuple[int, int]]:
        """Return first and last line of each exercise, read or not, by place."""
        places = sorted([*self.unread, *(row.path for row in self.exercises)])
        starts = [self.lines.line_of(place) for place in places]
        ends = pairwise([*starts, self.length + 1])
        return {
            place: (first, following - 1)
            for place, (first, following) in zip(places, ends, strict=True)
        }


def read_files(paths: Sequence[Path]) -> list[LibraryFile]:
    """Read files and folders; what cannot be read is a finding of its file.

    Parameters
    ----------
    paths
        Files, or folders that are searched for TOML and JSON files.

    Raises
    ------
    UsageError
        A path does not exist, or no file was found.
    """
    found: dict[Path, LibraryFile] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"no file or folder {path}", "Check the path")
        for file in _files_of(path):
            found.setdefault(file.resolve(), LibraryFile(file, file.as_posix()))
    if not found:
        raise UsageError("no TOML or JSON file was found to look at", "Check the path")
    for file in found.values():
        _read(file)
    return list(found.values())


def _files_of(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.suffix.lower() in SUFFIXES and file.is_file() and not hidden:
            yield file


def _read(file: LibraryFile) -> None:
    try:
        text = file.path.read_bytes().decode("utf-8")
    except OSError as error:
        file.findings.append(file.finding((), "unreadable", f"cannot be read: {error.strerror}"))
        return
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        file.findings.append(_at(file, line, "unreadable", "this is no UTF-8 text"))
        return
    file.length = text.count("\n") + 1
    if file.path.suffix.lower() == ".json":
        _read_reference(file, text)
        return
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        match = _AT_LINE.search(str(error))
        line = int(match[1]) if match and match[1] else file.length
        message = _AT_LINE.sub("", str(error)).strip() or "nested too deeply"
        file.findings.append(_at(file, line, "unreadable", f"this is no TOML: {message}"))
        return
    file.lines = map_lines(text)
    _understand(file, document)


def _understand(file: LibraryFile, document: Mapping[str, Any]) -> None:
    problems: list[Problem] = []
    if "phase" in document or "variant_of" in document:
        bases = packaged_documents()
        protocol = read_protocol(document, problems, bases)
        if not problems:
            file.protocol = protocol
            if protocol.variant_of:
                own = [row["key"] for row in document.get("phase", ())]
                file.phases = {
                    number: own.index(phase.key)
                    for number, phase in enumerate(protocol.phases)
                    if phase.key in own
                }
    elif "variant" in document or "kind" in document:
        file.variants = read_variants(document, problems)
    elif isinstance(document.get("exercise"), list):
        _read_exercises(file, document, problems)
    else:
        text = "neither [[exercise]], [[variant]] nor [[phase]] is in this file"
        problems.append(Problem((), "unknown-file", text, Severity.WARNING))
    file.findings += (file.finding(p.path, p.rule, p.message, p.severity) for p in problems)


def _read_exercises(
    file: LibraryFile, document: Mapping[str, Any], problems: list[Problem]
) -> None:
    problems += (
        Problem((key,), "unknown-key", f"unknown key {key!r}")
        for key in document
        if key not in ("schema", "exercise")
    )
    if document.get("schema", SCHEMA) != SCHEMA:
        problems.append(Problem(("schema",), "schema", f"schema is not {SCHEMA!r}"))
    for number, table in enumerate(cast("list[object]", document["exercise"])):
        path: KeyPath = ("exercise", number)
        if not isinstance(table, dict):
            problems.append(Problem(path, "schema", "exercise needs tables"))
            continue
        own: list[Problem] = []
        exercise = read_exercise(cast("dict[str, object]", table), path, own)
        problems += own
        if any(problem.rule == "schema" for problem in own):
            file.unread[path] = exercise.slug
        else:
            file.exercises.append(LocatedExercise(exercise, path))


def _read_reference(file: LibraryFile, text: str) -> None:
    try:
        document: object = json.loads(text)
    except json.JSONDecodeError as error:
        file.findings.append(_at(file, error.lineno, "unreadable", f"this is no JSON: {error.msg}"))
        return
    except RecursionError:
        file.findings.append(_at(file, 1, "unreadable", "this is no JSON: nested too deeply"))
        return
    if not isinstance(document, dict) or not cast("dict[str, object]", document).get("exercise"):
        text = "reference data names its exercise in the key `exercise`"
        file.findings.append(_at(file, 1, "reference", text))


def _at(file: LibraryFile, line: int, rule: str, message: str) -> Finding:
    return Finding(file.name, line, rule, Severity.ERROR, message)
