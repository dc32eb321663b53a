"""The texts of the claim screen: claims in, styled lines out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from textual.content import Content

from rehabctl.domain.claim_record import ClaimEvent
from rehabctl.services.claim_desk import ClaimLine
from rehabctl.tui import cells
from rehabctl.tui.columns import Viewer
from rehabctl.tui.widgets.section import Line

_COLUMNS = (
    ("Claim", 10), ("State", 9), ("Service", 8), ("Payer", 12), ("Total", 9), ("Paid", 9),
    ("Due", 8),
)  # fmt: skip


def heading() -> str:
    """Return the titles over the list."""
    return " ".join(cells.fit(title, width) for title, width in _COLUMNS) + " Next"


def row(line: ClaimLine, viewer: Viewer) -> Content:
    """Return a claim as one line of the list: what comes next is written out."""
    values = (
        line.number,
        line.state.value,
        _day(line.service_on, viewer),
        line.payer,
        _money(line.total_cents),
        _money(line.paid_cents),
        _day(line.due_on, viewer),
    )
    shown = " ".join(
        cells.fit(value, width) for value, (_, width) in zip(values, _COLUMNS, strict=True)
    )
    return Content.assemble(
        " ", shown, " ", (cells.clean(_next(line)), "$warning" if line.waits else "$muted")
    )


def _next(line: ClaimLine) -> str:
    if line.denial is not None:
        reasons = line.denial.reasons
        return reasons[0].step.words if reasons else "Ask the payer for its reason"
    if line.findings:
        return line.findings[0]
    return "correct it and send it again" if line.waits else "nothing"


def reasons(line: ClaimLine, viewer: Viewer) -> list[Line]:
    """Return why nothing or less was paid, each reason with its step and due day."""
    if line.denial is None:
        return [Line(Content(""), Content.styled("The payer named none.", "$muted"))]
    return [
        Line(
            Content.styled(cells.fit(f"{one.group}-{one.code}", 8), "bold"),
            Content.assemble(
                f"{cells.clean(one.amount)}  {cells.clean(one.step.words)}",
                ("" if one.due_on is None else f"  by {_day(one.due_on, viewer)}", "$warning"),
            ),
        )
        for one in line.denial.reasons
    ] + [Line(Content(cells.fit(code, 8)), Content("remark")) for code in line.denial.remarks]


def findings(line: ClaimLine) -> list[Line]:
    """Return what stands against sending it."""
    if not line.findings:
        return [Line(Content(""), Content.styled("Nothing.", "$muted"))]
    return [Line(Content.styled("• ", "$warning"), Content(cells.clean(f))) for f in line.findings]


def history(events: Sequence[ClaimEvent], viewer: Viewer) -> list[Line]:
    """Return what happened to a claim, newest first."""
    return [
        Line(
            Content(f"{cells.day_time(event.at, viewer.now, viewer.zone)}  "),
            Content(cells.clean(" ".join((event.state.value, f"({event.cause})", *event.codes)))),
        )
        for event in reversed(events)
    ]


def _day(when: date | None, viewer: Viewer) -> str:
    return cells.NONE if when is None else cells.day(when, viewer.now, viewer.zone)


def _money(cents: int) -> str:
    return f"{cents / 100:,.2f}"
