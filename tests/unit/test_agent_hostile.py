"""Peers that break the protocol: their connection ends, and nothing else does."""

from __future__ import annotations

import contextlib
import os
import random
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent_support import Agent, RawClient, read_to_end, read_until, running_agent
from vibetui.agent import ErrorCode, FrameType, Role, TerminalSpec
from vibetui.agent.answers import decode_error
from vibetui.agent.dial import encode_dial
from vibetui.agent.exec import ExecSpec, encode_exec
from vibetui.agent.frames import HEADER, MAX_PAYLOAD, encode
from vibetui.agent.listen import encode_listen, encode_take
from vibetui.agent.requests import (
    encode_arrange,
    encode_attach,
    encode_bind,
    encode_evict,
    encode_hello,
    encode_input,
    encode_list,
    encode_open,
    encode_rename,
    encode_reply,
    encode_resize,
    encode_watch,
)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


async def works(agent: Agent) -> None:
    """The agent still serves everybody else."""
    number, stream = await agent.run("echo fine")
    assert b"fine" in await read_to_end(stream)
    connection = await agent.connect()
    await connection.close_terminal(number)
    connection.close()


def refused(client: RawClient) -> ErrorCode:
    """The code of the ERROR with which the agent ends the connection."""
    kind, payload = client.rest()[-1]
    assert kind == FrameType.ERROR
    return ErrorCode(decode_error(payload).number)


OPEN = encode_open(TerminalSpec(argv=["true"]))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (HEADER.pack(MAX_PAYLOAD + 1, FrameType.LIST), ErrorCode.MALFORMED),
        (HEADER.pack(0xFFFFFFFF, FrameType.LIST), ErrorCode.MALFORMED),
        (encode(0x55), ErrorCode.MALFORMED),
        (encode(FrameType.OUTPUT, b"from a client"), ErrorCode.MALFORMED),
        (encode(FrameType.LIST, b"surplus"), ErrorCode.MALFORMED),
        (encode(FrameType.OPEN_TERMINAL, OPEN[HEADER.size : -1]), ErrorCode.MALFORMED),
        (encode(FrameType.OPEN_TERMINAL, OPEN[HEADER.size :] + b"x"), ErrorCode.MALFORMED),
        (encode_open(TerminalSpec(argv=["a\0b"])), ErrorCode.MALFORMED),
        (encode_open(TerminalSpec(rows=0)), ErrorCode.MALFORMED),
        (encode_open(TerminalSpec(argv=["x"] * 5000)), ErrorCode.MALFORMED),
        (encode(FrameType.ATTACH, struct.pack(">IBQHH", 1, 6, 0, 0, 0)), ErrorCode.MALFORMED),
        (encode(FrameType.CLOSE, b"\0"), ErrorCode.MALFORMED),
        (encode_input(b"to whom?"), ErrorCode.STATE),
        (encode_resize(10, 10), ErrorCode.STATE),
        (encode_reply(b"x"), ErrorCode.STATE),
        (encode(FrameType.ATTACH, struct.pack(">IBQHH", 1, 32, 0, 0, 0)), ErrorCode.MALFORMED),
        (encode(FrameType.ATTACH, struct.pack(">IBQHH", 1, 0, 0, 0, 9)), ErrorCode.MALFORMED),
        (encode(FrameType.WATCH, b"surplus"), ErrorCode.MALFORMED),
        (encode(FrameType.RENAME, struct.pack(">IH", 1, 65) + b"n" * 65), ErrorCode.MALFORMED),
        (encode(FrameType.RENAME, struct.pack(">IH", 1, 3) + b"a\0b"), ErrorCode.MALFORMED),
        (encode(FrameType.ARRANGE, struct.pack(">H", 4097) + b"l" * 4097), ErrorCode.MALFORMED),
        (encode(FrameType.BIND, b"\0\0\3eve"), ErrorCode.MALFORMED),
        (encode(FrameType.BIND, b"\4\0\3eve"), ErrorCode.MALFORMED),
        (encode(FrameType.BIND, b"\1\0\x41" + b"w" * 65), ErrorCode.MALFORMED),
        (encode(FrameType.EVICT, b"\0\5eve"), ErrorCode.MALFORMED),
        (encode(FrameType.EXEC, b"\0\0"), ErrorCode.MALFORMED),
        (encode_exec(ExecSpec(["a\0b"])), ErrorCode.MALFORMED),
        (encode_dial("", 22), ErrorCode.MALFORMED),
        (encode(FrameType.DIAL, b"\0\1x\0"), ErrorCode.MALFORMED),
        (encode_listen("/path", 1), ErrorCode.MALFORMED),
        (encode_listen("/path", 0, secret=True), ErrorCode.MALFORMED),
        (encode_listen("", 1, secret=True), ErrorCode.MALFORMED),
        (encode_listen("", 0, in_place=True), ErrorCode.MALFORMED),
        (encode_listen("", 0, secret=True, in_place=True), ErrorCode.MALFORMED),
        (encode_listen("h" * 256, 0), ErrorCode.MALFORMED),
        (encode_listen("a\0b", 0), ErrorCode.MALFORMED),
        (encode(FrameType.LISTEN, bytes(4) + b"\4"), ErrorCode.MALFORMED),
        (encode_listen("", 0) + encode(FrameType.LIST), ErrorCode.STATE),
        (encode(FrameType.TAKE, bytes(7)), ErrorCode.MALFORMED),
        (encode_take(0) + encode_input(b"x"), ErrorCode.STATE),
        (encode(FrameType.INPUT_END), ErrorCode.STATE),
        (encode(FrameType.SIGNAL, b"\17"), ErrorCode.STATE),
        (encode_exec(ExecSpec(["cat"])) + encode(FrameType.SIGNAL, b"\0"), ErrorCode.MALFORMED),
        (encode_exec(ExecSpec(["cat"])) + encode(FrameType.RESIZE, b"xxxx"), ErrorCode.STATE),
    ],
)
async def test_a_frame_that_cannot_be_ends_its_connection_and_nothing_else(
    agent: Agent, data: bytes, code: ErrorCode
) -> None:
    client = RawClient(agent.plain_socket())
    client.sock.sendall(data)
    assert refused(client) == code
    await works(agent)


