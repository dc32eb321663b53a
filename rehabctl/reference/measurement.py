"""Loader of the dated data behind angle measurement: filter, gates, bias of the landmarks.

The files lie in `reference/measurement/`. Every table has rows with `effective_from`; the newest
row that is in force on the asked-for day is used, and a day before the first row is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, cast

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class FilterParameters:
    """How landmarks are resampled and smoothed."""

    cutoff_hz: float
    """Largest -3 dB point after both passes."""
    cutoff_per_rate: float
    """Largest share of the frame rate that the cut-off may take."""
    max_gap_s: float
    """Longest gap that is bridged."""
    min_segment_s: float
    """Shorter stretches between two gaps are left out."""


@dataclass(frozen=True, slots=True)
class BodyProportions:
    """Widths of an upright adult as landmarks show them, in trunk lengths."""

    shoulder_width: float
    """Between the shoulders, seen from the front."""
    foot_length: float
    """Heel to toe, seen from the side."""
    nose_to_ears: float
    """Nose to the middle of the ears, seen from the side."""
    world_hint_weight: float
    """Share that the estimator's own depth has in the estimate of the camera's direction."""


@dataclass(frozen=True, slots=True)
class GateThresholds:
    """Limits that decide between good, limited and refused; lengths in trunk lengths."""

    in_plane_deg: float
    """Up to here off the motion's plane an angle is good."""
    refuse_off_plane_deg: float
    """From here on it is refused."""
    min_visibility: float
    frame_margin: float
    """Share of the picture's width and height by which a point may lie outside."""
    in_frame_share: float
    """Share of frames in which all points of an angle have to lie in the picture."""
    bone_length_limited: float
    """Relative change of a bone's length during the recording that limits an angle."""
    bone_length_refused: float
    swap_share_limited: float
    """Share of frames with swapped legs or arms from which an angle is limited."""
    swap_cost_ratio: float
    """Swapped assignment has to cost less than this share of the kept one."""
    swap_separation: float
    """Both sides have to lie this far apart for a swap to be seen."""
    notch_s: float
    """Time around a change between legs in which a notch of the common curve is bridged."""
    person_jump: float
    """Jump of the hips between two frames that means another person or a cut."""
    cut_change: float
    """Jump of the picture (mean absolute grey difference, 0-255) that means a cut."""
    dark_luma: float
    """Mean brightness (0-255) below which the picture is dark."""
    bright_luma: float
    blur_sharpness: float
    """Variance of the Laplacian below which the picture is blurred."""
    low_rate_hz: float
    """Frame rate from which on fast movement is measured."""
    refuse_rate_hz: float
    """Below this rate no angle is reported."""
    same_size_area: float
    """A second person with this share of the first one's area cannot be told apart by size."""
    bystander_share: float
    """Share of sampled frames with a second person that makes a bystander."""
    min_present_share: float
    """Share of frames with a person below which the recording is limited."""
    repositioned: float
    """Shift of hips and feet between start and end of a movement that makes it a repositioning."""
    lying_deg: float
    """Trunk inclination from which on a person lies."""
    seated_thigh_deg: float
    """Inclination of both thighs from which on a person sits."""
    still_speed: float
    """Speed of the body's points, in trunk lengths a second, below which a person stands still."""
    still_s: float
    """Shortest standstill that a neutral pose is taken from."""


