"""`rehabctl visit sheet|units|rate`: before, in and after a visit."""

from __future__ import annotations

from typing import Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_object

VisitId = Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl visit list`.")]


def sheet(
    visit_id: VisitId,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Print the join sheet: times, licensure, and what to do when the call breaks."""
    from rehabctl.services import licences, visit_sheet
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    compact = licences.clinic_compact(settings)
    with open_store(settings) as store:
        found = visit_sheet.join_sheet(store, compact, visit_id)
    emit_object(
        {
            "mrn": found.mrn,
            "type": found.visit.appointment_type or found.visit.kind.value,
            "status": found.visit.status,
            "start_clinic": f"{found.clinic_start:%Y-%m-%d %H:%M %Z}",
            "start_patient": f"{found.patient_start:%Y-%m-%d %H:%M %Z}",
            "phone": found.phone,
            "expected_state": found.visit.expected_state,
            "licence": found.licence.verdict,
            "licence_reasons": found.licence.reasons,
        }
        | {
            f"step_{n}_{step.channel}": f"{step.text} ({step.command})"
            for n, step in enumerate(found.steps, start=1)
        },
        Output.of(format_, json_, output, quiet),
    )


def units(
    visit_id: VisitId,
    rule: Annotated[
        str, typer.Option("--rule", help="cms (total time) or ama (per code).")
    ] = "cms",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Count the units of a visit as they stand now; a running code counts up to now."""
    from rehabctl.services import visit_sheet
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = visit_sheet.running_units(store, visit_id, rule)
    emit_object(
        {
            "rule": found.rule,
            "rule_version": found.rule_version,
            "total_timed_minutes": found.total_timed_minutes,
            "total_timed_units": found.total_timed_units,
            "lines": found.lines,
            "ties": found.ties,
        },
        Output.of(format_, json_, output, quiet),
    )


def rate(
    visit_id: VisitId,
    score: Annotated[int, typer.Argument(help="The patient's answer, 0 to 10.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Keep how satisfied the patient was with a visit, 0 to 10."""
    from rehabctl.services import visit_sheet
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        visit = visit_sheet.rate(store, visit_id, score)
    emit_object(
        {"id": visit.id, "satisfaction": visit.satisfaction},
        Output.of(format_, json_, output, quiet),
    )
