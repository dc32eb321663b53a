"""`rehabctl session`: what patients did between visits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import (
    Format,
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError

if TYPE_CHECKING:
    from rehabctl.domain.session import ExerciseSession

app = typer.Typer(help="Log what patients did between visits.", no_args_is_help=True)

_MAX_BYTES = 4 * 2**20
_HELD = "The programme is held until it is resumed"


ByOption = Annotated[
    str, typer.Option("--by", help="patient, me, or the identifier of a contact who may log.")
]


@app.callback()
def session() -> None:
    """Log what patients did between visits."""


@app.command(
    epilog="Examples: rehabctl session log --patient 1042 --file session.json | "
    "rehabctl session log --patient 1042 --file -"
)
def log(
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    file: Annotated[Path, typer.Option("--file", help="The upload; - is standard input.")],
    by: ByOption = "patient",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Store one session that a patient's device uploaded; the same upload twice changes nothing."""
    from rehabctl.services import exercise_sessions, triage
    from rehabctl.services.library import open_library
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    upload = _read(file)
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        library = open_library(settings)
        done = exercise_sessions.log(store, library, rules, patient, upload, by=by)
    out = Output.of(format_, json_, output, quiet)
    emit_object(
        {"id": done.external_id, "created": done.is_new, "session": done.session_id}
        | ({"journal": done.journal, "held": done.held} if "journal" in upload else {}),
        out,
    )
    if done.held:
        note(_HELD, out)


@app.command(
    epilog="Examples: rehabctl session journal --patient 1042 --pain 3 --sleep 7 | "
    "rehabctl session journal --patient 1042 --file journal.json"
)
def journal(
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    file: Annotated[
        Path | None, typer.Option("--file", help="The upload; - is standard input.")
    ] = None,
    pain: Annotated[float | None, typer.Option("--pain", help="0 to 10.")] = None,
    sleep: Annotated[int | None, typer.Option("--sleep", help="0 to 10, 10 is best.")] = None,
    symptoms: Annotated[str | None, typer.Option("--symptoms", help="In words.")] = None,
    red_flags: Annotated[
        list[str] | None,
        typer.Option("--red-flag", help="Question answered with yes; repeat for more."),
    ] = None,
    by: ByOption = "patient",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Store a daily check-in: pain, sleep, symptoms, red flags. A red flag holds the programme."""
    from rehabctl.services import journal_entries, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    given = {"pain": pain, "sleep_quality": sleep, "symptoms": symptoms}
    upload: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if red_flags:
        upload["red_flags"] = red_flags
    if (file is None) == (not upload):
        raise UsageError("say what to log", "Give --file, or options such as --pain 3")
    if file is not None:
        upload = _read(file)
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        done = journal_entries.log(store, rules, patient, upload, by=by)
    out = Output.of(format_, json_, output, quiet)
    emit_object({"id": done.external_id, "created": done.is_new, "held": done.held}, out)
    if done.held:
        note(_HELD, out)


@app.command(
    "list",
    epilog="Examples: rehabctl session list --patient 1042 | "
    "rehabctl session list --patient 1042 --limit 5 --format json",
)
def list_(
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    limit: LimitOption = 30,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the sessions of a patient, the newest first."""
    from rehabctl.services import exercise_sessions
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = exercise_sessions.of_patient(store, patient, limit)
    columns = ("id", "started_at", "completed_at", "done", "planned", "pain_before", "pain_after")
    rows = [_row(session) for session in found]
    emit_items(rows, (*columns, "difficulty"), Output.of(format_, json_, output, quiet))


@app.command(epilog="Examples: rehabctl session show ID | rehabctl session show ID --format json")
def show(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl session list`.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show one session: each exercise with sets, pain, difficulty and why it was skipped."""
    from rehabctl.services import exercise_sessions
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        mrn, found = exercise_sessions.show(store, session_id)
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object({"mrn": mrn} | _row(found) | {"exercises": found.entries}, out)
        return
    rows = [to_json_value(entry) for entry in found.entries]
    columns = ("exercise", "done", "reps_per_set", "hold_s", "duration_s", "pain_after")
    emit_items(rows, (*columns, "difficulty", "skip_reason", "notes"), out)
    if found.notes:
        note(found.notes, out)


def _row(session: ExerciseSession) -> dict[str, Any]:
    return {
        "id": session.id,
        "external_id": session.external_id,
        "started_at": session.started_at,
        "completed_at": session.completed_at,
        "done": sum(entry.done for entry in session.entries),
        "planned": len(session.entries),
        "pain_before": session.pain_before,
        "pain_during": session.pain_during,
        "pain_after": session.pain_after,
        "difficulty": session.difficulty,
        "entered_by": session.entered_by,
        "source": session.source,
        "notes": session.notes,
    }


def _read(file: Path) -> dict[str, Any]:
    import json
    import sys

    name = "standard input" if str(file) == "-" else file.name
    try:
        data = sys.stdin.buffer.read(_MAX_BYTES) if str(file) == "-" else file.read_bytes()
        loaded: Any = json.loads(data[:_MAX_BYTES])
    except FileNotFoundError:
        raise NotFoundError(f"{file.name} does not exist", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {file.name}: {error.strerror}", "Check it") from None
    except (ValueError, RecursionError):
        raise FindingsError(f"{name} is not JSON", "Send the upload again") from None
    if not isinstance(loaded, dict):
        raise FindingsError(f"{name} holds no JSON object", "Send the upload again")
    return loaded  # pyright: ignore[reportUnknownVariableType]
