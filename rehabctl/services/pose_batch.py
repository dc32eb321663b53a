"""Many recordings of one exercise: found, measured side by side, written one by one, resumed."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.services.pose_outputs import write_whole
from rehabctl.services.pose_recordings import KEYPOINT_SUFFIX, Report

if TYPE_CHECKING:
    from rehabctl.services.pose_analysis import Analyser, AnalysisOutcome

SCHEMA_VERSION = 1
SUFFIXES = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", KEYPOINT_SUFFIX)
"""Files of a folder that are looked at."""


@dataclass(frozen=True, eq=False)
class BatchItem:
    """What became of one input."""

    path: Path
    result: dict[str, Any] | None = None
    """The contract's object of `pose analyze`."""
    error: RehabctlError | None = None
    resumed: bool = False
    """Taken from an earlier run with the same file and the same request."""

    @property
    def refused(self) -> bool:
        """Whether the recording could not be measured."""
        return self.result is not None and self.result["quality"]["status"] == "refused"


def find_inputs(patterns: Sequence[str]) -> list[Path]:
    """Return the recordings that files, folders and patterns name, each once, in order.

    Parameters
    ----------
    patterns
        A folder is searched with its subfolders; `*`, `?` and `**` are patterns.

    Raises
    ------
    NotFoundError
        A named file does not exist.
    UsageError
        A folder or a pattern names no recording.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            named = [p for p in sorted(path.rglob("*")) if _is_recording(p, path)]
        elif path.exists():
            named = [path]
        else:
            named = [Path(p) for p in sorted(glob.glob(pattern, recursive=True))]
            named = [p for p in named if p.is_file()]
        if not named and not path.is_dir() and not glob.has_magic(pattern):
            raise NotFoundError(f"{path.name} does not exist", "Check the path")
        if not named:
            raise UsageError(f"{path.name or pattern} names no recording", "Check the path")
        found |= dict.fromkeys(named)
    return list(found)


def _is_recording(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in SUFFIXES and path.is_file() and not hidden


def run_batch(
    analyser: Analyser, paths: Sequence[Path], out: Path | None, report: Report
) -> Iterator[BatchItem]:
    """Yield one item an input as they are done; what an earlier run finished is not done again.

    Parameters
    ----------
    analyser
        From `prepare`.
    paths
        The recordings.
    out
        Folder of one result file an input; None keeps nothing.
    report
        Progress of what has to be done.

    Raises
    ------
    RehabctlError
        The folder cannot be written.
    UnavailableError
        The pose model is missing.
    """
    files = _ResultFiles(out, _request_key(analyser, paths)) if out is not None else None
    waiting: list[Path] = []
    for path in paths:
        earlier = None if files is None else files.earlier(path)
        if earlier is None:
            waiting.append(path)
        else:
            yield BatchItem(path, earlier, resumed=True)
    for outcome in analyser.outcomes(waiting, report):
        item = _item(outcome)
        if files is not None and item.result is not None:
            files.keep(item.path, item.result)
        yield item


def _item(outcome: AnalysisOutcome) -> BatchItem:
    from rehabctl import __version__

    if outcome.assessment is None:
        return BatchItem(outcome.path, error=outcome.error)
    return BatchItem(outcome.path, outcome.assessment.as_contract(__version__))


def _request_key(analyser: Analyser, paths: Sequence[Path]) -> str:
    """Return a hash of everything but the file that changes a result."""
    from rehabctl import __version__
    from rehabctl.analysis.assess import ALGORITHM
    from rehabctl.services.pose_analysis import pose_model

    films = any(path.suffix.lower() != KEYPOINT_SUFFIX for path in paths)
    model = pose_model(analyser.request.model, analyser.settings).sha256 if films else ""
    facts = (analyser.key(), __version__, ALGORITHM, str(analyser.exercise.version), model)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


@dataclass(slots=True)
class _ResultFiles:
    """One JSON file an input: `<name>-<start of the input's sha256>.json`."""

    folder: Path
    request_key: str

    def earlier(self, path: Path) -> dict[str, Any] | None:
        """Return the result of an earlier run, or None."""
        sha256 = _sha256(path)
        if sha256 is None:
            return None
        try:
            kept = json.loads(self._file(path, sha256).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(kept, dict):
            return None
        row = cast("dict[str, Any]", kept)
        same = row.get("file_sha256") == sha256 and row.get("request_key") == self.request_key
        result = row.get("result")
        return cast("dict[str, Any]", result) if same and isinstance(result, dict) else None

    def keep(self, path: Path, result: dict[str, Any]) -> None:
        """Write the result of one input."""
        sha256 = _sha256(path)
        if sha256 is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RehabctlError(
                f"cannot make the folder {self.folder.name}: {error.strerror}",
                "Choose another --out",
            ) from None
        row = {
            "schema_version": SCHEMA_VERSION,
            "file": path.name,
            "file_sha256": sha256,
            "request_key": self.request_key,
            "result": result,
        }
        text = json.dumps(row, ensure_ascii=False, indent=1) + "\n"
        write_whole(self._file(path, sha256), text.encode())

    def _file(self, path: Path, sha256: str) -> Path:
        return self.folder / f"{path.stem}-{sha256[:12]}.json"


def _sha256(path: Path) -> str | None:
    """Return the hash of a file, or None where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
