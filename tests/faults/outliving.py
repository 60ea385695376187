"""A person who reads and types through whatever connection is up, and a server that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress

import psutil

from tests.server import Server
from vibetui.agent import AgentConnection, TerminalStream
from vibetui.core import Core
from vibetui.errors import CoreUnavailable

DEADLINE = 30.0

COUNTER = """
import os, sys, time
count, began = 0, time.monotonic()
while not os.path.exists("/tmp/stop"):
    due = int((time.monotonic() - began) * 2000)
    sys.stdout.write("".join(f"{number}\\n" for number in range(count, due)))
    sys.stdout.flush()
    count = due
    time.sleep(0.005)
print(f"end {count}")
"""
"""Two thousand lines a second, whoever reads them."""


class Kills:
    """Kills (-9) of a running server's processes; each leaves it serving again."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def kill(self, name: str) -> None:
        """One of ``core``, ``front`` and ``zygote``, which the supervisor starts again."""
        self.process(name).kill()

    def process(self, name: str) -> psutil.Process:
        """The supervisor's child of that name."""
        children = psutil.Process(self._server.pid).children()
        words = f"vibetui.cli.{name}_process"
        return next(child for child in children if words in child.cmdline())

    def ui_processes(self) -> list[psutil.Process]:
        """The apps."""
        return self.process("zygote").children()

    def everything(self) -> None:
        """The supervisor, and so all of them; then it is started as after an upgrade."""
        family = psutil.Process(self._server.pid).children(recursive=True)
        os.kill(self._server.pid, signal.SIGKILL)
        self._server.stop()
        _, left = psutil.wait_procs(family, timeout=DEADLINE)
        assert not left
        self._server.start()


class Person:
    """One terminal of one session, through connections that come and go.

    Attributes:
        replayed: Bytes that came with the last connection: printed while there was none.
    """

    def __init__(self, core: Core, session_id: str, terminal: int) -> None:
        self._core = core
        self._session_id = session_id
        self._terminal = terminal
        self._offset = 0
        self._line = b""
        self.lines: list[str] = []
        self.replayed = 0
        self.stream: TerminalStream

    async def connect(self) -> None:
        """Go on exactly where the last connection was cut."""
        connection = await self._connection()
        self.stream = await connection.attach(self._terminal, from_offset=self._offset)
        assert not self.stream.replay.reset
        self.replayed = len(self.stream.replay.data)
        self._take(self.stream.replay.data)

    async def _connection(self) -> AgentConnection:
        async with asyncio.timeout(DEADLINE):
            while True:
                with suppress(CoreUnavailable):
                    return await self._core.attach(self._session_id)
                await asyncio.sleep(0.05)  # Nobody tells when a killed server is back.

    async def cut(self) -> None:
        """As when the network is gone: nothing that is under way is waited for."""
        self.stream.close()
        await self.stream.wait_closed()

    async def read_until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                piece = await self.stream.read()
                if isinstance(piece, bytes):
                    assert piece, "the program has ended"
                    self._take(piece)

    def _take(self, data: bytes) -> None:
        self._offset = self.stream.offset
        *whole, self._line = (self._line + data).split(b"\r\n")
        self.lines += [line.decode() for line in whole]

    async def nobody_else_types(self) -> None:
        """Return once the agent has taken what an earlier connection had sent, and let it go."""
        watch = await (await self._connection()).watch()
        try:
            async with asyncio.timeout(DEADLINE):
                async for listing in watch:
                    (info,) = (one for one in listing.terminals if one.terminal == self._terminal)
                    if not info.viewers:
                        return
        finally:
            watch.close()


class Typist(Person):
    """Types numbered lines; what is echoed is typed, and what isn't is typed again."""

    def __init__(self, core: Core, session_id: str, terminal: int) -> None:
        super().__init__(core, session_id, terminal)
        self.typed = 0

    async def type(self, count: int) -> None:
        """So many lines, each echoed before the next."""
        for _ in range(count):
            line = self.type_unread()
            await self.read_until(lambda line=line: line in self.lines)  # type: ignore[misc]

    def type_unread(self) -> str:
        """A line, sent and not waited for."""
        line = f"line {self.typed}"
        self.typed += 1
        self.stream.send(f"{line}\n".encode())
        return line

    async def come_back(self, last: str) -> None:
        """Connect anew; type `last` again only if it never arrived, as a later echo shows."""
        await self.nobody_else_types()
        await self.connect()
        await self.type(1)
        if last not in self.lines:
            self.stream.send(f"{last}\n".encode())
            await self.read_until(lambda: last in self.lines)
