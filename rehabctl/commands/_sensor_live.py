"""What `rehabctl sensor stream` prints while samples come."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehabctl.commands._options import Format
from rehabctl.commands._render import Output, note
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.devices.model import SampleBatch
    from rehabctl.devices.voice import Voice
    from rehabctl.services.sensor_biofeedback import Biofeedback, Spoken

_BELL = "\a"


class Cue(StrEnum):
    """What is heard, beside what is printed."""

    OFF = "off"
    BELL = "bell"
    SPEECH = "speech"


@dataclass(frozen=True)
class StreamRequest:
    """The command line of `sensor stream`."""

    sensors: tuple[str, ...]
    record: Path | None
    replay: tuple[Path, ...]
    speed: float
    exercise: str | None
    target_deg: float | None
    calibration: Path | None
    cue: Cue
    duration_s: float
    rate_hz: int | None


def run_stream(request: StreamRequest, out: Output) -> None:
    """Stream, from sensors or from recordings; raise or exit as the recording does."""
    follower, voice = None, None
    if request.exercise is None:
        if request.cue is not Cue.OFF:
            raise UsageError("samples alone have no cues", "Name the --exercise")
        if len(request.sensors) > 1 or len(request.replay) > 1:
            raise UsageError("samples of one sensor only are printed", "Name one, or --exercise")
    else:
        if len(request.sensors or request.replay) != 2:
            raise UsageError(
                "a joint lies between two sensors", "Name the proximal one, then the distal one"
            )
        if request.cue is Cue.SPEECH:
            voice = _voice(out)
        follower = _follower(request, voice, out)
    try:
        if request.replay:
            _replay(request, follower)
        else:
            _live(request, follower, out)
    finally:
        if follower is not None:
            _summary(follower.finish(), out)
        if voice is not None and not voice.close():
            note("the speech program failed; the cues were printed only", out)


def _voice(out: Output) -> Voice | None:
    from rehabctl.services.wiring import speech

    found = speech()
    if found is None:
        note("no speech program is installed (espeak-ng or say); cues are printed only", out)
    return found


def _follower(request: StreamRequest, voice: Voice | None, out: Output) -> Biofeedback:
    from rehabctl.services.sensor_biofeedback import as_json, biofeedback
    from rehabctl.services.settings import load_settings

    def emit(spoken: Spoken) -> None:
        if out.format in (Format.JSON, Format.JSONL):
            sys.stdout.write(as_json(spoken) + "\n")
        elif spoken.text:
            sys.stdout.write(spoken.text + "\n")
        sys.stdout.flush()
        if voice is not None and spoken.text:
            voice.say(spoken.text)
        if request.cue is Cue.BELL and spoken.event.kind == "repetition" and spoken.event.full:
            sys.stderr.write(_BELL)
            sys.stderr.flush()

    rate_hz = _rate(request)
    return biofeedback(
        request.exercise or "",
        request.target_deg,
        rate_hz,
        load_settings().now().date(),
        emit,
        request.calibration,
        at_once=bool(request.replay),
    )


def _rate(request: StreamRequest) -> float:
    if not request.replay:
        return float(request.rate_hz or 60)
    from rehabctl.services.sensors import open_recording

    return 1.0 / max(open_recording(path).interval_s for path in request.replay)


def _replay(request: StreamRequest, follower: Biofeedback | None) -> None:
    from rehabctl.services.sensor_biofeedback import replayed

    for which, t_s, gyr, acc in replayed(request.replay, request.speed):
        if follower is not None:
            follower.take(which, t_s, gyr, acc)
        else:
            _print({"t_s": round(t_s, 6), "gyr_rads": gyr.tolist(), "acc_ms2": acc.tolist()})


def _live(request: StreamRequest, follower: Biofeedback | None, out: Output) -> None:
    from rehabctl.commands._sensor_link import emit_outcomes, ending_early, noter, requests_of
    from rehabctl.services.sensor_link import record, shown_sample
    from rehabctl.services.settings import load_settings

    def tap(which: int) -> Any:
        def shown(t_s: float, batch: SampleBatch, row: int) -> None:
            if follower is not None:
                follower.take(which, t_s, batch.gyr_rads[row], batch.acc_ms2[row])
            else:
                _print(shown_sample(t_s, batch, row))

        return shown

    if request.record is None:
        raise UsageError("a live stream is always recorded", "Name a file with --record")
    requests = requests_of(
        list(request.sensors), request.record, request.rate_hz, request.duration_s
    )
    taps = [tap(i) for i in range(len(requests))]
    say = noter(out.quiet)
    with ending_early(say, request.record) as ended:
        outcomes = record(requests, load_settings(), taps=taps, note=say, ended=ended)
    emit_outcomes(outcomes, None, out)


def _print(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def _summary(view: dict[str, Any], out: Output) -> None:
    if out.format in (Format.JSON, Format.JSONL):
        _print({"event": "summary", **view})
        return
    counts = view["repetitions"]
    note(f"{counts['full']} full, {counts['partial']} partial", out)
    if not view["axis_learned"]:
        note("the joint did not move enough to learn its axis", out)
