"""`rehabctl review`: recordings that wait for a clinician."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rehabctl.commands import _review_labels
from rehabctl.commands._options import (
    Format,
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.errors import UsageError

_DECISIONS = {"accept": "accepted", "adjust": "adjusted", "flag": "flagged"}
app = typer.Typer(help="Review measured recordings.", no_args_is_help=True)


@app.command(
    "list",
    epilog="Examples: rehabctl review list | rehabctl review list --format json --limit 5",
)
def list_(
    limit: LimitOption = 30,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the recordings that wait for review, lowest confidence first.

    Last come those of video visits, which are looked at and not measured.
    """
    from rehabctl.services import review, visit_recordings
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = review.waiting(store, limit)
        visits = visit_recordings.waiting(store, limit - len(found))
    rows: list[dict[str, Any]] = [
        {
            "assessment": item.assessment_id,
            "mrn": mrn,
            "exercise": assessment.exercise,
            "status": assessment.status,
            "confidence": item.confidence,
            "full": assessment.full_count,
            "partial": assessment.partial_count,
            "measured_at": assessment.measured_at,
            "reasons": item.reasons,
            "visit": None,
        }
        for mrn, item, assessment in found
    ]
    rows += [
        {
            "assessment": one.id,
            "mrn": mrn,
            "exercise": visit_recordings.EXERCISE,
            "status": "not_measured",
            "confidence": None,
            "full": None,
            "partial": None,
            "measured_at": one.began_at,
            "reasons": [],
            "visit": one.visit_id,
        }
        for mrn, one in visits
    ]
    shown = ("assessment", "mrn", "exercise", "status", "confidence", "full", "partial", "reasons")
    emit_items(rows, shown, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl review show ASSESSMENT | "
    "rehabctl review show ASSESSMENT --format json"
)
def show(
    assessment: Annotated[str, typer.Argument(help="Identifier from `rehabctl review list`.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show a recording in review with the remarks about its moments."""
    from rehabctl.services import review
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = review.show(store, assessment)
    out = Output.of(format_, json_, output, quiet)
    rows = [
        {
            "at_s": remark.at_s,
            "landmark": remark.landmark,
            "joint": remark.joint,
            "text": remark.body,
            "by": found.authors.get(remark.author_id),
        }
        for remark in found.comments
    ]
    item = found.item
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(
            {
                "assessment": item.assessment_id,
                "mrn": found.mrn,
                "exercise": found.assessment.exercise,
                "status": found.assessment.status,
                "confidence": item.confidence,
                "state": item.state,
                "decision": item.decision,
                "decided_by": found.authors.get(item.decided_by) if item.decided_by else None,
                "decided_at": item.decided_at,
                "comment": item.comment,
                "comments": rows,
            },
            out,
        )
    else:
        emit_items(rows, ("at_s", "joint", "text", "by"), out)
    decided = "waits" if item.decision is None else item.decision.value
    note(f"{found.assessment.exercise}, confidence {item.confidence:.2f}: {decided}", out)


@app.command(
    epilog="Examples: rehabctl review decide ASSESSMENT --decision accept | "
    'rehabctl review decide ASSESSMENT --decision flag --comment "wrong leg"'
)
def decide(
    assessment: Annotated[str, typer.Argument(help="Identifier from `rehabctl review list`.")],
    decision: Annotated[str, typer.Option("--decision", help="accept, adjust or flag.")],
    comment: Annotated[
        str, typer.Option("--comment", help="What was seen; stays in the clinic.")
    ] = "",
    message: Annotated[
        str | None,
        typer.Option("--message", help="Tell the patient, with the remarks about moments."),
    ] = None,
    quiet: QuietFlag = False,
) -> None:
    """Store a clinician's decision about a recording."""
    from rehabctl.domain.review import ReviewDecision
    from rehabctl.services import review, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    try:
        chosen = ReviewDecision(_DECISIONS.get(decision, decision))
    except ValueError:
        raise UsageError(f"{decision!r} is no decision", "Use accept, adjust or flag") from None
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        review.decide(store, rules, assessment, chosen, comment, message)
    if not quiet:
        note(f"Marked {chosen.value}")


@app.command(
    epilog="Examples: rehabctl review film ASSESSMENT --output film.mp4 | "
    "rehabctl review film ASSESSMENT --plain --output film.mp4"
)
def film(
    assessment: Annotated[str, typer.Argument(help="Identifier from `rehabctl review list`.")],
    target: Annotated[Path, typer.Option("--output", "-o", help="The file to make.")],
    plain: Annotated[bool, typer.Option("--plain", help="As it was recorded.")] = False,
    quiet: QuietFlag = False,
) -> None:
    """Write the film of a recording with skeleton, angle, count and remarks drawn over it.

    The file shows the patient and is not encrypted: delete it when you have seen it.
    """
    from rehabctl.services import review
    from rehabctl.services.library import open_library
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_films, open_store

    settings = load_settings()
    library = open_library(settings)
    with (
        open_store(settings) as store,
        open_films(settings, store, lambda found: review.load(store, library, found)) as films,
    ):
        films.write(assessment, target, plain=plain)
    if not quiet:
        note(f"Wrote {target.name}; it is not encrypted")


app.add_typer(_review_labels.app)
