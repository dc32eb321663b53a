"""Fit the quality limits on UI-PRMD and print their accuracy against nine published networks.

    python benchmarks/quality_rules.py [DATA]           table: ratio to the median and best network
    python benchmarks/quality_rules.py [DATA] --toml    the [[model]] rows of quality_rules.toml

DATA is the folder that holds `pose/uiprmd` (default: REHABCTL_TEST_DATA).
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.movement_features import CANDIDATES, FEATURES, PlaneView, feature_values
from rehabctl.analysis.quality_fitting import (
    FitSettings,
    LabelledRepetitions,
    body_planes,
    fit_limits,
    landmarks_from_markers,
    nested_accuracy,
)

MOVEMENTS = {
    1: ("deep squat", "legs", "sagittal"),
    2: ("hurdle step", "legs", "sagittal"),
    3: ("inline lunge", "legs", "sagittal"),
    4: ("side lunge", "legs", "frontal"),
    5: ("sit to stand", "legs", "frontal"),
    6: ("standing active straight leg raise", "legs", "sagittal"),
    7: ("shoulder abduction", "arms", "frontal"),
    8: ("shoulder extension", "arms", "sagittal"),
    9: ("shoulder internal-external rotation", "arms", "frontal"),
    10: ("shoulder scaption", "arms", "frontal"),
}
"""Number to name, moving limbs and the plane of the movement (of sit to stand: of its faults)."""

# DeepRehabPile, accuracy_ensemble.csv, mean over its folds: median and best of nine networks.
NETWORK_MEDIAN = (0.761, 0.896, 0.593, 0.701, 0.780, 0.766, 0.762, 0.656, 0.730, 0.685)
NETWORK_BEST = (0.778, 0.966, 0.713, 0.773, 0.824, 0.834, 0.929, 0.930, 0.866, 0.750)
SHORTEST_FRAMES = 15
"""Half a second; one recording of the sample holds a single frame."""


def load(folder: Path) -> dict[tuple[int, str], LabelledRepetitions]:
    """Return the labelled features per movement number and plane."""
    archive = np.load(folder / "pose" / "uiprmd" / "vicon_positions_33hz_int16mm.npz")
    positions, markers = archive["X"], [str(name) for name in archive["markers"]]
    rows: dict[tuple[int, str], list[tuple[Float, bool, int]]] = {}
    with (folder / "pose" / "uiprmd" / "index.csv").open(newline="") as file:
        for entry in csv.DictReader(file):
            first, count = int(entry["offset"]), int(entry["n_frames_33hz"])
            if count < SHORTEST_FRAMES:
                continue
            metres = positions[first : first + count].astype(float) / 1000
            movement = int(entry["movement"])
            for plane, values in _features(metres, markers, MOVEMENTS[movement][1]):
                label = (values, entry["correct"] == "0", int(entry["subject"]))
                rows.setdefault((movement, plane), []).append(label)
    return {key: _labelled(key, found) for key, found in rows.items()}


def _features(metres: Float, markers: list[str], limbs: str) -> Iterator[tuple[str, Float]]:
    landmarks = landmarks_from_markers({name: metres[:, i] for i, name in enumerate(markers)})
    for plane, xy in zip(("frontal", "sagittal"), body_planes(landmarks), strict=True):
        view = PlaneView(_smooth(xy), plane, facing=1)
        yield plane, feature_values(view, CANDIDATES[limbs, plane])


def _smooth(xy: Float) -> Float:
    """Five-point triangular mean: 33 Hz needs no more."""
    padded = np.concatenate([xy[:1], xy[:1], xy, xy[-1:], xy[-1:]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5, axis=0)
    return windows @ (np.array([1, 2, 3, 2, 1]) / 9)


def _labelled(key: tuple[int, str], rows: list[tuple[Float, bool, int]]) -> LabelledRepetitions:
    names = CANDIDATES[MOVEMENTS[key[0]][1], key[1]]
    return LabelledRepetitions(
        values=np.array([values for values, _, _ in rows]),
        faulty=np.array([faulty for _, faulty, _ in rows]),
        subject=np.array([subject for _, _, subject in rows]),
        too_large=np.array([FEATURES[name].too_large for name in names]),
    )


def print_table(data: dict[tuple[int, str], LabelledRepetitions]) -> None:
    """Print nested accuracy per movement and its ratio to the networks."""
    reached = [0, 0]
    print("movement                              plane     nested worst  /median  /best")
    for number, (name, _, plane) in MOVEMENTS.items():
        found = nested_accuracy(data[number, plane], FitSettings())
        ratios = found.mean / NETWORK_MEDIAN[number - 1], found.mean / NETWORK_BEST[number - 1]
        reached = [r + (ratio >= 1) for r, ratio in zip(reached, ratios, strict=True)]
        print(
            f"{name:37s} {plane:9s} {found.mean:.3f}  {found.worst:.2f}"
            f"   {ratios[0]:.2f}    {ratios[1]:.2f}"
        )
    print(f"at least the median network on {reached[0]} of 10, the best network on {reached[1]}")


def print_toml(data: dict[tuple[int, str], LabelledRepetitions]) -> None:
    """Print the [[model]] rows: fitted on everybody, judged by leaving each person out."""
    for (number, plane), labelled in sorted(data.items()):
        name, limbs, primary = MOVEMENTS[number]
        names = CANDIDATES[limbs, plane]
        fitted = fit_limits(labelled, FitSettings())
        judged = nested_accuracy(labelled, FitSettings())
        limits = ", ".join(
            f"{names[column]} = {limit:.3g}"
            for column, limit in zip(fitted.features, fitted.limits, strict=True)
        )
        print(
            f'\n[[model]]\nmovement = "{name}"\nview = "{plane}"\n'
            f"primary = {str(plane == primary).lower()}\neffective_from = 2024-01-01\n"
            f"faults_needed = {FitSettings().faults_needed}\n"
            f"limits = {{ {limits} }}\n"
            f"accuracy = {judged.mean:.3f}\nworst_subject = {judged.worst:.2f}\n"
            f"subjects = {len(judged.by_subject)}\nrepetitions = {len(labelled.faulty)}"
        )


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    loaded = load(Path(arguments[0] if arguments else os.environ["REHABCTL_TEST_DATA"]))
    print_toml(loaded) if "--toml" in sys.argv else print_table(loaded)
