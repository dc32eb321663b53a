"""A movement assessment as a picture and as one self-contained HTML page."""

from __future__ import annotations

import io
from html import escape
from typing import Any

from rehabctl.analysis.assessment import AngleSeries, MovementAssessment, RepetitionKind
from rehabctl.domain.counting import counted

_KIND_COLOURS = {
    RepetitionKind.FULL: "#1b7837",
    RepetitionKind.PARTIAL: "#b35806",
    RepetitionKind.CUT: "#777777",
}


def driving_series(assessment: MovementAssessment) -> list[AngleSeries]:
    """Return the angle curves that the repetitions were counted on, or every curve without one.

    Parameters
    ----------
    assessment
        With its `series`.
    """
    motion = assessment.parameters.get("driving_motion")
    sides = {r.side for r in assessment.repetitions}
    chosen = [s for s in assessment.series if s.motion == motion]
    if sides and not sides & {"both"}:
        chosen = [s for s in chosen if s.side in sides] or chosen
    return chosen or list(assessment.series)


def plot(assessment: MovementAssessment, *, file_format: str = "png") -> bytes:
    """Draw the driving angle with its repetitions and the intervals of their peaks.

    Parameters
    ----------
    assessment
        With its `series`.
    file_format
        `png` or `svg`.
    """
    # the object interface: pyplot would choose a window system and keep global state
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    library: Any = mpl  # its own types are partial
    with library.rc_context({"svg.hashsalt": "rehabctl", "font.size": 9}):
        figure: Any = Figure(figsize=(9, 3.4), layout="constrained")
        FigureCanvasAgg(figure)
        _draw(figure, assessment)
        metadata: dict[str, Any] = {"Date": None} if file_format == "svg" else {"Software": None}
        figure.savefig(buffer, format=file_format, dpi=130, metadata=metadata)
    return buffer.getvalue()


def _draw(figure: Any, assessment: MovementAssessment) -> None:
    axes = figure.subplots()
    for series in driving_series(assessment):
        values = [float("nan") if v is None else v for v in series.deg]
        label = f"{series.motion.replace('_', ' ')}, {series.side}"
        axes.plot(series.t_s, values, linewidth=1.2, label=label)
    target = assessment.parameters.get("target_deg")
    if isinstance(target, int | float) and not isinstance(target, bool):
        axes.axhline(target, color="#555555", linewidth=0.8, linestyle="--", label="target")
    for repetition in assessment.repetitions:
        colour = _KIND_COLOURS[repetition.kind]
        axes.axvspan(repetition.start_s, repetition.end_s, color=colour, alpha=0.10, linewidth=0)
        label = f"{repetition.index} {repetition.kind.value}"
        axes.annotate(
            label,
            (repetition.peak_s, 1.0),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            color=colour,
            fontsize=7,
        )
        if repetition.peak_deg is not None and repetition.interval_deg is not None:
            low, high = repetition.interval_deg
            errors = [[repetition.peak_deg - low], [high - repetition.peak_deg]]
            axes.errorbar(
                [repetition.peak_s], [repetition.peak_deg], errors, fmt="o", ms=3, color=colour
            )
    axes.set_xlabel("time (s)")
    axes.set_ylabel("angle (degrees)")
    axes.grid(alpha=0.25)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="lower right", fontsize=7)


def html(assessment: MovementAssessment, *, version: str) -> str:
    """Return one HTML page without links to anything outside it.

    Parameters
    ----------
    assessment
        With its `series`.
    version
        The program's version, for the provenance.
    """
    quality = assessment.quality
    notes = [*quality.reasons, *assessment.warnings]
    sections = [
        f"<h1>{escape(assessment.exercise)}</h1>",
        f"<p>{assessment.full_count} full and "
        f"{counted(assessment.partial_count, 'partial repetition')}. "
        f"Quality {quality.status.value}, confidence {quality.confidence:.2f}. "
        f"{escape(assessment.view.detected)} view.</p>",
        _list("Notes on the recording", [n.text for n in notes]),
        _inline_svg(assessment),
        _table("Repetitions", *_repetition_rows(assessment)),
        _table("Range of motion", *_motion_rows(assessment)),
        _table("Beside the movement", *_compensation_rows(assessment)),
        _table("Left and right", *_symmetry_rows(assessment)),
        _list("Feedback", [f.text for f in assessment.feedback]),
        _provenance(assessment, version),
    ]
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        f"<title>Movement report: {escape(assessment.exercise)}</title><style>{_STYLE}</style>"
        f"</head><body>{''.join(sections)}</body></html>\n"
    )


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:58rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a}table{border-collapse:collapse;margin:.3rem 0 1rem}th,td{padding:.2rem .7rem;"
    "border-bottom:1px solid #ccc;text-align:left}td.n{text-align:right;"
    "font-variant-numeric:tabular-nums}svg{width:100%;height:auto}footer{color:#555;"
    "font-size:12px;overflow-wrap:anywhere}@media print{body{margin:0}}"
)


