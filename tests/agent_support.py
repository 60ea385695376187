"""The real agent, compiled with sanitizers, as a plain process on a socket of its own."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vibetui.agent import (
    AgentConnection,
    AgentRefused,
    Decoder,
    DialStream,
    TerminalSpec,
    TerminalStream,
)
from vibetui.agent.build import SOURCES
from vibetui.agent.frames import encode

DEADLINE = 20.0
_CACHE = Path(__file__).resolve().parent.parent / ".cache"
_FLAGS = ("-std=c17", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-g", "-O1")
_SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def sanitized_agent() -> Path:
    """Compiled once for each state of the sources; a sanitizer's finding ends the process."""
    sources = sorted(SOURCES.glob("*.c"))
    digest = hashlib.sha256(repr((_FLAGS, _SANITIZE)).encode())
    for path in sorted(SOURCES.glob("*.[ch]")):
        digest.update(path.read_bytes())
    _CACHE.mkdir(exist_ok=True)
    binary = _CACHE / f"vibe-agent-sanitized-{digest.hexdigest()[:16]}"
    with (_CACHE / "vibe-agent-sanitized.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            made = binary.with_suffix(".new")
            subprocess.run([*_compiler(), *_FLAGS, "-o", made, *sources], check=True)
            made.rename(binary)
    return binary


def _compiler() -> list[str]:
    if gcc := shutil.which("gcc"):
        return [gcc, *_SANITIZE]
    return [sys.executable, "-m", "ziglang", "cc", "-fsanitize=undefined"]


class Agent:
    """A running agent.

    Args:
        run_by: A command that becomes the agent, such as ``prlimit``.
    """

    def __init__(self, directory: Path, *options: str, run_by: Sequence[str] = ()) -> None:
        self.workspace = directory / "workspace"
        self.workspace.mkdir(exist_ok=True)
        self.socket = directory / "agent.sock"
        self.log = directory / "agent.log"
        user = ["--uid", str(os.getuid()), "--gid", str(os.getgid())]
        place = ["--socket", str(self.socket), "--workspace", str(self.workspace)]
        self.binary = sanitized_agent()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*run_by, self.binary, "serve", *place, *user, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self.socket.exists, "the socket appears", alive=self.process)

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def plain_socket(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(self.socket))  # blocking: with a timeout a full backlog is an error
        sock.settimeout(DEADLINE)
        return sock

    async def connect(self) -> AgentConnection:
        return await AgentConnection.greet(self.plain_socket(), deadline=DEADLINE)

    async def connect_when_there_is_room(self) -> AgentConnection:
        """Connections that were just closed count until the agent has read to their ends."""
        async with asyncio.timeout(DEADLINE):
            while True:
                with contextlib.suppress(AgentRefused):
                    return await self.connect()
                await asyncio.sleep(0)

    async def run(self, script: str, **spec: object) -> tuple[int, TerminalStream]:
        """A shell script on a terminal of its own, attached from its first byte."""
        number = await self.open(script, **spec)
        return number, await self.attach(number, from_offset=0)

    async def open(self, script: str, **spec: object) -> int:
        connection = await self.connect()
        made = TerminalSpec(argv=["/bin/sh", "-c", script], **spec)  # type: ignore[arg-type]
        number = await connection.open_terminal(made)
        connection.close()
        return number

    async def attach(self, terminal: int, **how: object) -> TerminalStream:
        return await (await self.connect()).attach(terminal, **how)  # type: ignore[arg-type]

    async def offset(self, terminal: int) -> int:
        connection = await self.connect()
        try:
            listed = await connection.list_terminals()
        finally:
            connection.close()
        return next(info.offset for info in listed if info.terminal == terminal)

    async def has_written(self, terminal: int, offset: int) -> None:
        """Return once so many bytes of output have been read from the PTY."""
        async with asyncio.timeout(DEADLINE):
            while await self.offset(terminal) < offset:  # noqa: ASYNC110 (the agent has no event)
                await asyncio.sleep(0.002)


@contextlib.contextmanager
def running_agent(directory: Path, *options: str) -> Iterator[Agent]:
    """An agent that must end cleanly: a sanitizer's finding or a leak fails the test."""
    agent = Agent(directory, *options)
    try:
        yield agent
        status = agent.stop()
        assert status == 0, agent.log.read_text()
    finally:
        agent.process.kill()
        agent.process.wait()


class RawClient:
    """Frames by hand, for what the real client would never do."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._decoder = Decoder()
        self._frames: list[tuple[int, bytes]] = []

    def send(self, kind: int, payload: bytes = b"") -> None:
        self.sock.sendall(encode(kind, payload))

    def frame(self) -> tuple[int, bytes] | None:
        """The next one; None where the agent has closed the connection."""
        while not self._frames:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._frames = self._decoder.feed(data)
        return self._frames.pop(0)

    def rest(self) -> list[tuple[int, bytes]]:
        """Everything until the agent closes the connection."""
        frames = []
        while (frame := self.frame()) is not None:
            frames.append(frame)
        return frames


async def read_until(stream: TerminalStream, wanted: bytes) -> bytes:
    """The replay and what follows, up to and including `wanted`."""
    data = stream.replay.data
    while wanted not in data:
        piece = await stream.read()
        assert piece, f"the program ended before it said {wanted!r}: {data[-500:]!r}"
        if isinstance(piece, bytes):
            data += piece
    return data


async def read_to_end(stream: TerminalStream) -> bytes:
    """The replay and all that follows."""
    pieces = [stream.replay.data]
    while piece := await stream.read():
        if isinstance(piece, bytes):
            pieces.append(piece)
    return b"".join(pieces)


async def rest_of(stream: DialStream) -> bytes:
    """All that the peer still says."""
    data = bytearray()
    async with asyncio.timeout(DEADLINE):
        while piece := await stream.read():
            data += piece
    return bytes(data)


def wait_for(
    condition: Callable[[], bool], what: str, *, alive: subprocess.Popen[bytes] | None = None
) -> None:
    """Poll a condition that has no event to wait for."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert alive is None or alive.poll() is None, f"the process ended before {what}"
        assert time.monotonic() < deadline, f"not within {DEADLINE} s: {what}"
        time.sleep(0.005)
