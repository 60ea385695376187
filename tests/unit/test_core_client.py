"""The client while its core stops, dies, comes back, or was never there."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core_support import House, serving_core
from vibetui.core.client import CoreClient
from vibetui.core.front_client import FrontClient
from vibetui.errors import CoreUnavailable
from vibetui.model import User

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with serving_core(tmp_path / "data") as serving:
        yield serving


def test_a_ui_process_loads_neither_the_database_nor_the_engine() -> None:
    script = (
        "import sys, vibetui.core, vibetui.core.client, vibetui.core.front_client\n"
        "heavy = {'sqlalchemy', 'alembic', 'aiosqlite', 'docker', 'requests', 'pydantic'}\n"
        "print(heavy & {name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    assert loaded.stdout.strip() == "set()"


async def test_no_core_at_all_is_said_at_once(tmp_path: Path) -> None:
    client = CoreClient(tmp_path / "core.sock")
    with pytest.raises(CoreUnavailable) as raised:
        await asyncio.wait_for(client.whoami(), 1)
    assert raised.value.hint
    await client.close()


async def test_a_socket_that_nobody_listens_on_any_more_is_no_core(tmp_path: Path) -> None:
    path = tmp_path / "core.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    client = CoreClient(path)
    for call in (client.whoami, client.list_sessions, lambda: client.attach("x")):
        with pytest.raises(CoreUnavailable):
            await asyncio.wait_for(call(), 1)
    await client.close()


async def test_a_request_made_while_the_core_restarts_waits_for_the_new_one(
    house: House,
) -> None:
    client = house.operator()
    await client.whoami()
    await house.stop()
    waiting = asyncio.create_task(client.list_sessions())
    house.serve()
    assert await asyncio.wait_for(waiting, 10) == []


async def test_a_door_that_died_with_its_core_is_exchanged_once_for_all_who_ask(
    house: House,
) -> None:
    ada = await house.service.store.add_user("ada")
    front = house.front_client()
    asked = 0

    async def rebind() -> int:
        nonlocal asked
        asked += 1
        return await front.open_door(ada.user_id)

    client = CoreClient(await front.open_door(ada.user_id), rebind=rebind)
    await client.create_session("work")
    await house.stop()
    house.serve()
    answers = await asyncio.wait_for(
        asyncio.gather(*(client.list_sessions() for _ in range(10)), client.create_session("more")),
        10,
    )
    assert len(answers) == 11
    assert asked == 1
    assert len(await client.list_sessions()) == 2
    await client.close()


async def test_a_front_that_has_no_new_door_is_a_core_that_is_away(house: House) -> None:
    ada = await house.service.store.add_user("ada")

    async def rebind() -> int:
        raise CoreUnavailable("The server's core is restarting…", "Try again in a moment.")

    client = CoreClient(await house.front_client().open_door(ada.user_id), rebind=rebind)
    await house.stop()
    with pytest.raises(CoreUnavailable, match="restarting"):
        await asyncio.wait_for(client.list_sessions(), 5)
    with pytest.raises(CoreUnavailable, match="restarting"):
        await asyncio.wait_for(client.attach("x"), 5)
    await client.close()


async def test_a_request_under_way_when_the_core_stops_ends_with_the_reason(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibetui.core.server.server._GRACE", 0.1)
    await house.stop()
    house.serve()
    client = house.operator()
    begun = asyncio.Event()

    async def endless(*_: object) -> User:
        begun.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    session = await client.create_session("work")
    monkeypatch.setattr(house.manager, "delete", endless)
    deleting = asyncio.create_task(client.delete_session(session.session_id))
    await asyncio.wait_for(begun.wait(), 5)
    await asyncio.wait_for(house.stop(), 5)
    with pytest.raises(CoreUnavailable, match="restarting"):
        await asyncio.wait_for(deleting, 5)


async def test_a_creation_whose_answer_was_lost_is_not_made_twice(
    tmp_path: Path,
) -> None:
    path, asked = tmp_path / "core.sock", 0

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.read(65536)
        writer.close()

    server = await asyncio.start_unix_server(die, path)
    client = CoreClient(path)
    with pytest.raises(CoreUnavailable):
        await client.create_session("work")
    assert asked == 1
    with pytest.raises(CoreUnavailable):
        await client.list_sessions()
    assert asked > 2  # Reading twice harms nobody.
    await client.close()
    server.close()


async def test_a_closed_client_owns_nothing_and_refuses_politely(house: House) -> None:
    ada = await house.service.store.add_user("ada")
    door = await house.front_client().open_door(ada.user_id)
    client = CoreClient(door)
    await client.whoami()
    await client.close()
    await client.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(door)
    with pytest.raises(CoreUnavailable):
        await client.whoami()
    with pytest.raises(CoreUnavailable):
        await client.attach("x")
    front = FrontClient(tmp := house.settings.core_socket)
    assert tmp.exists()
    await front.close()
    with pytest.raises(CoreUnavailable):
        await front.open_door(ada.user_id)


async def test_a_stopped_server_leaves_no_door_and_no_file_behind(house: House) -> None:
    ada = await house.service.store.add_user("ada")
    door = await house.front_client().open_door(ada.user_id)
    await house.stop()
    assert [entry.name for entry in house.settings.run_dir.iterdir()] == ["core.sock"]
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(ConnectionRefusedError):
        sock.connect(f"/proc/self/fd/{door}")
    os.close(door)
