"""Check of wording that a clinic supplies for an instrument whose text the product may not hold.

The file is JSON: `instrument`, `instrument_version`, `language` (a tag such as `en-US`),
`licence_reference`, optionally `instructions`, and `items`: by item key an object with `text` and,
where the answers are named boxes, `options` by answer code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from rehabctl.domain.counting import counted
from rehabctl.domain.prom import AnswerFinding, Instrument, Item

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_MOST_NAMED_BOXES = 7
"""Answer scales with more steps are numbered: only their two ends have words."""
_MOST_CHARACTERS = 2000
_KEYS = frozenset(
    {"instrument", "instrument_version", "language", "licence_reference", "instructions", "items"}
)


def check_wording(instrument: Instrument, document: object) -> list[AnswerFinding]:
    """Return what keeps a wording file from being used. Findings never repeat the wording.

    Parameters
    ----------
    instrument
        The instrument that the file is for.
    document
        The parsed JSON.
    """
    if not isinstance(document, dict):
        return [AnswerFinding(None, "not_an_object", "the file holds no JSON object")]
    table = cast("dict[str, object]", document)
    findings = _check_head(instrument, table)
    items = table.get("items")
    if not isinstance(items, dict):
        return [*findings, AnswerFinding(None, "no_items", "`items` is missing")]
    texts = cast("dict[str, object]", items)
    known = {item.key for item in instrument.items}
    if set(texts) - known:
        message = (
            f"{counted(len(set(texts) - known), 'key')} of `items` not known to {instrument.slug}"
        )
        findings.append(AnswerFinding(None, "unknown_item", message))
    for item in instrument.items:
        findings.extend(_check_item(item, texts.get(item.key)))
    return findings


def _check_head(instrument: Instrument, table: Mapping[str, object]) -> list[AnswerFinding]:
    language, version = table.get("language"), table.get("instrument_version")
    wrong = {
        "unknown_key": (bool(set(table) - _KEYS), f"allowed keys: {', '.join(sorted(_KEYS))}"),
        "wrong_instrument": (
            table.get("instrument") != instrument.slug,
            f"`instrument` is not {instrument.slug!r}",
        ),
        "wrong_version": (
            version != instrument.version,
            f"`instrument_version` is not {instrument.version!r}, which the scoring is for",
        ),
        "language": (
            not isinstance(language, str) or not _LANGUAGE.fullmatch(language),
            "`language` is not a tag such as en-US",
        ),
        "licence_reference": (
            instrument.licence.record_required and not _is_text(table.get("licence_reference")),
            f"`licence_reference` is missing; rights: {instrument.licence.holder}",
        ),
        "instructions": (
            "instructions" in table and not _is_text(table["instructions"]),
            "`instructions` is not a plain text",
        ),
    }
    return [AnswerFinding(None, code, text) for code, (is_wrong, text) in wrong.items() if is_wrong]


def _check_item(item: Item, entry: object) -> list[AnswerFinding]:
    if not isinstance(entry, dict):
        return [AnswerFinding(item.key, "missing_item", f"{item.key} has no entry")]
    table = cast("dict[str, object]", entry)
    findings: list[AnswerFinding] = []
    if set(table) - {"text", "options"}:
        findings.append(
            AnswerFinding(item.key, "unknown_key", f"{item.key}: only `text` and `options`")
        )
    if not _is_text(table.get("text")):
        findings.append(AnswerFinding(item.key, "text", f"{item.key} has no plain `text`"))
    options = table.get("options", {})
    codes = cast("dict[str, object]", options) if isinstance(options, dict) else {}
    if not isinstance(options, dict) or not all(_is_text(text) for text in codes.values()):
        findings.append(
            AnswerFinding(item.key, "options", f"{item.key}: `options` maps codes to plain texts")
        )
    allowed = [str(code) for code in range(item.minimum, item.maximum + 1)]
    needed = allowed if len(allowed) <= _MOST_NAMED_BOXES else [allowed[0], allowed[-1]]
    if not set(needed) <= set(codes) <= set(allowed):
        message = f"{item.key}: `options` needs a text for {', '.join(needed)}"
        findings.append(AnswerFinding(item.key, "option_codes", message))
    return findings


def _is_text(value: object) -> bool:
    """Whether a value is text that can be shown: not blank, not endless, no control characters."""
    return (
        isinstance(value, str)
        and bool(value.strip())
        and len(value) <= _MOST_CHARACTERS
        and all(character.isprintable() or character == "\n" for character in value)
    )
