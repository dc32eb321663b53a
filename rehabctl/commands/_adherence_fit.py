"""Verbs of `rehabctl adherence` about a model of the clinic's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
    YesFlag,
)
from rehabctl.commands._render import Output, emit_bytes, emit_items, emit_object, note
from rehabctl.commands._report_outcomes import AsOption, PlotOption, page_bytes, write_figure
from rehabctl.domain.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from rehabctl.domain.dropout import FitReport

_SIMULATED, _SEED = 5000, 20260302
_COLUMNS = (
    "judged_on", "rows", "events", "auc", "auc_low", "auc_high", "points_auc", "scaled_brier",
    "calibration_slope",
)  # fmt: skip


def fit(
    dry_run: DryRunFlag = False,
    self_check: Annotated[
        bool,
        typer.Option("--self-check", help="Fit 5,000 simulated patients with known truth instead."),
    ] = False,
    plot: PlotOption = None,
    as_: AsOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Fit dropout on this clinic's history; kept only when it beats the points score.

    Needs 20 patients who dropped out to recalibrate the points, and 100 for a model of its own.
    Nothing leaves this machine.
    """
    from rehabctl.commands._progress import progress
    from rehabctl.services import dropout_card, dropout_models, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    out = Output.of(format_, json_, output, quiet)
    kept = None
    if self_check:
        made, best = dropout_models.self_check(rules, _SIMULATED, _SEED, settings.now())
        note(f"simulated patients; the truth itself has an AUC of {best:.3f} on later times", out)
    else:
        with open_store(settings) as store, progress("Reading histories", quiet=quiet) as report:
            made, kept = dropout_models.fit(
                store, rules, settings.paths, rehearsal=dry_run, report=report
            )
    if plot is not None:
        if made.temporal is None:
            raise UsageError("there is nothing to draw", "There were too few events to judge by")
        write_figure(dropout_card.calibration(made.temporal), plot)
    if as_ is not None:
        from rehabctl import __version__

        emit_bytes(page_bytes(dropout_card.page(made, __version__), as_), out)
    elif out.format in (Format.JSON, Format.JSONL):
        card = dropout_models.card_of(made)
        kept_as = None if kept is None else kept.sha256
        emit_object({**card, "model": made.model, "kept": kept is not None, "sha256": kept_as}, out)
    else:
        emit_items(_lines(made), _COLUMNS, out)
    for reason in made.reasons:
        note(reason, out)
    if kept is not None:
        note("the model was kept; adherence show tells its probability beside the points", out)
    elif made.is_adopted:
        note("nothing was kept: a dry run, or simulated patients", out)
    else:
        note("not adopted: the points score stays in use, and nothing was changed", out)


def model(
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove it: points alone are shown again.")
    ] = False,
    yes: YesFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show the card of the adopted model, or remove it."""
    from rehabctl.services import dropout_models
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    out = Output.of(format_, json_, output, quiet)
    if remove:
        if not yes:
            raise UsageError("the model is not removed without --yes", "Add --yes")
        with open_store(settings) as store:
            dropout_models.remove(store, settings.paths)
        note("removed: the points score alone is shown", out)
        return
    found = dropout_models.load(settings.paths)
    if found is None:
        raise NotFoundError("no model was adopted", "Fit one: rehabctl adherence fit")
    emit_object({**found.card, "model": found.model, "sha256": found.sha256}, out)


def _lines(made: FitReport) -> list[dict[str, Any]]:
    found = {
        "later times": made.temporal,
        "unseen patients": made.grouped,
        "boosted trees": made.challenger,
    }
    return [
        {"judged_on": name} | {column: _shown(getattr(p, column)) for column in _COLUMNS[1:]}
        for name, p in found.items()
        if p is not None
    ]


def _shown(value: float) -> float:
    return value if isinstance(value, int) else round(value, 3)
