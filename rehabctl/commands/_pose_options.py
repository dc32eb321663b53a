"""Options and arguments that several `pose` commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

VideosArgument = Annotated[list[Path], typer.Argument(help="Videos, or keypoint files (.npz).")]
VideoArgument = Annotated[Path, typer.Argument(help="A video, or a keypoint file (.npz).")]
ExerciseOption = Annotated[str, typer.Option("--exercise", "-e", help="Slug of the exercise.")]
SideOption = Annotated[str, typer.Option(help="left, right, both or auto.")]
TargetOption = Annotated[
    float | None,
    typer.Option("--target-deg", help="What counts as full, instead of the exercise's own."),
]
ModelOption = Annotated[str, typer.Option("--model", help="lite, full, heavy or a .task file.")]
JobsOption = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Files at the same time.")]
FpsOption = Annotated[
    float | None, typer.Option("--fps", min=1, help="Analyse at this rate (default: up to 30).")
]
FastOption = Annotated[bool, typer.Option("--fast", help="Split long files into 60 s parts.")]
CorrectOption = Annotated[
    bool, typer.Option("--correct/--no-correct", help="Correct the landmarks' known bias.")
]
MirrorOption = Annotated[
    bool,
    typer.Option("--mirror-average", help="Average with the flipped film: twice as long."),
]  # fmt: skip
NeutralOption = Annotated[
    str | None,
    typer.Option(
        "--neutral", help="Recording of the patient's neutral pose (taken as 0), or auto."
    ),
]
