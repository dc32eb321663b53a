"""`rehabctl sensor scan|pair|info|identify|record|backfill|stream`: sensors over the air."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._options import (
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    PatientOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.commands._sensor_live import Cue, StreamRequest, run_stream
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import ExitCode, RehabctlError, UsageError

if TYPE_CHECKING:
    from rehabctl.services.sensor_link import LinkOutcome, LinkRequest

app = typer.Typer(no_args_is_help=True)

SensorArgument = Annotated[str, typer.Argument(metavar="SENSOR", help="Address or name.")]
OverrideOption = Annotated[
    str | None,
    typer.Option(
        help="Record a patient without a valid certificate, because: no-other-sensor, home-visit, "
        "checked-by-technician or research-protocol."
    ),
]
_COLUMNS = (
    "sensor", "path", "serial", "samples", "duplicates", "drops", "filled", "battery_percent",
)  # fmt: skip


@app.command(
    epilog="Examples: rehabctl sensor scan | rehabctl sensor scan --seconds 10 --format json"
)
def scan(
    seconds: Annotated[float, typer.Option(min=0.5, max=120, help="How long to listen.")] = 5.0,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the sensors in reach. Exit code 6 without a Bluetooth adapter."""
    from rehabctl.services.sensor_link import find_sensors
    from rehabctl.services.settings import load_settings

    found = to_json_value(find_sensors(load_settings(), seconds))
    columns = ("address", "name", "rssi_dbm", "driver", "verified_against")
    emit_items(found, columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl sensor info D4:22:CD:00:11:22 | "
    "rehabctl sensor info 'Movella DOT' --format json"
)
def info(
    sensor: SensorArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Connect a sensor and show serial number, firmware, charge and what it can do."""
    _show(sensor, Output.of(format_, json_, output, quiet), pair=False)


@app.command(
    epilog="Examples: rehabctl sensor pair D4:22:CD:00:11:22 | "
    "rehabctl sensor pair 'Movella DOT' --format json"
)
def pair(
    sensor: SensorArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Pair a sensor with this computer and show what it says of itself."""
    _show(sensor, Output.of(format_, json_, output, quiet), pair=True)


def _show(sensor: str, out: Output, *, pair: bool) -> None:
    from rehabctl.services.sensor_link import information
    from rehabctl.services.settings import load_settings

    emit_object(to_json_value(information(load_settings(), sensor, pair=pair)), out)


@app.command(
    epilog="Examples: rehabctl sensor identify D4:22:CD:00:11:22 | "
    "rehabctl sensor identify 'Movella DOT'"
)
def identify(sensor: SensorArgument, quiet: QuietFlag = False) -> None:
    """Make a sensor blink, to tell it from the others. Exit code 6 where it cannot."""
    from rehabctl.services.sensor_link import identify as run
    from rehabctl.services.settings import load_settings

    address = run(load_settings(), sensor)
    note(f"{address} blinks", Output(Format.PLAIN, quiet=quiet))


@app.command(
    epilog="Examples: rehabctl sensor record D4:22:CD:00:11:22 -o thigh.imurec --duration-s 60 | "
    "rehabctl sensor record D4:22:CD:00:11:22=thigh D4:22:CD:00:11:23=shank --side left -o knee/"
)
def record(
    sensors: Annotated[
        list[str], typer.Argument(metavar="SENSOR[=SEGMENT]...", help="Addresses or names.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="New recording (.imurec); of several, a folder.")
    ],
    duration_s: Annotated[float, typer.Option("--duration-s", min=1, max=86400)] = 60.0,
    rate_hz: Annotated[
        int | None,
        typer.Option("--rate-hz", min=1, max=200, help="Default: the sensor's nearest to 60."),
    ] = None,
    segment: Annotated[str, typer.Option(help="Body segment, such as thigh.")] = "",
    side: Annotated[str, typer.Option(help="left or right.")] = "",
    onboard: Annotated[
        bool, typer.Option(help="Record in the sensor's memory too, and fill gaps from it.")
    ] = False,
    patient: PatientOption = None,
    exercise: Annotated[
        str, typer.Option("--exercise", "-e", help="Slug of what the patient does.")
    ] = "",
    override: OverrideOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Record sensors to append-only files, through dropped links, with a ledger of gaps.

    With --patient the files are encrypted, consent is needed, and sensors without a valid
    certificate are refused. Exit code 3 with findings, 6 when a sensor was lost, 7 when one of
    several failed.
    """
    from rehabctl.commands._progress import progress
    from rehabctl.services.settings import load_settings

    settings, say = load_settings(), noter(quiet)
    requests = requests_of(sensors, output, rate_hz, duration_s, segment, side, onboard)
    with ending_early(say, output) as ended, progress("recording", quiet=quiet) as report:
        if patient is None:
            from rehabctl.services.sensor_link import record as run

            outcomes = run(requests, settings, progress=report, note=say, ended=ended)
        else:
            from rehabctl.services.sensor_sessions import record_patient

            outcomes = record_patient(
                settings, patient, exercise, requests, override, report, say, ended
            )
    out = Output.of(format_, json_, None, quiet)
    emit_outcomes(outcomes, out, out)


@contextmanager
def ending_early(say: Callable[[str], None], where: Path) -> Generator[threading.Event]:
    """Yield what `q` or Enter sets; say what became of a recording that did not run its length.

    Parameters
    ----------
    say
        Takes a line.
    where
        The file or folder that keeps it.
    """
    from rehabctl.commands._end_key import end_key

    with end_key() as key:
        if key.listens:
            say("q or Enter ends it early and keeps what was recorded")
        try:
            yield key.pressed
        except KeyboardInterrupt:
            if where.exists():
                say(f"what was recorded is in {where.name}; to record again, name another")
            raise
    if key.pressed.is_set():
        say(f"ended early by key; what was recorded is in {where.name}")


def noter(quiet: bool) -> Callable[[str], None]:
    """Return what writes notes to standard error, or nothing."""
    out = Output(Format.PLAIN, quiet=quiet)
    return lambda text: note(text, out)


def requests_of(
    sensors: list[str],
    output: Path,
    rate_hz: int | None,
    duration_s: float,
    segment: str = "",
    side: str = "",
    onboard: bool = False,
) -> list[LinkRequest]:
    """Return one request a sensor; several go into one folder, named by segment or address."""
    from rehabctl.services.sensor_link import LinkRequest

    if output.suffix == ".npz":
        raise UsageError(
            "a recording over the air is an .imurec file",
            "Name it so; sensor replay --npz makes an .npz of it",
        )
    requests: list[LinkRequest] = []
    for text in sensors:
        name, _, own = text.partition("=")
        place = own or segment
        path = output
        if len(sensors) > 1 or output.is_dir():
            stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in own or name)
            path = output / f"{stem}.imurec"
        requests.append(LinkRequest(name, path, rate_hz, duration_s, place, side, onboard=onboard))
    if len(sensors) > 1:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RehabctlError(
                f"cannot make {output}: {error.strerror}", "Choose another"
            ) from None
    return requests


def emit_outcomes(
    outcomes: Sequence[LinkOutcome | RehabctlError], data: Output | None, notes: Output
) -> None:
    """Write what was recorded (unless `data` is None), and exit by the worst of it."""
    failed = [found for found in outcomes if isinstance(found, RehabctlError)]
    good = [found for found in outcomes if not isinstance(found, RehabctlError)]
    if len(outcomes) == 1 and failed:
        raise failed[0]
    rows = [to_json_value(found) for found in good]
    if data is not None and len(outcomes) == 1:
        emit_object(rows[0], data)
    elif data is not None:
        emit_items(rows, _COLUMNS, data)
    for found in good:
        if data is None:
            lost = f"{counted(found.drops, 'drop')}, {counted(len(found.gaps), 'gap')}"
            counts = f"{counted(found.samples, 'sample')}, {lost}"
            note(f"{found.sensor}: {counts}", notes)
        for finding in found.findings:
            note(f"{found.sensor}: {finding.text}", notes)
    for error in failed:
        note(f"rehabctl: error: {error}")
    if failed:
        raise typer.Exit(ExitCode.PARTIAL if good else failed[0].exit_code)
    codes = {finding.code for found in good for finding in found.findings}
    if "lost" in codes:
        raise typer.Exit(ExitCode.UNAVAILABLE)
    if codes:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl sensor backfill D4:22:CD:00:11:22 thigh.imurec | "
    "rehabctl sensor backfill 'Movella DOT' thigh.imurec --format json"
)
def backfill(
    sensor: SensorArgument,
    recording: Annotated[Path, typer.Argument(help="A recording with gaps (.imurec).")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Fill the gaps of a recording from the sensor's own memory, by its time stamps.

    Exit code 3 when samples are still missing.
    """
    from rehabctl.services.sensor_backfill import fill_file
    from rehabctl.services.sensor_link import onboard_samples
    from rehabctl.services.settings import load_settings

    filled, gaps = fill_file(recording, onboard_samples(load_settings(), sensor))
    view = {"filled": filled, "gaps": to_json_value(gaps)}
    emit_object(view, Output.of(format_, json_, output, quiet))
    if gaps:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl sensor stream 'Movella DOT' --record thigh.imurec | rehabctl "
    "sensor stream --replay thigh.imurec --replay shank.imurec --exercise heel-slide-supine"
)
def stream(
    sensors: Annotated[
        list[str] | None, typer.Argument(metavar="SENSOR...", help="Address or name; or two.")
    ] = None,
    record_: Annotated[
        Path | None, typer.Option("--record", help="New recording (.imurec); of two, a folder.")
    ] = None,
    replay: Annotated[
        list[Path] | None, typer.Option("--replay", help="Recordings instead of sensors.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, max=1000, help="Of a replay: 1 is real time, 0 is at once.")
    ] = 1.0,
    exercise: Annotated[
        str | None,
        typer.Option("--exercise", "-e", help="Count repetitions and cue; needs two sensors."),
    ] = None,
    target_deg: Annotated[
        float | None, typer.Option("--target-deg", help="Instead of the exercise's target.")
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="Certificate of a functional calibration; gives the joint's axis."),
    ] = None,
    cue: Annotated[
        Cue,
        typer.Option(
            help="Also heard: a bell at each full repetition, or every cue spoken by espeak-ng "
            "or say, where one is installed."
        ),
    ] = Cue.OFF,
    duration_s: Annotated[float, typer.Option("--duration-s", min=1, max=86400)] = 60.0,
    rate_hz: Annotated[
        int | None,
        typer.Option("--rate-hz", min=1, max=200, help="Default: the sensor's nearest to 60."),
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Print samples as JSON lines while they are recorded; with --exercise, count and cue.

    Two sensors are named from the body outwards: thigh, then shank. The joint's axis is learned
    from the first bends, unless --calibration gives it.
    """
    if bool(sensors) == bool(replay):
        raise UsageError("name sensors or --replay, one of the two", "See the examples in --help")
    if sensors and record_ is None:
        raise UsageError("a live stream is always recorded", "Name a file with --record")
    run_stream(
        StreamRequest(
            tuple(sensors or ()), record_, tuple(replay or ()), speed, exercise, target_deg,
            calibration, cue, duration_s, rate_hz,
        ),
        Output.of(format_, json_, None, quiet),
    )  # fmt: skip
