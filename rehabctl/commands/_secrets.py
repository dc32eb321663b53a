"""Reading a secret: from a file, a pipe or the terminal, never from the command line."""

from __future__ import annotations

from pathlib import Path

import typer

from rehabctl.domain.errors import UsageError


def read_secret(name: str, file: Path | None) -> str:
    """Return the secret of a connection.

    Parameters
    ----------
    name
        Of the connection, for the question.
    file
        Where it is; `-` and None are standard input, or the terminal if that is one.

    Raises
    ------
    UsageError
        It is empty.
    """
    import sys

    if file is not None and str(file) != "-":
        text = _read(file)
    elif file is not None or not sys.stdin.isatty():
        text = sys.stdin.read()
    else:
        text = typer.prompt(f"Secret of {name}", hide_input=True, err=True)
    if not text.strip():
        raise UsageError("the secret is empty", "Give it on standard input or with --file")
    return text


def _read(file: Path) -> str:
    from rehabctl.domain.errors import NotFoundError, RehabctlError

    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        raise NotFoundError(f"{file.name} does not exist", "Check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RehabctlError(
            f"cannot read {file.name} ({type(error).__name__})", "Check it"
        ) from None
