"""`python -m rehabctl.store.tables` writes the columns of the light handles anew."""

from __future__ import annotations

from pathlib import Path

from rehabctl.store import handle_columns
from rehabctl.store.tables.handle_source import handle_source

Path(handle_columns.__file__).write_text(handle_source(), encoding="utf-8")
