"""An SSH client that sends what no client sends: asyncssh's, with its packets spoiled or forged."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Any

import asyncssh
from asyncssh.constants import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_OPEN,
    MSG_CHANNEL_REQUEST,
    MSG_IGNORE,
)
from asyncssh.packet import Boolean, SSHPacket, String, UInt32

from tests.sshd_support import FrontUnderTest

Spoil = Callable[[int, bytes], Iterable[tuple[int, bytes]]]
"""What is sent in the place of a packet, by type and payload."""

DEADLINE = 20.0


class Hostile(asyncssh.SSHClientConnection):
    """A client connection; `spoil` sees each packet before it is encrypted."""

    spoil: Spoil | None = None

    def send_packet(self, pkttype: int, *args: bytes, handler: Any = None) -> None:
        if pkttype == MSG_IGNORE:
            return  # asyncssh puts one before each packet; here it would only take time.
        if self.spoil is None:
            super().send_packet(pkttype, *args, handler=handler)
            return
        for kind, payload in self.spoil(pkttype, b"".join(args)):
            super().send_packet(kind, payload, handler=handler)

    @property
    def socket(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport


async def connect(
    front: FrontUnderTest, source: str, spoil: Spoil | None = None, **options: Any
) -> Hostile:
    """Connect and log in. Raises whatever a server that has had enough makes of it."""
    loop = asyncio.get_running_loop()
    made = await asyncssh.SSHClientConnectionOptions.construct(
        config=None,
        username="vibe",
        client_keys=[str(front.key)],
        known_hosts=None,
        agent_path=None,
        host=front.settings.listen_host,
        **options,
    )
    made.waiter = loop.create_future()

    def factory() -> Hostile:
        conn = Hostile(loop, made, wait="auth")
        conn.spoil = spoil
        return conn

    sock = socket.create_connection(
        (front.settings.listen_host, front.port), timeout=DEADLINE, source_address=(source, 0)
    )
    sock.setblocking(False)
    _, conn = await loop.create_connection(factory, sock=sock)
    try:
        async with asyncio.timeout(DEADLINE):
            await made.waiter
    except BaseException:
        conn.abort()
        raise
    return conn


class Channel:
    """A session channel by its bare messages: opened, and nothing else done about it."""

    def __init__(self, conn: Hostile, number: int) -> None:
        self.conn = conn
        self.number = number
        self.heard: list[tuple[int, bytes]] = []
        self.theirs: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        conn._channels[number] = self  # type: ignore[assignment]

    async def open(self, window: int = 1 << 20, largest: int = 1 << 15) -> None:
        """Open it. Raises `asyncssh.ChannelOpenError` where that is refused."""
        numbers = UInt32(self.number) + UInt32(window) + UInt32(largest)
        self.conn.send_packet(MSG_CHANNEL_OPEN, String(b"session") + numbers)
        async with asyncio.timeout(DEADLINE):
            await asyncio.shield(self.theirs)

    def send(self, kind: int, payload: bytes = b"") -> None:
        self.conn.send_packet(kind, UInt32(self.theirs.result()), payload)

    def request(self, name: bytes, payload: bytes = b"", *, answer: bool = True) -> None:
        self.send(MSG_CHANNEL_REQUEST, String(name) + Boolean(answer) + payload)

    async def until(self, kind: int) -> bytes:
        """The payload of the first message of `kind`."""
        async with asyncio.timeout(DEADLINE):
            while True:
                for heard, payload in self.heard:
                    if heard == kind:
                        return payload
                await asyncio.sleep(0.01)

    def said(self, kind: int) -> int:
        """How many messages of `kind` have come."""
        return sum(1 for heard, _ in self.heard if heard == kind)

    # What asyncssh calls

    def process_open_confirmation(self, theirs: int, *_: Any) -> None:
        if not self.theirs.done():
            self.theirs.set_result(theirs)

    def process_open_failure(self, code: int, reason: str, lang: str) -> None:
        self.theirs.set_exception(asyncssh.ChannelOpenError(code, reason, lang))

    def process_packet(self, kind: int, _: int, packet: SSHPacket) -> bool:
        self.heard.append((kind, packet.get_remaining_payload()))
        return True

    def log_received_packet(self, *_: Any) -> None: ...

    def log_sent_packet(self, *_: Any) -> None: ...

    def process_connection_close(self, _: Any) -> None:
        self.heard.append((MSG_CHANNEL_CLOSE, b""))
        self.conn._channels.pop(self.number, None)


async def ended(conn: Hostile) -> None:
    """Wait until the server has hung up."""
    async with asyncio.timeout(DEADLINE):
        await conn.wait_closed()
