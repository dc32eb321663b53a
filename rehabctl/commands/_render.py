"""Rendering of results: data to standard output, everything else to standard error.

One table of rows is written as a Rich table (terminal only), tab-separated text, CSV, JSON or JSON
lines; cells agree between formats, but for the space in a table's times. One object is written as
JSON, as `key<TAB>value` lines, or on a terminal as two columns without what is empty.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast
from uuid import UUID

from rehabctl.commands._options import Format
from rehabctl.domain.errors import RehabctlError

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA_VERSION = 1
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Output:
    """Where and how one command writes its data."""

    format: Format
    path: str | None = None
    quiet: bool = False

    @classmethod
    def of(
        cls,
        format_: Format | None = None,
        json_: bool = False,
        path: str | None = None,
        quiet: bool = False,
    ) -> Output:
        """Resolve the shared options; without a format a terminal gets a table, a pipe text."""
        if json_:
            format_ = Format.JSON
        if format_ is None:
            to_terminal = path in (None, "-") and sys.stdout.isatty()
            format_ = Format.TABLE if to_terminal else Format.PLAIN
        return cls(format_, None if path == "-" else path, quiet)


def to_json_value(value: Any) -> Any:
    """Convert dataclasses, times, money and enums to plain JSON values.

    Times become UTC ISO 8601 with `Z`, money a string, a missing number (NaN) null.
    """
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Decimal | UUID | Path):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json_value(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_json_value(v) for k, v in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, Iterable):
        return [to_json_value(v) for v in cast("Iterable[Any]", value)]
    raise TypeError(f"no JSON form for {type(value).__name__}")


def note(text: str, out: Output | None = None) -> None:
    """Write one line of narration to standard error."""
    if out is None or not out.quiet:
        sys.stderr.write(text + "\n")


def emit_object(obj: Mapping[str, Any], out: Output) -> None:
    """Write one result object; `schema_version` is added when it is missing."""
    with _opened(out) as stream:
        if out.format in (Format.JSON, Format.JSONL):
            full = {"schema_version": SCHEMA_VERSION, **obj}
            indent = 1 if out.format is Format.JSON else None
            stream.write(json.dumps(to_json_value(full), ensure_ascii=False, indent=indent) + "\n")
        elif out.format is Format.CSV:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("key", "value"))
            writer.writerows((k, cell(v)) for k, v in obj.items())
        elif out.format is Format.TABLE:
            from rich.console import Console

            shown = {k: _readable(v, _join(v)) for k, v in obj.items()}
            heads, rows = _texts([shown], list(obj))
            _pairs(heads, rows[0], Console(file=stream))
        else:
            for key, value in obj.items():
                stream.write(f"{key}\t{cell(value)}\n")


def emit_items(
    items: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    out: Output,
    *,
    next_cursor: str | None = None,
    title: str | None = None,
    narrow: Sequence[str] = (),
) -> None:
    """Write a list. JSON carries all keys of each item; the other formats the given columns.

    A table on a terminal too narrow for them has the columns of `narrow`, else its first ones.
    """
    hidden: Sequence[str] = ()
    with _opened(out) as stream:
        if out.format is Format.JSON:
            page = {"schema_version": SCHEMA_VERSION, "items": items, "next": next_cursor}
            stream.write(json.dumps(to_json_value(page), ensure_ascii=False, indent=1) + "\n")
        elif out.format is Format.JSONL:
            for item in items:
                stream.write(json.dumps(to_json_value(item), ensure_ascii=False) + "\n")
        elif out.format is Format.CSV:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([cell(item.get(c)) for c in columns] for item in items)
        elif out.format is Format.TABLE:
            hidden = _rich_table(items, columns, narrow, stream, title)
        else:
            for item in items:
                stream.write("\t".join(_one_line(cell(item.get(c))) for c in columns) + "\n")
    if hidden:
        note(f"Not shown at this width: {', '.join(hidden)}", out)


def emit_text(text: str, out: Output) -> None:
    """Write prepared text (a report, a series) as it is."""
    with _opened(out) as stream:
        stream.write(text if text.endswith("\n") else text + "\n")


def emit_bytes(data: bytes, out: Output, *, private: bool = False) -> None:
    """Write a prepared file (a PDF, a calendar) as it is; `private`: for its owner only."""
    if out.path is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    with replacing(out.path) as part:
        if private:
            part.touch(mode=0o600)
        part.write_bytes(data)


def emit_verbatim(parts: Iterable[str], path: str | None) -> None:
    """Write a record in a foreign format piece by piece, without changing a character.

    A file appears whole or not at all, for its owner only; standard output is written as it comes.

    Parameters
    ----------
    parts
        The text.
    path
        Target; None or `-` is standard output.
    """
    if path in (None, "-"):
        for text in parts:
            _write_utf8(text)
        return
    with replacing(str(path)) as part:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.writelines(parts)


@contextmanager
def replacing(path: str) -> Generator[Path]:
    """Yield where to write, so that a file appears whole or not at all.

    A device or a pipe (`/dev/null`, `>(...)`) is written to as it is, never replaced.

    Parameters
    ----------
    path
        Where the output shall be.

    Raises
    ------
    RehabctlError
        It cannot be written.
    """
    target = Path(path)
    in_place = (target.exists() and not target.is_file()) or path.startswith("/dev/")
    part = target if in_place else target.parent / f"{target.name}.part"
    try:
        yield part
        if not in_place:
            part.replace(target)
    except OSError as error:
        _discard(part, in_place)
        raise RehabctlError(
            f"cannot write {target.name or path}: {error.strerror}", "Choose another --output path"
        ) from None
    except BaseException:
        _discard(part, in_place)
        raise


def _discard(part: Path, in_place: bool) -> None:
    if not in_place:
        with suppress(OSError):
            part.unlink()


def cell(value: Any) -> str:
    """Return the text of one cell; missing is the empty string."""
    plain = to_json_value(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, float):
        return f"{plain:.10g}"
    if isinstance(plain, list):
        return "; ".join(cell(v) for v in cast("list[Any]", plain))
    if isinstance(plain, dict):
        members = cast("dict[str, Any]", plain)
        return str(members.get("text") or json.dumps(members, ensure_ascii=False))
    return str(plain)


def _one_line(text: str) -> str:
    return " ".join(text.split()) if any(c in text for c in "\t\r\n") else text


def _rich_table(
    items: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    narrow: Sequence[str],
    stream: TextIO,
    title: str | None,
) -> Sequence[str]:
    """Write a table, or blocks where even its main columns do not fit; return what it left out."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(file=stream)
    for shown in _choices(columns, narrow):
        heads, rows = _texts(items, shown)
        if widths := _widths(heads, rows, console.width):
            break
    else:
        _blocks(*_texts(items, columns), console, title)
        return ()
    table = Table(title=title, header_style="bold")
    for name, width in zip(heads, widths, strict=True):
        table.add_column(name, width=width, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)
    return [name for name in columns if name not in shown]


