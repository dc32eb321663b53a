"""A Typer group whose sub-apps are imported only when they are run.

Typer vendors Click, so the group subclasses `typer.core.TyperGroup`. `get_command` answers help
listings and shell completion from the registry without an import; `resolve_command` imports the
one module that will run; `load_all` swaps every stub for the real thing (documentation, tests).
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class LazyCommand:
    """One noun: where its Typer app lives and the help sentence shown without importing it."""

    target: str
    help: str
    panel: str
    is_command: bool = False
    """The noun is run by itself (`rehabctl doctor`), without a verb."""


class LazyGroup(TyperGroup):
    """A group that knows its sub-commands by name and loads one at a time."""

    registry: ClassVar[dict[str, LazyCommand]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the nouns in registry order, then any command added directly."""
        return [*self.registry, *(n for n in super().list_commands(ctx) if n not in self.registry)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the loaded command, or a stub that is enough for help and completion."""
        if cmd_name in self.commands or cmd_name not in self.registry:
            return super().get_command(ctx, cmd_name)
        spec = self.registry[cmd_name]
        return TyperCommand(
            name=cmd_name, help=spec.help, rich_help_panel=spec.panel, callback=None
        )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the module of the noun that will run; suggest a name for a typo."""
        if args[0] in self.registry:
            self.load(args[0])
        elif args[0] not in self.commands and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.list_commands(ctx))
            hint = f" Did you mean {', '.join(map(repr, near))}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def load(self, name: str) -> None:
        """Replace the stub of one noun by its real command."""
        if name in self.commands:
            return
        spec = self.registry[name]
        module, _, attribute = spec.target.partition(":")
        sub_app: typer.Typer = getattr(import_module(module), attribute)
        # get_group, not get_command: a noun with a single verb must stay a group
        make = typer.main.get_command if spec.is_command else typer.main.get_group
        command: Any = make(sub_app)
        command.name = name
        command.rich_help_panel = spec.panel
        _reflow(command)
        self.commands[name] = command

    def load_all(self) -> None:
        """Load every noun: for the generated reference and for tests."""
        for name in self.registry:
            self.load(name)


def _reflow(command: Any) -> None:
    """Join the lines of each paragraph of the help, so that they break where the terminal ends."""
    if command.help:
        paragraphs = inspect.cleandoc(command.help).split("\n\n")
        command.help = "\n\n".join(
            p if any(line[:1] in "-* " for line in p.splitlines()) else " ".join(p.split())
            for p in paragraphs
        )
    for sub_command in getattr(command, "commands", {}).values():
        _reflow(sub_command)
