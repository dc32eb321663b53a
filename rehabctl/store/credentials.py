"""Secrets of connections to other systems: in the keyring, or printed by the user's own command.

No file and no table of ours ever holds one.
"""

from __future__ import annotations

from uuid import UUID

from rehabctl.domain.errors import NotPermittedError
from rehabctl.store import keyring_entries

_COMMAND_TIMEOUT_S = 60
_MOST_CHARACTERS = 20_000


def find(name: str, database_id: UUID, command: str | None, hint: str | None = None) -> str:
    """Return the secret of a connection: from the command if one is set, else the keyring.

    Parameters
    ----------
    name
        Of the connection; the command gets it as its last argument.
    database_id
        Names the entry of the keyring.
    command
        As the settings of this machine say, never as a shared store says.
    hint
        The next step where there is none; default: that of claims.

    Raises
    ------
    NotPermittedError
        There is none, or the command fails.
    """
    found = _run(command, name) if command else keyring_entries.read(_entry(name, database_id))
    if found is None or not found.strip():
        raise NotPermittedError(
            f"the secret of {name} is missing",
            hint or f"Store it (claim secret or integration secret {name}), or set secret_command",
        )
    return found.strip() + ("\n" if found.lstrip().startswith("-----BEGIN") else "")


def store(name: str, database_id: UUID, secret: str) -> None:
    """Put the secret of a connection into the keyring.

    Raises
    ------
    NotPermittedError
        There is no keyring.
    """
    if not keyring_entries.write(_entry(name, database_id), secret):
        raise NotPermittedError(
            "there is no keyring here", "Set secret_command in config.toml to what prints it"
        )


def _entry(name: str, database_id: UUID) -> str:
    return f"connection {name} of {database_id}"


def _run(command: str, name: str) -> str:
    import shlex
    import subprocess

    try:
        result = subprocess.run(  # noqa: S603 - the user's own command
            [*shlex.split(command), name],
            capture_output=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=True,
        )
        secret = result.stdout.decode("utf-8")
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        raise NotPermittedError(
            f"the secret command failed ({type(error).__name__})",
            f"Run it yourself: it has to print the secret of {name}",
        ) from None
    if len(secret) > _MOST_CHARACTERS:
        raise NotPermittedError(
            f"the secret command printed more than {_MOST_CHARACTERS} characters",
            f"It has to print the secret of {name} only",
        )
    return secret
