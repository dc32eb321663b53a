"""`rehabctl worker`: analyses and imports that any host does later, and due messages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rehabctl.commands._options import (
    FormatOption,
    JsonFlag,
    OutputOption,
    PatientOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.errors import UsageError

app = typer.Typer(
    help="Do analyses and imports of the work queue, and deliver what is due.", no_args_is_help=True
)

StalledOption = Annotated[
    float,
    typer.Option("--stalled-after", min=0.5, help="Retry jobs silent for so many seconds."),
]


@app.command(epilog="Examples: rehabctl worker run | rehabctl worker run --once --jobs 2")
def run(
    once: Annotated[bool, typer.Option("--once", help="Stop when no job is left.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Jobs at the same time.")] = 1,
    every_s: Annotated[
        float, typer.Option("--every", min=1, help="Seconds between rounds of the exchange.")
    ] = 60.0,
    stalled_after: StalledOption = 60.0,
) -> None:
    """Do jobs of the shared store, exchange with other systems and deliver, until interrupted.

    A round of the exchange sends queued HL7 messages, takes over drop folders, and delivers due
    messages where config.toml names a carrier. What stops it is said on standard error; the jobs
    go on. A local store has no jobs waiting.
    """
    from rehabctl.services import delivery_run, rounds, work_queue
    from rehabctl.services.exchange_round import exchange_round
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    queue = work_queue.queue_of(settings, stalled_after_s=stalled_after)

    def deliver() -> None:
        delivery_run.told_of(delivery_run.deliver_due(settings), note)

    works = {"exchange waits": lambda: exchange_round(settings, note)}
    if delivery_run.is_configured(settings):
        works["messages wait"] = deliver
    if once:
        work_queue.run(settings, queue, once=True, concurrency=jobs)
        rounds.make_one(works.values())
        return
    with rounds.repeating(works, every_s=every_s, tell=note) as until_stopped:
        work_queue.run(settings, queue, once=False, concurrency=jobs)
        if settings.database_url is None:
            until_stopped()


@app.command(
    epilog="Examples: rehabctl worker prepare | "
    "REHABCTL_DATABASE_URL=postgresql://postgres@db/rehab rehabctl worker prepare"
)
def prepare() -> None:
    """Make the queue on a shared server, as its administrator; once, and after an upgrade."""
    from rehabctl.services import work_queue
    from rehabctl.services.settings import load_settings

    work_queue.prepare(load_settings())


@app.command(
    epilog="Examples: rehabctl worker submit import roster.csv | "
    "rehabctl worker submit pose squat.mp4 --patient 1042 --exercise bodyweight-squat"
)
def submit(
    kind: Annotated[str, typer.Argument(help="pose or import.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="Film, keypoint file or roster.")],
    patient: PatientOption = None,
    exercise: Annotated[str | None, typer.Option("--exercise", "-e", help="Slug.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Put a job into the queue; on a local store it is done at once."""
    from rehabctl.services import work_queue
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    queue = work_queue.queue_of(settings)
    if kind == work_queue.IMPORT:
        number = work_queue.submit_import(settings, queue, file)
    elif kind != work_queue.POSE:
        raise UsageError("unknown kind of job", "Use pose or import")
    elif patient is None or exercise is None:
        raise UsageError("an analysis needs a patient and an exercise", "Add --patient, --exercise")
    else:
        number = work_queue.submit_pose(settings, queue, file, patient, exercise)
    emit_object({"kind": kind, "job": number}, Output.of(format_, json_, output, quiet))


@app.command(epilog="Examples: rehabctl worker status | rehabctl worker status --format json")
def status(
    stalled_after: StalledOption = 60.0,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show how many jobs wait, are being done, are done, failed, or have lost their worker."""
    from rehabctl.services import work_queue
    from rehabctl.services.settings import load_settings

    queue = work_queue.queue_of(load_settings(), stalled_after_s=stalled_after)
    rows = [asdict(count) for count in queue.counts()]
    emit_items(
        rows, ("kind", "state", "count", "stalled"), Output.of(format_, json_, output, quiet)
    )