async def test_an_attached_connection_carries_its_stream_and_no_other_request(
    agent: Agent,
) -> None:
    number = await agent.open("read x")
    client = RawClient(agent.plain_socket())
    client.sock.sendall(encode_attach(number) + encode(FrameType.LIST))
    assert refused(client) == ErrorCode.STATE


async def test_frames_arriving_byte_by_byte_are_put_together(agent: Agent) -> None:
    client = RawClient(agent.plain_socket())
    for byte in encode_open(TerminalSpec(argv=["true"])):
        client.sock.sendall(bytes([byte]))
    assert client.frame() is not None, "HELLO"
    assert client.frame() == (FrameType.OPENED, struct.pack(">I", 1))


async def test_a_connection_cut_anywhere_in_a_frame_leaves_no_trace(agent: Agent) -> None:
    for size in range(1, len(OPEN), 3):
        with agent.plain_socket() as sock:
            sock.sendall(OPEN[:size])
    connection = await agent.connect()
    assert await connection.list_terminals() == []
    connection.close()
    await works(agent)


async def test_who_asks_without_reading_the_answers_has_to_wait(agent: Agent) -> None:
    for _ in range(120):
        await agent.open(r"printf '\033]2;%0200d\007' 1; read x")
    flood = agent.plain_socket()
    flood.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            flood.send(encode(FrameType.LIST) * 100)
    await works(agent)
    flood.close()
    await works(agent)


