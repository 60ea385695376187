"""asyncssh as a client: a third implementation beside OpenSSH's and paramiko's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncssh
import pytest

from tests.e2e.reach import HOST, Reach

MEGABYTE = bytes(range(256)) * 4096


@pytest.fixture
async def inside(web: Reach) -> AsyncIterator[asyncssh.SSHClientConnection]:
    known = f"[{HOST}]:{web.port} {web.host_key.read_text()}".encode()
    async with asyncssh.connect(
        HOST,
        web.port,
        username=web.login,
        client_keys=[str(web.key)],
        known_hosts=known,
        agent_path=None,
        config=None,
    ) as made:
        yield made


async def test_a_command_comes_back_with_its_streams_and_status(
    inside: asyncssh.SSHClientConnection,
) -> None:
    done = await inside.run(
        "cat; echo to stderr >&2; exit 7", input=MEGABYTE, encoding=None, timeout=30
    )
    assert (done.exit_status, done.stdout) == (7, MEGABYTE)
    assert b"to stderr" in bytes(done.stderr or b"")


async def test_a_signal_ends_a_command_and_is_named(
    inside: asyncssh.SSHClientConnection,
) -> None:
    async with inside.create_process("echo ready; exec sleep 1000") as process:
        assert await process.stdout.readline() == "ready\n"
        process.send_signal("TERM")
        done = await process.wait(timeout=30)
    assert done.exit_signal is not None
    assert done.exit_signal[0] == "TERM"


async def test_files_go_there_and_back(
    inside: asyncssh.SSHClientConnection, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("files")
    (directory / "sent").write_bytes(MEGABYTE)
    async with inside.start_sftp_client() as sftp:
        await sftp.put(str(directory / "sent"), "asyncssh")
        await sftp.get("asyncssh", str(directory / "back"))
        await sftp.remove("asyncssh")
    assert (directory / "back").read_bytes() == MEGABYTE


async def test_a_port_inside_is_forwarded(
    echoing: Reach, inside: asyncssh.SSHClientConnection
) -> None:
    listener = await inside.forward_local_port(HOST, 0, "127.0.0.1", 7007)
    reader, writer = await asyncio.open_connection(HOST, listener.get_port())
    writer.write(MEGABYTE)
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 30) == MEGABYTE
    writer.close()
