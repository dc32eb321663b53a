"""`rehabctl plan`: plans of care, their certification, and what payers authorised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_object
from rehabctl.commands._times import day

if TYPE_CHECKING:
    from rehabctl.services.plans_of_care import PlanView

app = typer.Typer(help="Write, certify and watch plans of care.", no_args_is_help=True)

Mrn = Annotated[str, typer.Argument(metavar="MRN", help="Medical record number.")]
OnOption = Annotated[str | None, typer.Option("--on", help="Day; default: today.")]


@app.command(
    epilog='Examples: rehabctl plan write 1042 --goal "Climb stairs" --type "exercise, gait" '
    '--amount "once a day" --frequency "2 a week" --weeks 8 --credentials "PT, DPT" | '
    'rehabctl plan write 1042 --type exercise --amount "45 min" --frequency "1 a week" '
    "--weeks 12 --starts 2026-03-09 --credentials PT"
)
def write(
    mrn: Mrn,
    type_: Annotated[str, typer.Option("--type", help="Kind of treatment.")],
    amount: Annotated[str, typer.Option("--amount", help="How much a day.")],
    frequency: Annotated[str, typer.Option("--frequency", help="How often.")],
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=104, help="How long.")],
    credentials: Annotated[str, typer.Option("--credentials", help="Of who signs.")],
    goals: Annotated[
        list[str] | None,
        typer.Option("--goal", help="Long-term goal; default: those of the course of care."),
    ] = None,
    diagnosis: Annotated[
        str, typer.Option("--diagnosis", help="Default: that of the course of care.")
    ] = "",
    starts: Annotated[str | None, typer.Option("--starts", help="First treatment.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Write and sign a plan of care; exit 3 when a required element is missing."""
    from rehabctl.services import plans_of_care, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    values = {
        "diagnosis": diagnosis,
        "long_term_goals": goals or (),
        "treatment_type": type_,
        "amount": amount,
        "frequency": frequency,
        "duration_weeks": weeks,
        "starts_on": day(starts, "--starts"),
    }
    with open_store(settings) as store:
        view = plans_of_care.write(store, rules, mrn, values, credentials)
    emit_object(_object(view), Output.of(format_, json_, output, quiet))


@app.command(
    epilog='Examples: rehabctl plan transmit 1042 --to "Dr Rowe" --proof fax-8812 | '
    'rehabctl plan transmit 1042 --to "Dr Rowe" --proof portal-17 --on 2026-03-09'
)
def transmit(
    mrn: Mrn,
    to: Annotated[str, typer.Option("--to", help="Who received it.")],
    proof: Annotated[str, typer.Option("--proof", help="Number of the fax, message or entry.")],
    on: OnOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Note when and how the plan went to the physician."""
    from rehabctl.services import plans_of_care
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        view = plans_of_care.transmit(store, mrn, day(on, "--on"), to, proof)
    emit_object(_object(view), Output.of(format_, json_, output, quiet))


@app.command(
    epilog='Examples: rehabctl plan certify 1042 --by "Dr Rowe" | '
    'rehabctl plan certify 1042 --by "Dr Rowe" --on 2026-03-12'
)
def certify(
    mrn: Mrn,
    by: Annotated[str, typer.Option("--by", help="The physician who signed.")],
    on: OnOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Note the physician's signature under the plan."""
    from rehabctl.services import plans_of_care
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        view = plans_of_care.certify(store, mrn, day(on, "--on"), by)
    emit_object(_object(view), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl plan authorise 1042 --number A-77 --payer ACME --visits 12 "
    "--from 2026-03-01 --until 2026-06-30 | rehabctl plan authorise 1042 --number A-78 "
    "--payer ACME --units 48 --from 2026-03-01 --until 2026-06-30"
)
def authorise(
    mrn: Mrn,
    number: Annotated[str, typer.Option("--number", help="As the payer gave it.")],
    payer: Annotated[str, typer.Option("--payer", help="Who authorised it.")],
    from_: Annotated[str, typer.Option("--from", help="First day.")],
    until: Annotated[str, typer.Option("--until", help="Last day.")],
    visits: Annotated[int | None, typer.Option("--visits", min=0, help="How many.")] = None,
    units: Annotated[int | None, typer.Option("--units", min=0, help="How many.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Put on file what a payer authorised; bookings beyond it are refused."""
    from rehabctl.services import plans_of_care
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    values = {
        "number": number,
        "payer": payer,
        "starts_on": day(from_, "--from"),
        "expires_on": day(until, "--until"),
        "visits": visits,
        "units": units,
    }
    with open_store(load_settings()) as store:
        view = plans_of_care.authorise(store, mrn, values)
    emit_object(_object(view), Output.of(format_, json_, output, quiet))


@app.command(epilog="Examples: rehabctl plan show 1042 | rehabctl plan show 1042 --json")
def show(
    mrn: Mrn,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show the plan of care, its clocks, and what is left of authorisations."""
    from rehabctl.services import plans_of_care
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        view = plans_of_care.show(store, mrn)
    emit_object(_object(view), Output.of(format_, json_, output, quiet))


def _object(view: PlanView) -> dict[str, Any]:
    plan = view.plan
    return {
        "starts_on": None if plan is None else plan.starts_on,
        "ends_on": None if plan is None else plan.ends_on,
        "diagnosis": None if plan is None else plan.diagnosis,
        "long_term_goals": () if plan is None else plan.long_term_goals,
        "treatment_type": None if plan is None else plan.treatment_type,
        "amount": None if plan is None else plan.amount,
        "frequency": None if plan is None else plan.frequency,
        "duration_weeks": None if plan is None else plan.duration_weeks,
        "credentials": None if plan is None else plan.credentials,
        "transmitted_on": None if plan is None else plan.transmitted_on,
        "transmission_proof": None if plan is None else plan.transmission_proof,
        "certified": view.is_certified,
        "certified_on": None if plan is None else plan.certified_on,
        "rule_version": view.rule_version,
        "treatment_days_since_report": view.treatment_days_since_report,
        "findings": view.findings,
        "authorisations": [
            {
                "number": use.authorisation.number,
                "payer": use.authorisation.payer,
                "expires_on": use.authorisation.expires_on,
                "visits_used": use.visits_used,
                "visits_planned": use.visits_planned,
                "visits_left": use.visits_left,
                "units_used": use.units_used,
                "units_left": use.units_left,
            }
            for use in view.authorisations
        ],
    }
