"""Loader of the texts that leave the clinic (`message_templates.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from string import Formatter
from typing import Any

from rehabctl.domain.errors import RehabctlError

ALLOWED_WORDS = frozenset({"clinic", "phone", "when", "reference"})
_FALLBACK_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How often and how long delivery is tried."""

    effective_from: date
    source: str
    grade: str
    lease_minutes: int
    """How long nobody else touches what one run is sending."""
    first_wait_minutes: int
    """Before the second attempt; each later wait is twice as long."""
    most_attempts: int
    too_old_hours: int
    """After its time a message is not sent any more."""
    watch_hours: int
    """How long the carrier is asked what became of a message."""
    watch_minutes: int
    push_hours: int
    """How long a push service keeps a message for a browser that is not there."""
    stop_words: tuple[str, ...]
    start_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """Subject, body and ending in one language."""

    subject: str
    body: str
    ending: str
    """How to end it, and the reference; not of a push message."""


def load_delivery_rules(day: date) -> DeliveryRules:
    """Return the rules of delivery in force on a day.

    Raises
    ------
    RehabctlError
        None is in force.
    """
    rows = [row for row in _load()["delivery"] if row["effective_from"] <= day]
    if not rows:
        raise RehabctlError(f"no rules of delivery are in force on {day}", "Check the clock")
    row = max(rows, key=lambda one: one["effective_from"])
    words = {name: tuple(row[name]) for name in ("stop_words", "start_words")}
    return DeliveryRules(**(row | words))


def load_template(key: str, language: str | None) -> MessageTemplate | None:
    """Return the text of a template; English where the language is not there.

    Parameters
    ----------
    key
        As the outbox names it.
    language
        BCP 47 tag of the receiver.

    Raises
    ------
    RehabctlError
        The text asks for a word that is not on the list of words that may leave.
    """
    table = _load()
    for row in table["template"]:
        if row["key"] == key:
            spoken = (language or "").partition("-")[0].lower()
            spoken = spoken if spoken in row and spoken != "key" else _FALLBACK_LANGUAGE
            texts = row[spoken]
            found = MessageTemplate(texts["subject"], texts["body"], table["ending"][spoken])
            _require_allowed(found)
            return found
    return None


def template_keys() -> tuple[str, ...]:
    """Return what may be sent."""
    return tuple(row["key"] for row in _load()["template"])


def _require_allowed(template: MessageTemplate) -> None:
    words = {
        name
        for text in (template.subject, template.body, template.ending)
        for _, name, _, _ in Formatter().parse(text)
        if name is not None
    }
    if words - ALLOWED_WORDS:
        raise RehabctlError("a template would send more than it may", "Correct the template")


def _load() -> dict[str, Any]:
    path = files("rehabctl.reference") / "message_templates.toml"
    return tomllib.loads(path.read_text("utf-8"))
