"""`rehabctl schedule waitlist|suitability`: who waits, and how visits can be held."""

from __future__ import annotations

from typing import Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object
from rehabctl.commands._schedule_options import (
    TypeOption,
    tables_in_force,
)
from rehabctl.commands._times import day
from rehabctl.domain.errors import UsageError


def waitlist(
    add: Annotated[str | None, typer.Option("--add", help="Record number to put on it.")] = None,
    remove: Annotated[str | None, typer.Option("--remove", help="Entry to take off it.")] = None,
    type_: TypeOption = "treatment",
    from_: Annotated[str | None, typer.Option("--from", help="Earliest day.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Latest day.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List who waits, those first who need it most; add or remove an entry."""
    from rehabctl.services import calendars
    from rehabctl.services.wiring import open_store

    if add is not None and remove is not None:
        raise UsageError("--add and --remove do not go together", "Run it twice")
    settings, tables = tables_in_force()
    with open_store(settings) as store:
        if add is not None:
            calendars.add_wish(
                store,
                tables,
                add,
                type_,
                earliest_on=day(from_, "--from"),
                latest_on=day(until, "--until"),
            )
        if remove is not None:
            calendars.remove_wish(store, remove)
        found = calendars.waiting(store)
    rows = [
        {
            "id": entry.id,
            "mrn": mrn,
            "tier": tier,
            "type": entry.appointment_type,
            "added_at": entry.added_at,
            "earliest_on": entry.earliest_on,
            "latest_on": entry.latest_on,
        }
        for entry, mrn, tier in found
    ]
    columns = ("id", "mrn", "tier", "type", "added_at", "latest_on")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


def suitability(
    mrn: Annotated[str, typer.Argument(help="Medical record number.")],
    falls: Annotated[int, typer.Option("--falls", min=0, help="In the last 12 months.")] = 0,
    device: Annotated[
        str, typer.Option("--device", help="video, phone or none: what the patient has.")
    ] = "video",
    caregiver: Annotated[
        bool, typer.Option("--caregiver", help="Somebody can be with the patient.")
    ] = False,
    first_visit: Annotated[
        bool, typer.Option("--first-visit", help="It is the first of the course of care.")
    ] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Compare an intake with the clinic's rules: tele, hybrid or in person, and why."""
    from rehabctl.services import suitability as intake
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = intake.clinic_suitability(settings)
    with open_store(settings) as store:
        found = intake.of_patient(
            store,
            rules,
            mrn,
            falls_12_months=falls,
            device=device,
            has_caregiver=caregiver,
            is_first_visit=first_visit,
        )
    emit_object(
        {
            "suitability": found.suitability,
            "appointment_type": found.appointment_type,
            "reasons": found.reasons,
        },
        Output.of(format_, json_, output, quiet),
    )
