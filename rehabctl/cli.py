"""The root command, the registry of nouns, and the one place where errors become exit codes.

No command module is imported here.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated, Any, ClassVar

import typer

from rehabctl.commands._lazy import LazyCommand, LazyGroup

_CLINIC = "Clinic"
_MEASUREMENT = "Measurement"
_BILLING = "Billing"
_SYSTEM = "This installation"


class RootGroup(LazyGroup):
    """`rehabctl <noun> <verb>`: every noun with the sentence that its help shows."""

    registry: ClassVar[dict[str, LazyCommand]] = {
        "triage": LazyCommand(
            "rehabctl.commands.triage:app", "List who needs help first, and why.", _CLINIC
        ),
        "panel": LazyCommand(
            "rehabctl.tui.launch:app",
            "Open the therapist's panel: a day's triage from the keyboard.",
            _CLINIC,
            is_command=True,
        ),
        "alert": LazyCommand(
            "rehabctl.commands.alert:app",
            "List alerts, acknowledge, snooze and assign them.",
            _CLINIC,
        ),
        "review": LazyCommand(
            "rehabctl.commands.review:app", "Review measured recordings.", _CLINIC
        ),
        "protocol": LazyCommand(
            "rehabctl.commands.protocol:app", "Show protocol templates and assign them.", _CLINIC
        ),
        "program": LazyCommand(
            "rehabctl.commands.program:app",
            "Show, change, hold and hand out a patient's programme.",
            _CLINIC,
        ),
        "session": LazyCommand(
            "rehabctl.commands.session:app", "Log what patients did between visits.", _CLINIC
        ),
        "pose": LazyCommand(
            "rehabctl.commands.pose:app", "Measure recorded exercise videos.", _MEASUREMENT
        ),
        "sensor": LazyCommand(
            "rehabctl.commands.sensor:app",
            "Calibrate, check and record motion sensors.",
            _MEASUREMENT,
        ),
        "kit": LazyCommand(
            "rehabctl.commands.kit:app",
            "Prepare, assign and take back sensor kits.",
            _MEASUREMENT,
        ),
        "prom": LazyCommand(
            "rehabctl.commands.prom:app",
            "Score outcome questionnaires and rate their change.",
            _CLINIC,
        ),
        "claim": LazyCommand(
            "rehabctl.commands.claim:app", "Count, build and check insurance claims.", _BILLING
        ),
        "remit": LazyCommand(
            "rehabctl.commands.remit:app", "Read and post remittances (835).", _BILLING
        ),
        "payer": LazyCommand(
            "rehabctl.commands.payer:app", "Keep payers' dated rules and fees.", _BILLING
        ),
        "eligibility": LazyCommand(
            "rehabctl.commands.eligibility:app",
            "Ask payers whether patients are covered.",
            _BILLING,
        ),
        "rtm": LazyCommand(
            "rehabctl.commands.rtm:app",
            "Prove and claim remote therapeutic monitoring.",
            _BILLING,
        ),
        "patient": LazyCommand(
            "rehabctl.commands.patient:app", "Create, list, show and update patients.", _CLINIC
        ),
        "episode": LazyCommand(
            "rehabctl.commands.episode:app", "Open, change and close courses of care.", _CLINIC
        ),
        "visit": LazyCommand(
            "rehabctl.commands.visit:app", "Plan, hold, time and end visits.", _CLINIC
        ),
        "video-visit": LazyCommand(
            "rehabctl.commands.video_visit:app",
            "Hold visits by video: Daily, or LiveKit and Jitsi of your own.",
            _CLINIC,
        ),
        "message": LazyCommand(
            "rehabctl.commands.message:app", "Read and write messages of patients.", _CLINIC
        ),
        "adherence": LazyCommand(
            "rehabctl.commands.adherence:app", "Show what was done of what was planned.", _CLINIC
        ),
        "engage": LazyCommand(
            "rehabctl.commands.engage:app",
            "Remind, praise and inform patients, and see who needs a word.",
            _CLINIC,
        ),
        "report": LazyCommand(
            "rehabctl.commands.report:app", "Report outcomes, progress, claims and return.", _CLINIC
        ),
        "schedule": LazyCommand(
            "rehabctl.commands.schedule:app", "Find a time, book it, move it, cancel it.", _CLINIC
        ),
        "note": LazyCommand(
            "rehabctl.commands.note:app", "Draft, write and sign clinical notes.", _CLINIC
        ),
        "plan": LazyCommand(
            "rehabctl.commands.plan:app", "Write, certify and watch plans of care.", _CLINIC
        ),
        "licence": LazyCommand(
            "rehabctl.commands.licence:app",
            "Keep licences and check who may treat where.",
            _CLINIC,
        ),
        "consent": LazyCommand(
            "rehabctl.commands.consent:app", "Note and revoke what patients allow.", _CLINIC
        ),
        "exercise": LazyCommand(
            "rehabctl.commands.exercise:app",
            "Find, read and check exercises of the library.",
            _CLINIC,
        ),
        "import": LazyCommand(
            "rehabctl.commands.import_:app", "Take over data of other systems.", _SYSTEM
        ),
        "integration": LazyCommand(
            "rehabctl.commands.integration:app",
            "Show what speaks to other systems, and let it, under agreements.",
            _SYSTEM,
        ),
        "audit": LazyCommand(
            "rehabctl.commands.audit:app", "Read and check the audit log.", _SYSTEM
        ),
        "db": LazyCommand(
            "rehabctl.commands.db:app",
            "Look after the store: init, status, upgrade, verify, backup.",
            _SYSTEM,
        ),
        "user": LazyCommand(
            "rehabctl.commands.user:app",
            "Let people in, switch them off, move caseloads, open a record in an emergency.",
            _SYSTEM,
        ),
        "export": LazyCommand("rehabctl.commands.export:app", "Write data for others.", _SYSTEM),
        "retention": LazyCommand(
            "rehabctl.commands.retention:app", "Destroy what has been kept long enough.", _SYSTEM
        ),
        "worker": LazyCommand(
            "rehabctl.commands.worker:app",
            "Do analyses and imports of the work queue, and deliver what is due.",
            _SYSTEM,
        ),
        "init": LazyCommand(
            "rehabctl.commands.init:app",
            "Set up this machine: database, key, clinic and pose model.",
            _SYSTEM,
            is_command=True,
        ),
        "config": LazyCommand(
            "rehabctl.commands.config:app", "Show and check the settings.", _SYSTEM
        ),
        "demo": LazyCommand(
            "rehabctl.commands.demo:app",
            "Build a demo clinic and open it.",
            _SYSTEM,
            is_command=True,
        ),
        "doctor": LazyCommand(
            "rehabctl.commands.doctor:app",
            "Check this installation and say how to fix it.",
            _SYSTEM,
            is_command=True,
        ),
    }


app = typer.Typer(
    cls=RootGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from rehabctl import __version__

        typer.echo(f"rehabctl {__version__}")
        raise typer.Exit


@app.callback(
    epilog="Examples: rehabctl demo --no-panel | rehabctl pose analyze squat.mp4 "
    "--exercise bodyweight-squat"
)
def root(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", help="Print the version.", callback=_print_version),
    ] = False,
    key_command: Annotated[
        str | None,
        typer.Option(
            help="Command that prints the key of the database (also: key_command in config.toml).",
            metavar="COMMAND",
        ),
    ] = None,
) -> None:
    """Telerehabilitation from the terminal: measure, triage and record exercise therapy."""
    if key_command is not None:
        os.environ["REHABCTL_KEY_COMMAND"] = key_command  # where every command reads settings


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code.

    Known errors become one line on standard error. Unknown errors are written to the log without
    their message or locals, which could hold patient data, and named by an id.

    Parameters
    ----------
    argv
        The arguments after the program name.
    """
    from rehabctl.domain.errors import ExitCode, RehabctlError

    try:
        result = app(args=argv, prog_name="rehabctl", standalone_mode=False)
    except RehabctlError as error:
        _say(f"rehabctl: error: {error}")
        return int(error.exit_code)
    except BrokenPipeError:
        # The reader (`| head -1`) went away; keep the interpreter from complaining at exit.
        sys.stdout = None  # type: ignore[assignment]
        return int(ExitCode.FAILED)
    except (KeyboardInterrupt, typer.Abort):
        _say("rehabctl: error: interrupted. Run the same command again to go on.")
        return int(ExitCode.INTERRUPTED)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return _crash(error)
        sys.stdout = None  # type: ignore[assignment]
        _say("rehabctl: error: the disk is full. Free some space, then run the same command again.")
        return int(ExitCode.FAILED)
    except Exception as error:  # noqa: BLE001 - the last barrier before the terminal
        if hasattr(error, "format_message"):  # Typer's own usage errors
            return _usage_error(error)
        return _crash(error)
    return result if isinstance(result, int) else int(ExitCode.OK)


def _crash(error: Exception) -> int:
    from rehabctl.domain.errors import ExitCode
    from rehabctl.services.crash_log import record_crash

    _say(record_crash(error))
    return int(ExitCode.FAILED)


def _usage_error(error: Any) -> int:
    message: str = error.format_message().strip()
    if not message or type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "rehabctl"
        message = " ".join(message.split()).rstrip(".")
        ending = "" if message.endswith("?") else "."
        _say(f"rehabctl: error: {message}{ending} Try: {path} --help")
    return int(error.exit_code)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
