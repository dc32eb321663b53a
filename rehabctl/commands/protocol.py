"""`rehabctl protocol`: phase-based treatment templates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._findings import FindingFormatOption, emit_findings
from rehabctl.commands._options import (
    DryRunFlag,
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.clinic.protocol_plan import PlannedExercise
    from rehabctl.domain.protocol import Phase

app = typer.Typer(help="Show protocol templates and assign them.", no_args_is_help=True)


@app.command(
    "list",
    epilog="Examples: rehabctl protocol list | rehabctl protocol list --format json",
)
def list_(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the protocol templates."""
    from rehabctl.services.library import open_protocols
    from rehabctl.services.settings import load_settings

    rows = [
        {
            "slug": p.slug,
            "name": p.name,
            "version": p.version,
            "phases": [phase.key for phase in p.phases],
            "targets": p.targets,
            "grade": p.grade,
            "as_of": p.as_of,
        }
        for p in open_protocols(load_settings()).all()
    ]
    columns = ("slug", "name", "version", "phases", "targets", "grade", "as_of")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl protocol show total-knee-replacement | "
    "rehabctl protocol show total-knee-replacement --format json"
)
def show(
    slug: Annotated[str, typer.Argument(help="Slug of the protocol.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show one template: its phases, exercises, doses, gates and sources."""
    from rehabctl.services.library import open_protocols
    from rehabctl.services.settings import load_settings

    protocol = open_protocols(load_settings()).get(slug)
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(to_json_value(protocol), out)
        return
    rows = [
        {
            "phase": phase.key,
            "weeks": _weeks(phase),
            "exercises": [row.slug for row in protocol.exercises_of(phase.key)],
            "gate": " ".join(phase.gate.split()),
        }
        for phase in protocol.phases
    ]
    emit_items(rows, ("phase", "weeks", "exercises", "gate"), out)
    note(f"{protocol.name}, version {protocol.version}, as of {protocol.as_of}", out)
    note("A clinician approves it before use. Sources: " + "; ".join(protocol.sources), out)


def _weeks(phase: Phase) -> str:
    end = "" if phase.to_week is None else f"{phase.to_week:g}"
    return f"{phase.from_week or 0:g}-{end}"


@app.command(
    epilog="Examples: rehabctl protocol validate protocols/ | "
    "rehabctl protocol validate own-cuff.toml --format github"
)
def validate(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, or folders to look through.")
    ],
    format_: FindingFormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check files of protocols and of surgeons' variants: exit 0, 3 with findings, 2 without files.

    Exercises that stand beside them are checked as well.
    """
    from rehabctl.services.library import open_library
    from rehabctl.services.library_validation import validate as validate_paths
    from rehabctl.services.settings import load_settings

    files, findings = validate_paths(paths, open_library(load_settings()))
    emit_findings("rehabctl protocol validate", files, findings, (format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl protocol assign total-knee-replacement --patient 1042 "
    "--start 2026-03-02 | rehabctl protocol assign total-knee-replacement --patient 1042 "
    "--start 2026-03-02 --set quad-set.reps=8 --dry-run"
)
def assign(
    slug: Annotated[str, typer.Argument(help="Slug of the protocol.")],
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    start: Annotated[str, typer.Option("--start", help="First day, like 2026-03-02.")],
    phase: Annotated[
        str | None, typer.Option("--phase", help="Phase; default by weeks after surgery.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="slug.field=value; repeat for more.")
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--parameter", help="key=number of the surgeon; repeat for more."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="End a running programme on the day before.")
    ] = False,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Assign a phase of a template to a patient as a programme pinned to this version."""
    from datetime import date

    from rehabctl.clinic.protocol_plan import parse_overrides
    from rehabctl.services import prescribing, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    try:
        first_day = date.fromisoformat(start)
    except ValueError:
        raise UsageError(f"{start!r} is not a date", "Write it like 2026-03-02") from None
    wanted = parse_overrides(overrides or [])
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        done = prescribing.assign(
            store,
            settings,
            rules,
            slug,
            patient,
            first_day,
            phase=phase,
            overrides=wanted,
            parameters=_numbers(parameters or []),
            replace=replace,
            dry_run=dry_run,
        )
    out = Output.of(format_, json_, output, quiet)
    lines = [_line(planned) for planned in done.planned]
    if out.format in (Format.JSON, Format.JSONL):
        facts = {
            "protocol": done.protocol,
            "version": done.version,
            "phase": done.phase,
            "start": first_day,
            "dry_run": dry_run,
            "exercises": lines,
        }
        emit_object(facts, out)
    else:
        columns = ("exercise", "sets", "reps", "hold_s", "per_week", "target_deg", "assigned")
        emit_items(lines, (*columns, "approved"), out)
    for planned in done.planned:
        for hit in planned.contraindications:
            note(f"{planned.slug}: {hit.effect}: {hit.text}", out)
        if settings.approved_only and not planned.approved:
            note(f"{planned.slug}: not assigned, since nobody has approved it", out)
        if planned.only_if:
            note(f"{planned.slug}: confirm before adding it: {planned.only_if}", out)
    verb = "Would assign" if dry_run else "Assigned"
    note(f"{verb} {slug} version {done.version}, phase {done.phase}, from {first_day}", out)


def _line(planned: PlannedExercise) -> dict[str, Any]:
    return {
        "exercise": planned.slug,
        "sets": planned.dose.sets,
        "reps": planned.dose.reps,
        "hold_s": planned.dose.hold_s,
        "rest_s": planned.dose.rest_s,
        "per_week": planned.dose.per_week,
        "target_deg": planned.target_deg,
        "assigned": planned.selected,
        "approved": planned.approved,
        "contraindications": planned.contraindications,
        "only_if": planned.only_if or None,
    }


def _numbers(texts: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        key, _, value = text.partition("=")
        try:
            found[key.strip()] = float(value)
        except ValueError:
            raise UsageError(
                f"cannot read {text!r}", "Write it like --parameter shift_weeks=4"
            ) from None
    return found
