"""Bring a database file to the current schema before anybody uses it.

Synchronous: `Database.open` runs it in a thread. The plain `sqlite3` module answers "is there
anything to do?" in a millisecond; Alembic (0.3 s to import) is loaded only when there is.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from vibetui.errors import StoreError
from vibetui.store.faults import BUSY_TIMEOUT, store_error

REVISIONS = ("0001", "0002", "0003", "0004")
"""Every revision in ``migrations/versions``, the current one last; a test holds them together."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(path: Path) -> None:
    """Make `path` if missing, migrate it if old, and check that it can be written.

    Any number of processes may do this at once. Raises `StoreError`.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create(path)
        if _is_current(path):
            return
        _migrate(path)
    except sqlite3.Error as fault:
        raise store_error(fault, path) from fault
    except OSError as fault:
        raise StoreError(
            f"The database {path} can't be made: {fault.strerror}.",
            "Check the owner and the permissions of its directory.",
        ) from fault


def _create(path: Path) -> None:
    """Build it beside its place, then link it in: it appears complete or not at all.

    Two processes switching one new file to WAL collide with SQLITE_BUSY, which SQLite's busy
    timeout doesn't cover; linked in, the file is in WAL mode from its first instant.
    """
    _sweep(path)
    prefix = f".{path.name}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=path.parent) as place:
        made = Path(place) / path.name
        with closing(_connect(made)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        _migrate(made)
        made.chmod(0o600)
        _sync(made)
        try:
            os.link(made, path)
        except FileExistsError:
            return  # Another process was first, and its file is as complete as ours.
    _sync(path.parent)


def _sweep(path: Path) -> None:
    """Remove what processes that were killed while creating have left."""
    for left in path.parent.glob(f".{path.name}-*-*"):
        pid = left.name.removeprefix(f".{path.name}-").partition("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT)


def _is_current(path: Path) -> bool:
    with closing(_connect(path)) as connection:
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode = WAL")
        # A file that can be read but not written is found out here, not at the first change.
        connection.execute("BEGIN IMMEDIATE")
        try:
            return _revision(connection, path) == REVISIONS[-1]
        finally:
            connection.execute("ROLLBACK")


def _revision(connection: sqlite3.Connection, path: Path) -> str | None:
    """None for an empty database. Raises `StoreError` where it isn't one that we can bring on."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if "alembic_version" not in tables:
        if tables:
            raise StoreError(
                f"{path} is a database of something else.", "Name another data directory."
            )
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is not None and row[0] not in REVISIONS:
        raise StoreError(
            f"The database {path} was made by a newer vibetui.",
            "Upgrade vibetui, or restore a backup from before that upgrade.",
        )
    return None if row is None else str(row[0])


def _migrate(path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    # Alembic reads options through ConfigParser, to which a bare "%" is an interpolation.
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with _one_transaction(path) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _one_transaction(path: Path) -> Iterator[object]:
    """SQLite's schema changes are transactional, so a migration is whole or absent.

    BEGIN IMMEDIATE also makes a second process wait here, then find nothing left to do.
    """
    from sqlalchemy import URL, NullPool, create_engine
    from sqlalchemy.exc import DBAPIError

    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT},
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()
    except DBAPIError as fault:
        raise store_error(fault.orig, path) from fault
    finally:
        engine.dispose()
