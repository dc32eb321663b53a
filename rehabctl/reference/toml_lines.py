"""Where each key of a TOML document stands: `tomllib` reads values and forgets their lines.

The scan follows strings, comments and brackets, and nothing else: it is meant for documents that
`tomllib` has accepted, and returns what it understood of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""
      (?P<string>\"\"\"(?:\\.|[^\\])*?\"\"\"+ | '''.*?'''+ | "(?:\\.|[^"\\\n])*" | '[^'\n]*')
    | (?P<comment>\#[^\n]*)
    | (?P<newline>\n)
    | (?P<space>[^\S\n]+)
    | (?P<mark>[\[\]{},=.])
    | (?P<bare>[^\s\[\]{},=."'\#]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ARRAY_HEADER = re.compile(r"^[^\S\n]*\[\[(?P<name>[^\]\n]*)\]?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


@dataclass(slots=True)
class LineMap:
    """1-based lines by key path."""

    lines: dict[KeyPath, int] = field(default_factory=dict[KeyPath, int])

    def line_of(self, path: KeyPath) -> int:
        """Return the line of a key, or of the nearest table or array around it.

        Parameters
        ----------
        path
            Keys and positions from the top of the document.
        """
        for end in range(len(path), 0, -1):
            line = self.lines.get(path[:end])
            if line is not None:
                return line
        return 1


def map_lines(text: str) -> LineMap:
    """Find the line of every table, key and array element of a TOML document.

    Parameters
    ----------
    text
        The whole document.
    """
    return _Scanner(text).scan()


def split_blocks(text: str, name: str) -> list[str] | None:
    """Cut a document into its top-level `[[name]]` tables, each a TOML document by itself.

    Parameters
    ----------
    text
        A document whose arrays of tables are all called `name`, or are sub-tables of it.
    name
        The array of tables.

    Returns
    -------
    list of str or None
        None when the document has no such table, or multi-line strings or other arrays of tables,
        which only a parser of the whole document reads correctly.
    """
    if '"""' in text or "'''" in text:
        return None
    starts: list[int] = []
    for header in _ARRAY_HEADER.finditer(text):
        found = header["name"].strip()
        if found == name:
            starts.append(header.start())
        elif not found.startswith(f"{name}."):
            return None
    if not starts:
        return None
    return [text[a:b] for a, b in pairwise([*starts, len(text)])]


class _Scanner:
    """One pass over the tokens, keeping the current table and the bracket depth."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text.replace("\r\n", "\n")))
        self._at = 0
        self._map = LineMap()
        self._counts: dict[KeyPath, int] = {}
        self._table: KeyPath = ()

    def scan(self) -> LineMap:
        while (token := self._next_significant()) is not None:
            if token.text == "[" and token.kind == "mark":
                self._header(token)
            elif token.kind in ("bare", "string"):
                self._assignment(token)
        return self._map

    def _header(self, opening: _Token) -> None:
        is_array = self._peek() == "["
        self._at += is_array
        keys = self._key_path(None, "]")
        self._at += is_array
        path = self._resolved(keys[:-1]) + tuple(keys[-1:])
        if is_array:
            number = self._counts.get(path, 0)
            self._counts[path] = number + 1
            path = (*path, number)
        self._table = path
        self._map.lines[path] = opening.line

    def _resolved(self, keys: list[str]) -> KeyPath:
        """Point each array of tables on the way at its last element."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _assignment(self, first: _Token) -> None:
        path = self._table + tuple(self._key_path(first, "="))
        self._map.lines[path] = first.line
        self._value(path)

    def _key_path(self, first: _Token | None, end: str) -> list[str]:
        keys = [] if first is None else [_key(first)]
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.kind == "mark" and token.text == end:
                break
            if token.kind in ("bare", "string"):
                keys.append(_key(token))
        return keys or [""]

    def _value(self, path: KeyPath) -> None:
        """Walk over one value to the end of its line; note the lines of elements of arrays."""
        while (token := self._next_in_line()) is not None and token.kind != "newline":
            if token.kind == "mark" and token.text == "[":
                self._array(path)
            elif token.kind == "mark" and token.text == "{":
                self._skip_inline_table()

    def _array(self, path: KeyPath) -> None:
        number = 0
        while (token := self._next_significant()) is not None:
            if token.kind == "mark" and token.text == "]":
                return
            if token.kind == "mark" and token.text == ",":
                number += 1
                continue
            element = (*path, number)
            self._map.lines.setdefault(element, token.line)
            if token.kind == "mark" and token.text == "[":
                self._array(element)
            elif token.kind == "mark" and token.text == "{":
                self._skip_inline_table()

    def _skip_inline_table(self) -> None:
        depth = 1
        while depth and (token := self._next_significant()) is not None:
            if token.kind == "mark":
                depth += (token.text in "[{") - (token.text in "]}")

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _next_in_line(self) -> _Token | None:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.kind not in ("space", "comment"):
                return token
        return None

    def _next_significant(self) -> _Token | None:
        while (token := self._next_in_line()) is not None and token.kind == "newline":
            pass
        return token


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        yield _Token(kind, match.group(), line)
        line += match.group().count("\n")


def _key(token: _Token) -> str:
    return token.text[1:-1] if token.kind == "string" else token.text
