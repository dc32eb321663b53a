"""`rehabctl episode`: courses of care with goals, flags and referrals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object
from rehabctl.commands._times import day
from rehabctl.commands._words import member
from rehabctl.domain.episode import EpisodeStatus, FlagKind, GoalStatus, GoalTerm
from rehabctl.domain.errors import UsageError
from rehabctl.domain.patient import Side

if TYPE_CHECKING:
    from rehabctl.services.episodes import EpisodeRecord

app = typer.Typer(help="Open, change and close courses of care.", no_args_is_help=True)

Mrn = Annotated[str, typer.Argument(help="Medical record number.", show_default=False)]
EpisodeId = Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl episode list`.")]
Diagnosis = Annotated[str | None, typer.Option("--diagnosis", help="In words.")]
Icd10 = Annotated[str | None, typer.Option("--icd10", help="Like M17.11.")]
Condition = Annotated[
    str | None, typer.Option("--condition", help="TKR, THR, ACL or RCR: rules and curves.")
]
Surgery = Annotated[str | None, typer.Option("--surgery", help="In words.")]
SurgeryDate = Annotated[str | None, typer.Option("--surgery-date", help="Like 2026-01-31.")]
SideOption = Annotated[str | None, typer.Option("--side", help="left, right or bilateral.")]
Surgeon = Annotated[str | None, typer.Option("--surgeon", help="Name.")]
Precautions = Annotated[str | None, typer.Option("--precautions", help="Separated by semicolons.")]
PathwayOption = Annotated[
    str | None,
    typer.Option("--pathway", help="Which questionnaires, such as knee-replacement."),
]
Started = Annotated[str | None, typer.Option("--started", help="First day; default: today.")]
PlanUntil = Annotated[
    str | None, typer.Option("--plan-until", help="Last day of the plan of care.")
]


@app.command(
    "open",
    epilog="Examples: rehabctl episode open 1042 --diagnosis 'knee replacement' --condition TKR "
    "--surgery-date 2026-02-16 --side right | "
    "rehabctl episode open 1042 --diagnosis 'low back pain' --pathway chronic-low-back",
)
def open_(
    mrn: Mrn,
    diagnosis: Diagnosis = None,
    icd10: Icd10 = None,
    condition: Condition = None,
    surgery: Surgery = None,
    surgery_date: SurgeryDate = None,
    side: SideOption = None,
    surgeon: Surgeon = None,
    precautions: Precautions = None,
    pathway: PathwayOption = None,
    started: Started = None,
    plan_until: PlanUntil = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Begin a course of care; weeks after surgery count from its surgery date."""
    given = dict(locals())
    from rehabctl.services import episodes, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    values = _values(given)
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        record = episodes.open_episode(store, rules, mrn, values)
    emit_object(_object(record), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl episode edit ID --surgery-date 2026-02-17 | "
    "rehabctl episode edit ID --progress-report 2026-03-20"
)
def edit(
    episode_id: EpisodeId,
    diagnosis: Diagnosis = None,
    icd10: Icd10 = None,
    condition: Condition = None,
    surgery: Surgery = None,
    surgery_date: SurgeryDate = None,
    side: SideOption = None,
    surgeon: Surgeon = None,
    precautions: Precautions = None,
    pathway: PathwayOption = None,
    started: Started = None,
    plan_until: PlanUntil = None,
    progress_report: Annotated[
        str | None, typer.Option("--progress-report", help="Day of the last progress report.")
    ] = None,
    status: Annotated[str | None, typer.Option("--status", help="active or held.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Change a course of care; what was judged by the old dates is judged again."""
    given = dict(locals())
    from rehabctl.services import episodes, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    changes = _values(given)
    if not changes:
        raise UsageError("nothing to change was given", "Try: rehabctl episode edit --help")
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        record = episodes.edit(store, rules, episode_id, changes)
    emit_object(_object(record), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl episode close ID | rehabctl episode close ID --on 2026-05-29"
)
def close(
    episode_id: EpisodeId,
    on: Annotated[str | None, typer.Option("--on", help="Last day; default: today.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """End a course of care: nothing more is asked of the patient."""
    from rehabctl.services import episodes, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        record = episodes.close(store, rules, episode_id, day(on, "--on"))
    emit_object(_object(record), Output.of(format_, json_, output, quiet))


@app.command(
    "list", epilog="Examples: rehabctl episode list 1042 | rehabctl episode list 1042 --json"
)
def list_(
    mrn: Mrn,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the courses of care of a patient, oldest first."""
    from rehabctl.services import episodes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = episodes.of_patient(store, mrn)
    columns = (
        "id", "status", "diagnosis", "started_on", "ended_on", "surgery_date", "weeks_post_op",
        "side",
    )  # fmt: skip
    emit_items([_object(r) for r in found], columns, Output.of(format_, json_, output, quiet))


@app.command(epilog="Examples: rehabctl episode show ID | rehabctl episode show ID --json")
def show(
    episode_id: EpisodeId,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show a course of care with its goals, flags and referrals."""
    from rehabctl.services import episodes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        record = episodes.show(store, episode_id)
    emit_object(_object(record), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl episode goal ID 'bend the knee to 110 degrees' "
    "--measure knee_flexion --side right --baseline 80 --target 110 --unit deg | "
    "rehabctl episode goal ID 'climb the stairs alone' --due 2026-05-01"
)
def goal(
    episode_id: EpisodeId,
    description: Annotated[str, typer.Argument(help="In words.")],
    measure: Annotated[
        str | None, typer.Option("--measure", help="A motion, pain, or INSTRUMENT:SCALE.")
    ] = None,
    side: SideOption = None,
    baseline: Annotated[float | None, typer.Option("--baseline", help="Now.")] = None,
    target: Annotated[float | None, typer.Option("--target", help="Aim.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Such as deg.")] = None,
    term: Annotated[str, typer.Option("--term", help="short or long.")] = "short",
    due: Annotated[str | None, typer.Option("--due", help="Like 2026-05-01.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Add a goal; one with numbers is followed by the rules."""
    from rehabctl.services import episodes, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        added = episodes.add_goal(
            store,
            rules,
            episode_id,
            description=description,
            term=member(GoalTerm, term, "--term"),
            measure=measure,
            side=None if side is None else member(Side, side, "--side"),
            baseline=baseline,
            target=target,
            unit=unit,
            due_on=day(due, "--due"),
        )
    emit_object(_plain(added), Output.of(format_, json_, output, quiet))


@app.command(
    "goal-status",
    epilog="Examples: rehabctl episode goal-status GOAL met --patient 1042 | "
    "rehabctl episode goal-status GOAL dropped --patient 1042",
)
def goal_status(
    goal_id: Annotated[str, typer.Argument(metavar="GOAL", help="From `episode show`.")],
    status: Annotated[str, typer.Argument(help="open, met or dropped.")],
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Say what has become of a goal."""
    from rehabctl.services import episodes, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    wanted = member(GoalStatus, status, "STATUS")
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        settled = episodes.settle_goal(store, rules, goal_id, wanted, patient)
    emit_object(_plain(settled), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl episode flag ID no_active_abduction --kind contraindication | "
    "rehabctl episode flag ID 'partial weight' --kind precaution"
)
def flag(
    episode_id: EpisodeId,
    tag: Annotated[str, typer.Argument(help="A tag of the exercise library, or words.")],
    kind: Annotated[
        str, typer.Option("--kind", help="precaution, contraindication or red_flag.")
    ] = "precaution",
    text: Annotated[str | None, typer.Option("--note", help="Why.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Add a flag, which meets the tags of exercises."""
    from rehabctl.services import episodes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        added = episodes.add_flag(store, episode_id, tag, member(FlagKind, kind, "--kind"), text)
    emit_object(_plain(added), Output.of(format_, json_, output, quiet))


@app.command(
    "clear-flag",
    epilog="Examples: rehabctl episode clear-flag FLAG --patient 1042 | "
    "rehabctl episode clear-flag FLAG --patient 1042 --json",
)
def clear_flag(
    flag_id: Annotated[str, typer.Argument(metavar="FLAG", help="From `episode show`.")],
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Date the end of a flag."""
    from rehabctl.services import episodes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        cleared = episodes.clear_flag(store, patient, flag_id)
    emit_object(_plain(cleared), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl episode referral ID --from 'Dr Roe' --ordered 2026-02-20 | "
    "rehabctl episode referral ID --from 'Dr Roe' --ordered 2026-02-20 --visits 12"
)
def referral(
    episode_id: EpisodeId,
    from_: Annotated[str, typer.Option("--from", help="Who refers.")],
    ordered: Annotated[str, typer.Option("--ordered", help="Like 2026-02-20.")],
    npi: Annotated[str | None, typer.Option("--npi", help="Of who refers.")] = None,
    received: Annotated[str | None, typer.Option("--received", help="Like 2026-02-21.")] = None,
    visits: Annotated[int | None, typer.Option("--visits", min=0, help="Authorised.")] = None,
    expires: Annotated[str | None, typer.Option("--expires", help="Last day.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Put an order or referral on file."""
    from rehabctl.services import episodes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    ordered_on = day(ordered, "--ordered")
    if ordered_on is None:
        raise UsageError("--ordered is missing", "Write it like 2026-02-20")
    with open_store(load_settings()) as store:
        added = episodes.add_referral(
            store,
            episode_id,
            referrer_name=from_,
            ordered_on=ordered_on,
            referrer_npi=npi,
            received_on=day(received, "--received"),
            authorised_visits=visits,
            expires_on=day(expires, "--expires"),
        )
    emit_object(_plain(added), Output.of(format_, json_, output, quiet))


_DAYS = {
    "surgery_date": ("surgery_date", "--surgery-date"),
    "started": ("started_on", "--started"),
    "plan_until": ("plan_ends_on", "--plan-until"),
    "progress_report": ("progress_report_on", "--progress-report"),
}


def _values(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an episode that a command line names."""
    words = ("diagnosis", "icd10", "condition", "surgery", "surgeon", "pathway")
    values = {name: given[name] for name in words if given.get(name) is not None}
    for name, (field, option) in _DAYS.items():
        if given.get(name) is not None:
            values[field] = day(given[name], option)
    if given.get("side") is not None:
        values["side"] = member(Side, given["side"], "--side")
    if given.get("status") is not None:
        values["status"] = member(EpisodeStatus, given["status"], "--status")
        if values["status"] is EpisodeStatus.CLOSED:
            raise UsageError("edit does not close", "Use: rehabctl episode close ID")
    if given.get("precautions") is not None:
        parts = [part.strip() for part in given["precautions"].split(";")]
        values["precautions"] = tuple(part for part in parts if part)
    return values


def _plain(record: Any) -> dict[str, Any]:
    from dataclasses import fields

    return {f.name: getattr(record, f.name) for f in fields(record) if f.name != "patient"}


def _object(record: EpisodeRecord) -> dict[str, Any]:
    return {
        **_plain(record.episode),
        "weeks_post_op": record.weeks_post_op,
        "goals": [_plain(goal) for goal in record.goals],
        "flags": [_plain(flag) for flag in record.flags],
        "referrals": [_plain(referral) for referral in record.referrals],
    }
