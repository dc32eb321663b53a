"""The exercise library: packaged files, and the files that a clinic adds to them.

One exercise is read without parsing the others: a file is cut into its `[[exercise]]` blocks, and
only blocks that contain the slug are parsed. The whole library is parsed when it is listed or
searched.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import NotFoundError, RehabctlError, suggestion
from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_schema import read_exercise
from rehabctl.reference.exercise_search import ExerciseIndex, ExerciseQuery
from rehabctl.reference.exercise_variants import VariantTable, read_variants
from rehabctl.reference.exercise_vocabulary import Vocabulary, load_vocabulary
from rehabctl.reference.findings import Problem
from rehabctl.reference.toml_lines import split_blocks

VARIANTS_FILE = "variants.toml"


@dataclass(frozen=True, slots=True)
class ExerciseSource:
    """One exercise file."""

    name: str
    """Its path, or `packaged: <file>`."""
    text: str


class ExerciseLibrary:
    """Exercises by slug. A later source replaces an exercise of an earlier one.

    Parameters
    ----------
    sources
        Exercise files, in rising precedence.
    variants
        Text of the variants file; empty for none.
    vocabulary
        Controlled words; the search needs the names of conditions.
    """

    def __init__(
        self, sources: Iterable[ExerciseSource], variants: str, vocabulary: Vocabulary
    ) -> None:
        self._sources = tuple(sources)
        self._variants_text = variants
        self._vocabulary = vocabulary
        self._found: dict[str, tuple[Exercise, str]] = {}

    def get(self, slug: str) -> Exercise:
        """Return one exercise.

        Parameters
        ----------
        slug
            The exercise's slug; a variant has the slug of its base and its kind.

        Raises
        ------
        NotFoundError
            No such exercise; the error names the nearest slugs.
        """
        return self._required(slug)[0]

    def find(self, slug: str) -> Exercise | None:
        """Return one exercise, or None where there is none.

        Parameters
        ----------
        slug
            The exercise's slug.
        """
        located = self._located(slug)
        return None if located is None else located[0]

    def origin(self, slug: str) -> str:
        """Return the name of the source that an exercise comes from.

        Parameters
        ----------
        slug
            The exercise's slug.
        """
        return self._required(slug)[1]

    def all(self) -> tuple[Exercise, ...]:
        """Return every exercise and variant, by slug."""
        return tuple(exercise for _, (exercise, _) in sorted(self._everything.items()))

    def slugs(self) -> list[str]:
        """Return every slug in alphabetical order."""
        return sorted(self._everything)

    def search(self, query: ExerciseQuery) -> list[Exercise]:
        """Return the matching exercises, best first.

        Parameters
        ----------
        query
            Words and filters.
        """
        return self._index.search(query)

    def _required(self, slug: str) -> tuple[Exercise, str]:
        located = self._located(slug)
        if located is None:
            near = suggestion(slug, self.slugs())
            raise NotFoundError(
                f"no exercise {slug!r}" + (f" ({near})" if near else ""),
                "List them with `rehabctl exercise search`",
            )
        return located

    def _located(self, slug: str) -> tuple[Exercise, str] | None:
        if slug not in self._found:
            located = self._locate(slug) or self._locate_variant(slug)
            if located is None:
                return None
            self._found[slug] = located
        return self._found[slug]

    def _locate(self, slug: str) -> tuple[Exercise, str] | None:
        for source in reversed(self._sources):
            if slug not in source.text:
                continue
            for table in _tables(source, containing=slug):
                if table.get("slug") == slug:
                    return _checked(table, source.name), source.name
        return None

    def _locate_variant(self, slug: str) -> tuple[Exercise, str] | None:
        variant = self._variants.variants.get(slug)
        base = None if variant is None else self._locate(variant.base)
        if variant is None or base is None:
            return None
        return self._variants.expand(variant, base[0]), base[1]

    @cached_property
    def _variants(self) -> VariantTable:
        if not self._variants_text:
            return VariantTable({})
        problems: list[Problem] = []
        table = read_variants(tomllib.loads(self._variants_text), problems)
        _raise_first(problems, VARIANTS_FILE)
        return table

    @cached_property
    def _everything(self) -> dict[str, tuple[Exercise, str]]:
        found: dict[str, tuple[Exercise, str]] = {}
        for source in self._sources:
            for table in _tables(source):
                exercise = _checked(table, source.name)
                found[exercise.slug] = exercise, source.name
        for variant in self._variants.variants.values():
            if variant.base in found and variant.slug not in found:
                base, origin = found[variant.base]
                found[variant.slug] = self._variants.expand(variant, base), origin
        return found

    @cached_property
    def _index(self) -> ExerciseIndex:
        return ExerciseIndex(self.all(), self._vocabulary)


@cache
def load_library() -> ExerciseLibrary:
    """Return the packaged library."""
    return library_of(())


def load_exercise(slug: str) -> Exercise:
    """Return one exercise of the packaged library.

    Parameters
    ----------
    slug
        The exercise's slug.

    Raises
    ------
    NotFoundError
        No such exercise; the error names the nearest slugs.
    """
    return load_library().get(slug)


def library_of(additional: Iterable[ExerciseSource]) -> ExerciseLibrary:
    """Return the packaged library with a clinic's own exercises over it.

    Parameters
    ----------
    additional
        Files that a service has read; they replace packaged exercises of the same slug.
    """
    sources = [*packaged_sources(), *additional]
    return ExerciseLibrary(sources, packaged_variants(), load_vocabulary())


def packaged_sources() -> tuple[ExerciseSource, ...]:
    """Return the packaged exercise files."""
    folder = files("rehabctl.reference") / "exercises"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".toml"))
    return tuple(
        ExerciseSource(f"packaged: {name}", (folder / name).read_text("utf-8"))
        for name in names
        if name != VARIANTS_FILE
    )


def packaged_variants() -> str:
    """Return the text of the packaged variants file."""
    return (files("rehabctl.reference") / "exercises" / VARIANTS_FILE).read_text("utf-8")


def _tables(source: ExerciseSource, containing: str = "") -> Iterator[Mapping[str, Any]]:
    """Yield the exercise tables of a source, at least those that contain a text."""
    blocks = split_blocks(source.text, "exercise")
    if blocks is None or not containing:
        blocks = [source.text]
    for block in blocks:
        if containing in block:
            try:
                document = tomllib.loads(block)
            except tomllib.TOMLDecodeError:
                raise _unreadable(source.name) from None
            rows = document.get("exercise", [])
            if not isinstance(rows, list):
                raise _unreadable(source.name)
            yield from rows


def _checked(table: Mapping[str, Any], source: str) -> Exercise:
    problems: list[Problem] = []
    exercise = read_exercise(table, (), problems)
    _raise_first(problems, source)
    return exercise


def _raise_first(problems: list[Problem], source: str) -> None:
    if problems:
        raise RehabctlError(
            f"{source} breaks the exercise format: {problems[0].message}",
            "Run `rehabctl exercise validate` on the file",
        )


def _unreadable(source: str) -> RehabctlError:
    return RehabctlError(
        f"{source} is not a TOML file", "Run `rehabctl exercise validate` on the file"
    )
