"""The aarch64 agent, as it is shipped: under emulation where this machine is another."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.agent_support import DEADLINE, read_to_end, wait_for
from vibetui.agent import (
    AgentConnection,
    ExecSpec,
    ExitStatus,
    Out,
    TerminalSpec,
    binary_path,
)
from vibetui.agent.build import build

MACHINE = "aarch64"


def emulator() -> list[str]:
    """What to put before the program; a skipped test where there is nothing that can run it."""
    if os.uname().machine == MACHINE:
        return []
    found = shutil.which(f"qemu-{MACHINE}-static") or shutil.which(f"qemu-{MACHINE}")
    if found is None and os.environ.get("CI") != "true":
        pytest.skip("qemu-user-static is not installed (make test does so as root on Debian)")
    assert found is not None, "CI tests the aarch64 agent: install qemu-user-static"
    return [found]


async def connect(path: Path) -> AgentConnection:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))
    return await AgentConnection.greet(sock, deadline=DEADLINE)


async def test_it_serves_terminals_and_commands_dials_and_ends_cleanly(tmp_path: Path) -> None:
    command = emulator()
    build([MACHINE])
    path = tmp_path / "agent.sock"
    agent = subprocess.Popen(  # noqa: ASYNC220
        [
            *(*command, str(binary_path(MACHINE)), "serve", "--socket", str(path)),
            *("--workspace", str(tmp_path), "--uid", str(os.getuid()), "--gid", str(os.getgid())),
        ]
    )
    try:
        wait_for(path.exists, "the socket appears", alive=agent)
        await terminal(path)
        await piped(path)
        await dialled(path)
        agent.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(agent.wait, DEADLINE) == 0
        assert not path.exists()
    finally:
        agent.kill()
        agent.wait()


async def terminal(path: Path) -> None:
    connection = await connect(path)
    spec = TerminalSpec(argv=["sh", "-c", "read x; stty size; exit $x"], banner=b"hello\r\n")
    number = await connection.open_terminal(spec)
    stream = await connection.attach(number, size=(31, 91))
    stream.send(b"42\r")
    output = await read_to_end(stream)
    assert b"hello\r\n" in output
    assert b"31 91\r\n" in output
    assert stream.exit == ExitStatus(42, None)
    stream.close()


async def piped(path: Path) -> None:
    stream = await (await connect(path)).execute(ExecSpec(argv=["cat"]))
    data = os.urandom(300_000)
    stream.send(data)
    stream.send_eof()
    said = b""
    while (piece := await stream.read()) is not None:
        assert isinstance(piece, Out)
        said += piece.data
    assert said == data
    assert stream.exit == ExitStatus(0, None)
    stream.close()


async def dialled(path: Path) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        writer.close()

    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
        stream = await (await connect(path)).dial(*server.sockets[0].getsockname())
        stream.send(b"hello")
        stream.send_eof()
        assert await stream.read() == b"HELLO"
        assert await stream.read() == b""
        stream.close()
