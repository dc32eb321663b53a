"""The verbs of `rehabctl claim` that speak to clearinghouses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import (
    Output,
    emit_items,
    emit_verbatim,
    note,
    to_json_value,
)
from rehabctl.commands._secrets import read_secret
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rehabctl.services.claim_submission import Submitted

Via = Annotated[str, typer.Option("--via", help="Name of the connection.", show_default=False)]


def submit(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Drop folder of the clearinghouse's program.")
    ] = None,
    via: Annotated[str | None, typer.Option("--via", help="Name of a connection.")] = None,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Send every claim that is ready, by payer; a run that was cut short is finished first.

    A file is never sent twice: after a cut the other side is asked what it has.
    """
    from rehabctl.services import claim_submission
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import claim_folder, claim_port

    if via == "folder":
        via = None
    if (folder is None) == (via is None):
        raise UsageError("claims need one way out", "Give --folder FOLDER or --via NAME")
    settings, out = load_settings(), Output.of(format_, json_, output, quiet)
    sent: list[Submitted] = []
    with open_store(settings) as store:
        port = claim_folder(folder) if folder else claim_port(store, settings, via or "")
        if dry_run:
            sent.extend(claim_submission.rehearse(store, port, via))
            note("Nothing was sent", out)
            _show_sent(sent, out)
            return
        try:
            sent.extend(claim_submission.submit(store, port, via))
        finally:
            _show_sent(sent, out)


def _show_sent(sent: list[Submitted], out: Output) -> None:
    rows: list[dict[str, Any]] = [
        {
            "file": one.name,
            "claims": one.claims,
            "sha256": one.sha256,
            "remote_id": one.remote_id,
            "answers": one.answers,
        }
        for one in sent
    ]
    emit_items(rows, ("file", "claims", "sha256"), out)
    answers = sum(len(one.answers) for one in sent)
    if answers:
        came = counted(answers, "answer")
        note(f"{came} came at once: rehabctl claim list --state rejected", out)


def fetch(
    via: Via,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Fetch answers and payments that wait at a connection, and apply each of them once.

    What cannot be applied is kept in quarantine: exit code 3, no money or state changes.
    """
    from rehabctl.services import claim_inbox
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import claim_port

    settings, out = load_settings(), Output.of(format_, json_, output, quiet)
    done: list[claim_inbox.Fetched] = []
    with open_store(settings) as store:
        port = claim_port(store, settings, via)
        try:
            done.extend(claim_inbox.fetch(store, port, via, dry_run=dry_run))
        finally:
            rows = [to_json_value(one) for one in done]
            emit_items(rows, ("name", "kind", "state", "claims"), out)
    if any(one.state == "quarantined" for one in done):
        raise typer.Exit(ExitCode.FINDINGS)


def status(
    number: Annotated[str, typer.Argument(help="Our number of the claim.", show_default=False)],
    via: Annotated[str | None, typer.Option("--via", help="Name of the connection.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Write the question (276) here instead.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Ask the payer what has become of a claim; its answer is noted in the claim's history.

    It moves no claim: money and decisions come with the 835.
    """
    from rehabctl.services import payer_questions
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import claim_port

    if (via is None) == (file is None):
        raise UsageError("a question needs one way out", "Give --via NAME or --file FILE")
    settings, out = load_settings(), Output.of(format_, json_, output, quiet)
    with open_store(settings) as store:
        port = None if via is None else claim_port(store, settings, via)
        done, asked = payer_questions.ask_status(store, number, port=port, via=via)
    if file is not None:
        emit_verbatim([asked.data.decode("ascii")], str(file))
    rows = [] if done is None else [to_json_value(one) for one in done.moved]
    emit_items(rows, ("claim", "state", "kind", "codes", "label"), out)
    if done is None:
        note("The answer is still to come: rehabctl claim fetch, or claim ack", out)


def files(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the files that were made, sent and received, with where each stands."""
    from rehabctl.services import claim_submission
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        rows = [to_json_value(one) for one in claim_submission.files(store)]
    columns = ("name", "direction", "state", "port", "remote_id", "created_at", "sha256")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


def settle(
    file: Annotated[str, typer.Argument(help="Name of the file.", show_default=False)],
    arrived: Annotated[
        bool,
        typer.Option("--arrived/--not-arrived", help="As the clearinghouse said."),
    ],
) -> None:
    """Say whether a file arrived whose sending was cut and that nobody could look up.

    A file that did not arrive is sent by the next `claim submit`.
    """
    from rehabctl.services import claim_submission
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        claim_submission.settle(store, file, arrived=arrived)


def connections(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the connections to clearinghouses. Secrets are never shown."""
    from rehabctl.services import billing_settings
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        rows = [to_json_value(one) for one in billing_settings.ports(store)]
    columns = ("name", "kind", "address", "login", "send_folder", "receive_folder")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


def secret(
    name: Annotated[str, typer.Argument(help="Name of the connection.", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Read it from this file, such as a private key, or - ."),
    ] = None,
) -> None:
    """Put password, private key or API key of a connection into the keyring.

    Without a keyring, set `secret_command` in config.toml: it is given the name and prints it.
    """
    from rehabctl.services import claim_submission
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    text = read_secret(name, file)
    with open_store(load_settings()) as store:
        claim_submission.keep_secret(store, name, text)
