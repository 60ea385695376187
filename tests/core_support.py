"""A core that serves, without containers: flights are flown by the test, agents are stand-ins."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from vibetui.agent import FrameType
from vibetui.agent.frames import PROTOCOL_VERSION, encode
from vibetui.cli.accounts import administration
from vibetui.core.audience import Audience
from vibetui.core.client import CoreClient
from vibetui.core.doors import make_door
from vibetui.core.front_client import FrontClient
from vibetui.core.recorder import Recorder
from vibetui.core.server import CoreServer
from vibetui.core.service import CoreService
from vibetui.core.watchers import Watchers
from vibetui.engines import DockerEngine
from vibetui.events import OpenEvent
from vibetui.model import User
from vibetui.sessions import SessionManager
from vibetui.sessions.flight import Flight
from vibetui.settings import Settings
from vibetui.store import Store

Client = TypeVar("Client", CoreClient, FrontClient)

NO_ENGINE = "unix:///nonexistent/docker.sock"


class StagedManager(SessionManager):
    """The real manager, but for flights: the test reports their progress and lands them."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._staged: dict[str, Flight] = {}

    def flight(self, session_id: str) -> Flight:
        return self._staged.setdefault(session_id, Flight())

    def flight_under_way(self, session_id: str) -> Flight | None:
        flight = self._staged.get(session_id)
        return None if flight is None or flight.landed else flight

    async def open(
        self, session_id: str, *, recreate: bool = False, by: str = ""
    ) -> AsyncGenerator[OpenEvent, None]:
        self.flight(session_id).begun_by = by
        async with aclosing(self.flight(session_id).watch()) as events:
            async for event in events:
                yield event


class AgentStandIn:
    """Says HELLO on a session's socket, again whenever it is asked, lets itself be bound, and
    nothing else."""

    def __init__(self, run_dir: Path, session_id: str) -> None:
        self._directory = run_dir / session_id
        self.greeted = 0

    async def __aenter__(self) -> AgentStandIn:
        self._directory.mkdir(mode=0o700)
        self._server = await asyncio.start_unix_server(self._serve, self._directory / "agent.sock")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        version = b"stand-in"
        hello = struct.pack(f">HIH{len(version)}s", PROTOCOL_VERSION, 1, len(version), version)
        answer = encode(FrameType.HELLO_AGENT, hello)
        with suppress(OSError):
            while True:
                self.greeted += answer[4] == FrameType.HELLO_AGENT
                writer.write(answer)
                await writer.drain()
                asked = await reader.read(4096)
                if not asked:
                    break
                answer = encode(FrameType.HELLO_AGENT, hello)
                if asked[4] == FrameType.BIND:
                    answer = encode(FrameType.BOUND, asked[5:6])
        writer.close()


@dataclass
class House:
    """A serving core."""

    settings: Settings
    service: CoreService
    manager: StagedManager
    own: socket.socket
    front: socket.socket
    door: int
    serving: asyncio.Task[None] = field(init=False)
    _clients: list[CoreClient | FrontClient] = field(default_factory=list)

    def serve(self) -> None:
        """Begin, on duplicates of the listeners, as a core that a supervisor has started."""
        server = CoreServer(self.service)
        self.serving = asyncio.create_task(server.serve(self.own.dup(), self.front.dup()))

    async def stop(self) -> None:
        """As SIGTERM does."""
        self.serving.cancel()
        await asyncio.wait([self.serving])

    def operator(self) -> CoreClient:
        return self._kept(CoreClient(self.settings.core_socket))

    def front_client(self) -> FrontClient:
        return self._kept(FrontClient(os.dup(self.door)))

    async def as_user(self, user: User) -> CoreClient:
        """The core over a door of that user, with the front to ask for another one."""
        front = self.front_client()
        return self._kept(
            CoreClient(
                await front.open_door(user.user_id), rebind=lambda: front.open_door(user.user_id)
            )
        )

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        await self.stop()

    def _kept(self, client: Client) -> Client:
        self._clients.append(client)
        return client


async def remove_account(settings: Settings, name: str) -> None:
    """As ``vibetui user remove`` does."""
    async with administration(settings) as operator:
        await operator.remove_account(name)


@asynccontextmanager
async def serving_core(data_dir: Path, **set_to: Any) -> AsyncIterator[House]:
    """A core on `data_dir`, with these settings, that serves until the end of the block."""
    settings = Settings(**{"data_dir": data_dir, "engine_url": NO_ENGINE, **set_to})
    settings.run_dir.mkdir(mode=0o700, parents=True)
    store = await Store.open(settings.database_path)
    engine = DockerEngine(NO_ENGINE, timeout=1)
    watchers = Watchers()
    audience = Audience(store, watchers)
    manager = StagedManager(engine, store, settings, notify=audience.publish)
    recorder = Recorder(settings, store, audience.refresh)
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    own.bind(str(settings.core_socket))
    own.listen()
    front, door = make_door(settings.run_dir)
    service = CoreService(settings, store, manager, watchers, audience, recorder)
    house = House(settings, service, manager, own, front, door)
    house.serve()
    telling = asyncio.create_task(audience.run())
    try:
        yield house
    finally:
        telling.cancel()
        await house.close()
        own.close()
        front.close()
        os.close(door)
        await manager.close()
        await engine.close()
        await store.close()
