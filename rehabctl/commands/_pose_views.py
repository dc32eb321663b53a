"""How measured recordings are shown, and the exit code that they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from rehabctl.commands._options import Format
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.errors import ExitCode, RehabctlError

if TYPE_CHECKING:
    from rehabctl.analysis.assessment import MovementAssessment
    from rehabctl.services.pose_analysis import AnalysisOutcome

MANY_COLUMNS = ("file", "status", "full", "partial", "peak_deg", "interval_deg")
"""One row a recording."""
_COLUMNS = (
    "repetition", "kind", "side", "start_s", "peak_deg", "interval_deg", "rom_deg", "hold_s",
)  # fmt: skip


def emit_outcomes(outcomes: Sequence[AnalysisOutcome], out: Output) -> None:
    """Write one result as an object or its repetitions, several as a list.

    Parameters
    ----------
    outcomes
        At least one.
    out
        Where and how.

    Raises
    ------
    RehabctlError
        The only input failed.
    """
    from rehabctl import __version__

    if len(outcomes) == 1:
        [outcome] = outcomes
        if outcome.assessment is None:
            raise outcome.error or RehabctlError("no result", "Report this with your version")
        if out.format in (Format.JSON, Format.JSONL):
            emit_object(outcome.assessment.as_contract(__version__), out)
        else:
            _emit_repetitions(outcome.assessment, out)
        return
    items: list[dict[str, Any]] = []
    for outcome in outcomes:
        result = outcome.assessment and outcome.assessment.as_contract(__version__)
        items.append(item_of(str(outcome.path), result, outcome.error))
    emit_many(items, out)


def item_of(
    file: str, result: Mapping[str, Any] | None, error: RehabctlError | None
) -> dict[str, Any]:
    """Return one line of a list: the file with its result or its error.

    Parameters
    ----------
    file
        As it was named.
    result
        The contract's object.
    error
        Why there is none.
    """
    if result is None:
        return {"file": file, "error": None if error is None else error.what}
    return {"file": file, **result}


def emit_many(items: Sequence[Mapping[str, Any]], out: Output) -> None:
    """Write several results.

    Parameters
    ----------
    items
        From `item_of`.
    out
        Where and how.
    """
    if out.format in (Format.JSON, Format.JSONL):
        emit_items(items, ("file",), out)
    else:
        emit_items([_row(item) for item in items], MANY_COLUMNS, out)


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    if "repetitions" not in item:
        return {"file": item["file"], "status": "failed"}
    counted = item["repetitions"]
    peaks = [row for row in counted["items"] if row["peak_deg"] is not None]
    last = peaks[-1] if peaks else {"peak_deg": None, "interval_deg": None}
    return {
        "file": item["file"],
        "status": item["quality"]["status"],
        "full": counted["full"],
        "partial": counted["partial"],
        "peak_deg": last["peak_deg"],
        "interval_deg": last["interval_deg"],
    }


def _emit_repetitions(found: MovementAssessment, out: Output) -> None:
    """Write the repetitions as rows; what is not a row goes to standard error."""
    rows = [
        {
            "repetition": r.index,
            "kind": r.kind.value,
            "side": r.side,
            "start_s": round(r.start_s, 2),
            "peak_deg": None if r.peak_deg is None else round(r.peak_deg, 1),
            "interval_deg": None
            if r.interval_deg is None
            else f"{r.interval_deg[0]:.1f} to {r.interval_deg[1]:.1f}",
            "rom_deg": None if r.rom_deg is None else round(r.rom_deg, 1),
            "hold_s": round(r.hold_s, 2),
        }
        for r in found.repetitions
    ]
    emit_items(rows, _COLUMNS, out)
    note(
        f"{found.exercise}: {found.full_count} full, {found.partial_count} partial; "
        f"{found.view.detected} view; quality {found.quality.status.value}",
        out,
    )
    for reason in (*found.quality.reasons, *found.warnings, *found.feedback):
        note(f"- {reason.text}", out)
    for item in found.compensations:
        kind = item.kind.replace("_", " ")
        times = ", ".join(f"{t:.1f} s" for t in item.at_s)
        note(f"- {kind}: {item.magnitude:.0f} {item.unit} ({item.severity.value}) at {times}", out)
    _note_symmetry(found, out)


def _note_symmetry(found: MovementAssessment, out: Output) -> None:
    for item in found.symmetry:
        within = "" if item.detectable else ", within the method's own left-right noise"
        note(
            f"- {item.measure} of {item.motion.replace('_', ' ')}: left {item.left:.0f}, right "
            f"{item.right:.0f}, LSI {item.lsi_percent:.0f} %, symmetry index "
            f"{item.index_percent:.0f} %{within}",
            out,
        )


def exit_with(errors: Sequence[RehabctlError], *, total: int, refused: bool) -> None:
    """End the command with the exit code that its inputs lead to.

    Parameters
    ----------
    errors
        Of the inputs that failed.
    total
        Number of inputs.
    refused
        Whether one of the others could not be measured.
    """
    if errors:
        raise typer.Exit(int(errors[0].exit_code) if len(errors) == total else ExitCode.PARTIAL)
    if refused:
        raise typer.Exit(ExitCode.FINDINGS)
