"""`rehabctl adherence`: what was done of what was planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands import _adherence_fit as fitting
from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.counting import counted

if TYPE_CHECKING:
    from rehabctl.services.adherence import AdherenceReport

app = typer.Typer(help="Show what was done of what was planned.", no_args_is_help=True)


@app.callback()
def adherence() -> None:
    """Show what was done of what was planned."""


@app.command(
    epilog="Examples: rehabctl adherence show 1042 | rehabctl adherence show 1042 --format json"
)
def show(
    mrn: Annotated[str, typer.Argument(help="Medical record number.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show adherence week by week, with pain, time of day, skips and the engagement score."""
    from rehabctl.services import adherence as service
    from rehabctl.services import triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        report = service.show(store, rules, mrn, settings.paths)
    out = Output.of(format_, json_, output, quiet)
    found = report.adherence
    weeks = [
        {
            "week": week.week,
            "starts_on": week.starts_on,
            "scheduled": week.scheduled,
            "completed": week.completed,
            "sessions": week.sessions,
            "adherence_percent": week.percent,
        }
        for week in found.weeks
    ]
    if out.format in (Format.JSON, Format.JSONL):
        emit_object({"mrn": mrn, **_object(report), "weeks": weeks}, out)
        return
    columns = (
        "week", "starts_on", "scheduled", "completed", "sessions", "adherence_percent",
    )  # fmt: skip
    emit_items(weeks, columns, out)
    for name, value in _object(report).items():
        if (
            name not in ("engagement", "dropout", "pain_series", "rule_versions")
            and value is not None
        ):
            note(f"{name}: {value}", out)
    if report.engagement is not None:
        score = report.engagement
        note(f"{score.label}: {counted(score.points, 'point')}, {score.band}", out)
        for part in score.contributions:
            if part.points:
                note(f"  {part.points} for {part.text}: {part.value:.3g} {part.limit}", out)
    if report.dropout is not None:
        note(f"{report.dropout.label}: {report.dropout.percent:g} %", out)


app.command(
    epilog="Examples: rehabctl adherence fit --dry-run | "
    "rehabctl adherence fit --as html -o card.html"
)(fitting.fit)
app.command(epilog="Examples: rehabctl adherence model | rehabctl adherence model --remove --yes")(
    fitting.model
)


def _object(report: AdherenceReport) -> dict[str, Any]:
    found, score = report.adherence, report.engagement
    return {
        "adherence_percent_7d": found.percent_7d,
        "adherence_percent_28d": found.percent_28d,
        "target_percent": found.target_percent,
        "missed_in_a_row": found.missed_in_a_row,
        "first_missed_due": found.first_missed_due,
        "sessions_per_week_slope": found.sessions_per_week_slope,
        "time_of_day_resultant": found.time_of_day_resultant,
        "skip_rate": found.skip_rate,
        "pain_trend": report.pain_trend,
        "pain_series": [{"at": rating.at, "pain": rating.value} for rating in report.pain],
        "engagement": None
        if score is None
        else {
            "label": score.label,
            "points": score.points,
            "band": score.band,
            "contributions": score.contributions,
            "rule_version": score.rule_version,
        },
        "dropout": report.dropout,
        "rule_versions": found.rule_versions,
    }
