"""`rehabctl program`: a patient's exercise programme."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands import _program_gate
from rehabctl.commands._options import (
    DryRunFlag,
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_bytes, emit_items, emit_object, note
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.services.programme_edits import Edit
    from rehabctl.services.programmes import ProgrammeView

app = typer.Typer(
    help="Show, change, hold and hand out a patient's programme.", no_args_is_help=True
)
app.add_typer(_program_gate.app, name="gate")

MrnArgument = Annotated[str, typer.Argument(metavar="MRN", help="Medical record number.")]
RevisionOption = Annotated[
    int | None,
    typer.Option("--expect-revision", help="Refuse when somebody else has changed it since."),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the programme.")]


@app.callback()
def program() -> None:
    """Show, change, hold and hand out a patient's programme."""


@app.command(
    "list",
    epilog="Examples: rehabctl program list 1042 | rehabctl program list 1042 --format json",
)
def list_(
    mrn: MrnArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List every programme of a patient, the newest first."""
    from rehabctl.commands._program_views import LIST_COLUMNS, programme_object
    from rehabctl.services import programmes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = programmes.of_patient(store, mrn)
    rows = [programme_object(view) for view in found]
    emit_items(rows, LIST_COLUMNS, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl program show 1042 | rehabctl program show 1042 --format json"
)
def show(
    mrn: MrnArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show the running programme: exercises, doses, days, notes and revision."""
    from rehabctl.services import programmes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        view = programmes.show(store, mrn)
    _emit(view, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl program edit 1042 --set mini-squat.reps=8 "
    '--days mini-squat=mon,wed,fri --note "mini-squat=a chair behind you" | '
    "rehabctl program edit 1042 --add bridge-double --remove quad-set --dry-run"
)
def edit(
    mrn: MrnArgument,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="slug.field=value; repeat for more.")
    ] = None,
    days: Annotated[
        list[str] | None, typer.Option("--days", help="slug=mon,wed,fri; repeat for more.")
    ] = None,
    notes: Annotated[
        list[str] | None, typer.Option("--note", help="slug=text; no text takes it away.")
    ] = None,
    sides: Annotated[
        list[str] | None, typer.Option("--side", help="slug=left, right or bilateral.")
    ] = None,
    add: Annotated[list[str] | None, typer.Option("--add", help="An exercise to add.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="An exercise to take away.")
    ] = None,
    comment: Annotated[
        str | None, typer.Option("--comment", help="A note for the whole programme.")
    ] = None,
    expect_revision: RevisionOption = None,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Change the running programme from today on; what was done before keeps its dose."""
    from rehabctl.services import programme_edits, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    change = _edit(overrides, days, notes, sides, add, remove, comment)
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        done = programme_edits.edit(
            store, settings, rules, mrn, change, expect_revision=expect_revision, dry_run=dry_run
        )
    out = Output.of(format_, json_, output, quiet)
    _emit(done.view, out)
    for warning in done.warnings:
        note(f"{warning.slug}: {warning.text}", out)
    if dry_run:
        note("Nothing was stored", out)


@app.command(
    epilog='Examples: rehabctl program hold 1042 --reason "fever, sees her physician" | '
    'rehabctl program hold 1042 --reason "on holiday" --expect-revision 3'
)
def hold(
    mrn: MrnArgument,
    reason: ReasonOption,
    expect_revision: RevisionOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Stand the programme still: no session is due until it is resumed."""
    from rehabctl.services import programmes, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        view = programmes.hold(store, rules, mrn, reason, expect_revision)
    if not quiet:
        note(f"Held from {view.today}, revision {view.programme.revision}")


@app.command(
    epilog='Examples: rehabctl program resume 1042 --reason "seen by her physician" | '
    'rehabctl program resume 1042 --reason "back from holiday" --expect-revision 4'
)
def resume(
    mrn: MrnArgument,
    reason: ReasonOption,
    expect_revision: RevisionOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Let a held programme go on from today."""
    from rehabctl.services import programmes, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        view = programmes.resume(store, rules, mrn, reason, expect_revision)
    if not quiet:
        note(f"Goes on from {view.today}, revision {view.programme.revision}")


@app.command(
    epilog="Examples: rehabctl program progress 1042 --format json | "
    "rehabctl program progress 1042 --accept --expect-revision 2"
)
def progress(
    mrn: MrnArgument,
    accept: Annotated[
        bool, typer.Option("--accept", help="Move the programme into the next phase.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why, where the gate is not met.")
    ] = None,
    expect_revision: RevisionOption = None,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Suggest the next phase with its evidence: the gate judged, and what would change."""
    from rehabctl.commands._program_views import CHANGE_COLUMNS, change_rows, progress_object
    from rehabctl.services import phase_progress, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    with open_store(settings) as store:
        if accept:
            found = phase_progress.accept(
                store,
                settings,
                triage.clinic_rules(settings),
                mrn,
                reason=reason,
                expect_revision=expect_revision,
                dry_run=dry_run,
            )
        else:
            found = phase_progress.progress(store, settings, mrn)
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(progress_object(found) | {"accepted": accept and not dry_run}, out)
    else:
        emit_items(change_rows(found), CHANGE_COLUMNS, out)
    following = "none" if found.following is None else found.following.key
    note(
        f"Phase {found.phase.key}, gate {found.state.replace('_', ' ')}, next phase {following}",
        out,
    )
    for row in () if found.result is None else found.result.predicates:
        note(f"  {row.state.replace('_', ' ')}: {row.text} ({row.evidence})", out)
    if found.library_version not in (None, found.protocol.version):
        note(f"The library holds version {found.library_version} of this protocol", out)


class HandOutFormat(StrEnum):
    """What a patient takes home."""

    PDF = "pdf"
    HTML = "html"
    ICS = "ics"


@app.command(
    epilog="Examples: rehabctl program export 1042 --format pdf -o ana.pdf --with-name | "
    "rehabctl program export 1042 --format ics --at 08:30 -o exercises.ics"
)
def export(
    mrn: MrnArgument,
    kind: Annotated[HandOutFormat, typer.Option("--format", "-f", help="What is written.")],
    output: OutputOption = None,
    with_name: Annotated[
        bool, typer.Option("--with-name", help="Write the patient's name into it.")
    ] = False,
    to: Annotated[
        str, typer.Option("--to", help="patient, or the identifier of a contact who may have it.")
    ] = "patient",
    language: Annotated[
        str | None,
        typer.Option("--language", help="Like es; default the patient's own, else English."),
    ] = None,
    compact: Annotated[
        bool, typer.Option("--compact", help="pdf: several exercises on a page.")
    ] = False,
    at: Annotated[str, typer.Option("--at", help="ics: start of a session, like 08:30.")] = "09:00",
    minutes: Annotated[
        int, typer.Option("--minutes", min=1, max=600, help="ics: length of a session.")
    ] = 30,
    with_exercises: Annotated[
        bool, typer.Option("--with-exercises", help="ics: name the exercises.")
    ] = False,
    quiet: QuietFlag = False,
) -> None:
    """Write the programme for the patient: paper, calendar, or a page that works offline.

    The page saves each session as a file that `session log` reads.
    """
    from datetime import time

    from rehabctl.services import hand_outs
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    try:
        start = time.fromisoformat(at)
    except ValueError:
        raise UsageError(f"{at!r} is no time of day", "Write it like 08:30") from None
    with open_store(load_settings()) as store:
        content = hand_outs.hand_out(
            store, mrn, kind.value, with_name=with_name, to=to, language=language
        )
    if kind is HandOutFormat.PDF:
        data = hand_outs.as_pdf(content, compact=compact)
    elif kind is HandOutFormat.ICS:
        data = hand_outs.as_calendar(
            content, start.replace(tzinfo=None), minutes, with_exercises=with_exercises
        )
    else:
        data = hand_outs.as_page(content)
    out = Output.of(None, False, output, quiet)
    emit_bytes(data, out)
    foreign = sum(e.language != content.texts.language for e in content.exercises)
    mark = f" ({foreign} in English only)" if foreign else ""
    note(f"{counted(len(content.exercises), 'exercise')}{mark}, {len(data)} bytes", out)


def _emit(view: ProgrammeView, out: Output) -> None:
    from rehabctl.commands._program_views import LINE_COLUMNS, programme_object

    shown = programme_object(view)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(shown, out)
        return
    emit_items(shown["exercises"], LINE_COLUMNS, out)
    title = "no protocol"
    if shown["protocol"] is not None:
        title = f"{shown['protocol']} version {shown['protocol_version']}, phase {shown['phase']}"
    note(f"{title}; {view.programme.status}, revision {view.programme.revision}", out)
    if view.programme.held_reason:
        note(f"Held: {view.programme.held_reason}", out)
    if view.programme.notes:
        note(view.programme.notes, out)


def _edit(
    overrides: Iterable[str] | None,
    days: Iterable[str] | None,
    notes: Iterable[str] | None,
    sides: Iterable[str] | None,
    add: Iterable[str] | None,
    remove: Iterable[str] | None,
    comment: str | None,
) -> Edit:
    from rehabctl.clinic.protocol_plan import parse_overrides
    from rehabctl.domain.patient import Side
    from rehabctl.services.programme_edits import Edit

    known = {side.value: side for side in Side}
    chosen: dict[str, Side] = {}
    for slug, word in _pairs(sides, "--side").items():
        if word not in known:
            raise UsageError(f"{word!r} is no side", f"Use {', '.join(known)}")
        chosen[slug] = known[word]
    return Edit(
        overrides=parse_overrides(overrides or ()),
        weekdays={slug: _weekdays(text) for slug, text in _pairs(days, "--days").items()},
        notes=_pairs(notes, "--note"),
        sides=chosen,
        add=tuple(add or ()),
        remove=tuple(remove or ()),
        comment=comment,
    )


def _pairs(texts: Iterable[str] | None, option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts or ():
        slug, separator, value = text.partition("=")
        if not separator:
            raise UsageError(f"{option} needs SLUG=VALUE", f"Write it like {option} mini-squat=...")
        pairs[slug.strip()] = value.strip()
    return pairs


def _weekdays(text: str) -> tuple[int, ...]:
    from rehabctl.commands._program_views import DAYS

    found = {word.strip().lower()[:3] for word in text.split(",")}
    if not found <= set(DAYS):
        raise UsageError(f"{text!r} names no weekdays", f"Use {', '.join(DAYS)}")
    return tuple(number for number, name in enumerate(DAYS, start=1) if name in found)
