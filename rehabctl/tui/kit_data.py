"""The port through which kits are listed and moved on. Every method may block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from rehabctl.domain.kit import KitEventKind

if TYPE_CHECKING:
    from rehabctl.services.kits import KitDetail, KitLine


class KitData(Protocol):
    """What the kit screen needs of the services."""

    def report(self) -> Sequence[KitLine]:
        """Return every kit with its state and what it needs."""
        ...

    def show(self, name: str) -> KitDetail:
        """Return one kit with its contents and the newest of its log."""
        ...

    def move(self, name: str, kind: KitEventKind) -> None:
        """Note what happened to a kit; refuses a step that its state does not allow."""
        ...
