"""`rehabctl note`: draft from facts, write your own words, sign, add, hand out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_bytes, emit_items, emit_object, note
from rehabctl.commands._words import member, text_of
from rehabctl.domain.errors import UsageError
from rehabctl.domain.note import NoteKind

if TYPE_CHECKING:
    from rehabctl.services.notes import NoteView

app = typer.Typer(help="Draft, write and sign clinical notes.", no_args_is_help=True)

NoteId = Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl note list`.")]
TextOption = Annotated[str | None, typer.Option("--text", help="Your words.")]
FileOption = Annotated[str | None, typer.Option("--file", help="A file with them; - is stdin.")]
CredentialsOption = Annotated[
    str, typer.Option("--credentials", help='Yours, such as "PT, DPT".', metavar="WORDS")
]
_COLUMNS = ("id", "kind", "day", "status", "signed_at", "signature_valid", "seconds_to_sign")


@app.command(
    epilog="Examples: rehabctl note draft --visit ID | "
    "rehabctl note draft --patient 1042 --kind progress"
)
def draft(
    visit: Annotated[str | None, typer.Option("--visit", help="A visit that was held.")] = None,
    patient: Annotated[
        str | None, typer.Option("--patient", help="For a report on the course of care.")
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", help="daily, progress, discharge or authorisation.")
    ] = "daily",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Draft a note from measured facts; the judgement is left to you."""
    from rehabctl.services import note_drafts, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    chosen = member(NoteKind, kind, "--kind")
    if chosen is NoteKind.ADDENDUM:
        raise UsageError("an addendum is not drafted", "Use: rehabctl note addendum ID")
    if (visit is None) == (patient is None) or (chosen is NoteKind.DAILY) != (visit is not None):
        raise UsageError(
            "a daily note belongs to a visit, every other kind to a patient",
            "Give --visit ID, or --patient MRN with --kind",
        )
    settings = load_settings()
    template, rules = note_drafts.clinic_template(settings, chosen), triage.clinic_rules(settings)
    with open_store(settings) as store:
        if visit is not None:
            view = note_drafts.draft_of_visit(store, rules, template, visit)
        else:
            view = note_drafts.draft_of_episode(store, rules, template, str(patient))
    _emit(view, Output.of(format_, json_, output, quiet))


@app.command(epilog="Examples: rehabctl note show ID | rehabctl note show ID --json")
def show(
    note_id: NoteId,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show a note, what was added to it, and what is still missing."""
    from rehabctl.services import notes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        view = notes.show(store, note_id)
    _emit(view, Output.of(format_, json_, output, quiet))


@app.command(
    epilog='Examples: rehabctl note edit ID --section Assessment --text "Goal 1 met" | '
    "rehabctl note edit ID --whole --file -"
)
def edit(
    note_id: NoteId,
    section: Annotated[
        str | None, typer.Option("--section", help="Heading of the section to write.")
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Replace the whole text.")] = False,
    text: TextOption = None,
    file: FileOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Write into a draft; a signed note stays as it is (exit 3)."""
    from rehabctl.services import notes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    words = text_of(text, file)
    with open_store(load_settings()) as store:
        view = notes.edit(store, note_id, words, section=section, whole=whole)
    _emit(view, Output.of(format_, json_, output, quiet))


@app.command(
    epilog='Examples: rehabctl note sign ID --credentials "PT, DPT" | '
    "rehabctl note sign ID --credentials PT --json"
)
def sign(
    note_id: NoteId,
    credentials: CredentialsOption,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Sign a draft: it is locked with hash, time and credentials."""
    from rehabctl.services import notes, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        view = notes.sign(store, rules, note_id, credentials)
    out = Output.of(format_, json_, output, quiet)
    emit_object(_line(view), out)


@app.command(
    epilog='Examples: rehabctl note addendum ID --text "Left, not right" --credentials PT | '
    "rehabctl note addendum ID --file - --credentials PT"
)
def addendum(
    note_id: NoteId,
    credentials: CredentialsOption,
    text: TextOption = None,
    file: FileOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Add to a signed note; the note itself stays as it is."""
    from rehabctl.services import notes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    words = text_of(text, file)
    with open_store(load_settings()) as store:
        view = notes.add_addendum(store, note_id, words, credentials)
    _emit(view, Output.of(format_, json_, output, quiet))


@app.command(
    "list", epilog="Examples: rehabctl note list 1042 | rehabctl note list 1042 --format json"
)
def list_(
    mrn: Annotated[str, typer.Argument(help="Medical record number.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the notes of a patient."""
    from rehabctl.services import notes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = notes.of_patient(store, mrn)
    rows = [_line(view) for view in found]
    emit_items(rows, _COLUMNS, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl note export ID --as pdf -o note.pdf | "
    "rehabctl note export ID --as text"
)
def export(
    note_id: NoteId,
    as_: Annotated[str, typer.Option("--as", help="text, html or pdf.")] = "text",
    output: OutputOption = None,
) -> None:
    """Write a note as a file; a draft says on every page that it is one."""
    from rehabctl.services import note_export
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        content = note_export.export(store, note_id, as_)
    emit_bytes(content, Output.of(None, False, output))


def _emit(view: NoteView, out: Output) -> None:
    emit_object(
        _line(view)
        | {
            "body": view.note.body,
            "addenda": [
                {
                    "body": one.body,
                    "signed_at": one.signed_at,
                    "signer_name": one.signer_name,
                    "credentials": one.credentials,
                }
                for one in view.addenda
            ],
            "findings": view.findings,
        },
        out,
    )
    if view.note.signed_at is None:
        note("A draft: write the parts that are yours, then sign it.", out)


def _line(view: NoteView) -> dict[str, Any]:
    one = view.note
    return {
        "id": one.id,
        "mrn": view.mrn,
        "kind": one.kind,
        "day": one.for_day,
        "status": one.status,
        "draft": one.signed_at is None,
        "opened_at": one.opened_at,
        "signed_at": one.signed_at,
        "signer_name": one.signer_name,
        "credentials": one.credentials,
        "content_sha256": one.content_sha256,
        "signature_valid": view.signature_valid,
        "seconds_to_sign": view.seconds_to_sign,
        "template": one.template,
        "visit_id": one.visit_id,
        "addendum_to": one.addendum_to,
    }
