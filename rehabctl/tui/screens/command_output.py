"""Runs one command in a process of its own and shows what it printed."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from rehabctl.tui.cells import align_tabs, clean
from rehabctl.tui.messages import CommandFinished
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.own_dismiss import OwnDismiss
from rehabctl.tui.widgets.reader import Reader

_MOST_BYTES = 2_000_000


class CommandOutput(OwnDismiss, Screen[None]):
    """Output and exit code of a command; closing the screen stops the command.

    Parameters
    ----------
    executable
        The program to start and its first arguments.
    line
        The rest, as typed; split like a shell does, but no shell is started.
    """

    BINDINGS: ClassVar = [Binding("escape,q", "close", "Close", id="output.close")]

    def __init__(self, executable: Sequence[str], line: str) -> None:
        super().__init__()
        self._executable = tuple(executable)
        self._line = line
        self._process: asyncio.subprocess.Process | None = None
        self._output = Static("", id="output-text", markup=False)
        self._end = Static(Content(" Running…   esc: stop and close"), id="output-end")

    def compose(self) -> ComposeResult:
        """Lay out the command, its output and its end."""
        yield Static(Content(f" rehabctl {clean(self._line)}"), id="output-title")
        with Reader():
            yield self._output
        yield self._end

    def on_mount(self) -> None:
        """Start the command."""
        self.query_one(Reader).focus()
        self.run_worker(self._run(), group="command", exit_on_error=False)

    async def _run(self) -> None:
        try:
            arguments = shlex.split(self._line)
        except ValueError:
            self.post_message(CommandFinished("A quotation mark is not closed.", 2))
            return
        # The command sees no terminal: plain output, no prompts, no colours.
        environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": str(app_of(self).size.width)}
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._executable,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
            )
        except OSError:
            self.post_message(CommandFinished("rehabctl could not be started.", 1))
            return
        output = b""
        stream = self._process.stdout
        while stream is not None and (chunk := await stream.read(65_536)):
            output = (output + chunk)[-_MOST_BYTES:]
        code = await self._process.wait()
        self.post_message(CommandFinished(output.decode(errors="replace"), code))

    def on_command_finished(self, message: CommandFinished) -> None:
        """Show the output and the exit code."""
        text = align_tabs(message.output) or "(no output)"
        self._output.update(Content(text))
        word = "done" if message.exit_code == 0 else f"exit code {message.exit_code}"
        self._end.update(Content(f" {word}   esc: close"))

    def on_unmount(self) -> None:
        """Stop a command that still runs."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    def action_close(self) -> None:
        """Close the screen."""
        self.dismiss(None)
