"""Loader of the packaged protocol templates, and reader of a clinic's own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import NotFoundError, RehabctlError, suggestion
from rehabctl.domain.protocol import (
    Clock,
    DoseChange,
    LevelScale,
    Phase,
    PhaseExercise,
    Protocol,
    ProtocolParameter,
    RangeCap,
    TypeDose,
)
from rehabctl.reference.findings import Problem
from rehabctl.reference.protocol_variants import variant_document
from rehabctl.reference.table_reader import TableReader

SCHEMA = "rehabctl-protocol/1"
"""Value of the `schema` key of a protocol file."""


@dataclass(frozen=True, slots=True)
class ProtocolLibrary:
    """Protocols by slug."""

    protocols: Mapping[str, Protocol]

    def get(self, slug: str) -> Protocol:
        """Return one protocol.

        Parameters
        ----------
        slug
            The protocol's slug.

        Raises
        ------
        NotFoundError
            No such protocol; the error names the nearest slugs.
        """
        if slug not in self.protocols:
            near = suggestion(slug, list(self.protocols))
            raise NotFoundError(
                f"no protocol {slug!r}" + (f" ({near})" if near else ""),
                "List them with `rehabctl protocol list`",
            )
        return self.protocols[slug]

    def all(self) -> tuple[Protocol, ...]:
        """Return every protocol, by slug."""
        return tuple(self.protocols[slug] for slug in sorted(self.protocols))

    def for_condition(self, condition: str) -> tuple[Protocol, ...]:
        """Return the protocols that are meant for a condition.

        Parameters
        ----------
        condition
            A condition key, such as `TKR`.
        """
        return tuple(protocol for protocol in self.all() if condition in protocol.targets)


@cache
def load_protocols() -> ProtocolLibrary:
    """Return the packaged protocols."""
    return protocols_of(())


def protocols_of(additional: Iterable[tuple[str, str]]) -> ProtocolLibrary:
    """Return the packaged protocols with a clinic's own ones over them.

    Parameters
    ----------
    additional
        (name, text) of files that a service has read; they replace packaged protocols of the same
        slug.

    Raises
    ------
    RehabctlError
        A file breaks the format.
    """
    packaged = _packaged()
    bases = {str(document["slug"]): document for _, document in packaged}
    found: dict[str, Protocol] = {}
    for name, document in [*packaged, *((name, _parsed(name, text)) for name, text in additional)]:
        problems: list[Problem] = []
        protocol = read_protocol(document, problems, bases)
        if problems:
            raise _broken(name, problems[0].message)
        found[protocol.slug] = protocol
    return ProtocolLibrary(found)


def packaged_documents() -> dict[str, Mapping[str, Any]]:
    """Return the packaged templates as TOML documents by slug: what variants are made of."""
    return {str(document["slug"]): document for _, document in _packaged()}


def _packaged() -> list[tuple[str, Mapping[str, Any]]]:
    folder = files("rehabctl.reference") / "protocols"
    items = sorted(folder.iterdir(), key=lambda item: item.name)
    return [
        (i.name, _parsed(i.name, i.read_text("utf-8"))) for i in items if i.name.endswith(".toml")
    ]


def _parsed(name: str, text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise _broken(name, "it is not a TOML file") from None


def read_protocol(
    document: Mapping[str, Any],
    problems: list[Problem],
    bases: Mapping[str, Mapping[str, Any]],
) -> Protocol:
    """Read a protocol file; what is wrong is added to `problems`.

    Parameters
    ----------
    document
        The document as `tomllib` returned it.
    problems
        The list that problems are added to.
    bases
        Packaged templates by slug, for a file that is a variant of one.
    """
    if "variant_of" in document:
        merged = variant_document(document, bases, problems)
        document = document if merged is None else merged
        # without its template every other key of a variant would be a finding too
        problems = problems if merged is not None else []
    reader = TableReader(document, (), problems)
    if reader.text("schema") != SCHEMA:
        reader.problem("schema", "schema", f"schema is not {SCHEMA!r}")
    phases = tuple(_phase(row) for row in reader.tables("phase"))
    if not phases:
        reader.problem("phase", "schema", "a protocol has at least one phase")
    protocol = Protocol(
        slug=reader.text("slug"),
        name=reader.text("name"),
        version=reader.integer("version"),
        as_of=reader.day("as_of", required=True) or date.min,
        clock=reader.choice("clock", Clock),
        targets=reader.texts("targets", at_least=1),
        sources=reader.texts("sources", at_least=1),
        grade=reader.text("grade"),
        phases=phases,
        parameters=tuple(_parameter(row) for row in reader.tables("parameter")),
        level_scales=tuple(_scale(row) for row in reader.tables("level_scale")),
        stop_rules=reader.texts("stop_rules"),
        requires_clinician_approval=reader.flag("requires_clinician_approval", True),
        overridable=reader.flag("overridable", True),
        variant_of=reader.text("variant_of", ""),
        surgeon=reader.text("surgeon", ""),
    )
    reader.finish()
    return protocol


def _phase(reader: TableReader) -> Phase:
    doses = reader.table("dose", required=False)
    rows = {slug: PhaseExercise(slug) for slug in reader.texts("exercises")}
    rows |= {row.slug: row for row in (_exercise(row) for row in reader.tables("exercise"))}
    phase = Phase(
        key=reader.text("key"),
        name=reader.text("name"),
        exercises=tuple(rows.values()),
        from_week=reader.optional_number("from_week"),
        to_week=reader.optional_number("to_week"),
        continues=reader.flag("continues", False),
        goals=reader.texts("goals"),
        gate=reader.text("gate", ""),
        precautions=reader.texts("precautions"),
        doses=tuple(TypeDose(key, _dose_change(doses.table(key))) for key in doses),
        range_caps=tuple(_cap(row) for row in reader.tables("range_cap")),
        grade=reader.text("grade", ""),
    )
    reader.finish()
    return phase


def _exercise(reader: TableReader) -> PhaseExercise:
    row = PhaseExercise(
        slug=reader.text("slug"),
        dose=_dose_change(reader.table("dose", required=False)),
        note=reader.text("note", ""),
        only_if=reader.text("only_if", ""),
        block=reader.text("block", ""),
        levels=reader.texts("levels"),
    )
    reader.finish()
    return row


def _dose_change(reader: TableReader) -> DoseChange:
    change = DoseChange(
        sets=reader.integer("sets") if "sets" in reader else None,
        reps=reader.integer("reps") if "reps" in reader else None,
        hold_s=reader.optional_number("hold_s"),
        rest_s=reader.optional_number("rest_s"),
        per_week=reader.integer("per_week") if "per_week" in reader else None,
    )
    reader.finish()
    return change


def _cap(reader: TableReader) -> RangeCap:
    cap = RangeCap(reader.text("motion"), reader.text("mode"), reader.number("max_deg"))
    reader.finish()
    return cap


def _parameter(reader: TableReader) -> ProtocolParameter:
    parameter = ProtocolParameter(
        key=reader.text("key"),
        text=reader.text("text"),
        unit=reader.text("unit"),
        default=reader.number("default"),
        minimum=reader.number("minimum"),
        maximum=reader.number("maximum"),
    )
    reader.finish()
    return parameter


def _scale(reader: TableReader) -> LevelScale:
    levels = reader.table("levels")
    scale = LevelScale(reader.text("block"), tuple((key, levels.text(key)) for key in levels))
    levels.finish()
    reader.finish()
    return scale


def _broken(name: str, why: str) -> RehabctlError:
    return RehabctlError(
        f"protocol {name} breaks the format: {why}", "Run `rehabctl exercise validate` on the file"
    )
