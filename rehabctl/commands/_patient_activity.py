"""`rehabctl patient activity` and `rehabctl patient heart-rate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.services.activity import ActivityDay, HeartRates

_Mrn = Annotated[str, typer.Argument(metavar="MRN", help="Medical record number.")]
_Days = Annotated[int, typer.Option("--days", min=1, max=3660, help="How far back.")]
_COLUMNS = (
    "day", "source", "steps", "hours", "sleep_h", "pain", "resting_heart_rate_bpm",
    "highest_bpm", "minutes_above_limit",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands to `rehabctl patient`."""
    app.command(
        epilog="Examples: rehabctl patient activity 1042 | "
        "rehabctl patient activity 1042 --days 90 --format json"
    )(activity)
    app.command(
        "heart-rate",
        epilog="Examples: rehabctl patient heart-rate 1042 --format json | "
        "rehabctl patient heart-rate 1042 --upper 120 --target 90-110 --beta-blocker",
    )(heart_rate)


def activity(
    mrn: _Mrn,
    days: _Days = 28,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show what a patient's own devices recorded, day by day, with sleep beside pain.

    `hours` are those with steps or heart rate: with few, the device was hardly worn that day.
    """
    from rehabctl.services import activity as service
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        found = service.activity_days(store, mrn, days)
    emit_items([_row(day) for day in found], _COLUMNS, out)
    if not found:
        note("nothing was recorded; import it: rehabctl import apple-health --help", out)


def _row(day: ActivityDay) -> dict[str, object]:
    from rehabctl.domain.wearable import DailyMeasure

    values = {measure: day.values.get(measure) for measure in DailyMeasure}
    return {
        "day": day.day,
        "source": day.source,
        **{m.value: None if v is None else v.value for m, v in values.items()},
        "pain": day.pain,
        "hours": day.hours,
        "highest_bpm": day.highest_bpm,
        "minutes_above_limit": day.minutes_above_limit,
        "minutes_in_target": day.minutes_in_target,
        "is_whole": day.is_whole,
        "method": {m.value: v.method for m, v in values.items() if v is not None},
    }


def heart_rate(
    mrn: _Mrn,
    upper: Annotated[
        int | None, typer.Option("--upper", help="Set the heart rate that is not to be passed.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="LOW-HIGH", help="Set the range to train in.")
    ] = None,
    beta_blocker: Annotated[
        bool | None,
        typer.Option("--beta-blocker/--no-beta-blocker", help="Note whether one is taken."),
    ] = None,
    days: _Days = 28,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show a patient's heart-rate limits and the recorded minutes above them, or set new limits.

    New limits take the place of all earlier ones, and need a word on beta-blockers. A zone by age
    is an estimate with its source, shown beside what a clinician set.
    """
    from rehabctl.services import activity as service
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    sets = upper is not None or target is not None or beta_blocker is not None
    if sets and beta_blocker is None:
        raise UsageError(
            "limits need to say whether a beta-blocker is taken",
            "Add --beta-blocker or --no-beta-blocker",
        )
    with open_store(load_settings()) as store:
        if beta_blocker is not None:
            bounds = None if target is None else _bounds(target)
            service.set_limit(
                store, mrn, upper_bpm=upper, target_bpm=bounds, beta_blocker=beta_blocker
            )
        found = service.heart_rates(store, mrn, days)
    emit_object(_rates(found), out)
    note(found.estimate.caveat, out)


def _bounds(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not (low.isascii() and low.isdecimal() and high.isascii() and high.isdecimal()):
        raise UsageError(f"{text!r} is no range", "Write it like 90-110")
    return int(low), int(high)


def _rates(found: HeartRates) -> dict[str, object]:
    limit, estimate = found.limit, found.estimate
    return {
        "upper_bpm": limit and limit.upper_bpm,
        "target_low_bpm": limit and limit.target_low_bpm,
        "target_high_bpm": limit and limit.target_high_bpm,
        "beta_blocker": limit and limit.beta_blocker,
        "set_at": limit and limit.set_at,
        "first_day": found.first_day,
        "last_day": found.last_day,
        "minutes_recorded": found.minutes_recorded,
        "minutes_above_limit": found.minutes_above_limit,
        "minutes_in_target": found.minutes_in_target,
        "age_estimate": {
            "highest_bpm": estimate.highest_bpm,
            "error_bpm": estimate.error_bpm,
            "zones": [
                {
                    "name": zone.name,
                    "from_bpm": zone.from_bpm,
                    "below_bpm": zone.below_bpm,
                    "minutes": found.minutes_by_zone[zone.name],
                }
                for zone in estimate.zones
            ],
            "source": estimate.source,
            "grade": estimate.grade,
            "caveat": estimate.caveat,
        },
    }
