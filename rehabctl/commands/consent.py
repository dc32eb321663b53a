"""`rehabctl consent`: what patients allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, note
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.domain.consent import ConsentScope

app = typer.Typer(help="Note and revoke what patients allow.", no_args_is_help=True)

ScopeArgument = Annotated[
    str,
    typer.Argument(help="video_recording, body_tracking, data_sharing or model_training."),
]
Mrn = Annotated[str, typer.Option("--patient", help="Medical record number.")]


@app.command(
    "list",
    epilog="Examples: rehabctl consent list --patient 1042 | "
    "rehabctl consent list --patient 1042 --format json",
)
def list_(
    patient: Mrn,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List every consent of a patient, revoked ones too."""
    from rehabctl.services import consents
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    with open_store(settings) as store:
        found = consents.of_patient(store, patient)
    now = settings.now()
    rows = [
        {
            "scope": c.scope,
            "active": c.is_active(now),
            "granted_at": c.granted_at,
            "expires_at": c.expires_at,
            "revoked_at": c.revoked_at,
        }
        for c in found
    ]
    columns = ("scope", "active", "granted_at", "expires_at", "revoked_at")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl consent grant body_tracking --patient 1042 | "
    "rehabctl consent grant video_recording --patient 1042"
)
def grant(scope: ScopeArgument, patient: Mrn, quiet: QuietFlag = False) -> None:
    """Note that a patient allows something; noting it again changes nothing."""
    from rehabctl.services import consents
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    wanted = _scope(scope)
    with open_store(load_settings()) as store:
        consents.grant(store, patient, wanted)
    if not quiet:
        note(f"{wanted.value} is allowed")


@app.command(
    epilog="Examples: rehabctl consent revoke data_sharing --patient 1042 | "
    "rehabctl consent revoke model_training --patient 1042"
)
def revoke(scope: ScopeArgument, patient: Mrn, quiet: QuietFlag = False) -> None:
    """Note that a patient no longer allows something; what was made before is kept as it is."""
    from rehabctl.services import consents
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    wanted = _scope(scope)
    with open_store(load_settings()) as store:
        consents.revoke(store, patient, wanted)
    if not quiet:
        note(f"{wanted.value} is revoked")


def _scope(text: str) -> ConsentScope:
    from rehabctl.domain.consent import ConsentScope

    try:
        return ConsentScope(text)
    except ValueError:
        known = ", ".join(scope.value for scope in ConsentScope)
        raise UsageError(f"{text!r} is nothing to consent to", f"Use one of {known}") from None
