"""Options that every data command shares, so that a flag means one thing everywhere."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    """How data is written to standard output."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PLAIN = "plain"


FormatOption = Annotated[
    Format | None,
    typer.Option("--format", "-f", help="Default: table on a terminal, plain elsewhere."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
OutputOption = Annotated[
    str | None, typer.Option("--output", "-o", help="Write to this file; - is standard output.")
]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
VerboseFlag = Annotated[bool, typer.Option("--verbose", "-v", help="More notes on stderr.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Show what would be done.")]
PatientOption = Annotated[
    str | None, typer.Option("--patient", help="Medical record number of the patient.")
]
LimitOption = Annotated[int, typer.Option("--limit", "-L", min=1, help="Rows to show.")]
CursorOption = Annotated[
    str | None, typer.Option("--cursor", help="Go on after this cursor (`next` of a JSON page).")
]
