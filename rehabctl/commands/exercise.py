"""`rehabctl exercise`: find, read, check, take in and hand on exercises of the library."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._exercise_views import COLUMNS, exercise_card, exercise_object
from rehabctl.commands._findings import FindingFormatOption, emit_findings
from rehabctl.commands._options import (
    CursorOption,
    DryRunFlag,
    Format,
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, emit_text, note
from rehabctl.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rehabctl.reference.exercise_search import ExerciseQuery

app = typer.Typer(help="Find, read and check exercises of the library.", no_args_is_help=True)


class Instrument(StrEnum):
    """By what an exercise can be measured."""

    CAMERA = "camera"
    IMU = "imu"
    TIMER = "timer"


class ExportFormat(StrEnum):
    """How exercises are handed on."""

    TOML = "toml"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


RegionOption = Annotated[str | None, typer.Option("--region", help="Such as knee or shoulder.")]
TypeOption = Annotated[str | None, typer.Option("--type", help="Such as strengthening.")]
DifficultyOption = Annotated[
    int | None, typer.Option("--difficulty", min=1, max=5, help="1 (easy) to 5.")
]
EquipmentOption = Annotated[
    str | None, typer.Option("--equipment", help="Such as chair; none for no equipment.")
]
PositionOption = Annotated[str | None, typer.Option("--position", help="Such as seated.")]
DiagnosisOption = Annotated[
    str | None, typer.Option("--diagnosis", help="TKR, words of its name, or an ICD-10 code.")
]
MeasurableOption = Annotated[
    Instrument | None, typer.Option("--measurable-by", help="What can measure it.")
]
SlugArgument = Annotated[str, typer.Argument(metavar="SLUG", help="See: rehabctl exercise search")]
PathsArgument = Annotated[
    list[Path], typer.Argument(metavar="PATH...", help="Files, or folders to look through.")
]


@app.command(
    "list",
    epilog="Examples: rehabctl exercise list --region knee | "
    "rehabctl exercise list --diagnosis TKR --measurable-by camera --json",
)
def list_(
    region: RegionOption = None,
    type_: TypeOption = None,
    difficulty: DifficultyOption = None,
    equipment: EquipmentOption = None,
    position: PositionOption = None,
    diagnosis: DiagnosisOption = None,
    measurable_by: MeasurableOption = None,
    limit: LimitOption = 1000,
    cursor: CursorOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the exercises of the library, all of them or those that the filters let through."""
    query = _query("", region, type_, difficulty, equipment, position, diagnosis, measurable_by)
    _emit_found(query, limit, cursor, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl exercise search heel slide | "
    "rehabctl exercise search stairs --diagnosis Z96.651 --json"
)
def search(
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS...", help="Words or beginnings of words.")
    ],
    region: RegionOption = None,
    type_: TypeOption = None,
    difficulty: DifficultyOption = None,
    equipment: EquipmentOption = None,
    position: PositionOption = None,
    diagnosis: DiagnosisOption = None,
    measurable_by: MeasurableOption = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Search names, other names, instructions, equipment and conditions; the best match first."""
    query = _query(
        " ".join(words), region, type_, difficulty, equipment, position, diagnosis, measurable_by
    )
    _emit_found(query, limit, cursor, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl exercise show sit-to-stand | "
    "rehabctl exercise show bodyweight-squat --json"
)
def show(
    slug: SlugArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show one exercise: instructions, dose, measurement, links and where it comes from."""
    from rehabctl.services.library import open_library
    from rehabctl.services.settings import load_settings

    library = open_library(load_settings())
    exercise = library.get(slug)
    out = Output.of(format_, json_, output, quiet)
    if out.format is Format.TABLE:
        emit_text(exercise_card(exercise, library.origin(slug)), out)
    else:
        emit_object(exercise_object(exercise) | {"origin": library.origin(slug)}, out)


