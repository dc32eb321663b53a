"""The verbs of `rehabctl prom` that read and write the store."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.commands._times import AtOption, day, moment
from rehabctl.commands._words import member
from rehabctl.domain.errors import ExitCode, UsageError
from rehabctl.domain.patient import Side

if TYPE_CHECKING:
    from rehabctl.domain.prom import Instrument, Item
    from rehabctl.domain.prom_followup import ScoreChange
    from rehabctl.services.prom_records import HistoryLine
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store

licence_app = typer.Typer(help="Your clinic's licences of wording.", no_args_is_help=True)
Wording = Mapping[str, Mapping[str, Any]]
InstrumentArgument = Annotated[
    str, typer.Argument(metavar="INSTRUMENT", help="Slug; see: rehabctl prom list")
]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the noun's app."""
    app.command(
        "record",
        epilog="Examples: rehabctl prom record odi --patient 1042 --answers 1,2,1,3,2,2,1,0,2,- | "
        "rehabctl prom record nprs --patient 1042 --interactive",
    )(record)
    app.command(
        "due", epilog="Examples: rehabctl prom due | rehabctl prom due --patient 1042 --upcoming"
    )(due)
    app.command(
        "history",
        epilog="Examples: rehabctl prom history 1042 | "
        "rehabctl prom history 1042 --instrument koos --json",
    )(history)
    app.add_typer(licence_app, name="licence")


def record(
    instrument: InstrumentArgument,
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    answers: Annotated[
        str | None, typer.Option("--answers", help="1,2,-,3 or FILE.json or - (standard input).")
    ] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Ask item by item in the terminal.")
    ] = False,
    wording: Annotated[
        str | None,
        typer.Option("--text", help="FILE.json with the wording that your clinic licensed."),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="Who answers: patient, me, or a contact's identifier.")
    ] = "patient",
    mode: Annotated[
        str | None, typer.Option("--mode", help="interview, paper, patient_device or test.")
    ] = None,
    variant: Annotated[str | None, typer.Option("--variant", help="Scoring rule.")] = None,
    side: Annotated[str | None, typer.Option("--side", help="left or right.")] = None,
    series: Annotated[
        str | None,
        typer.Option("--series", help="Word for activities that the patient chose (psfs)."),
    ] = None,
    language: Annotated[str | None, typer.Option("--language", help="Such as es.")] = None,
    external_id: Annotated[
        str | None, typer.Option("--id", help="The same id twice is the same form.")
    ] = None,
    at: AtOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Store a filled-in form of a patient with its scores; a wrong answer stores nothing."""
    from rehabctl.commands import _prom_views as views
    from rehabctl.services import prom_records, triage
    from rehabctl.services.prom_answers import Lines, read_answers
    from rehabctl.services.proms import instrument as find_instrument
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    if interactive == (answers is not None):
        raise UsageError("give the answers or ask for them", "Use --answers or --interactive")
    if wording is not None and not interactive:
        raise UsageError("--text belongs to --interactive", "Leave it out")
    completed_at, asked = moment(at), find_instrument(instrument)
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    out = Output.of(format_, json_, output, quiet)
    with open_store(settings) as store:
        if interactive:
            texts = _wording(settings, store, instrument, wording)
            given: Any = ask_items(asked, texts)
        else:
            given = read_answers(answers or "", sys.stdin)
        if isinstance(given, Lines):
            raise UsageError("one form is stored at a time", "Give one object or list")
        done = prom_records.record(
            store,
            rules,
            instrument,
            patient,
            given,
            by=by,
            mode=mode or ("interview" if interactive else "paper"),
            variant=variant,
            completed_at=completed_at,
            side=None if side is None else member(Side, side, "--side"),
            language=language,
            external_id=external_id,
            series=series,
        )
    if done.result.findings:
        emit_object(views.result_object(done.result), out)
        note(f"rehabctl: not stored: {done.result.reason}", out)
        raise typer.Exit(ExitCode.FINDINGS)
    changes = [_change(change) for change in done.changes]
    emit_object(
        {
            "id": done.external_id,
            "created": done.is_new,
            **views.result_object(done.result),
            "changes": changes,
        },
        out,
    )


def _wording(settings: Settings, store: Store, slug: str, file: str | None) -> Wording | None:
    from zoneinfo import ZoneInfo

    from rehabctl.services.prom_answers import read_json_file
    from rehabctl.services.prom_records import licensed_wording

    if file is None:
        return None
    today = settings.now().astimezone(ZoneInfo(store.clinic.time_zone)).date()
    return licensed_wording(store, slug, read_json_file(file), today)


def ask_items(asked: Instrument, wording: Wording | None = None) -> dict[str, object]:
    """Ask for the answers one by one; an empty answer ends a list that the patient chose."""
    given: dict[str, object] = {}
    for item in asked.items:
        answer = _ask(asked, item, (wording or {}).get(item.key))
        if answer is None and asked.open_list:
            break
        given[item.key] = answer
    return given


def _ask(asked: Instrument, item: Item, words: Mapping[str, Any] | None) -> object:
    """Ask for one answer until the form allows it; None for none."""
    from rehabctl.services.prom_answers import parse_list
    from rehabctl.services.proms import answer_problem

    text = item.prompt or item.topic if words is None else words["text"]
    options: Mapping[str, str] = {} if words is None else words.get("options", {})
    for code, option in options.items():
        typer.echo(f"  {code}  {option}", err=True)
    question = f"{item.key} {text} [{item.minimum}-{item.maximum}, - for none]"
    while True:
        sys.stderr.write(f"{question}: ")  # a prompt of Typer writes its last space to the data
        sys.stderr.flush()
        if not (typed := sys.stdin.readline()):
            sys.stderr.write("\n")
            raise typer.Abort
        answers = parse_list(typed.strip() or "-") or [None]
        if len(answers) == 1 and answer_problem(asked, item, answers[0]) is None:
            return answers[0]
        note(f"{item.key}: one number from {item.minimum} to {item.maximum}, or -")


def due(
    patient: Annotated[str | None, typer.Option("--patient", help="Medical record number.")] = None,
    upcoming: Annotated[
        bool, typer.Option("--upcoming", help="Also those whose window has not opened.")
    ] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the questionnaires that are open or overdue by the pathways of the patients."""
    from rehabctl.services import prom_records, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        lines = prom_records.due(store, rules, patient, upcoming=upcoming)
    columns = ("mrn", "instrument", "state", "due_on", "opens_on", "closes_on")
    rows = [{name: getattr(line, name) for name in columns} for line in lines]
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


