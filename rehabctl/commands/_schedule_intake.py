"""`rehabctl schedule waitlist|suitability`: who waits, and how visits can be held."""

from __future__ import annotations

from typing import Annotated

import typer

from rehabctl.commands._options import DryRunFlag, FormatOption, JsonFlag, OutputOption, QuietFlag
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
    falls: Annotated[
        int | None, typer.Option("--falls", min=0, help="In the last 12 months, as asked.")
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="video, phone or none: what the patient has.")
    ] = None,
    caregiver: Annotated[
        bool, typer.Option("--caregiver", help="Somebody can be with the patient.")
    ] = False,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Keep an intake: tele, hybrid or in person, and why; without answers, show the newest one."""
    from rehabctl.clinic.suitability import appointment_type
    from rehabctl.services import suitability as intakes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = intakes.clinic_suitability(settings)
    with open_store(settings) as store:
        if falls is None and device is None and not caregiver:
            found = intakes.stored(store, mrn)
        elif falls is None or device is None:
            raise UsageError("an intake needs both answers", "Ask, and give --falls and --device")
        else:
            found = intakes.assess(
                store,
                rules,
                mrn,
                falls_12_months=falls,
                device=device,
                has_caregiver=caregiver,
                dry_run=dry_run,
            )
    emit_object(
        {
            "first_visit": found.first_visit,
            "first_appointment_type": appointment_type(found.first_visit, is_first_visit=True),
            "later_visits": found.later_visits,
            "later_appointment_type": appointment_type(found.later_visits, is_first_visit=False),
            "reasons": found.reasons,
            "assessed_at": found.assessed_at,
            "assessed_by": found.assessed_by,
            "rules_version": found.rules_version,
            "episode_id": found.episode_id,
            "falls_12_months": found.falls_12_months,
            "device": found.device,
            "has_caregiver": found.has_caregiver,
            "condition": found.condition,
            "weeks_post_op": found.weeks_post_op,
        },
        Output.of(format_, json_, output, quiet),
    )
