"""What can be configured, which value is in force and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehabctl.domain.errors import UsageError, suggestion
from rehabctl.reference.findings import Finding, Severity
from rehabctl.services.settings import Paths, read_config

_PASSWORD = re.compile(r"(://[^:@/]*:).*(?=@)|(password=)[^&\s]+")


@dataclass(frozen=True, slots=True)
class Option:
    """One setting that a user may give."""

    key: str
    """Its name in config.toml."""
    meaning: str
    variable: str | None = None
    """The environment variable that comes before the file."""
    in_file: bool = True
    """Whether config.toml may hold it."""
    choices: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A setting as it is in force."""

    key: str
    value: str | None
    source: str
    """`environment VARIABLE`, `config.toml` or `default`."""
    meaning: str


OPTIONS = (
    Option(
        "home",
        "Folder of config.toml, the database, recordings, models and the log",
        "REHABCTL_HOME",
        in_file=False,
    ),
    Option(
        "database_url",
        "Address of a shared PostgreSQL; without it the encrypted file in home is used",
        "REHABCTL_DATABASE_URL",
    ),
    Option("key_command", "Command that prints the key of the database", "REHABCTL_KEY_COMMAND"),
    Option(
        "secret_command",
        "Command that prints the secret of a connection, whose name it gets as its last argument",
        "REHABCTL_SECRET_COMMAND",
    ),
    Option("sms_account", "Account of the carrier of text messages (Twilio, AC...)"),
    Option("sms_from", "Number, or messaging service (MG...), that text messages come from"),
    Option("smtp_host", "Mail server that takes messages to patients, with encryption"),
    Option("smtp_port", "Its port: 465, or 587 for STARTTLS", default="587"),
    Option("smtp_login", "Login at the mail server"),
    Option("smtp_from", "E-mail address that messages come from"),
    Option("message_sender", "How the clinic calls itself in messages, without a specialty"),
    Option("message_phone", "Telephone number that messages ask to call"),
    Option("video_service", "Video server of your own", choices=("livekit", "jitsi")),
    Option("video_page", "Page that opens a video visit, https://"),
    Option("video_server", "Address of a LiveKit server, wss://"),
    Option("video_key", "API key of LiveKit, or application id of Jitsi"),
    Option("key_file", "File that holds the key of the database", "REHABCTL_KEY_FILE", False),
    Option(
        "pose_model", "File of a pose model instead of the installed one", "REHABCTL_POSE_MODEL"
    ),
    Option(
        "unapproved_exercises",
        "Whether exercises that no clinician approved are assigned with a mark, or refused",
        choices=("assign", "refuse"),
        default="assign",
    ),
)


def in_force(environment: Mapping[str, str], paths: Paths) -> list[Value]:
    """Return every setting with its value and where that comes from.

    Parameters
    ----------
    environment
        Variables of the process.
    paths
        Where things live.

    Raises
    ------
    UsageError
        The file is not TOML.
    """
    config = read_config(paths.config_file)
    return [_value(option, environment, config, paths) for option in OPTIONS]


def _value(
    option: Option, environment: Mapping[str, str], config: Mapping[str, Any], paths: Paths
) -> Value:
    given = environment.get(option.variable or "")
    if given:
        value, source = given, f"environment {option.variable}"
    elif option.in_file and isinstance(written := config.get(option.key), str) and written:
        value, source = written, paths.config_file.name
    else:
        value, source = str(paths.home) if option.key == "home" else option.default, "default"
    shown = _PASSWORD.sub(r"\1\2***", value) if value and option.key == "database_url" else value
    return Value(option.key, shown, source, option.meaning)


def validate(paths: Paths) -> list[Finding]:
    """Return what is wrong with config.toml.

    Parameters
    ----------
    paths
        Where things live.

    Raises
    ------
    UsageError
        There is no such file, or it is not TOML.
    """
    file = paths.config_file
    config = read_config(file)
    if not file.exists():
        raise UsageError(f"there is no {file}", "Every default is in force: rehabctl config show")
    lines = file.read_text("utf-8").splitlines()
    known = {option.key: option for option in OPTIONS if option.in_file}
    findings: list[Finding] = []
    for key, value in config.items():
        problem = _problem(key, value, known)
        if problem is not None:
            rule, message = problem
            pattern = re.compile(rf"\s*(\[\s*)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
            line = next((n for n, text in enumerate(lines, 1) if pattern.match(text)), 1)
            findings.append(Finding(str(file), line, rule, Severity.ERROR, message))
    return findings


def _problem(key: str, value: object, known: Mapping[str, Option]) -> tuple[str, str] | None:
    option = known.get(key)
    if option is None:
        hint = suggestion(key, list(known)) or f"known are {', '.join(known)}"
        return "unknown-setting", f"{key} is no setting; {hint}"
    if not isinstance(value, str):
        return "not-text", f"{key} must be text between quotation marks"
    if option.choices and value not in option.choices:
        return "not-a-choice", f"{key} must be {' or '.join(option.choices)}"
    return None


def schema() -> dict[str, Any]:
    """Return the JSON Schema of config.toml, for editors."""
    properties = {
        option.key: {
            "type": "string",
            "description": option.meaning,
            **({"enum": list(option.choices)} if option.choices else {}),
            **({"default": option.default} if option.default is not None else {}),
        }
        for option in OPTIONS
        if option.in_file
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config.toml of rehabctl",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
