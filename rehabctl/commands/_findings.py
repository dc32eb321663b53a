"""How the commands that check files show what they found, and the exit code of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from rehabctl.commands._options import Format
from rehabctl.commands._render import Output, emit_items, emit_object, emit_text, note
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import ExitCode
from rehabctl.reference.findings import Finding


class FindingFormat(StrEnum):
    """How findings are written."""

    TABLE = "table"
    PLAIN = "plain"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"
    SARIF = "sarif"


FindingFormatOption = Annotated[
    FindingFormat | None,
    typer.Option("--format", "-f", help="Default: table on a terminal, plain elsewhere."),
]
_COMMON = (FindingFormat.TABLE, FindingFormat.PLAIN, FindingFormat.JSON)


def emit_findings(
    suite: str,
    files: Sequence[str],
    findings: Sequence[Finding],
    options: tuple[FindingFormat | None, bool, str | None, bool],
) -> None:
    """Write findings and end with exit code 3 when there are any.

    Parameters
    ----------
    suite
        The command, as JUnit names it.
    files
        Every file that was looked at.
    findings
        What was found.
    options
        Of the command: format, --json, --output, --quiet.
    """
    from rehabctl import __version__
    from rehabctl.commands import _finding_formats as formats

    format_, json_, output, quiet = options
    chosen = FindingFormat.JSON if json_ else format_
    common = Format(chosen.value) if chosen in _COMMON and chosen is not None else None
    out = Output.of(common, False, output, quiet)
    if chosen is FindingFormat.JUNIT:
        emit_text(formats.to_junit(suite, files, findings), out)
    elif chosen is FindingFormat.SARIF:
        emit_text(formats.to_sarif("rehabctl", __version__, findings), out)
    elif chosen is FindingFormat.GITHUB:
        emit_text(formats.to_github(findings), out)
    elif out.format is Format.JSON:
        emit_object({"ok": not findings, "files": len(files), "findings": findings}, out)
    else:
        rows = [
            {
                "place": f"{finding.file}:{finding.line}",
                "severity": finding.severity,
                "rule": finding.rule,
                "message": finding.message,
            }
            for finding in findings
        ]
        emit_items(rows, ("place", "severity", "rule", "message"), out)
    note(f"{counted(len(files), 'file')}, {counted(len(findings), 'finding')}", out)
    if findings:
        raise typer.Exit(ExitCode.FINDINGS)