@app.command(
    epilog="Examples: rehabctl exercise validate exercises/ references/ | "
    "rehabctl exercise validate knee.toml --format github"
)
def validate(
    paths: PathsArgument,
    format_: FindingFormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check files of exercises, variants, protocols and reference data.

    Exit code 0 when nothing was found, 3 with findings, 2 when there was no file to look at.
    """
    from rehabctl.services.library import open_library
    from rehabctl.services.library_validation import validate as validate_paths
    from rehabctl.services.settings import load_settings

    files, findings = validate_paths(paths, open_library(load_settings()))
    emit_findings("rehabctl exercise validate", files, findings, (format_, json_, output, quiet))


@app.command(
    "import",
    epilog="Examples: rehabctl exercise import our-exercises/ --dry-run | "
    "rehabctl exercise import shoulder.toml --json",
)
def import_(
    paths: PathsArgument,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take exercises from TOML files into this installation's own folder.

    Exercises with errors are left out and reported with their lines; then the exit code is 7.
    """
    from dataclasses import asdict

    from rehabctl.services.library import import_exercises
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    report = import_exercises(paths, load_settings(), dry_run=dry_run)
    if out.format in (Format.TABLE, Format.PLAIN):
        for reject in report.rejects:
            note(f"{reject.file}:{reject.line}: {reject.field}: {reject.message}")
        counts = {key: value for key, value in asdict(report).items() if key != "rejects"}
        emit_object(counts, out)
    else:
        emit_object(asdict(report), out)
    if report.rejects:
        raise typer.Exit(ExitCode.PARTIAL)


@app.command(
    epilog="Examples: rehabctl exercise export sit-to-stand mini-squat -o chair.toml | "
    "rehabctl exercise export --region knee --format json"
)
def export(
    slugs: Annotated[
        list[str] | None,
        typer.Argument(metavar="SLUG...", help="Which; without a slug all that the filters leave."),
    ] = None,
    region: RegionOption = None,
    type_: TypeOption = None,
    difficulty: DifficultyOption = None,
    equipment: EquipmentOption = None,
    position: PositionOption = None,
    diagnosis: DiagnosisOption = None,
    measurable_by: MeasurableOption = None,
    format_: Annotated[
        ExportFormat, typer.Option("--format", "-f", help="How they are written.")
    ] = ExportFormat.TOML,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Write exercises as a file that `exercise validate` and `exercise import` read."""
    from rehabctl.reference.exercise_toml import to_toml
    from rehabctl.services.library import open_library
    from rehabctl.services.settings import load_settings

    library = open_library(load_settings())
    if slugs:
        exercises = [library.get(slug) for slug in slugs]
    else:
        query = _query("", region, type_, difficulty, equipment, position, diagnosis, measurable_by)
        exercises = library.search(query)
    chosen = ExportFormat.JSON if json_ else format_
    if chosen is ExportFormat.TOML:
        emit_text(to_toml(exercises), Output.of(Format.PLAIN, False, output, quiet))
        return
    out = Output.of(Format(chosen.value), False, output, quiet)
    emit_items([exercise_object(exercise) for exercise in exercises], COLUMNS, out)


def _query(
    text: str,
    region: str | None,
    type_: str | None,
    difficulty: int | None,
    equipment: str | None,
    position: str | None,
    diagnosis: str | None,
    measurable_by: Instrument | None,
) -> ExerciseQuery:
    from rehabctl.reference.exercise_search import ExerciseQuery
    from rehabctl.reference.exercise_vocabulary import load_vocabulary

    words = load_vocabulary()
    _known("region", region, words.regions)
    _known("type", type_, words.types)
    _known("position", position, words.positions)
    return ExerciseQuery(
        text=text,
        region=region,
        type=type_,
        difficulty=difficulty,
        equipment=equipment,
        position=position,
        diagnosis=diagnosis,
        measurable_by=None if measurable_by is None else measurable_by.value,
    )


def _known(name: str, value: str | None, known: frozenset[str]) -> None:
    if value is not None and value not in known:
        raise UsageError(f"unknown {name} {value!r}", f"Known are {', '.join(sorted(known))}")


def _emit_found(query: ExerciseQuery, limit: int, cursor: str | None, out: Output) -> None:
    from rehabctl.services.library import open_library
    from rehabctl.services.settings import load_settings

    found = open_library(load_settings()).search(query)
    if cursor is not None and not cursor.isdecimal():
        raise UsageError(f"unknown cursor {cursor!r}", "Use `next` of the page before")
    start = int(cursor or 0)
    page = found[start : start + limit]
    following = str(start + limit) if start + limit < len(found) else None
    emit_items([exercise_object(e) for e in page], COLUMNS, out, next_cursor=following)
    if following:
        note(f"{len(found)} found; go on with --cursor {following}", out)