def _choices(columns: Sequence[str], narrow: Sequence[str]) -> Iterable[Sequence[str]]:
    """Yield which columns to try: all; the main ones, else ever fewer, down to half of them."""
    yield columns
    if narrow:
        yield narrow
        return
    for count in range(len(columns) - 1, max(2, len(columns) // 2 - 1), -1):
        yield columns[:count]


def _texts(
    items: Sequence[Mapping[str, Any]], columns: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells as people read them: a time may be broken behind its day."""
    rows = [[_TIME.sub(r"\1 \2\3", cell(item.get(c))) for c in columns] for item in items]
    return [name.replace("_", " ") for name in columns], rows


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Return how wide each column is, so that no word, time or identifier is cut; None: it is.

    What is left goes to those that need little first, so that the longest texts share the rest.
    """
    from rich.cells import cell_len

    columns = list(zip(heads, *rows, strict=True))
    widths = [
        max(cell_len(word) for text in column for word in (text.split() or ("",)))
        for column in columns
    ]
    wanted = [
        max(cell_len(line) for text in column for line in (text.splitlines() or ("",)))
        for column in columns
    ]
    spare = width - sum(widths) - 3 * len(widths) - 1
    if spare < 0:
        return None
    hungry = sorted(range(len(widths)), key=lambda n: wanted[n] - widths[n])
    for left, n in zip(range(len(hungry), 0, -1), hungry, strict=True):
        more = min(wanted[n] - widths[n], spare // left)
        widths[n] += more
        spare -= more
    return widths


def _blocks(
    heads: Sequence[str], rows: Sequence[Sequence[str]], console: Console, title: str | None
) -> None:
    """Write each row as lines of a name and a value, where the terminal is too narrow."""
    if title:
        console.print(title, markup=False)
    for number, row in enumerate(rows, start=1):
        console.rule(f"{number} of {len(rows)}", align="left", characters="-")
        _pairs(heads, row, console)


def _pairs(heads: Sequence[str], row: Sequence[str], console: Console) -> None:
    """Write names and values in two columns, without those that are empty."""
    from rich.markup import escape
    from rich.table import Table

    block = Table.grid(padding=(0, 2))
    block.add_column(no_wrap=True, style="bold")
    block.add_column(overflow="fold")
    for name, text in zip(heads, row, strict=True):
        if text:
            block.add_row(name, escape(text))
    console.print(block)


def _join(value: Any) -> str:
    """Return what stands between the items of a list: objects have a line each."""
    nested = isinstance(value, Sequence) and any(
        isinstance(item, Mapping) or is_dataclass(item) for item in cast("Sequence[Any]", value)
    )
    return "\n" if nested else "; "


def _readable(value: Any, join: str = "; ") -> str:
    """Return a value for a person: what is nested as words, without what is empty."""
    plain = to_json_value(value)
    if isinstance(plain, dict) and "text" not in plain:
        members = cast("dict[str, Any]", plain)
        known = {key.replace("_", " "): _readable(held) for key, held in members.items()}
        return ", ".join(f"{key} {text}" for key, text in known.items() if text)
    if isinstance(plain, list):
        items = cast("list[Any]", plain)
        return join.join(map(_readable, items))
    return cell(plain)


@contextmanager
def _opened(out: Output) -> Generator[TextIO]:
    """Yield the stream. A file appears whole or not at all."""
    if out.path is None:
        buffer = io.StringIO(newline="")
        if out.format is Format.TABLE:  # Rich asks the stream for its width and colours
            yield sys.stdout
        else:
            yield buffer
            _write_utf8(buffer.getvalue())
        sys.stdout.flush()
        return
    with replacing(out.path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        yield stream


def _write_utf8(text: str) -> None:
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None:  # a test's captured stream
        sys.stdout.write(text)
    else:
        sys.stdout.flush()
        raw.write(text.encode())
        raw.flush()
