"""A core in a process of its own, killed and started again on the same listeners."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from tests.core_support import NO_ENGINE
from vibetui.core.client import CoreClient
from vibetui.core.doors import make_door
from vibetui.core.front_client import FrontClient
from vibetui.errors import CoreUnavailable
from vibetui.model import SessionNotice
from vibetui.store import Store

CHECKOUT = Path(__file__).resolve().parents[2]

SCRIPT = """
import asyncio, signal, socket, sys
from pathlib import Path
from vibetui.core.server import CoreServer
from vibetui.core.service import CoreService
from vibetui.settings import Settings

async def main():
    own, front = (socket.socket(fileno=int(number)) for number in sys.argv[2:4])
    settings = Settings(data_dir=Path(sys.argv[1]), engine_url=sys.argv[4])
    async with CoreService.start(settings) as service:
        serving = asyncio.ensure_future(CoreServer(service).serve(own, front))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
        try:
            await serving
        except asyncio.CancelledError:
            pass

asyncio.run(main())
"""


class Listeners:
    """What a supervisor keeps, and the core that it has started on them."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        run_dir = data_dir / "run"
        run_dir.mkdir(mode=0o700, parents=True)
        self.own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.own.bind(str(run_dir / "core.sock"))
        self.own.listen()
        self.front, self.door = make_door(run_dir)
        self.core = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        numbers = (self.own.fileno(), self.front.fileno())
        arguments = [str(self.data_dir), *map(str, numbers), NO_ENGINE]
        self.core = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *arguments], pass_fds=numbers, cwd=CHECKOUT
        )
        return self.core

    def end(self, number: signal.Signals) -> int:
        self.core.send_signal(number)
        return self.core.wait(timeout=10)

    def close(self) -> None:
        if self.core.poll() is None:
            self.end(signal.SIGKILL)
        self.own.close()
        self.front.close()
        os.close(self.door)


@pytest.fixture
def listeners(tmp_path: Path) -> Iterator[Listeners]:
    made = Listeners(tmp_path / "data")
    yield made
    made.close()


@asynccontextmanager
async def watching(client: CoreClient) -> AsyncIterator[asyncio.Task[SessionNotice]]:
    """The next notice of a watch that has surely begun: one has come already."""
    async with aclosing(client.watch()) as notices:
        first = asyncio.ensure_future(anext(notices))
        probe = await client.create_session("probe")
        while not first.done():
            probe = await client.rename_session(probe.session_id, f"{probe.name[:20]}x")
        await first
        second = asyncio.ensure_future(anext(notices))
        yield second
        second.cancel()
        await asyncio.wait([second])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_user_is_told_when_the_core_goes_and_goes_on_when_it_is_back(
    listeners: Listeners, number: signal.Signals
) -> None:
    store = await Store.open(listeners.data_dir / "vibetui.db")
    ada = await store.add_user("ada")
    await store.close()
    front = FrontClient(listeners.door)
    listeners.door = os.dup(listeners.door)
    client = CoreClient(
        await front.open_door(ada.user_id), rebind=lambda: front.open_door(ada.user_id)
    )
    async with asyncio.timeout(40):
        await client.create_session("work")
        async with watching(client) as notice:
            status = await asyncio.to_thread(listeners.end, number)
            assert status == (0 if number is signal.SIGTERM else -signal.SIGKILL)
            with pytest.raises(CoreUnavailable, match="restarting"):
                await notice
        waiting = asyncio.create_task(client.list_sessions())
        listeners.start()
        assert "work" in {session.name for session in await waiting}
        assert await client.whoami() == ada
    await client.close()
    await front.close()
    assert [entry.name for entry in (listeners.data_dir / "run").iterdir()] == ["core.sock"]