def history(
    mrn: Annotated[str, typer.Argument(help="Medical record number.")],
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="Only of this one.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the scores of a patient with their change, and by which thresholds it is judged."""
    from rehabctl.services import prom_records
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        lines = prom_records.history(store, mrn, instrument)
    columns = (
        "completed_at", "instrument", "scale", "side", "score", "n_missing", "change_from_last",
        "change_from_first", "rule_version",
    )  # fmt: skip
    rows = [_history_row(line) for line in lines]
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


def _history_row(line: HistoryLine) -> dict[str, Any]:
    response, score = line.response, line.score
    return {
        "completed_at": response.completed_at,
        "instrument": response.instrument,
        "instrument_version": response.instrument_version,
        "scale": score.scale,
        "side": response.side,
        "score": score.score,
        "score_unrounded": score.score_unrounded,
        "n_missing": score.n_missing,
        "rule_version": score.rule_version,
        "grade": response.result.get("grade"),
        "by": response.entered_by,
        "mode": response.mode,
        "change_from_last": None if line.from_last is None else line.from_last.label,
        "change_from_first": None if line.from_first is None else line.from_first.label,
        "from_last": None if line.from_last is None else _change(line.from_last),
        "from_first": None if line.from_first is None else _change(line.from_first),
    }


def _change(change: ScoreChange) -> dict[str, Any]:
    from rehabctl.commands._prom_views import change_object

    return change_object(change)


@licence_app.command(
    "add",
    epilog="Examples: rehabctl prom licence add odi --holder 'Example Clinic' --reference E-17 "
    "--from 2026-01-01 | rehabctl prom licence add koos --holder 'Example Clinic' "
    "--reference K-3 --from 2026-01-01 --until 2026-12-31",
)
def licence_add(
    instrument: InstrumentArgument,
    holder: Annotated[str, typer.Option("--holder", help="To whom it was given.")],
    reference: Annotated[str, typer.Option("--reference", help="Number of the licence.")],
    from_: Annotated[str, typer.Option("--from", help="First day.")],
    until: Annotated[str | None, typer.Option("--until", help="Last day.")] = None,
    quiet: QuietFlag = False,
) -> None:
    """Note a licence; the same reference again changes nothing."""
    from rehabctl.domain.prom_followup import LicenceRecord
    from rehabctl.services import prom_records
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    first = day(from_, "--from")
    if first is None:
        raise UsageError("--from is missing", "Write it like 2026-01-01")
    noted = LicenceRecord(instrument, holder, reference, first, day(until, "--until"))
    with open_store(load_settings()) as store:
        is_new = prom_records.add_licence(store, noted)
    if not quiet:
        note("noted" if is_new else "known already: nothing was changed")


@licence_app.command(
    "list", epilog="Examples: rehabctl prom licence list | rehabctl prom licence list --json"
)
def licence_list(
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="Only of this one.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the clinic's licences."""
    from rehabctl.services import prom_records
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = prom_records.licences(store, instrument)
    columns = ("instrument", "holder", "reference", "valid_from", "expires_on")
    rows = [{name: getattr(one, name) for name in columns} for one in found]
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))