@dataclass(frozen=True, slots=True)
class RepetitionThresholds:
    """What makes a movement a repetition."""

    full_share: float
    """Share of the way from rest to target that a full repetition reaches."""
    min_share: float
    """Share of the way from rest to target below which nothing counts, not even as partial."""
    usual_share: float
    """Share of the way that a movement needs in a recording with full movements."""
    adaptive_share: float
    """Share of the recording's own range that is enough where the movements are small."""
    min_swing_deg: float
    """Smallest swing in degrees that counts at all."""
    partial_share: float
    """Share of the way from rest to target that a partial repetition reaches, or less where
    nobody comes near the target (`adaptive_share` of the usual movement)."""
    return_share: float
    """Share of the rise that has to be undone at the end of a recording."""
    edge_share: float
    """Share of the swing at which the movement starts and ends."""
    edge_deg: float
    """At least this far from rest, so that sway does not start a movement."""
    hold_speed_deg_s: float
    """Angular speed below which the turning point is held."""
    hold_bridge_s: float
    """Longest tremor within a hold."""
    count_only_full_share: float
    """Without an angle: share of the recording's usual movement that counts as full."""
    min_height_swing: float
    """Smallest rise or fall, in trunk lengths, that counts without an angle."""


@dataclass(frozen=True, slots=True)
class BiasRow:
    """What the landmarks are known to do to one motion in one view and posture.

    The landmarks' own angle minus the true one is modelled as
    `intercept_deg + slope_per_deg * angle + sum(covariates[name] * value)`.
    """

    model: str
    """Whose landmarks it was fitted on; `*` for published figures, which stand for any."""
    motion: str
    """`*` in a row that stands for every motion without a row of its own."""
    view: str
    posture: str
    """upright, seated, lying (face up), prone, or any."""
    extreme: str
    """max (turning points towards larger angles), min, or any."""
    intercept_deg: float
    slope_per_deg: float
    covariates: Mapping[str, float]
    """Coefficients by name, see `analysis/covariates.py`."""
    half_width_deg: float
    """Half-width of the 90 % interval around the corrected value."""
    angle_range_deg: tuple[float, float]
    """Angles (uncorrected) that the row was fitted on."""
    clips: int
    people: int
    grade: str
    """measured, published or consensus."""
    source: str
    effective_from: date
    covariate_ranges: Mapping[str, tuple[float, float]] = field(
        default_factory=dict[str, tuple[float, float]]
    )
    """Values that the fitted coefficients were fitted on."""


@dataclass(frozen=True, slots=True)
class WidthRules:
    """How the interval widens where the recording is worse than those of the bias rows."""

    free_off_plane_deg: float
    """Up to here the camera's direction widens nothing."""
    per_off_plane_deg: float
    """Added half-width per degree beyond it."""
    per_extrapolated_deg: float
    """Added per degree outside the row's range of angles."""
    per_bone_length_percent: float
    """Added per percent of a bone's change of length beyond the limit of the gates."""
    hidden_side_deg: float
    """Added for the side that is turned away from the camera."""
    condition_factor: float
    """Factor for each of: dark, blurred, slow frame rate, swapped sides."""


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A pose model whose landmarks have rows of their own."""

    name: str
    sha256: tuple[str, ...]
    """Its files; they give the same landmarks."""
    new_person_factor: float
    """Factor on the half-width of its measured rows: three people tell too little of how far others
    lie apart."""


@dataclass(frozen=True, slots=True)
class BiasTable:
    """The bias rows of one model in force, and the rules of the widths."""

    rows: tuple[BiasRow, ...]
    model: FittedModel
    widths: WidthRules
    version: str
    """Day of the newest row, for the provenance."""

    def find(self, motion: str, view: str, posture: str, extreme: str) -> BiasRow:
        """Return the most specific row: own motion before `*`, then posture, then extreme.

        Parameters
        ----------
        motion, view, posture, extreme
            What was seen.
        """
        wanted = (("motion", motion, "*"), ("view", view, "any"), ("posture", posture, "any"),
                  ("extreme", extreme, "any"))  # fmt: skip

        def fit(row: BiasRow) -> tuple[int, ...] | None:
            ranks: list[int] = []
            for name, own, general in wanted:
                value = getattr(row, name)
                if value not in (own, general):
                    return None
                ranks.append(int(value != own))
            return tuple(ranks)

        ranked = [(rank, row) for row in self.rows if (rank := fit(row)) is not None]
        return min(ranked, key=lambda pair: pair[0])[1]


@dataclass(frozen=True, slots=True)
class MeasurementData:
    """Everything that the measurement of angles takes from data."""

    filter: FilterParameters
    body: BodyProportions
    gates: GateThresholds
    repetitions: RepetitionThresholds
    biases: tuple[BiasTable, ...]
    """One a model; the first is the default model's."""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Day of each table in force."""

    def bias(self, model_sha256: str | None = None) -> BiasTable:
        """Return the rows for a model's landmarks; the default model's where none were fitted.

        Parameters
        ----------
        model_sha256
            Of the model's file; None for the default model.
        """
        own = (table for table in self.biases if model_sha256 in table.model.sha256)
        return next(own, self.biases[0])


