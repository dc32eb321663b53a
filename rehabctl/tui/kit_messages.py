"""Messages of the kit screen."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from rehabctl.services.kits import KitDetail, KitLine


@dataclass
class KitsListed(Message):
    """The inventory was read."""

    lines: tuple[KitLine, ...]


@dataclass
class KitRead(Message):
    """One kit was read."""

    detail: KitDetail


@dataclass
class KitMoved(Message):
    """What happened to a kit is noted."""

    text: str
