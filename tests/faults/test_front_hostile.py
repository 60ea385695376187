"""Clients that send what none should: the front outlives them, its memory is bounded, and whoever
else is connected notices nothing."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncssh
import psutil
import pytest
from asyncssh.constants import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_CHANNEL_FAILURE,
    MSG_CHANNEL_OPEN,
    MSG_CHANNEL_SUCCESS,
    MSG_CHANNEL_WINDOW_ADJUST,
    MSG_GLOBAL_REQUEST,
    MSG_KEXINIT,
    MSG_NEWKEYS,
    MSG_SERVICE_REQUEST,
    MSG_USERAUTH_REQUEST,
)
from asyncssh.packet import Boolean, String, UInt32

from tests.e2e.test_front_app import enter
from tests.hostile_client import Channel, Hostile, Spoil, connect, ended
from tests.sshd_support import FrontUnderTest, eventually
from tests.tmux import Tmux

SEED = 20_5
ALLOWED_GROWTH = 24 << 20
CALM = 25
"""Polls in a row, 20 ms apart, in which the front does nothing."""
KEX = ("curve25519-sha256", "diffie-hellman-group16-sha512")
STAGES = {
    "key exchange init": {MSG_KEXINIT},
    "key exchange": set(range(30, 50)),
    "new keys": {MSG_NEWKEYS},
    "service request": {MSG_SERVICE_REQUEST},
    "login": {MSG_USERAUTH_REQUEST},
}
_sources = (f"127.{net}.{part}.7" for net in range(1, 250) for part in range(1, 250))


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontUnderTest]:
    with FrontUnderTest(tmp_path_factory.mktemp("front")) as running:
        yield running


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path, columns=80, rows=24) as running:
        yield running


@contextmanager
def nothing_happens(front: FrontUnderTest, tmux: Tmux) -> Iterator[None]:
    """Somebody else's terminal answers before and after, and the front is as it was."""
    enter(tmux, front)
    tmux.type("before")
    tmux.wait_for("typed=before|")
    process = psutil.Process(front.front.pid)
    used = process.memory_full_info().uss
    try:
        yield
        tmux.type("after")
        tmux.wait_for("typed=beforeafter|")
        assert process.is_running()
        # What is over is cleared away by callbacks: that they have run has no signal.
        eventually(
            lambda: process.memory_full_info().uss - used < ALLOWED_GROWTH, "memory is given back"
        )
        assert "Traceback" not in front.log()
    finally:
        tmux.type("Q")
        tmux.wait_for("status=0")


