"""`rehabctl prom`: score outcome questionnaires, rate a change, plan what is due."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands import _prom_records
from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import SCHEMA_VERSION, Output, emit_items, emit_object, note
from rehabctl.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rehabctl.domain.prom import Norm, PromResult
    from rehabctl.services.proms import LineResult

app = typer.Typer(help="Score outcome questionnaires and rate their change.", no_args_is_help=True)
text_app = typer.Typer(help="Wording that your clinic supplies.", no_args_is_help=True)
app.add_typer(text_app, name="text")
_prom_records.add_to(app)

_DAY = ["%Y-%m-%d"]
InstrumentArgument = Annotated[
    str, typer.Argument(metavar="INSTRUMENT", help="Slug; see: rehabctl prom list")
]
VariantOption = Annotated[
    str | None, typer.Option("--variant", help="Another scoring rule; see: rehabctl prom show.")
]
DateOption = Annotated[
    datetime | None,
    typer.Option(
        "--date", formats=_DAY, metavar="DATE", help="Day of the answers: its rules are used."
    ),
]


@app.command(
    epilog="Examples: rehabctl prom score odi --answers 1,2,1,3,2,2,1,0,2,- --json | "
    "rehabctl prom score koos --answers answers.jsonl -o scores.jsonl"
)
def score(
    instrument: InstrumentArgument,
    answers: Annotated[
        str,
        typer.Option("--answers", help="1,2,-,3 or FILE.json or FILE.jsonl or - (standard input)."),
    ],
    variant: VariantOption = None,
    day: DateOption = None,
    age: Annotated[int | None, typer.Option("--age", min=0, max=120, help="In years.")] = None,
    sex: Annotated[str | None, typer.Option("--sex", help="female or male.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Score a filled-in form, or one form a line of a .jsonl file.

    Too many missing answers give no score and exit code 0; an answer that the form does not allow
    is a finding and exit code 3 (7 when other lines were scored).
    """
    from rehabctl.services import proms
    from rehabctl.services.prom_answers import Lines, read_answers

    out = Output.of(format_, json_, output, quiet)
    on = day.date() if day else None
    given = read_answers(answers, sys.stdin)
    if isinstance(given, Lines):
        _emit_lines(list(proms.score_lines(instrument, given.texts, variant, on)), out)
        return
    result = proms.score_answers(instrument, given, variant, on)
    if isinstance(given, Sequence):
        _note_order(instrument, out)
    _emit_result(result, out, _norm(instrument, age, sex))