def _inline_svg(assessment: MovementAssessment) -> str:
    if not assessment.series:
        return ""
    drawing = plot(assessment, file_format="svg").decode()
    return drawing[drawing.index("<svg") :]  # without the XML prologue


def _repetition_rows(a: MovementAssessment) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head = ("#", "kind", "side", "start (s)", "peak (deg)", "90 % interval", "range (deg)", "hold")
    return head, [
        (
            str(r.index),
            r.kind.value,
            r.side,
            f"{r.start_s:.1f}",
            _degrees(r.peak_deg),
            "" if r.interval_deg is None else f"{r.interval_deg[0]:.0f} to {r.interval_deg[1]:.0f}",
            _degrees(r.rom_deg),
            f"{r.hold_s:.1f} s",
        )
        for r in a.repetitions
    ]


def _motion_rows(a: MovementAssessment) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head = ("motion", "side", "from (deg)", "to (deg)", "90 % half-width", "remark")
    return head, [
        (
            m.motion.replace("_", " "),
            m.side,
            _degrees(m.min_deg),
            _degrees(m.max_deg),
            _degrees(m.uncertainty_deg),
            m.reason or "",
        )
        for m in a.motions
    ]


def _compensation_rows(a: MovementAssessment) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head = ("what", "side", "how much", "threshold", "repetitions", "source")
    return head, [
        (
            f"{c.kind.replace('_', ' ')} ({c.severity.value})",
            c.side or "",
            f"{c.magnitude:.1f} {c.unit}",
            f"{c.threshold:g} {c.unit}",
            ", ".join(map(str, c.repetitions)),
            c.source,
        )
        for c in a.compensations
    ]


def _symmetry_rows(a: MovementAssessment) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head = ("measure", "motion", "left", "right", "LSI", "symmetry index", "remark")
    return head, [
        (
            s.measure,
            s.motion.replace("_", " "),
            f"{s.left:.1f}",
            f"{s.right:.1f}",
            f"{s.lsi_percent:.0f} %",
            f"{s.index_percent:.0f} %",
            "" if s.detectable else "within the method's own left-right noise",
        )
        for s in a.symmetry
    ]


def _provenance(a: MovementAssessment, version: str) -> str:
    model = "" if a.model is None else f"{a.model.name} {a.model.sha256[:12]}, "
    parameters = ", ".join(f"{k} {v}" for k, v in a.parameters.items())
    return (
        f"<footer><p>rehabctl {escape(version)}; {escape(model)}input {a.input_sha256[:16]}. "
        f"{escape(parameters)}</p><p>Recorded and compared with the plan for clinician review."
        "</p></footer>"
    )


def _degrees(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _list(title: str, items: list[str]) -> str:
    if not items:
        return ""
    return f"<h2>{title}</h2><ul>{''.join(f'<li>{escape(i)}</li>' for i in items)}</ul>"


def _table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    body = "".join(
        "<tr>" + "".join(f"<td{_numeric(value)}>{escape(value)}</td>" for value in row) + "</tr>"
        for row in rows
    )
    heads = "".join(f"<th>{escape(h)}</th>" for h in head)
    return f"<h2>{title}</h2><table><tr>{heads}</tr>{body}</table>"


def _numeric(value: str) -> str:
    return " class='n'" if value[:1].isdigit() or value[:1] == "-" else ""
