"""`rehabctl session`: what patients did between visits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_object
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError

app = typer.Typer(help="Log what patients did between visits.", no_args_is_help=True)

_MAX_BYTES = 4 * 2**20


@app.callback()
def session() -> None:
    """Log what patients did between visits."""


@app.command(
    epilog="Examples: rehabctl session log --patient 1042 --file session.json | "
    "rehabctl session log --patient 1042 --file -"
)
def log(
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    file: Annotated[Path, typer.Option("--file", help="The upload; - is standard input.")],
    by: Annotated[str, typer.Option("--by", help="Who acted.")] = "patient",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Store one session that a patient's device uploaded; the same upload twice changes nothing."""
    from rehabctl.services import exercise_sessions, triage
    from rehabctl.services.library import open_library
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    upload = _read(file)
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        library = open_library(settings)
        done = exercise_sessions.log(store, library, rules, patient, upload, entered_by=by)
    emit_object(
        {"id": done.external_id, "created": done.is_new},
        Output.of(format_, json_, output, quiet),
    )


def _read(file: Path) -> dict[str, Any]:
    import json
    import sys

    try:
        data = sys.stdin.buffer.read(_MAX_BYTES) if str(file) == "-" else file.read_bytes()
        loaded: Any = json.loads(data[:_MAX_BYTES])
    except FileNotFoundError:
        raise NotFoundError(f"{file.name} does not exist", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {file.name}: {error.strerror}", "Check it") from None
    except (ValueError, RecursionError):
        raise FindingsError(f"{file.name} is not JSON", "Send the upload again") from None
    if not isinstance(loaded, dict):
        raise FindingsError(f"{file.name} holds no JSON object", "Send the upload again")
    return loaded  # pyright: ignore[reportUnknownVariableType]