def spoiled(chance: random.Random, payload: bytes) -> bytes:
    """Bits flipped, cut, longer, or with a length that is a lie."""
    data = bytearray(payload or b"\0")
    match chance.randrange(5):
        case 0:
            for _ in range(chance.randint(1, 8)):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case 1:
            del data[chance.randrange(len(data)) :]
        case 2:
            data += chance.randbytes(chance.choice((1, 100, 30_000)))
        case 3:
            at = chance.randrange(len(data))
            data[at : at + 4] = chance.choice((b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"))
        case _:
            data[:] = chance.randbytes(chance.randrange(2000))
    return bytes(data)


def spoiler(chance: random.Random, kinds: set[int]) -> Spoil:
    """Spoils, repeats, drops or retypes packets of `kinds`."""

    def spoil(kind: int, payload: bytes) -> Iterable[tuple[int, bytes]]:
        if kind not in kinds:
            return [(kind, payload)]
        match chance.randrange(6):
            case 0:
                return [(kind, payload), (kind, payload)]
            case 1:
                return [(chance.randrange(256), payload)]
            case 2:
                return [(kind, spoiled(chance, payload)), (kind, payload)]
            case _:
                return [(kind, spoiled(chance, payload))]

    return spoil


# Before the login


def test_a_version_line_of_anything_disturbs_nobody(front: FrontUnderTest, tmux: Tmux) -> None:
    chance = random.Random(SEED)
    lines = [
        b"",
        b"\n",
        b"SSH-1.5-old\r\n",
        b"SSH-2.0-\xff\xfe\r\n",
        b"SSH-2.0-" + b"x" * 9000 + b"\r\n",
        b"x" * 300_000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SSH-2.0-x\r\n" + b"\xff" * 64,
        b"SSH-2.0-x\r\n" + b"\0\0\0\x0c\xff" + b"\x14" * 60,
        b"SSH-2.0-x\r\n" + b"\0\0\0\0" * 4000,
        *(b"SSH-2.0-x\r\n" + chance.randbytes(chance.randrange(3000)) for _ in range(60)),
        *(chance.randbytes(chance.randrange(3000)) for _ in range(30)),
    ]
    with nothing_happens(front, tmux):
        for line in lines:
            address = (front.settings.listen_host, front.port)
            # OSError: the server has hung up before it was all said.
            with (
                socket.create_connection(address, 10, (next(_sources), 0)) as sock,
                suppress(OSError),
            ):
                sock.sendall(line)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass


@pytest.mark.parametrize("stage", STAGES)
async def test_spoiled_packets_of_a_handshake_disturb_nobody(
    front: FrontUnderTest, tmux: Tmux, stage: str
) -> None:
    chance = random.Random(f"{SEED} {stage}")
    with nothing_happens(front, tmux):
        for number in range(16):
            spoil = spoiler(chance, STAGES[stage])
            await _try(front, spoil, kex_algs=[KEX[number % len(KEX)]])


async def _try(front: FrontUnderTest, spoil: Spoil, **options: object) -> None:
    # Whatever the client makes of the answer; a client that waits for one waits in vain.
    with suppress(OSError, TimeoutError, asyncssh.Error, ValueError, AssertionError):
        async with asyncio.timeout(1):
            conn = await connect(front, next(_sources), spoil, **options)
            conn.abort()


async def test_whoever_sends_much_before_the_login_is_cut_off(front: FrontUnderTest) -> None:
    address = (front.settings.listen_host, front.port)
    ignored = b"\0\0\0\x0c\x06\x02\0\0\0\0" + b"\0" * 6
    with socket.create_connection(address, 10, (next(_sources), 0)) as sock:
        with suppress(OSError):
            sock.sendall(b"SSH-2.0-x\r\n" + ignored * (1 << 20))
            sock.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError), sock.makefile("rb") as file:
            assert b"Too much data before the login." in file.read()


# After it


async def opened(front: FrontUnderTest, **options: int) -> Channel:
    channel = Channel(await connect(front, next(_sources)), 7)
    await channel.open(**options)
    return channel


async def test_spoiled_packets_of_the_channel_protocol_disturb_nobody(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    chance = random.Random(SEED)
    with nothing_happens(front, tmux):
        for _ in range(60):
            channel = await opened(front)
            forge = _Forger(chance, channel)
            # OSError, asyncssh.Error: the server has had enough.
            with suppress(OSError, asyncssh.Error):
                for _ in range(chance.randint(1, 12)):
                    forge.send()
                    await asyncio.sleep(0)
                channel.send(MSG_CHANNEL_CLOSE)
                # Answered once all of it was dealt with, or never.
                async with asyncio.timeout(5):
                    await channel.conn._make_global_request(b"keepalive@openssh.com")
            channel.conn.abort()


class _Forger:
    """Sends messages that are nearly what they should be, in any order."""

    def __init__(self, chance: random.Random, channel: Channel) -> None:
        self._chance = chance
        self._channel = channel
        self._requests = {
            b"pty-req": String(b"xterm") + UInt32(80) * 4 + String(b"\x01\0\0\0\x03\0"),
            b"env": String(b"LANG") + String(b"C.UTF-8"),
            b"exec": String(b"true"),
            b"shell": b"",
            b"subsystem": String(b"sftp"),
            b"signal": String(b"INT"),
            b"window-change": UInt32(0xFFFFFFFF) * 4,
            b"break": UInt32(0xFFFFFFFF),
            b"x11-req": Boolean(True) + String(b"MIT") + String(b"00") + UInt32(0),
            b"auth-agent-req@openssh.com": b"",
            b"exit-status": UInt32(1),
            b"no-such-request": b"",
        }
        self._bare = {
            MSG_CHANNEL_DATA: String(b"x" * 1000),
            MSG_CHANNEL_EXTENDED_DATA: UInt32(1) + String(b"x"),
            MSG_CHANNEL_EOF: b"",
            MSG_CHANNEL_CLOSE: b"",
            MSG_CHANNEL_WINDOW_ADJUST: UInt32(0xFFFFFFFF),
            MSG_CHANNEL_SUCCESS: b"",
            MSG_CHANNEL_FAILURE: b"",
        }
        self._opens = (b"session", b"direct-tcpip", b"x11", b"tun@openssh.com", b"\xff")
        self._globals = (
            b"tcpip-forward",
            b"cancel-tcpip-forward",
            b"hostkeys-prove-00@openssh.com",
        )

    def send(self) -> None:
        chance, channel = self._chance, self._channel
        match chance.randrange(6):
            case 0 | 1:
                name = chance.choice(list(self._requests))
                channel.request(name, self._perhaps(self._requests[name]))
            case 2 | 3:
                kind = chance.choice(list(self._bare))
                channel.send(kind, self._perhaps(self._bare[kind]))
            case 4:
                kind = chance.choice(list(self._bare))
                channel.conn.send_packet(kind, UInt32(chance.choice((1, 0xFFFFFFFF))))
            case _:
                self._elsewhere()

    def _elsewhere(self) -> None:
        chance, conn = self._chance, self._channel.conn
        if chance.randrange(2):
            name = String(chance.choice(self._opens))
            conn.send_packet(
                MSG_CHANNEL_OPEN, name + UInt32(9) + UInt32(0) + UInt32(1 << 31), self._perhaps(b"")
            )
        else:
            name = String(chance.choice(self._globals)) + Boolean(True)
            conn.send_packet(MSG_GLOBAL_REQUEST, self._perhaps(name))

    def _perhaps(self, payload: bytes) -> bytes:
        return payload if self._chance.randrange(2) else spoiled(self._chance, payload)


async def test_a_window_beyond_the_largest_ends_the_connection(front: FrontUnderTest) -> None:
    channel = await opened(front, window=0xFFFFFFFF)
    channel.send(MSG_CHANNEL_WINDOW_ADJUST, UInt32(1))
    await ended(channel.conn)


async def test_a_client_without_a_window_is_told_nothing_until_it_has_one(
    front: FrontUnderTest,
) -> None:
    channel = await opened(front, window=0)
    channel.request(b"shell")
    await channel.until(MSG_CHANNEL_SUCCESS)
    assert not channel.said(MSG_CHANNEL_EXTENDED_DATA)
    channel.send(MSG_CHANNEL_WINDOW_ADJUST, UInt32(1 << 31))
    assert b"vibetui needs a terminal" in await channel.until(MSG_CHANNEL_EXTENDED_DATA)
    channel.conn.abort()


async def test_input_that_comes_byte_by_byte_and_waits_takes_no_more_room_for_it(
    front: FrontUnderTest,
) -> None:
    channel = await opened(front)
    process = psutil.Process(front.front.pid)
    used = process.memory_full_info().uss
    for _ in range(100):
        # Nothing was asked for yet: it is kept.
        for _ in range(1000):
            channel.send(MSG_CHANNEL_DATA, String(b"x"))
        await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await channel.conn._make_global_request(b"keepalive@openssh.com")
    assert process.memory_full_info().uss - used < 4 << 20
    channel.conn.abort()


async def test_a_channel_that_takes_a_few_bytes_a_packet_is_refused(front: FrontUnderTest) -> None:
    conn = await connect(front, next(_sources))
    with pytest.raises(asyncssh.ChannelOpenError, match="maximum packet size is too small"):
        await Channel(conn, 7).open(largest=16)
    conn.abort()


async def test_of_a_huge_environment_what_is_too_much_is_ignored(front: FrontUnderTest) -> None:
    channel = await opened(front)
    for number in range(500):
        channel.request(b"env", String(b"LC_%d" % number) + String(b"x" * 200))
    channel.request(b"shell")
    assert b"vibetui needs a terminal" in await channel.until(MSG_CHANNEL_EXTENDED_DATA)
    assert channel.said(MSG_CHANNEL_SUCCESS) == 64 + 1
    assert channel.said(MSG_CHANNEL_FAILURE) == 500 - 64
    channel.conn.abort()


async def test_a_command_that_is_too_long_is_refused_with_a_sentence(front: FrontUnderTest) -> None:
    channel = await opened(front)
    channel.request(b"exec", String(b"x" * (128 * 1024 + 1)))
    assert b"A command may have 128 KiB at most." in await channel.until(MSG_CHANNEL_EXTENDED_DATA)
    await channel.until(MSG_CHANNEL_FAILURE)
    channel.conn.abort()


async def test_answers_that_a_client_does_not_read_do_not_pile_up(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    with nothing_happens(front, tmux):
        conn = await connect(front, next(_sources))
        conn.socket.pause_reading()
        for _ in range(100):
            await _ask_a_thousand_times(conn)
        process = psutil.Process(front.front.pid)
        worked: list[float] = []
        while len(worked) < CALM or len(set(worked[-CALM:])) > 1:
            await asyncio.sleep(0.02)
            worked.append(sum(process.cpu_times()[:2]))
        assert _unread(front.port) > 0
        conn.abort()


def _unread(port: int) -> int:
    """Bytes that have come to a port and wait in the kernel: proc(5), ``/proc/net/tcp``."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[4].split(":")[1], 16) for row in rows if row[1].endswith(f":{port:04X}"))


async def _ask_a_thousand_times(conn: Hostile) -> None:
    for _ in range(1000):
        conn.send_packet(MSG_GLOBAL_REQUEST, String(b"no-such-request") + Boolean(True))
    await asyncio.sleep(0)


async def test_a_key_exchange_that_never_ends_keeps_nothing_for_long(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    asked = 0
    with nothing_happens(front, tmux):
        conn = await connect(front, next(_sources))
        conn.spoil = lambda kind, payload: [] if 30 <= kind < 50 else [(kind, payload)]
        conn._send_kexinit()
        conn._kexinit_sent = True
        # Else the client would keep what it sends itself until the exchange is over.
        conn._kex_complete = True
        while not conn.is_closed() and asked < 200_000:
            await _ask_a_thousand_times(conn)
            asked += 1000
        # Some hundred thousand would be tens of megabytes.
        assert 10_000 < asked < 200_000


async def test_channels_that_are_never_closed_are_refused_at_some_point(
    front: FrontUnderTest,
) -> None:
    conn = await connect(front, next(_sources))
    with pytest.raises(asyncssh.ChannelOpenError, match="Too many channels on one connection"):
        await _open_without_end(conn)
    conn.abort()


async def _open_without_end(conn: Hostile) -> None:
    for number in range(400):
        channel = Channel(conn, number)
        await channel.open()
        channel.request(b"shell")
        # The server closes its side; this client never does.
        await channel.until(MSG_CHANNEL_CLOSE)


def test_openssh_goes_through_key_exchange_after_key_exchange_while_output_floods(
    front: FrontUnderTest, tmux: Tmux, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    options = ("RekeyLimit=64K", "LogLevel=DEBUG1")
    # The first value of an option counts.
    enter(tmux, front, front.ssh(options=options).replace("ssh ", f"ssh -E {log} ", 1))
    tmux.type("F")
    tmux.wait_for("flood ")
    eventually(lambda: log.read_text().count("SSH2_MSG_NEWKEYS received") > 5, "keys change", 30)
    tmux.type("Q")
    tmux.wait_for("status=0")
