"""`rehabctl eligibility`: whether and how a patient is covered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import (
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rehabctl.services.payer_questions import Cover

app = typer.Typer(help="Ask payers whether patients are covered.", no_args_is_help=True)

_COLUMNS = (
    "service_on", "payer", "state", "copayment", "coinsurance_percent", "deductible_remaining",
    "visits", "visits_remaining", "authorization_required",
)  # fmt: skip

Patient = Annotated[str, typer.Option("--patient", help="Medical record number.")]


@app.callback()
def eligibility() -> None:
    """Ask payers whether patients are covered."""


@app.command(
    epilog="Examples: rehabctl eligibility check --patient 1042 --via clearinghouse | "
    "rehabctl eligibility check --patient 1042 --file question.270"
)
def check(
    patient: Patient,
    via: Annotated[str | None, typer.Option("--via", help="Name of the connection.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Write the question (270) here instead.")
    ] = None,
    on: Annotated[str | None, typer.Option("--on", help="Day of the cover; today.")] = None,
    payer: Annotated[
        str, typer.Option("--payer", help="Without it, the payer of the patient's record.")
    ] = "",
    service_type: Annotated[
        list[str] | None,
        typer.Option("--service-type", help="Code of what is asked about; 30 and PT."),
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Ask whether a patient is covered on a day, and for how much therapy; the answer is kept.

    A web service answers at once; over SFTP the answer comes with `claim fetch`. Exit code 3 when
    the cover is not active or the payer refuses the question.
    """
    from rehabctl.domain.eligibility import CoverState
    from rehabctl.services import payer_questions
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import claim_port

    if (via is None) == (file is None):
        raise UsageError("a question needs one way out", "Give --via NAME or --file FILE")
    settings, out = load_settings(), Output.of(format_, json_, output, quiet)
    with open_store(settings) as store:
        port = None if via is None else claim_port(store, settings, via)
        cover, asked = payer_questions.check_cover(
            store, patient, port=port, via=via, on=_day(on), payer=payer,
            service_types=tuple(service_type or ("30", "PT")),
        )  # fmt: skip
    if file is not None:
        _write(file, asked.data)
    row = _row(cover)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(row, out)
    else:
        emit_items([row], _COLUMNS, out)
    state = cover.check.state
    if state is CoverState.ASKED:
        note("The answer is still to come: rehabctl claim fetch, or eligibility read", out)
    elif state in (CoverState.INACTIVE, CoverState.REFUSED):
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl eligibility read answer.271 | "
    "rehabctl eligibility read answer.271 --format json"
)
def read(
    file: Annotated[Path, typer.Argument(help="A 271 file.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Read a payer's answer (271) from a file and keep it with the question that it answers."""
    from rehabctl.services import claim_exchange, coverage_answers
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        done = coverage_answers.take_in(store, claim_exchange.read_incoming(file))
    if not done:
        note("This answer was read before; nothing was changed", out)
    rows = [to_json_value(one) for one in done]
    keys = ("trace_number", "service_on", "payer", "state")
    emit_items([{key: row[key] for key in keys} for row in rows], keys, out)


@app.command(
    epilog="Examples: rehabctl eligibility show --patient 1042 | "
    "rehabctl eligibility show --patient 1042 --discipline GO --format json"
)
def show(
    patient: Patient,
    discipline: Annotated[
        str, typer.Option("--discipline", help="GP, GO or GN: of which therapy.")
    ] = "GP",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show what payers said of a patient's cover, with the day; the newest first."""
    from rehabctl.services import payer_questions
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    if discipline not in ("GP", "GO", "GN"):
        raise UsageError(f"unknown discipline {discipline!r}", "Use GP, GO or GN")
    with open_store(load_settings()) as store:
        rows = [_row(one) for one in payer_questions.covers(store, patient, discipline)]
    emit_items(rows, _COLUMNS, Output.of(format_, json_, output, quiet))


def _row(cover: Cover) -> dict[str, Any]:
    check: dict[str, Any] = to_json_value(cover.check)
    keys = ("payer", "service_on", "state", "trace_number", "asked_at", "answered_at", "port")
    row = {key: check[key] for key in (*keys, "service_types")}
    answer: dict[str, Any] = check["answer"] or {}
    therapy: dict[str, Any] = to_json_value(cover.therapy) if cover.therapy else {}
    return {
        **row,
        **therapy,
        "rejections": answer.get("rejections", []),
        "member_id_differs": answer.get("member_id_differs"),
        "benefits": answer.get("benefits", []),
    }


def _day(text: str | None) -> Any:
    from datetime import date

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date", "Write it like 2026-03-02") from None


def _write(file: Path, data: bytes) -> None:
    from rehabctl.commands._render import emit_verbatim

    emit_verbatim([data.decode("ascii")], str(file))
