"""JSON documents by kind and id, in memory and, given a path, written through to SQLite."""

import json
import sqlite3
import threading
from collections import deque
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
)
"""
_PUT = """
INSERT INTO documents (kind, id, body) VALUES (?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body
"""

Document = dict[str, Any]


def _copied(value: Any) -> Any:
    """A deep copy of plain JSON, several times faster than copy.deepcopy."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item) for item in value]
    return value


class Store:
    """Documents in order of insertion. Hold `.lock` across a read, a change and a write."""

    def __init__(self, path: str | None = None) -> None:
        """Open the file at `path` (made with its folder if missing), or memory for None."""
        self.lock = threading.RLock()
        # The latest requests, for `counts`; a restart forgets them.
        self.recent: deque[Document] = deque(maxlen=5000)
        self._kinds: dict[str, dict[str, Document]] = {}
        self._file = self._opened(path) if path else None

    def _opened(self, path: str) -> sqlite3.Connection:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # The sandbox may lose its last writes in a power cut, so speed wins over fsync.
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = OFF")
        file.execute(_SCHEMA)
        for kind, id, body in file.execute(
            "SELECT kind, id, body FROM documents ORDER BY position"
        ):
            self._kinds.setdefault(kind, {})[id] = json.loads(body)
        return file

    def _write(self, statement: str, values: tuple[str, ...] = ()) -> None:
        if self._file is not None:
            self._file.execute(statement, values)

    def put(self, kind: str, id: str, doc: Document) -> None:
        """Insert the document, or replace it in its first position."""
        with self.lock:
            self._kinds.setdefault(kind, {})[id] = _copied(doc)
            if self._file is not None:
                self._write(_PUT, (kind, id, json.dumps(doc)))

    def put_many(self, documents: list[tuple[str, str, Document]]) -> None:
        """Put all of them, in one write to the file."""
        with self.lock:
            self._write("BEGIN")
            for kind, id, doc in documents:
                self.put(kind, id, doc)
            self._write("COMMIT")

    def get(self, kind: str, id: str) -> Document | None:
        """A copy of one document, or None."""
        with self.lock:
            return _copied(self._kinds.get(kind, {}).get(id))

    def all(self, kind: str) -> list[Document]:
        """Copies of every document of the kind, oldest first."""
        with self.lock:
            return _copied(list(self._kinds.get(kind, {}).values()))

    def count(self, kind: str) -> int:
        """How many documents the kind has."""
        with self.lock:
            return len(self._kinds.get(kind, {}))

    def delete(self, kind: str, id: str) -> None:
        """Forget one document; nothing happens when there is none."""
        with self.lock:
            self._kinds.get(kind, {}).pop(id, None)
            self._write("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id))

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self._kinds.clear()
            self.recent.clear()
            self._write("DELETE FROM documents")

    def close(self) -> None:
        """Close the file; the documents in memory stay readable."""
        with self.lock:
            if self._file is not None:
                self._file.close()
                self._file = None
