"""`rehabctl config`: which settings are in force, from where, and whether they are right."""

from __future__ import annotations

import os
from dataclasses import asdict

import typer

from rehabctl.commands._findings import FindingFormat, FindingFormatOption, emit_findings
from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_text

app = typer.Typer(help="Show and check the settings.", no_args_is_help=True)


@app.command(epilog="Examples: rehabctl config show | rehabctl config show --format json")
def show(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show every setting with its value and where that comes from.

    An environment variable comes before config.toml, and that before the default. The database's
    password is not shown.
    """
    from rehabctl.services import configuration
    from rehabctl.services.settings import find_paths

    values = configuration.in_force(os.environ, find_paths(os.environ))
    rows = [asdict(value) for value in values]
    emit_items(
        rows, ("key", "value", "source", "meaning"), Output.of(format_, json_, output, quiet)
    )


@app.command(epilog='Examples: rehabctl config path | $EDITOR "$(rehabctl config path)"')
def path() -> None:
    """Print where config.toml is, or would be."""
    from rehabctl.services.settings import find_paths

    emit_text(str(find_paths(os.environ).config_file), Output.of())


@app.command(epilog="Examples: rehabctl config validate | rehabctl config validate --format github")
def validate(
    format_: FindingFormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check config.toml for settings that do not exist and values that cannot be.

    Exit code 0 when nothing was found, 3 with findings, 2 when there is no file.
    """
    from rehabctl.services import configuration
    from rehabctl.services.settings import find_paths

    paths = find_paths(os.environ)
    findings = configuration.validate(paths)
    chosen = FindingFormat.JSON if json_ else format_
    emit_findings(
        "rehabctl config validate",
        [str(paths.config_file)],
        findings,
        (chosen, json_, output, quiet),
    )


@app.command(
    epilog="Examples: rehabctl config schema | rehabctl config schema > config.schema.json"
)
def schema() -> None:
    """Print the JSON Schema of config.toml, for editors that complete and check."""
    import json

    from rehabctl.services import configuration

    emit_text(json.dumps(configuration.schema(), indent=1), Output.of())