async def test_beyond_the_limit_of_connections_the_next_one_hears_why(agent: Agent) -> None:
    clients = [RawClient(agent.plain_socket()) for _ in range(256)]
    assert all(client.frame() for client in clients)
    assert refused(RawClient(agent.plain_socket())) == ErrorCode.LIMIT
    clients[5].sock.close()
    (await agent.connect_when_there_is_room()).close()
    for client in clients[6:12]:
        client.sock.close()  # one that has ended counts until its client has closed it as well
    await works(agent)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_an_unprivileged_process_of_the_containers_own_gets_nothing(agent: Agent) -> None:
    for directory in (agent.socket.parent, *agent.socket.parent.parents[:3]):
        directory.chmod(0o755)
    script = (
        "import os, socket, sys; os.setgid(65534); os.setuid(65534); s = socket.socket("
        "socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(99)[4:7].hex(), s.recv(99))"
    )
    command = [sys.executable, "-c", script, str(agent.socket)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: ASYNC221
    assert said == "890005 b''\n", "ERROR, DENIED, and the end"
    await works(agent)


async def test_garbage_never_brings_the_agent_down(agent: Agent) -> None:
    choose = random.Random(20)
    number = await agent.open("cat")
    whole = [OPEN, encode_attach(number), encode_resize(5, 5), encode_input(b"abc")]
    for _ in range(400):
        data = bytearray(b"".join(choose.choices(whole, k=3)))
        if choose.random() < 0.5:
            for _ in range(choose.randrange(1, 6)):
                data[choose.randrange(len(data))] = choose.randrange(256)
        elif choose.random() < 0.5:
            data = bytearray(choose.randbytes(choose.randrange(1, 400)))
        with agent.plain_socket() as sock:
            sock.sendall(data)
    assert agent.process.poll() is None, agent.log.read_text()
    connection = await agent.connect_when_there_is_room()
    for info in await connection.list_terminals():
        await connection.close_terminal(info.terminal)
    connection.close()
    await works(agent)


def _frames(number: int) -> list[bytes]:
    """One of each kind, as they should be."""
    return [
        OPEN,
        encode_attach(number, size=(7, 70)),
        encode_attach(number, last=100, quiet=True, read_only=True),
        encode_attach(number, typed=True),
        encode_input(b"abc\n"),
        encode_reply(b"\x1b[0n"),
        encode_resize(5, 5),
        encode_list(),
        encode_watch(),
        encode_rename(number, "name"),
        encode_arrange("1 | 2"),
        encode_bind(Role.VIEWER, "eve"),
        encode_bind(Role.WRITER, "eve"),
        encode_evict("eve"),
        encode_hello(),
        encode_exec(ExecSpec(["cat"], env={"A": "b"})),
        encode_dial("127.0.0.1", 1),
        encode_dial("/none.sock", 0),
        encode_listen("localhost", 0),
        encode_listen("", 0, secret=True),
        encode_listen("/none/at/all.sock", 0),
        encode_listen("/none/at/all.sock", 0, in_place=True),
        encode_take(1),
        encode(FrameType.INPUT_END),
        encode(FrameType.SIGNAL, b"\1"),
    ]


def _mutated(choose: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    how = choose.random()
    if how < 0.3:
        changed[choose.randrange(len(changed))] = choose.randrange(256)
    elif how < 0.4:
        del changed[choose.randrange(len(changed)) :]
    elif how < 0.5:
        changed[choose.randrange(len(changed)) :] = choose.randbytes(choose.randrange(200))
    return bytes(changed)


async def test_mutated_frames_of_all_roles_disturb_nobody_else(agent: Agent) -> None:
    choose = random.Random(22)
    script = "stty raw -echo; printf ready; while read -r x; do printf '%s,' $x; done"
    calm = await agent.attach(await agent.open(script), size=(24, 80))
    await read_until(calm, b"ready")
    number = await agent.open("stty raw; cat")
    frames = _frames(number)
    watch = await (await agent.connect()).watch()
    for turn in range(600):
        hostile = []
        for role in (None, *Role):
            sock = agent.plain_socket()
            sock.setblocking(False)
            data = b"" if role is None else encode_bind(role, "eve")
            data += b"".join(_mutated(choose, choose.choice(frames)) for _ in range(8))
            with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                sock.send(data)
            hostile.append(sock)
        calm.send(b"%d\n" % turn)
        seen = b""
        while not seen.endswith(b"%d," % turn):
            piece = await calm.read()
            assert isinstance(piece, bytes), "nobody else may change its size"
            assert piece, "the terminal has ended"
            seen += piece
        assert seen == b"%d," % turn
        for sock in hostile:
            sock.close()
    assert agent.process.poll() is None, agent.log.read_text()
    listing = await anext(watch)
    assert listing.terminals
    watch.close()
    connection = await agent.connect_when_there_is_room()
    for info in await connection.list_terminals():
        if info.terminal not in (calm.terminal, number):
            await connection.close_terminal(info.terminal)
    connection.close()
    await works(agent)


async def test_garbage_on_a_terminal_never_brings_the_tracker_down(agent: Agent) -> None:
    path = agent.workspace / "garbage"
    choose = random.Random(21)
    pieces = [b"\x1b", b"[", b"]", b"?", b"0;", b"1049", b"38:2:", b"h", b"u", b"\\", b"\x9b", b"m"]
    pieces += [b"22", b"23", b"t", b"2;", b"\x07"]
    path.write_bytes(
        b"".join(
            choose.choice(pieces) if choose.random() < 0.9 else choose.randbytes(5)
            for _ in range(1_500_000)
        )
    )
    number = await agent.open(f"stty -opost; cat {path}; read x")
    await agent.has_written(number, path.stat().st_size)
    for last in choose.sample(range(1 << 20), 30):
        (await agent.attach(number, last=last)).close()
    await works(agent)
