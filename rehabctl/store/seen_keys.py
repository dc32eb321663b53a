"""Which keys of a long file came before, and on which line, in constant memory.

They lie in a temporary database of their own, which SQLite keeps on the disk and removes by itself.
It holds hashes under a key that nobody keeps, never the keys themselves.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_CACHE_KIB = 16_384
_HASH_BYTES = 16


class SeenKeys:
    """Keys by the line on which they stood first."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Remove the temporary database."""
        if self._connection is not None:
            self._connection.close()

    def note(self, keys: Sequence[tuple[str, int]]) -> dict[int, int]:
        """Remember keys, and return the first line of those that came before, by their own line.

        Parameters
        ----------
        keys
            Key and line, in the order of the file.
        """
        connection = self._connection or self._opened()
        rows = [(self._hash(key), line) for key, line in keys]
        before = connection.total_changes
        connection.execute("BEGIN")
        connection.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        if connection.total_changes - before == len(rows):
            return {}
        find = "SELECT line FROM seen WHERE key = ?"
        first = {line: connection.execute(find, (key,)).fetchone()[0] for key, line in rows}
        return {line: earlier for line, earlier in first.items() if earlier != line}

    def _hash(self, key: str) -> bytes:
        return hashlib.blake2b(key.encode(), digest_size=_HASH_BYTES, key=self._secret).digest()

    def _opened(self) -> sqlite3.Connection:
        import sqlite3

        connection = sqlite3.connect("", isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._connection = connection
        return connection
