"""One SQLite file through SQLAlchemy's asyncio engine: open, read, write, close."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from vibetui.errors import Conflict, NotFound, StoreError, VibeError
from vibetui.store.faults import BUSY_TIMEOUT, store_error
from vibetui.store.prepare import prepare
from vibetui.store.tally import Tally

_CONNECTIONS = 3
"""Each is a thread and a page cache; one writer and two readers keep the loop fed."""


class Database:
    """The base of `Store`: connections and transactions, no queries."""

    def __init__(self, engine: AsyncEngine, path: Path) -> None:
        self._engine = engine
        self._path = path
        # SQLite's own waiting polls with growing pauses (up to 0.1 s); ours is a queue.
        self._writing = asyncio.Lock()
        self._closed = False
        self.audited = Tally()
        """Entries of the trail that this process has added."""

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open `path`, made and migrated as needed.

        Raises `StoreError` where the file is damaged, not writable, or of a newer vibetui.
        """
        await asyncio.to_thread(prepare, path)
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(path)),
            pool_size=_CONNECTIONS,
            max_overflow=0,
            # An exception's text ends in the log: without hashes and secrets.
            hide_parameters=True,
            connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT},
        )
        event.listen(engine.sync_engine, "connect", _set_pragmas)
        opened = cls(engine, path)
        try:
            async with opened._read() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except BaseException:
            await engine.dispose()
            raise
        return opened

    async def close(self) -> None:
        """Close every connection; what is asked afterwards gets a `StoreError`."""
        # A disposed engine would connect again, with threads that nobody ends.
        self._closed = True
        await self._engine.dispose()

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        """A connection outside of any transaction: each statement sees one instant."""
        self._check_open()
        with _Translated(self._path):
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def _write(
        self, *, conflict: str = "", missing: str = ""
    ) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed whole on leaving, rolled back on any error.

        Args:
            conflict: The sentence of the `Conflict` where a unique value is taken.
            missing: The sentence of the `NotFound` where a foreign key points nowhere.
        """
        self._check_open()
        with _Translated(self._path, conflict=conflict, missing=missing):
            async with self._writing, self._engine.connect() as connection:
                # IMMEDIATE: a transaction that began as a reader can't wait for its turn to write.
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                await connection.commit()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("The database is closed.", "The server is stopping.")


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # In WAL mode NORMAL can lose the last commits in a power cut, never tear the file.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


class _Translated:
    """Turns SQLAlchemy's and sqlite3's exceptions into ours."""

    def __init__(self, path: Path, *, conflict: str = "", missing: str = "") -> None:
        self._path = path
        self._conflict = conflict
        self._missing = missing

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> None:
        if isinstance(fault, (SQLAlchemyError, sqlite3.Error)):
            raise self._said(fault) from fault

    def _said(self, fault: Exception) -> VibeError:
        cause = fault.orig if isinstance(fault, DBAPIError) else fault
        if isinstance(fault, IntegrityError):
            name = getattr(cause, "sqlite_errorname", "")
            if self._missing and name == "SQLITE_CONSTRAINT_FOREIGNKEY":
                return NotFound(self._missing)
            if self._conflict:
                return Conflict(self._conflict)
        return store_error(cause, self._path)
