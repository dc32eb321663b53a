"""`rehabctl claim`: from recorded work to insurance claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands import _claim_accounts, _claim_ports, _claim_records
from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from datetime import date

    from rehabctl.billing.units import Service

app = typer.Typer(help="Count, build and check insurance claims.", no_args_is_help=True)


@app.callback()
def claim() -> None:
    """Count, build and check insurance claims."""


@app.command(
    epilog="Examples: rehabctl claim units --date 2026-03-02 --rule cms --service 97110=33 "
    "--service 97140=7 | rehabctl claim units --date 2026-03-02 --rule ama --service 97110=23"
)
def units(
    on: Annotated[str, typer.Option("--date", help="Date of service, like 2026-03-02.")],
    service: Annotated[
        list[str], typer.Option("--service", help="CODE=MINUTES; repeat for each service.")
    ],
    rule: Annotated[str, typer.Option(help="cms (total time) or ama (per code).")] = "cms",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Count the units of one day's services by the payer's rule, with every tie shown."""
    from rehabctl.billing.units import count_units

    result = count_units([_service(text) for text in service], rule=rule, on=_day(on))
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        shown: dict[str, Any] = to_json_value(result)
        remarks = [f"{one.code}: {one.remark}" for one in result.lines if one.remark]
        lines = [{k: v for k, v in one.items() if k != "remark"} for one in shown["lines"]]
        emit_object({**shown, "lines": lines, **({"remarks": remarks} if remarks else {})}, out)
        return
    emit_items([to_json_value(line) for line in result.lines], ("code", "minutes", "units"), out)
    minutes = counted(result.total_timed_minutes, "timed minute")
    note(f"{minutes}: {counted(result.total_timed_units, 'unit')}", out)
    for line in result.lines:
        if line.remark:
            note(f"{line.code}: {line.remark}", out)
    for tie in result.ties:
        choice = " or ".join(tie.between)
        note(f"Your choice: {counted(tie.units_to_place, 'unit')} may go to {choice}", out)


