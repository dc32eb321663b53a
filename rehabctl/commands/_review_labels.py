"""`rehabctl review label|labels|comment|comments`: what a clinician saw in a recording."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from rehabctl.commands._options import DryRunFlag, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import UsageError
from rehabctl.domain.review import RepetitionLabel

app = typer.Typer(no_args_is_help=True)
labels_app = typer.Typer(help="Show and export labels of repetitions.", no_args_is_help=True)
app.add_typer(labels_app, name="labels")

AssessmentArgument = Annotated[
    str, typer.Argument(help="Identifier from `rehabctl review list`.", metavar="ASSESSMENT")
]
_PAIR = re.compile(r"([1-9][0-9]{0,3})(?:-([1-9][0-9]{0,3}))?=(\w+)")
_COLUMNS = ("repetition", "kind", "side", "start_s", "peak_s", "peak_deg", "label")


@app.command(
    epilog="Examples: rehabctl review label ASSESSMENT 1=correct 2=compensated | "
    "rehabctl review label ASSESSMENT 1-4=correct 5=incorrect"
)
def label(
    assessment: AssessmentArgument,
    labels: Annotated[
        list[str],
        typer.Argument(help="Such as 2=compensated or 1-4=correct.", metavar="REPETITION=LABEL..."),
    ],
    quiet: QuietFlag = False,
) -> None:
    """Mark repetitions of a recording as correct, compensated or incorrect.

    A later label replaces the one before. Labels serve the training of better models; they leave
    the store only with `rehabctl review labels export`.
    """
    from rehabctl.services import repetition_labels, review
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    chosen = _labels(labels)
    with open_store(load_settings()) as store:
        found = repetition_labels.label(store, review.assessment_uuid(assessment), chosen)
    if not quiet:
        note(f"{counted(len(found), 'repetition')} with a label")


def _labels(pairs: list[str]) -> dict[int, RepetitionLabel]:
    chosen: dict[int, RepetitionLabel] = {}
    for pair in pairs:
        found = _PAIR.fullmatch(pair)
        if found is None:
            raise UsageError(f"{pair!r} labels no repetition", "Write it like 2=compensated")
        first, last, word = found.groups()
        try:
            value = RepetitionLabel(word)
        except ValueError:
            raise UsageError(
                f"{word!r} is no label", "Use correct, compensated or incorrect"
            ) from None
        chosen |= dict.fromkeys(range(int(first), int(last or first) + 1), value)
    if not chosen:
        raise UsageError("no repetition was named", "Write it like 1-4=correct")
    return chosen


@labels_app.command(
    epilog="Examples: rehabctl review labels show ASSESSMENT | "
    "rehabctl review labels show ASSESSMENT --format json"
)
def show(
    assessment: AssessmentArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show the repetitions of a recording with their labels."""
    from rehabctl.services import repetition_labels, review
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = repetition_labels.labels_of(store, review.assessment_uuid(assessment))
    rows = [
        {key: row[key] for key in _COLUMNS if key in row} | {"repetition": row["index"], "label": w}
        for row, w in found
    ]
    emit_items(rows, _COLUMNS, Output.of(format_, json_, output, quiet))


@labels_app.command(
    epilog="Examples: rehabctl review labels export --out labels --dry-run | "
    "rehabctl review labels export --out labels --format json"
)
def export(
    out: Annotated[Path, typer.Option("--out", help="Folder to make.")],
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Write labelled keypoints of the patients whose consent to model training is active.

    `labels.csv` and one keypoint file a recording, under made-up names, without dates. Everybody
    else is left out; the counts say how many recordings.
    """
    from rehabctl.services import repetition_labels
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = repetition_labels.export(store, out, dry_run=dry_run)
    result = {
        "recordings": found.recordings,
        "repetitions": found.repetitions,
        "persons": found.persons,
        "left_out": {
            "no_consent": found.without_consent,
            "no_keypoints": found.without_keypoints,
        },
        "written": not dry_run,
    }
    emit_object(result, Output.of(format_, json_, None, quiet))


@app.command(
    epilog="Examples: rehabctl review comment ASSESSMENT --at 3.2 --text 'heel lifts' | "
    "rehabctl review comment ASSESSMENT --at 5 --text 'knee in' --landmark 25"
)
def comment(
    assessment: AssessmentArgument,
    at_s: Annotated[float, typer.Option("--at", min=0, help="Seconds from the start.")],
    text: Annotated[str, typer.Option("--text", help="What is seen there.")],
    landmark: Annotated[
        int | None,
        typer.Option("--landmark", min=0, max=32, help="Number of the landmark it is about."),
    ] = None,
    joint: Annotated[str | None, typer.Option("--joint", help="Such as knee.")] = None,
    quiet: QuietFlag = False,
) -> None:
    """Write a remark at a moment of a recording; `pose analyze --marks` draws it into the film."""
    from rehabctl.services import review
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        review.comment(store, assessment, at_s=at_s, body=text, landmark=landmark, joint=joint)
    if not quiet:
        note("Noted")


@app.command(
    epilog="Examples: rehabctl review comments ASSESSMENT | "
    "rehabctl review comments ASSESSMENT --format json"
)
def comments(
    assessment: AssessmentArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the remarks about a recording, in the order of its time."""
    from rehabctl.services import review
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = review.comments(store, assessment)
    rows = [
        {"at_s": one.at_s, "landmark": one.landmark, "joint": one.joint, "text": one.body}
        for one in found
    ]
    emit_items(
        rows, ("at_s", "landmark", "joint", "text"), Output.of(format_, json_, output, quiet)
    )
