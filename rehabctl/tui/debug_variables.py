"""Variables that make Textual write screens and key presses to other places. No Textual here."""

from __future__ import annotations

import os

_UNSAFE = (
    "TEXTUAL",
    "TEXTUAL_DEBUG",
    "TEXTUAL_LOG",
    "TEXTUAL_PRESS",
    "TEXTUAL_SCREENSHOT",
    "TEXTUAL_SCREENSHOT_FILENAME",
    "TEXTUAL_SCREENSHOT_LOCATION",
)


def forget_debug_variables() -> None:
    """Remove them. Call this before Textual is imported: most are read at import."""
    for name in _UNSAFE:
        os.environ.pop(name, None)
