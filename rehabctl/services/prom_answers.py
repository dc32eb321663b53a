"""Answers as people and other programs write them: `1,2,-,3`, JSON, or one JSON value a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TextIO, cast

from rehabctl.clinic.proms import Answers
from rehabctl.domain.errors import RehabctlError, UsageError

_NUMBER = re.compile(r"[+-]?\d{1,9}(\.\d{1,9})?")
_FORMS = 'Give an object such as {"q1": 3, "q2": null}, or a list of answers'


@dataclass(frozen=True, slots=True)
class Lines:
    """Many forms, one JSON value a line, not yet parsed."""

    texts: tuple[str, ...]


def read_answers(given: str, stdin: TextIO) -> Answers | Lines:
    """Return what `--answers` names: a list as written, a file, or standard input.

    Parameters
    ----------
    given
        `1,2,-,3`, the name of a `.json` or `.jsonl` file, or `-`.
    stdin
        Read when `given` is `-`; it may hold any of the three forms.

    Raises
    ------
    RehabctlError
        The file cannot be read, is not UTF-8, or is not JSON.
    UsageError
        A single word that is neither a file of these kinds nor a number.
    """
    if given == "-":
        return _any_form(_checked(stdin.read, "standard input"))
    path = Path(given)
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return _lines(_checked(lambda: path.read_text("utf-8-sig"), path.name))
    if path.suffix.lower() == ".json":
        return parse_json(_checked(lambda: path.read_text("utf-8-sig"), path.name))
    if "," not in given and re.search(r"[A-Za-z]{2}", given):
        raise UsageError(
            "--answers is neither a list of numbers nor a .json or .jsonl file", _FORMS
        )
    return parse_list(given)


def read_json_file(name: str) -> object:
    """Return the parsed JSON of a file.

    Raises
    ------
    RehabctlError
        The file cannot be read, or is not JSON.
    """
    path = Path(name)
    return load_json(_checked(lambda: path.read_text("utf-8-sig"), path.name))


def _checked(read: Callable[[], str], name: str) -> str:
    try:
        return read()
    except OSError as error:
        raise RehabctlError(f"cannot read {name}: {error.strerror}", "Check the path") from None
    except UnicodeDecodeError:
        raise RehabctlError(f"{name} is not UTF-8 text", _FORMS) from None


def _lines(text: str) -> Lines:
    return Lines(tuple(text.split("\n")))


def _any_form(text: str) -> Answers | Lines:
    stripped = text.removeprefix("\ufeff").strip()
    if not stripped.startswith(("{", "[")):
        return parse_list(stripped)
    try:
        return parse_json(stripped)
    except RehabctlError:
        first, newline, _ = stripped.partition("\n")
        if not newline:
            raise
        parse_json(first)  # a first line that is no JSON by itself: one damaged document
        return _lines(stripped)


def parse_list(text: str) -> list[object]:
    """Return the answers of `1,2,-,3`: numbers, `-` or nothing for a missing one.

    What is no number is kept as text, so that scoring reports it with its item.
    """
    if not text.strip():
        return []
    return [_parse_number(token.strip()) for token in text.split(",")]


def _parse_number(token: str) -> object:
    if token in ("", "-"):
        return None
    if not _NUMBER.fullmatch(token):
        return token
    return Decimal(token) if "." in token else int(token)


def parse_json(text: str) -> Answers:
    """Return the answers of a JSON object by item key, or of a JSON list.

    Raises
    ------
    RehabctlError
        The text is not JSON, an item occurs twice, or it is neither object nor list.
    """
    loaded = load_json(text)
    if isinstance(loaded, dict):
        return cast("dict[str, object]", loaded)
    if isinstance(loaded, list):
        return cast("list[object]", loaded)
    raise RehabctlError("these answers are neither a JSON object nor a list", _FORMS)


def load_json(text: str) -> object:
    """Parse JSON with decimals as written; two values for one key are refused.

    Raises
    ------
    RehabctlError
        The text is not JSON, is nested beyond reason, or repeats a key.
    """
    try:
        loaded: object = json.loads(text, parse_float=Decimal, object_pairs_hook=_no_repeats)
    except _RepeatedKeyError:
        raise RehabctlError("a key occurs twice in one object", _FORMS) from None
    except (ValueError, ArithmeticError, RecursionError):
        raise RehabctlError("this is not JSON", _FORMS) from None
    return loaded


class _RepeatedKeyError(Exception):
    pass


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _RepeatedKeyError
    return table
