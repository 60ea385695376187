"""SQLite's error codes as one sentence for the person who must put it right."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from vibetui.errors import StoreError

BUSY_TIMEOUT = 5.0
"""Seconds that a writer waits for another process's transaction."""

_SENTENCES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("SQLITE_NOTADB", "SQLITE_CORRUPT"),
        "The database {path} is damaged.",
        "Restore a backup of it, or move it away to begin with an empty one.",
    ),
    (
        ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH"),
        "The database {path} can't be written.",
        "Check the owner and the permissions of the file and of its directory.",
    ),
    (
        ("SQLITE_FULL",),
        "The disk that holds the database {path} is full.",
        "Free some space, then try again.",
    ),
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        "The database {path} is busy: another process has been writing to it for too long.",
        "Try again; if it stays so, see which process has the file open.",
    ),
)


def store_error(fault: BaseException | None, path: Path) -> StoreError:
    """What to tell a person about `fault`, which is kept as the cause by the caller's ``from``."""
    if isinstance(fault, sqlite3.Error):
        name = getattr(fault, "sqlite_errorname", None) or ""
        for prefixes, message, hint in _SENTENCES:
            if name.startswith(prefixes):
                return StoreError(message.format(path=path), hint)
    return StoreError(f"The database {path} can't be used.", "The cause is in the server's log.")
