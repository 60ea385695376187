"""The database file: made, migrated, killed, damaged, locked out."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from vibetui.errors import StoreError
from vibetui.store import Store, prepare
from vibetui.store.tables import metadata

CHECKOUT = Path(__file__).resolve().parents[2]


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )


def names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


async def test_a_new_database_is_private_complete_and_alone_in_its_directory(
    tmp_path: Path,
) -> None:
    path = tmp_path / "data" / "vibetui.db"
    store = await Store.open(path)
    await store.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert names(path.parent) == ["vibetui.db"]
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "vibetui.db"
    prepare.prepare(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_database_of_the_first_revision_is_brought_on_with_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vibetui.db"
    with monkeypatch.context() as then:
        upgrade = command.upgrade
        then.setattr(command, "upgrade", lambda config, _: upgrade(config, "0001"))
        then.setattr(prepare, "REVISIONS", ("0001",))
        prepare.prepare(path)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("INSERT INTO users VALUES ('u1', 'ada', '2026-01-02T12:00:00+00:00')")
        raw.commit()
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            raw.execute("SELECT * FROM shares")
    prepare.prepare(path)
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT name FROM users").fetchall() == [("ada",)]
        assert raw.execute("SELECT * FROM shares").fetchall() == []


def test_every_revision_is_listed_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(CHECKOUT / "vibetui/store/migrations"))
    walked = [found.revision for found in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(walked)) == prepare.REVISIONS


def test_opening_a_current_database_does_not_load_alembic(tmp_path: Path) -> None:
    path = tmp_path / "vibetui.db"
    prepare.prepare(path)
    opened = child(
        """
        import asyncio, sys
        from pathlib import Path
        from vibetui.store import Store

        async def main():
            await (await Store.open(Path(sys.argv[1]))).close()
            print("alembic" in sys.modules)

        asyncio.run(main())
        """,
        path,
    )
    assert opened.communicate(timeout=30)[0].strip() == "False"


def test_processes_that_open_a_new_database_at_once_all_succeed(tmp_path: Path) -> None:
    path = tmp_path / "vibetui.db"
    script = """
        import asyncio, sys
        from pathlib import Path
        from vibetui.store import Store, prepare
        import alembic.command, alembic.config  # Loaded before the start, so that they collide.

        async def main():
            print("ready", flush=True)
            sys.stdin.readline()
            store = await Store.open(Path(sys.argv[1]))
            await store.add_user(sys.argv[2])
            await store.close()

        asyncio.run(main())
        """
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), str(path), f"user{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
        )
        for number in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        _, complaint = racer.communicate(timeout=30)
        assert (racer.returncode, complaint) == (0, "")
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM users").fetchone() == (4,)
    assert names(tmp_path) == ["vibetui.db"]


WRITER = """
    import asyncio, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from vibetui.model import PublicKey, Session, SessionStatus, User, new_id
    from vibetui.store import Store

    async def write(store, number):
        while True:
            now = datetime.now(UTC)
            user = User(new_id(), new_id(), now)
            keys = [PublicKey(new_id(), user.user_id, "a", "b", "c", now) for _ in range(3)]
            await store.add_account(user, keys)
            session_id = new_id()
            await store.add_session(Session(session_id, user.user_id, "s", "base", None,
                                            SessionStatus.STOPPED, now, None))
            await store.update_session(session_id, container_id="c",
                                       status=SessionStatus.RUNNING)
            print(session_id, flush=True)

    async def main():
        store = await Store.open(Path(sys.argv[1]))
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(write(store, number))

    asyncio.run(main())
    """


async def test_killed_at_any_instant_it_opens_again_with_nothing_half_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "vibetui.db"
    acknowledged: set[str] = set()
    for lines in (1, 5, 12, 23):
        writer = child(WRITER, path)
        assert writer.stdout is not None
        for _ in range(lines):
            acknowledged.add(writer.stdout.readline().strip())
        writer.send_signal(signal.SIGKILL)
        acknowledged.update(line.strip() for line in writer.stdout if line.endswith("\n"))
        writer.wait(timeout=10)
        writer.stdout.close()

        store = await Store.open(path)
        kept = {session.session_id: session for session in await store.all_sessions()}
        await store.close()
        assert acknowledged <= set(kept)
        for session_id in acknowledged:
            assert kept[session_id].container_id == "c"
        with closing(sqlite3.connect(path)) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
            half_written = raw.execute(
                "SELECT user_id FROM users LEFT JOIN public_keys USING (user_id)"
                " GROUP BY user_id HAVING count(fingerprint) <> 3"
            ).fetchall()
            assert half_written == []


async def test_a_migration_killed_half_way_leaves_the_old_schema_whole(tmp_path: Path) -> None:
    path = tmp_path / "vibetui.db"
    path.touch()
    killed = child(
        """
        import os, signal, sqlite3, sys
        from pathlib import Path
        import alembic.op
        from vibetui.store import prepare

        made = alembic.op.create_table
        def create_two(name, *columns):
            if name == "sessions":
                os.kill(os.getpid(), signal.SIGKILL)
            made(name, *columns)
        alembic.op.create_table = create_two
        prepare.prepare(Path(sys.argv[1]))
        """,
        path,
    )
    killed.communicate(timeout=30)
    assert killed.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == []
    store = await Store.open(path)
    await store.add_user("ada")
    await store.close()


async def test_a_creation_killed_half_way_leaves_no_database_and_the_next_one_no_trace(
    tmp_path: Path,
) -> None:
    path = tmp_path / "vibetui.db"
    killed = child(
        """
        import os, signal, sys
        from pathlib import Path
        from vibetui.store import prepare

        os.link = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        prepare.prepare(Path(sys.argv[1]))
        """,
        path,
    )
    killed.communicate(timeout=30)
    assert killed.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 1  # The unfinished one, beside its place.
    assert not path.exists()
    await (await Store.open(path)).close()
    assert names(tmp_path) == ["vibetui.db"]


async def test_a_closed_store_says_so_and_opens_nothing_again(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "vibetui.db")
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.list_users()
    with pytest.raises(StoreError, match="closed"):
        await store.add_user("ada")


async def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "vibetui.db"
    path.write_bytes(b"not a database at all, " * 400)
    with pytest.raises(StoreError, match="damaged") as raised:
        await Store.open(path)
    assert "backup" in raised.value.hint
    assert path.read_bytes().startswith(b"not a database")


async def test_damage_that_shows_only_in_use_is_said_too(tmp_path: Path) -> None:
    path = tmp_path / "vibetui.db"
    store = await Store.open(path)
    await store.add_user("ada")
    await store.close()
    with closing(sqlite3.connect(path)) as raw:
        (page,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name='users'").fetchone()
        (size,) = raw.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    store = await Store.open(path)
    with pytest.raises(StoreError, match="damaged"):
        await store.list_users()
    await store.close()


async def test_a_newer_schema_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "vibetui.db"
    prepare.prepare(path)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    with pytest.raises(StoreError, match="newer vibetui"):
        await Store.open(path)


async def test_a_database_of_something_else_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "vibetui.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE cookies (name TEXT)")
    with pytest.raises(StoreError, match="something else"):
        await Store.open(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become somebody who may not write")
@pytest.mark.parametrize("what", ["file", "directory"])
def test_a_database_that_can_not_be_written_is_said_so_at_open(tmp_path: Path, what: str) -> None:
    place = tmp_path / "data"
    path = place / "vibetui.db"
    prepare.prepare(path)
    for above in (place, *place.parents):
        if above.is_relative_to(tmp_path.parents[1]):
            above.chmod(0o755)
    path.chmod(0o644)
    if what == "directory":
        path.unlink()
    reader = child(
        """
        import asyncio, os, sys
        from pathlib import Path
        from vibetui.errors import StoreError
        from vibetui.store import Store

        async def load_what_the_interpreter_of_root_can_not_load_later():
            await (await Store.open(Path(sys.argv[1]).with_name("other.db"))).close()

        asyncio.run(load_what_the_interpreter_of_root_can_not_load_later())
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
        try:
            asyncio.run(Store.open(Path(sys.argv[1])))
        except StoreError as error:
            print(error.message)
        """,
        path,
    )
    said = reader.communicate(timeout=30)[0]
    assert "can't be written" in said or "can't be made" in said


async def test_a_writer_that_holds_on_too_long_is_named_as_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibetui.store.database.BUSY_TIMEOUT", 0.05)
    path = tmp_path / "vibetui.db"
    store = await Store.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await store.list_users() == []
        with pytest.raises(StoreError, match="busy"):
            await store.add_user("ada")
        other.execute("ROLLBACK")
    async with asyncio.timeout(5):
        await store.add_user("ada")
    await store.close()
