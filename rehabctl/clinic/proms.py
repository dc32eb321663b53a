"""Scoring of outcome questionnaires: exact missing-item rules, exact arithmetic, half-up rounding.

Scores are computed as fractions, so that no result depends on the order of the items or on how a
decimal is held in binary. An answer outside the form is a finding and stops the scoring: nothing
is clamped, and a missing answer is never a zero.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from rehabctl.domain.prom import (
    AnswerFinding,
    Band,
    Formula,
    Instrument,
    Item,
    Norm,
    PromResult,
    Scale,
    ScaleScore,
    ScoringRule,
)

Answers = Mapping[str, object] | Sequence[object]
"""Answers by item key, or as a list in the order of the form; None is a missing answer."""


_MOST_DIGITS = 30
"""An answer with more digits, or further from 1, is no answer to any form."""


def score(instrument: Instrument, rule: ScoringRule, answers: Answers) -> PromResult:
    """Score one filled-in form.

    Parameters
    ----------
    instrument
        What was filled in.
    rule
        The scoring rule to use, one of the instrument's.
    answers
        By item key or as a list; numbers as int, float or Decimal, None where nothing was marked.

    Returns
    -------
    PromResult
        With findings and without scores where an answer breaks the form's rules.
    """
    given, findings = by_key(instrument, answers)
    findings.extend(check(instrument, given))
    if findings:
        return refused(instrument, rule, tuple(findings), given)
    counted = {
        item.key: _counted(item, given[item.key]) for item in instrument.items if item.key in given
    }
    exact: dict[str, Fraction | None] = {}
    scores = tuple(_scale_score(scale, counted, exact) for scale in rule.scales)
    reasons = [
        f"{score.scale}: {score.reason}" if len(scores) > 1 else score.reason
        for score in scores
        if score.reason
    ]
    return PromResult(
        instrument=instrument.slug,
        version=instrument.version,
        rule_version=rule.version,
        variant=rule.variant,
        grade=rule.grade,
        scores=scores,
        group=_group(rule, exact),
        valid=not reasons,
        reason="; ".join(reasons) or None,
    )


def refused(
    instrument: Instrument,
    rule: ScoringRule,
    findings: tuple[AnswerFinding, ...],
    given: Mapping[str, object] | None = None,
) -> PromResult:
    """Return the result of a form that was not scored: every scale, without a score.

    Parameters
    ----------
    instrument, rule
        What would have been scored, and how.
    findings
        Why it was not.
    given
        The answers by item key; None when they could not be read at all.
    """
    answers = given or {}
    scores = tuple(
        ScaleScore(
            scale=scale.key,
            score=None,
            score_unrounded=None,
            n_missing=sum(answers.get(key) is None for key in scale.counted_items),
            direction=scale.direction,
            t_score=None,
            raw=None,
            prorated=False,
            band=None,
            reason=None,
        )
        for scale in rule.scales
    )
    return PromResult(
        instrument=instrument.slug,
        version=instrument.version,
        rule_version=rule.version,
        variant=rule.variant,
        grade=rule.grade,
        scores=scores,
        group=None,
        valid=False,
        reason="; ".join(finding.message for finding in findings),
        findings=findings,
    )


def by_key(
    instrument: Instrument, answers: Answers
) -> tuple[dict[str, object], list[AnswerFinding]]:
    """Return the answers by item key, with a finding where a list has the wrong length.

    Items that a mapping leaves out are missing, except on an open list, where they were not asked.
    """
    keys = [item.key for item in instrument.items]
    if isinstance(answers, Mapping):
        given: dict[str, object] = {}
        if not instrument.open_list:
            given.update(dict.fromkeys(keys))
        given.update(answers)
        return given, []
    if len(answers) == len(keys) or (instrument.open_list and len(answers) < len(keys)):
        return dict(zip(keys, answers, strict=False)), []
    wanted = f"1 to {len(keys)}" if instrument.open_list else str(len(keys))
    message = f"{instrument.slug} takes {wanted} answers, {len(answers)} given"
    return {}, [AnswerFinding(None, "wrong_count", message)]


def check(instrument: Instrument, given: Mapping[str, object]) -> list[AnswerFinding]:
    """Return a finding for every answer that the form does not allow, without repeating it."""
    items = {item.key: item for item in instrument.items}
    findings = [_unknown(instrument, key) for key in given if key not in items]
    for key, item in items.items():
        if given.get(key) is not None:
            finding = _check_answer(item, given[key])
            if finding:
                findings.append(finding)
    return findings


def round_half_up(value: Fraction, decimals: int) -> float:
    """Round exactly, halves away from zero, as the instruments' authors do.

    Python's `round` takes halves to the even neighbour and would show 32.5 as 32.
    """
    scaled = math.floor(abs(value) * 10**decimals + Fraction(1, 2))
    return float(Fraction(scaled if value >= 0 else -scaled, 10**decimals))


def norm_for(instrument: Instrument, age_years: int, sex: str) -> Norm | None:
    """Return the reference row of an age and sex, or None where the table has none."""
    return next(
        (n for n in instrument.norms if n.sex == sex and n.age_from <= age_years <= n.age_to), None
    )


def band_of(bands: Sequence[Band], value: float) -> Band | None:
    """Return the band that a displayed value lies in, or None without bands."""
    exact = Fraction(repr(value))
    return next((b for b in bands if b.up_to is None or exact <= b.up_to), None)


def _unknown(instrument: Instrument, key: str) -> AnswerFinding:
    # only what looks like an item key is repeated: anything else could be someone's text
    named = repr(key) if re.fullmatch(r"[A-Za-z]{1,3}[0-9]{1,2}", key) else "of such a name"
    return AnswerFinding(None, "unknown_item", f"{instrument.slug} has no item {named}")


def _check_answer(item: Item, answer: object) -> AnswerFinding | None:
    number = _exact(answer)
    if number is None:
        return AnswerFinding(item.key, "not_a_number", f"{item.key} is not a usable number")
    if item.whole and number.denominator != 1:
        return AnswerFinding(item.key, "not_whole", f"{item.key} is not a whole number")
    if not item.minimum <= number <= item.maximum:
        message = f"{item.key} is outside {item.minimum} to {item.maximum}"
        return AnswerFinding(item.key, "out_of_range", message)
    return None


def _exact(answer: object) -> Fraction | None:
    """Return a number as written, or None for anything else (`True` is not a 1)."""
    if isinstance(answer, bool) or not isinstance(answer, int | float | Decimal):
        return None
    if isinstance(answer, int):
        return Fraction(answer)
    written = answer if isinstance(answer, Decimal) else Decimal(repr(answer))
    # a number with a wild exponent would be millions of digits as a fraction
    if not written.is_finite() or abs(written.adjusted()) > _MOST_DIGITS:
        return None
    return Fraction(written) if len(written.as_tuple().digits) <= _MOST_DIGITS else None


def _counted(item: Item, answer: object) -> Fraction | None:
    """Return what a checked answer counts; None where it is missing."""
    number = _exact(answer)
    if number is None or not item.recode:
        return number
    return Fraction(item.recode[int(number) - item.minimum])


def _scale_score(
    scale: Scale, counted: Mapping[str, Fraction | None], exact: dict[str, Fraction | None]
) -> ScaleScore:
    """Score one scale, and leave its exact value in `exact` for scales built on it."""
    asked = [key for key in scale.counted_items if key in counted]
    n_missing = sum(counted[key] is None for key in asked)
    values = [value for key in scale.items if (value := counted.get(key)) is not None]
    reason = _why_none(scale, len(asked), n_missing, exact)
    value = None if reason else _value(scale, values, exact)
    exact[scale.key] = value
    shown = None if value is None else round_half_up(value, scale.decimals)
    raw = None if value is None else _raw(scale, values)
    banded = shown
    if scale.bands_by_raw and raw is not None:
        banded = round_half_up(raw, 0)
    band = None if banded is None else band_of(scale.bands, banded)
    return ScaleScore(
        scale=scale.key,
        score=shown,
        score_unrounded=None if value is None else float(value),
        n_missing=n_missing,
        direction=scale.direction,
        t_score=shown if scale.is_t_score else None,
        raw=None if raw is None else float(raw),
        prorated=value is not None and n_missing > 0,
        band=band.code if band else None,
        reason=reason,
    )


def _why_none(
    scale: Scale, n_asked: int, n_missing: int, exact: Mapping[str, Fraction | None]
) -> str | None:
    if n_missing == n_asked:
        return "no item answered"
    if n_missing > scale.max_missing:
        limit = f"at most {scale.max_missing} allowed" if scale.max_missing else "none allowed"
        return f"{n_missing} of {n_asked} items missing, {limit}"
    without = [key for key in scale.of_scales if exact[key] is None]
    return f"no score for {' and '.join(without)}" if without else None


def _value(
    scale: Scale, values: Sequence[Fraction], exact: Mapping[str, Fraction | None]
) -> Fraction:
    if scale.formula is Formula.MEAN_OF_SCALES:
        parts = [value for key in scale.of_scales if (value := exact[key]) is not None]
        return sum(parts, Fraction(0)) / len(parts)
    total = sum(values, Fraction(0))
    if scale.formula is Formula.MEAN:
        return scale.offset + scale.factor * total / len(values)
    return total if scale.table is None else scale.table[int(total)]


def _raw(scale: Scale, values: Sequence[Fraction]) -> Fraction | None:
    total = sum(values, Fraction(0))
    if scale.formula is Formula.TABLE:
        return total
    return None if scale.raw_factor is None else scale.raw_factor * total / len(values)


def _group(rule: ScoringRule, exact: Mapping[str, Fraction | None]) -> str | None:
    known = {key: value for key, value in exact.items() if value is not None}
    if len(known) < len(exact):
        return None
    for group in rule.groups:
        if all(known[key] <= limit for key, limit in group.at_most.items()) and all(
            known[key] >= limit for key, limit in group.at_least.items()
        ):
            return group.code
    return None