@cache
def load_measurement_data(on: date | None = None) -> MeasurementData:
    """Return the packaged data in force.

    Parameters
    ----------
    on
        The day; None for the newest rows.

    Raises
    ------
    RehabctlError
        No row is in force on that day.
    """
    tables = {name: _read(name) for name in ("filter", "gates")}
    newest = {
        key: _in_force(rows, key, on)
        for name in ("filter", "gates")
        for key, rows in cast("dict[str, list[dict[str, Any]]]", tables[name]).items()
        if key != "schema"
    }
    biases = _bias_tables([_read("bias"), _read("bias_heavy")], on)
    return MeasurementData(
        filter=FilterParameters(**newest["filter"][1]),
        body=BodyProportions(**newest["body"][1]),
        gates=GateThresholds(**newest["gates"][1]),
        repetitions=RepetitionThresholds(**newest["repetitions"][1]),
        biases=biases,
        versions={key: day.isoformat() for key, (day, _) in newest.items()}
        | {"bias": max(bias.version for bias in biases)},
    )


def _read(name: str) -> dict[str, Any]:
    import tomllib

    path = files("rehabctl.reference") / "measurement" / f"{name}.toml"
    return tomllib.loads(path.read_text("utf-8"))


def _in_force(
    rows: list[dict[str, Any]], name: str, on: date | None
) -> tuple[date, dict[str, Any]]:
    """Return the day and the values of the newest row in force, without its provenance."""
    candidates = [row for row in rows if on is None or row["effective_from"] <= on]
    if not candidates:
        raise RehabctlError(f"no measurement data ({name}) in force on {on}", "Choose a later date")
    row = max(candidates, key=lambda candidate: candidate["effective_from"])
    values = {k: v for k, v in row.items() if k not in ("effective_from", "source", "grade")}
    return row["effective_from"], values


def _bias_tables(tables: list[dict[str, Any]], on: date | None) -> tuple[BiasTable, ...]:
    by_key: dict[str, list[dict[str, Any]]] = {}
    for row in (row for table in tables for row in table.get("row", [])):
        key = " ".join(row[name] for name in ("model", "motion", "view", "posture", "extreme"))
        by_key.setdefault(key, []).append(row)
    rows: list[BiasRow] = []
    for key, versions in by_key.items():
        day, _ = _in_force(versions, key, on)
        row = next(v for v in versions if v["effective_from"] == day)
        low, high = row.pop("angle_range_deg")
        seen = {name: (a, b) for name, (a, b) in row.pop("covariate_ranges", {}).items()}
        rows.append(
            BiasRow(angle_range_deg=(float(low), float(high)), covariate_ranges=seen, **row)
        )
    widths = WidthRules(**_in_force(tables[0]["widths"], "widths", on)[1])
    models = [model for table in tables for model in table["models"]]
    found: list[BiasTable] = []
    for name in dict.fromkeys(model["name"] for model in models):
        own = [model for model in models if model["name"] == name]
        _, model = _in_force(own, f"model {name}", on)
        model["sha256"] = tuple(model["sha256"])
        fitted = FittedModel(**model)
        mine = tuple(row for row in rows if row.model in (name, "*"))
        newest = max(row.effective_from for row in mine)
        found.append(BiasTable(mine, fitted, widths, newest.isoformat()))
    return tuple(found)
