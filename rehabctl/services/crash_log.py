"""What happens to an error that nobody expected: a log entry without patient data, and an id."""

from __future__ import annotations

import os
import traceback
import uuid
from datetime import UTC, datetime
from pathlib import Path

from rehabctl.services.settings import load_settings


def record_crash(error: BaseException) -> str:
    """Log type and code places (never message or locals) and return the line to print.

    Parameters
    ----------
    error
        The exception that reached the top.
    """
    log_id = uuid.uuid4().hex[:8]
    frames = traceback.extract_tb(error.__traceback__)
    places = " <- ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    line = f"{datetime.now(UTC).isoformat()} {log_id} {type(error).__name__} {places}\n"
    try:
        path = load_settings().paths.log_file
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as log:
            log.write(line)
        where = f"Send the line with id {log_id} of {path} to your administrator"
    except Exception:  # noqa: BLE001 - the log must not hide the first error
        where = f"The log could not be written; the error was {type(error).__name__}"
    return f"rehabctl: error: internal error {log_id}. {where}."
