"""`rehabctl payer`: payers' dated rules and fees, and who the clinic is on a claim."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.domain.errors import ExitCode, NotFoundError, UsageError, suggestion

if TYPE_CHECKING:
    from rehabctl.services.billing_settings import Imported

app = typer.Typer(help="Keep payers' dated rules and fees.", no_args_is_help=True)


@app.callback()
def payer() -> None:
    """Keep payers' dated rules and fees."""


@app.command(
    "import",
    epilog="Examples: rehabctl payer import billing.toml | "
    "rehabctl payer import billing.toml --dry-run",
)
def import_(
    file: Annotated[Path, typer.Argument(help="The clinic's billing file (TOML).")],
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Import the clinic, its providers, payers' dated rules and dated fees; all of it or nothing.

    Exit code 3 with every problem when something is wrong. docs/billing.md shows a whole file.
    """
    from rehabctl.services import billing_settings
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        done = billing_settings.import_file(store, file, dry_run=dry_run)
    _show_imported(done, dry_run, Output.of(format_, json_, output, quiet))


def _show_imported(done: Imported, dry_run: bool, out: Output) -> None:
    counts = {
        name: getattr(done, name)
        for name in ("clinic", "providers", "payers", "fees", "ports", "scale")
    }
    emit_object({"imported": not done.problems and not dry_run, **counts}, out)
    for one in done.problems:
        note(f"{'.'.join(map(str, one.path))}: {one.message}", out)
    if done.problems:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog='Examples: rehabctl payer add medicare --name "Medicare Part B" --id 04412 '
    "--filing-code MB --unit-rule cms --from 2026-01-01 --to 2026-12-31 --timely-filing-days 365 "
    '--source "contract" --kx | rehabctl payer add acme --name Acme --id 60054 --filing-code CI '
    "--unit-rule ama --from 2026-01-01 --to 2026-12-31 --timely-filing-days 180 "
    '--source "contract" --telehealth video=10:95 --fee 97110=60.00:41.50'
)
def add(
    key: Annotated[str, typer.Argument(help="The clinic's own short name of the payer.")],
    name: Annotated[str, typer.Option("--name", help="As it stands on claims.")],
    identifier: Annotated[str, typer.Option("--id", help="Electronic payer identifier.")],
    filing_code: Annotated[str, typer.Option("--filing-code", help="SBR09, such as MB or CI.")],
    unit_rule: Annotated[str, typer.Option("--unit-rule", help="cms or ama.")],
    first: Annotated[str, typer.Option("--from", help="First day of these rules.")],
    last: Annotated[str, typer.Option("--to", help="Last day of these rules.")],
    timely_filing_days: Annotated[int, typer.Option("--timely-filing-days", min=1)],
    source: Annotated[str, typer.Option("--source", help="Where the rules were read.")],
    port: Annotated[str, typer.Option("--port", help="Connection of its claims.")] = "",
    kx: Annotated[bool, typer.Option("--kx", help="It has the yearly therapy threshold.")] = False,
    in_person_first: Annotated[
        bool, typer.Option("--in-person-first", help="A first visit has to be in person.")
    ] = False,
    telehealth: Annotated[
        list[str] | None,
        typer.Option("--telehealth", help="CHANNEL=PLACE[:MODIFIER], such as video=10:95."),
    ] = None,
    fee: Annotated[
        list[str] | None, typer.Option("--fee", help="CODE=CHARGE[:ALLOWED] a unit, in dollars.")
    ] = None,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Add one payer with the rules and fees of a stretch of time, checked as a file is.

    Exit code 3 with every problem when something is wrong; then nothing is written.
    """
    from rehabctl.services import billing_settings
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    start, end = _day(first), _day(last)
    rules: dict[str, Any] = {
        "key": key, "name": name, "identifier": identifier, "filing_code": filing_code,
        "unit_rule": unit_rule, "valid_from": start, "valid_to": end, "source": source,
        "timely_filing_days": timely_filing_days, "kx": kx, "in_person_first": in_person_first,
        "telehealth": {},
    }  # fmt: skip
    if port:
        rules["port"] = port
    for channel, place, modifier in map(_pair, telehealth or ()):
        rules["telehealth"][channel] = {
            "pos": place,
            **({"modifier": modifier} if modifier else {}),
        }
    fees: dict[str, Any] = {"payer": key, "valid_from": start, "charge": {}, "allowed": {}}
    for code, charge, allowed in map(_pair, fee or ()):
        fees["charge"][code] = charge
        if allowed:
            fees["allowed"][code] = allowed
    document: dict[str, Any] = {"schema": "rehabctl-billing/1", "payer": [rules]}
    if fee:
        document["fee"] = [fees]
    with open_store(load_settings()) as store:
        done = billing_settings.import_document(store, document, dry_run=dry_run)
    _show_imported(done, dry_run, Output.of(format_, json_, output, quiet))


def _pair(text: str) -> tuple[str, str, str]:
    name, separator, values = text.partition("=")
    one, _, other = values.partition(":")
    if not separator or not name or not one:
        raise UsageError(f"{text!r} is not NAME=VALUE", "Write it like 97110=60.00:41.50")
    return name, one, other


def _day(text: str) -> Any:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date", "Write it like 2026-01-01") from None


@app.command("list", epilog="Examples: rehabctl payer list | rehabctl payer list --format json")
def list_(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List payers with each stretch of their rules."""
    columns = ("key", "name", "identifier", "filing_code", "unit_rule", "valid_from", "valid_to")
    emit_items(_payers(), columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl payer show medicare | rehabctl payer show medicare --format json"
)
def show(
    key: Annotated[str, typer.Argument(help="The clinic's name of the payer.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show the newest rules of one payer."""
    rows = _payers()
    found = [row for row in rows if row["key"] == key]
    if not found:
        near = suggestion(key, [row["key"] for row in rows])
        raise NotFoundError(f"payer {key!r} is not known", near or "Look at: rehabctl payer list")
    emit_object(found[-1], Output.of(format_, json_, output, quiet))


def _payers() -> list[dict[str, Any]]:
    from rehabctl.services import billing_settings
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        return [to_json_value(one) for one in billing_settings.payers(store)]
