"""`rehabctl review`: recordings that wait for a clinician."""

from __future__ import annotations

from typing import Annotated

import typer

from rehabctl.commands import _review_labels
from rehabctl.commands._options import FormatOption, JsonFlag, LimitOption, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, note
from rehabctl.domain.errors import UsageError

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
    """List the recordings that wait for review, lowest confidence first."""
    from rehabctl.services import review
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = review.waiting(store, limit)
    rows = [
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
        }
        for mrn, item, assessment in found
    ]
    shown = ("assessment", "mrn", "exercise", "status", "confidence", "full", "partial", "reasons")
    emit_items(rows, shown, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl review decide ASSESSMENT --decision accepted | "
    'rehabctl review decide ASSESSMENT --decision flagged --comment "wrong leg"'
)
def decide(
    assessment: Annotated[str, typer.Argument(help="Identifier from `rehabctl review list`.")],
    decision: Annotated[str, typer.Option("--decision", help="accepted, adjusted or flagged.")],
    comment: Annotated[str, typer.Option("--comment", help="What was seen.")] = "",
    quiet: QuietFlag = False,
) -> None:
    """Store a clinician's decision about a recording."""
    from rehabctl.domain.review import ReviewDecision
    from rehabctl.services import review, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    try:
        chosen = ReviewDecision(decision)
    except ValueError:
        raise UsageError(
            f"{decision!r} is no decision", "Use accepted, adjusted or flagged"
        ) from None
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        review.decide(store, rules, assessment, chosen, comment)
    if not quiet:
        note(f"Marked {chosen.value}")


app.add_typer(_review_labels.app)
