"""The port by which the edges store bytes without knowing the store."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol


class BlobSink(Protocol):
    """Content-addressed, encrypted storage of recordings and keypoints."""

    def put(self, source: BinaryIO, *, kind: str) -> str:
        """Store a stream and return the sha256 of its plain bytes, by which it is found again."""
        ...

    def put_file(self, path: Path, *, kind: str) -> str:
        """Store a file and return the sha256 of its plain bytes."""
        ...
