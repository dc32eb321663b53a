"""`rehabctl report roi`: what the tool is worth to a clinic."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.commands._times import day
from rehabctl.domain.counting import counted

if TYPE_CHECKING:
    from rehabctl.services.roi import RoiReport


class RoiPart(StrEnum):
    """Which table of the account is written where one table is."""

    SUMMARY = "summary"
    ASSUMPTIONS = "assumptions"
    MONTHS = "months"
    SENSITIVITY = "sensitivity"


_ROI_COLUMNS = {
    RoiPart.SUMMARY: ("line", "amount_usd", "formula"),
    RoiPart.ASSUMPTIONS: ("name", "low", "mid", "high", "unit", "grade", "text", "source"),
    RoiPart.MONTHS: ("month", "benefit_usd", "cost_usd", "net_usd", "cumulative_usd"),
    RoiPart.SENSITIVITY: (
        "name", "low", "value", "high", "net_at_low_usd", "net_at_high_usd", "swing_usd",
        "payback_at_low", "payback_at_high",
    ),
}  # fmt: skip


def roi(
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Your own number for an assumption: name=value or name=low:value:high.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    show: Annotated[
        RoiPart, typer.Option("--show", help="Which table; JSON carries all of them.")
    ] = RoiPart.SUMMARY,
    on: Annotated[
        str | None, typer.Option("--on", help="Day whose assumptions are used; default: today.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Calculate cost, gain and payback month from named assumptions, with what they hang on."""
    from rehabctl.services import roi as service
    from rehabctl.services.settings import load_settings

    today = load_settings().now().date()
    report = service.report(day(on, "--on") or today, set_ or ())
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(_roi_object(report), out)
        return
    emit_items(_roi_rows(report, show), _ROI_COLUMNS[show], out)
    months = len(report.expected.months)
    for name, result in (
        ("expected", report.expected),
        ("every assumption at its worse end", report.pessimistic),
        ("every assumption at its better end", report.optimistic),
    ):
        back = result.payback_month
        when = (
            f"paid back in month {back}"
            if back
            else f"not paid back within {counted(len(result.months), 'month')}"
        )
        note(
            f"{name}: {result.net_over_horizon_usd} {report.currency} "
            f"over {counted(months, 'month')}, {when}",
            out,
        )
    note(f"assumptions, not forecasts: {report.assumptions_version}; replace them with --set", out)


def _roi_rows(report: RoiReport, part: RoiPart) -> list[dict[str, Any]]:
    result = report.expected
    if part is RoiPart.ASSUMPTIONS:
        return [{c: getattr(p, c) for c in _ROI_COLUMNS[part]} for p in report.assumptions]
    if part is RoiPart.MONTHS:
        return [{c: getattr(m, c) for c in _ROI_COLUMNS[part]} for m in result.months]
    if part is RoiPart.SENSITIVITY:
        return [{c: getattr(s, c) for c in _ROI_COLUMNS[part]} for s in report.sensitivity]
    rows: list[dict[str, Any]] = [
        {"line": line.name, "amount_usd": line.amount_usd, "formula": line.formula}
        for line in (*result.benefits, *result.costs)
    ]
    return [
        *rows,
        {
            "line": "net a month",
            "amount_usd": result.net_per_month_usd,
            "formula": "sum of the above",
        },
    ]


def _roi_object(report: RoiReport) -> dict[str, Any]:
    def account(result: Any) -> dict[str, Any]:
        return {
            "net_per_month_usd": result.net_per_month_usd,
            "net_over_horizon_usd": result.net_over_horizon_usd,
            "payback_month": result.payback_month,
        }

    return {
        "assumptions_version": report.assumptions_version,
        "currency": report.currency,
        **account(report.expected),
        "benefits": report.expected.benefits,
        "costs": report.expected.costs,
        "pessimistic": account(report.pessimistic),
        "optimistic": account(report.optimistic),
        "months": report.expected.months,
        "sensitivity": _roi_rows(report, RoiPart.SENSITIVITY),
        "assumptions": report.assumptions,
    }
