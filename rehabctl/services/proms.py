"""Outcome questionnaires: the instruments, and the scoring of filled-in forms.

Everything here is pure so far: nothing is read from or written to the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from rehabctl.clinic import proms
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.prom import AnswerFinding, Instrument, Item, Norm, PromResult, ScoringRule
from rehabctl.reference.instruments import load_instrument, load_instruments
from rehabctl.services.prom_answers import parse_json


@dataclass(frozen=True, slots=True)
class LineResult:
    """The scores of one line of a `.jsonl` file."""

    line: int
    """1-based."""
    result: PromResult


def instrument(slug: str) -> Instrument:
    """Return one instrument; NotFoundError names the nearest slugs."""
    return load_instrument(slug)


def instruments() -> tuple[Instrument, ...]:
    """Return every instrument, sorted by slug."""
    return load_instruments()


def answer_problem(asked: Instrument, item: Item, answer: object) -> str | None:
    """Return why an answer does not fit an item, or None."""
    findings = proms.check(asked, {item.key: answer})
    return findings[0].message if findings else None


def rule_for(asked: Instrument, variant: str | None, on: date | None) -> ScoringRule:
    """Return the scoring rule of a variant on a date.

    Raises
    ------
    UsageError
        The instrument has no such variant, or no rule of it held on that date.
    """
    variants = list(dict.fromkeys(rule.variant for rule in asked.rules))
    if variant is not None and variant not in variants:
        raise UsageError(
            f"{asked.slug} has no variant {variant!r}", f"Use one of: {', '.join(variants)}"
        )
    rule = asked.rule(variant, on)
    if rule is None:
        first = min(r.effective_from for r in asked.rules)
        raise UsageError(
            f"no such rule of {asked.slug} held on {on}",
            f"Use a date from {first} on, or another --variant ({', '.join(variants)})",
        )
    return rule


def score_answers(
    slug: str, answers: proms.Answers, variant: str | None = None, on: date | None = None
) -> PromResult:
    """Score one form.

    Parameters
    ----------
    slug
        The instrument.
    answers
        By item key or as a list in the order of the form; None is missing.
    variant
        A scoring variant; None means the instrument's default.
    on
        The day of the answers; None means today's rules.

    Raises
    ------
    NotFoundError
        There is no such instrument.
    UsageError
        There is no such variant, or none held on that day.
    """
    asked = load_instrument(slug)
    return proms.score(asked, rule_for(asked, variant, on), answers)


def score_lines(
    slug: str, lines: Iterable[str], variant: str | None = None, on: date | None = None
) -> Iterator[LineResult]:
    """Score a `.jsonl` stream, one form a line. Blank lines are passed over.

    A line that is not JSON gives a result with a finding, so that one bad line never stops the
    others.
    """
    asked = load_instrument(slug)
    rule = rule_for(asked, variant, on)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            answers = parse_json(line)
        except RehabctlError as error:
            findings = (AnswerFinding(None, "not_answers", error.what),)
            yield LineResult(number, proms.refused(asked, rule, findings=findings))
        else:
            yield LineResult(number, proms.score(asked, rule, answers))


def norm_of(slug: str, age_years: int, sex: str) -> Norm | None:
    """Return the reference row for an age and sex, or None where the instrument has none."""
    return proms.norm_for(load_instrument(slug), age_years, sex)
