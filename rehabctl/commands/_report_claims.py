"""The verbs of `rehabctl report` about claims and money."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items
from rehabctl.domain.errors import UsageError
from rehabctl.domain.payer import dollars


def ageing(
    on: Annotated[
        str | None, typer.Option("--on", help="Day from which days are counted; today.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show what payers owe for claims that were sent, by days since the service."""
    from rehabctl.services import claim_reports
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    day = None if on is None else _day(on)
    with open_store(load_settings()) as store:
        found = claim_reports.ageing(store, day)
    limits = found.limits_days
    first = (0, *(limit + 1 for limit in limits))
    names = [f"days_{a}_{b}" for a, b in zip(first, limits, strict=False)]
    names.append(f"days_over_{limits[-1]}")
    rows: list[dict[str, Any]] = [
        {
            "payer": one.payer,
            "claims": one.claims,
            **dict(zip(names, map(_money, one.buckets_cents), strict=True)),
            "total": _money(one.total_cents),
        }
        for one in found.rows
    ]
    emit_items(rows, ("payer", "claims", *names, "total"), _out(format_, json_, output, quiet))


def first_pass(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show how many claims were taken at their first submission, by month and payer."""
    from rehabctl.services import claim_reports
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = claim_reports.first_pass(store)
    rows: list[dict[str, Any]] = [
        {
            "month": one.month,
            "payer": one.payer,
            "submitted": one.submitted,
            "accepted": one.accepted,
            "rejected": one.rejected,
            "waiting": one.waiting,
            "first_pass_percent": one.percent,
        }
        for one in found
    ]
    columns = ("month", "payer", "submitted", "accepted", "rejected", "waiting")
    emit_items(rows, (*columns, "first_pass_percent"), _out(format_, json_, output, quiet))


def units(
    first: Annotated[str, typer.Option("--from", help="First day of service, like 2026-03-01.")],
    last: Annotated[str, typer.Option("--to", help="Last day of service, like 2026-03-31.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show units per visit by provider, of claims of visits."""
    from rehabctl.services import claim_reports
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    start, end = _day(first), _day(last)
    if start > end:
        raise UsageError("--from lies after --to", "Exchange them")
    with open_store(load_settings()) as store:
        found = claim_reports.units(store, start, end)
    rows: list[dict[str, Any]] = [
        {
            "provider_npi": one.provider,
            "visits": one.visits,
            "units": one.units,
            "minutes": one.minutes,
            "units_per_visit": one.units_per_visit,
        }
        for one in found
    ]
    columns = ("provider_npi", "visits", "units", "minutes", "units_per_visit")
    emit_items(rows, columns, _out(format_, json_, output, quiet))


def kx(
    year: Annotated[int, typer.Option("--year", min=2000, max=2999, help="Of the services.")],
    patient: Annotated[
        str | None, typer.Option("--patient", help="Medical record number; everybody without.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show how much of the yearly therapy threshold each patient used; the most used first."""
    from rehabctl.services import claim_reports
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = claim_reports.kx(store, year, patient)
    rows: list[dict[str, Any]] = [
        {
            "mrn": mrn,
            "year": one.year,
            "bucket": one.bucket,
            "used": _money(one.used_cents),
            "threshold": _money(one.threshold_cents),
            "left": _money(one.left_cents),
            "above": one.above,
            "lines_with_kx": one.lines_with_kx,
            "last_service_on": one.last_service_on,
        }
        for mrn, one in found
    ]
    columns = ("mrn", "year", "bucket", "used", "threshold", "left", "above", "lines_with_kx")
    emit_items(rows, (*columns, "last_service_on"), _out(format_, json_, output, quiet))


def _day(text: str) -> Any:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date", "Write it like 2026-03-02") from None


def _out(format_: Any, json_: bool, output: str | None, quiet: bool) -> Output:
    return Output.of(format_, json_, output, quiet)


def _money(cents: int) -> str:
    return str(dollars(cents))
