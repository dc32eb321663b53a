"""Loader of the dated rules of suitability (`scheduling/suitability.toml`)."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from rehabctl.domain.errors import UsageError
from rehabctl.domain.suitability import Suitability
from rehabctl.reference.findings import Problem
from rehabctl.reference.table_reader import TableReader


@dataclass(frozen=True, slots=True)
class SuitabilityRule:
    """One dated rule; an empty condition is always met."""

    code: str
    effective_from: date
    gives: Suitability
    text: str
    source: str
    grade: str
    conditions: tuple[str, ...]
    devices: tuple[str, ...]
    payers: tuple[str, ...]
    falls_at_least: int
    weeks_post_op_below: int | None
    caregiver: bool | None
    first_visit: bool | None

    @property
    def version(self) -> str:
        """Name of exactly this row."""
        return f"{self.code}@{self.effective_from.isoformat()}"


def rules_version(rules: Sequence[SuitabilityRule]) -> str:
    """Return a name of exactly this set of rules, which changes with any of their fields.

    Parameters
    ----------
    rules
        Packaged or a clinic's own.
    """
    return f"suitability@{hashlib.sha256(repr(tuple(rules)).encode()).hexdigest()[:12]}"


def load_suitability(
    own: str | None = None, name: str = "suitability.toml"
) -> tuple[SuitabilityRule, ...]:
    """Return the packaged rules, or a clinic's own in their place.

    Parameters
    ----------
    own
        Text of the clinic's file.
    name
        Its name, for messages.

    Raises
    ------
    UsageError
        The clinic's file is not TOML, or a rule is wrong.
    """
    if own is None:
        own = (files("rehabctl.reference") / "scheduling" / "suitability.toml").read_text("utf-8")
    try:
        document = tomllib.loads(own)
    except tomllib.TOMLDecodeError:
        raise UsageError(f"{name} is not TOML", "Correct the file") from None
    problems: list[Problem] = []
    reader = TableReader(document, (), problems)
    rules = [_rule(table) for table in reader.tables("rule")]
    reader.finish()
    if problems:
        where = ".".join(str(part) for part in problems[0].path)
        raise UsageError(f"{name}: {where}: {problems[0].message}", "Correct the file")
    return tuple(rules)


def _rule(table: TableReader) -> SuitabilityRule:
    when = table.table("when")
    rule = SuitabilityRule(
        code=table.text("code"),
        effective_from=table.day("effective_from", required=True) or date.max,
        gives=table.choice("gives", Suitability),
        text=table.text("text"),
        source=table.text("source"),
        grade=table.text("grade"),
        conditions=when.texts("conditions"),
        devices=when.texts("devices"),
        payers=when.texts("payers"),
        falls_at_least=when.integer("falls_at_least", 0),
        weeks_post_op_below=(
            when.integer("weeks_post_op_below") if "weeks_post_op_below" in when else None
        ),
        caregiver=when.flag("caregiver", False) if "caregiver" in when else None,
        first_visit=when.flag("first_visit", False) if "first_visit" in when else None,
    )
    when.finish()
    table.finish()
    return rule