@app.command(
    epilog="Examples: rehabctl prom ask nprs | rehabctl prom ask lefs --variant prorate --json"
)
def ask(
    instrument: InstrumentArgument,
    variant: VariantOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Ask for the answers one by one, by item key and topic, and score them.

    The wording of a licensed form is not part of this program: read it from your own copy.
    """
    from rehabctl.services import proms

    out = Output.of(format_, json_, output, quiet)
    asked = proms.instrument(instrument)
    proms.rule_for(asked, variant, None)
    given = _prom_records.ask_items(asked)
    _emit_result(proms.score_answers(instrument, given, variant), out)


@app.command("list", epilog="Examples: rehabctl prom list | rehabctl prom list --format csv")
def list_(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the instruments with their scales, scoring variants and licences."""
    from rehabctl.commands import _prom_views as views
    from rehabctl.services.proms import instruments

    out = Output.of(format_, json_, output, quiet)
    rows = [views.instrument_row(instrument) for instrument in instruments()]
    emit_items(rows, views.INSTRUMENT_COLUMNS, out)


@app.command(epilog="Examples: rehabctl prom show koos | rehabctl prom show spadi --json")
def show(
    instrument: InstrumentArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show an instrument: item keys and topics, scoring rules, change thresholds, licence."""
    from rehabctl.commands import _prom_views as views
    from rehabctl.services.prom_followup import thresholds_of
    from rehabctl.services.proms import instrument as find_instrument

    out = Output.of(format_, json_, output, quiet)
    shown = find_instrument(instrument)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(views.instrument_object(shown, thresholds_of(instrument)), out)
        return
    emit_items(
        views.item_rows(shown),
        ("item", "topic", "range", "scales"),
        out,
        title=f"{shown.name} ({shown.version})",
    )
    for text in (*shown.notes, f"Rights: {shown.licence.holder}; {shown.licence.terms}"):
        note(text, out)
    note(f"Rules and thresholds: rehabctl prom show {instrument} --json", out)


@app.command(
    epilog="Examples: rehabctl prom change odi --from 44 --to 30 | "
    "rehabctl prom change koos --scale pain --from 41.7 --to 66 --condition knee-replacement --json"
)
def change(
    instrument: InstrumentArgument,
    before: Annotated[float, typer.Option("--from", help="The earlier score.")],
    after: Annotated[float, typer.Option("--to", help="The later score.")],
    scale: Annotated[str | None, typer.Option("--scale", help="Default: total.")] = None,
    variant: VariantOption = None,
    condition: Annotated[
        str, typer.Option("--condition", help="Patients of the thresholds, such as surgical.")
    ] = "any",
    rows: Annotated[
        list[str] | None,
        typer.Option("--row", help="Judge by this threshold (its id); may be repeated."),
    ] = None,
    day: DateOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Label the change between two scores by published thresholds, and say which ones."""
    from rehabctl.commands import _prom_views as views
    from rehabctl.services import prom_followup

    out = Output.of(format_, json_, output, quiet)
    rated = prom_followup.rate_change(
        instrument,
        before,
        after,
        scale=scale,
        variant=variant,
        condition=condition,
        row_ids=rows or (),
        on=day.date() if day else None,
    )
    emit_object(views.change_object(rated), out)


@app.command(
    epilog="Examples: rehabctl prom schedule knee-replacement --start 2026-03-02 | "
    "rehabctl prom schedule chronic-low-back --start 2026-03-02 --done odi=2026-03-03 --json"
)
def schedule(
    pathway: Annotated[str, typer.Argument(metavar="PATHWAY", help="Such as knee-replacement.")],
    start: Annotated[
        datetime,
        typer.Option(
            "--start", formats=_DAY, metavar="DATE", help="Surgery, or start of the episode."
        ),
    ],
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=_DAY, metavar="DATE", help="Default: today."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", formats=_DAY, metavar="DATE", help="Last day; default: 90 days on."
        ),
    ] = None,
    done: Annotated[
        list[str] | None, typer.Option("--done", help="INSTRUMENT=DATE; may be repeated.")
    ] = None,
    discharged: Annotated[
        datetime | None,
        typer.Option("--discharged", formats=_DAY, metavar="DATE", help="End of care."),
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show which questionnaires a pathway asks for, when, and where each one stands."""
    from rehabctl.commands import _prom_views as views
    from rehabctl.services import prom_followup
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    today = as_of.date() if as_of else load_settings().now().date()
    planned = prom_followup.plan(
        pathway,
        start.date(),
        today,
        until.date() if until else None,
        _completed(done or []),
        discharged.date() if discharged else None,
    )
    emit_items([views.status_row(status) for status in planned], views.STATUS_COLUMNS, out)


@text_app.command(
    "validate",
    epilog="Examples: rehabctl prom text validate odi-en.json | "
    "rehabctl prom text validate odi-en.json --json",
)
def text_validate(
    file: Annotated[
        str, typer.Argument(metavar="FILE.json", help="The wording of one instrument.")
    ],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check a file of wording that your clinic is licensed to use; nothing is stored."""
    from rehabctl.services.prom_answers import read_json_file
    from rehabctl.services.prom_followup import check_wording

    out = Output.of(format_, json_, output, quiet)
    instrument, findings = check_wording(read_json_file(file))
    if out.format is Format.JSON:
        ok = not findings
        emit_object({"instrument": instrument.slug, "ok": ok, "findings": findings}, out)
    else:
        rows = [{"item": f.item, "code": f.code, "message": f.message} for f in findings]
        emit_items(rows, ("item", "code", "message"), out)
    if findings:
        raise typer.Exit(ExitCode.FINDINGS)


def _emit_result(result: PromResult, out: Output, norm: Norm | None = None) -> None:
    from rehabctl.commands import _prom_views as views

    if out.format in (Format.JSON, Format.JSONL):
        emit_object(views.result_object(result, norm), out)
    else:
        emit_items(views.score_rows(result), views.SCORE_COLUMNS, out)
    if norm and out.format not in (Format.JSON, Format.JSONL):
        group = f"{norm.sex}, {norm.age_from} to {norm.age_to} years"
        note(f"Reference ({group}): under {norm.below} is below average", out)
    if result.findings:
        note(f"rehabctl: not scored: {result.reason}", out)
        raise typer.Exit(ExitCode.FINDINGS)


def _emit_lines(results: list[LineResult], out: Output) -> None:
    """Write one result a line, and choose the exit code of the whole file."""
    from rehabctl.commands import _prom_views as views

    if out.format in (Format.JSON, Format.JSONL):
        objects = [
            {"schema_version": SCHEMA_VERSION, **views.result_object(one.result)} for one in results
        ]
        emit_items(objects, (), Output(Format.JSONL, out.path, out.quiet))
    else:
        rows = [row for one in results for row in views.score_rows(one.result, one.line)]
        emit_items(rows, ("line", *views.SCORE_COLUMNS), out)
    refused = [one for one in results if one.result.findings]
    for one in refused:
        note(f"rehabctl: line {one.line} not scored: {one.result.reason}", out)
    if refused:
        raise typer.Exit(ExitCode.FINDINGS if len(refused) == len(results) else ExitCode.PARTIAL)


def _note_order(slug: str, out: Output) -> None:
    from rehabctl.services.proms import instrument

    list_note = instrument(slug).list_note
    if list_note:
        note(f"rehabctl: note: {list_note}", out)


def _norm(slug: str, age: int | None, sex: str | None) -> Norm | None:
    from rehabctl.services.proms import norm_of

    if age is None and sex is None:
        return None
    if age is None or sex not in ("female", "male"):
        raise UsageError("a reference row needs age and sex", "Give --age and --sex female or male")
    return norm_of(slug, age, sex)


def _completed(done: list[str]) -> dict[str, Sequence[date]]:
    """Return the days by instrument of `INSTRUMENT=DATE` options."""
    days: dict[str, list[date]] = {}
    for text in done:
        slug, _, day = text.partition("=")
        try:
            days.setdefault(slug, []).append(date.fromisoformat(day))
        except ValueError:
            raise UsageError(
                "--done is not INSTRUMENT=DATE", "Use a form like odi=2026-03-03"
            ) from None
    return {slug: tuple(found) for slug, found in days.items()}