@app.command(
    epilog="Examples: rehabctl claim preflight claims.837 | "
    "rehabctl claim preflight - --format json < claims.837"
)
def preflight(
    file: Annotated[
        Path, typer.Argument(help="A file of professional claims; - is standard input.")
    ],
    timely_filing_days: Annotated[
        int | None,
        typer.Option(min=1, help="Days after a service within which the payer accepts it."),
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check a file of claims (837P) before it is sent, ours or anybody's. Sends nothing.

    Exit code 3 when there are findings; those marked as errors stand against sending the file.
    """
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import code_lists
    from rehabctl.services.x12_files import preflight as check

    settings = load_settings()
    today = settings.now().astimezone().date()
    result = check(file, today, timely_filing_days, code_lists(settings))
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        findings = to_json_value(result.findings)
        emit_object({"ok": result.ok, "claims": result.claims, "findings": findings}, out)
    else:
        columns = ("severity", "rule", "claim", "segment", "position", "message", "fix")
        emit_items([to_json_value(one) for one in result.findings], columns, out)
        note(f"{counted(result.claims, 'claim')}: {counted(len(result.findings), 'finding')}", out)
    if result.findings:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl claim evaluation --date 2026-03-02 --factors 1 --elements 3 "
    "--presentation evolving | rehabctl claim evaluation --date 2026-03-02 --factors 0 "
    "--elements 1 --presentation stable --format json"
)
def evaluation(
    on: Annotated[str, typer.Option("--date", help="Date of service, like 2026-03-02.")],
    factors: Annotated[
        int, typer.Option("--factors", help="Personal factors and comorbidities that were noted.")
    ],
    elements: Annotated[
        int, typer.Option("--elements", help="Body structures, functions and limits examined.")
    ],
    presentation: Annotated[
        str, typer.Option("--presentation", help="stable, evolving or unstable, as you noted it.")
    ],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show which evaluation codes the recorded components support; the clinician chooses one.

    Exit code 3 when they support none.
    """
    from rehabctl.billing.situations import supported_evaluations

    levels = supported_evaluations(
        factors=factors, elements=elements, presentation=presentation, on=_day(on)
    )
    columns = ("code", "complexity", "factors_at_least", "elements_at_least", "presentation")
    emit_items(
        [to_json_value(one) for one in levels], columns, Output.of(format_, json_, output, quiet)
    )
    if not levels:
        raise typer.Exit(ExitCode.FINDINGS)


def _day(text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date", "Write it like 2026-03-02") from None


def _service(text: str) -> Service:
    from rehabctl.billing.units import Service

    code, separator, minutes = text.partition("=")
    if not separator or not code or not minutes.isdecimal():
        raise UsageError(f"{text!r} is not CODE=MINUTES", "Write it like 97110=33")
    return Service(code, int(minutes))


@app.command(
    "code-lists",
    epilog="Examples: rehabctl claim code-lists | rehabctl claim code-lists --format json",
)
def code_lists_(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the official code lists that were imported on this machine, and how long they hold."""
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import code_lists

    rows = [to_json_value(one) for one in code_lists(load_settings()).held()]
    columns = ("kind", "valid_from", "valid_to", "codes", "source")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


app.command(
    "draft",
    epilog="Examples: rehabctl claim draft --visit ID | "
    "rehabctl claim draft --patient 1042 --month 2026-03 --format json",
)(_claim_records.draft)
app.command(
    "correct",
    epilog="Examples: rehabctl claim correct RC00000001 --diagnosis M25.562 | "
    "rehabctl claim correct RC00000001 --void",
)(_claim_records.correct)
app.command(
    "list",
    epilog="Examples: rehabctl claim list | rehabctl claim list --denied --format json",
)(_claim_records.list_)
app.command(
    "show",
    epilog="Examples: rehabctl claim show RC00000001 | "
    "rehabctl claim show RC00000001 --format json",
)(_claim_records.show)
app.command(
    "build",
    epilog="Examples: rehabctl claim build RC00000001 -o claims.837 | "
    "rehabctl claim build RC00000001 RC00000002 -o claims.837 --production",
)(_claim_records.build)
app.command(
    "submit",
    epilog="Examples: rehabctl claim submit --via clearinghouse --dry-run | "
    "rehabctl claim submit --folder outbox --format json",
)(_claim_ports.submit)
app.command(
    "fetch",
    epilog="Examples: rehabctl claim fetch --via clearinghouse | "
    "rehabctl claim fetch --via clearinghouse --dry-run --format json",
)(_claim_ports.fetch)
app.command(
    "status",
    epilog="Examples: rehabctl claim status RC00000001 --via clearinghouse | "
    "rehabctl claim status RC00000001 --file question.276",
)(_claim_ports.status)
app.command(
    "files",
    epilog="Examples: rehabctl claim files | rehabctl claim files --format json",
)(_claim_ports.files)
app.command(
    "settle",
    epilog="Examples: rehabctl claim settle CLINIC_000000007_P.837 --arrived | "
    "rehabctl claim settle CLINIC_000000007_P.837 --not-arrived",
)(_claim_ports.settle)
app.command(
    "connections",
    epilog="Examples: rehabctl claim connections | rehabctl claim connections --format json",
)(_claim_ports.connections)
app.command(
    "secret",
    epilog="Examples: rehabctl claim secret clearinghouse --file id_ed25519 | "
    "rehabctl claim secret clearinghouse < password.txt",
)(_claim_ports.secret)
app.command(
    "ack",
    epilog="Examples: rehabctl claim ack answer.999 | rehabctl claim ack answer.277 --format json",
)(_claim_records.ack)
app.command(
    "charge",
    epilog="Examples: rehabctl claim charge --visit ID | "
    "rehabctl claim charge --visit ID --scale half --format json",
)(_claim_accounts.charge)
app.command(
    "pay",
    epilog="Examples: rehabctl claim pay --patient 1042 --amount 20.00 --method card "
    "--reference 4711 | rehabctl claim pay --patient 1042 --amount 5.00 --kind refund",
)(_claim_accounts.pay)
app.command(
    "take-back",
    epilog="Examples: rehabctl claim take-back GROUP | "
    "rehabctl claim take-back GROUP --format json",
)(_claim_accounts.take_back)
app.command(
    "account",
    epilog="Examples: rehabctl claim account --patient 1042 | "
    "rehabctl claim account --patient 1042 --format json",
)(_claim_accounts.account)
app.command(
    "superbill",
    epilog="Examples: rehabctl claim superbill --patient 1042 --from 2026-03-01 --to 2026-03-31 "
    "--format pdf -o ana.pdf | rehabctl claim superbill --patient 1042 --from 2026-03-01 "
    "--to 2026-03-31",
)(_claim_accounts.superbill)
