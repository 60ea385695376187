"""Connections of a client's into a session: -L, -D, -J, and Unix sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncssh
from typing_extensions import override

from sshd.channels.flow import Inbox, Outflow
from sshd.visit import Visit
from vibetui.agent.dial import DialStream
from vibetui.errors import AgentError, VibeError
from vibetui.events import EventCode
from vibetui.inert import printable
from vibetui.model import Access

_LINGER = 5.0
"""Seconds for the peer to take what a client that has left has said."""


async def dial(visit: Visit, host: str, port: int) -> Forward:
    """A connection made from inside the connection's session, which is started if need be.

    Args:
        port: 0: `host` is the path of a Unix socket.

    Raises:
        asyncssh.ChannelOpenError: it can't be had, and why.
    """
    try:
        session = await visit.session()
        if not visit.settings.allow_local_forwarding or session.access is Access.VIEWER:
            await visit.audit(EventCode.ACCESS_REFUSED, session, host=host[:256], port=port)
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "Forwarding is not allowed here."
            )
        agent = await visit.connect(session, _say_nothing)
        try:
            stream = await agent.dial(host, port)
        finally:
            agent.close()
    except (VibeError, ValueError) as error:
        hint = error.hint if isinstance(error, VibeError) else ""
        why = printable(f"{error} {hint}".strip())
        raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, why) from error
    await visit.audit(EventCode.FORWARD, session, host=host[:256], port=port)
    return Forward(visit, stream)


def _say_nothing(_: str) -> None:
    """A forwarded connection has no stderr."""


class Forward(Outflow, asyncssh.SSHTCPSession[bytes], asyncssh.SSHUNIXSession[bytes]):
    """Joins a channel and a dialled stream; each direction ends on its own."""

    def __init__(self, visit: Visit, stream: DialStream) -> None:
        super().__init__()
        self._visit = visit
        self._stream = stream
        self._channel: Any
        self._inbox: Inbox
        self._room = asyncio.Event()
        self._room.set()
        self._gone = asyncio.Event()

    @property
    def finished(self) -> bool:
        return self._gone.is_set()

    @override
    def connection_made(self, chan: Any) -> None:
        self._channel = chan
        self._inbox = Inbox(chan)

    @override
    def session_started(self) -> None:
        self._visit.services.background(self._run())

    @override
    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._inbox.feed(data)

    @override
    def eof_received(self) -> bool:
        self._inbox.end()
        return True

    @override
    def pause(self) -> None:
        self._room.clear()

    @override
    def resume(self) -> None:
        self._room.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()

    async def _run(self) -> None:
        there = asyncio.create_task(self._to_client())
        here = asyncio.create_task(self._to_peer())
        gone = asyncio.create_task(self._gone.wait())
        # The agent hangs up once it has passed on all of both directions.
        passed_on = asyncio.create_task(self._stream.wait_closed())
        try:
            if await _ended(there, here, unless=gone):
                await asyncio.wait({passed_on, gone}, return_when=asyncio.FIRST_COMPLETED)
            # What the client has said reaches the peer, though it left right behind it.
            self._inbox.end()
            await asyncio.wait({here, passed_on}, timeout=_LINGER)
        finally:
            for task in (there, here, gone, passed_on):
                task.cancel()
            await asyncio.gather(there, here, gone, passed_on, return_exceptions=True)
            self.abandon()
            self._channel.close()

    def abandon(self) -> None:
        """Hang up on the peer."""
        self._stream.close()

    async def _to_client(self) -> None:
        try:
            while data := await self._stream.read():
                await self._room.wait()
                self._channel.write(data)
            self._channel.write_eof()
        except AgentError as error:
            # The peer has reset it, or the container is gone: the channel closes.
            raise ConnectionResetError(str(error)) from error

    async def _to_peer(self) -> None:
        while data := await self._inbox.read():
            self._stream.send(data)
            await self._stream.drain()
        self._stream.send_eof()


async def _ended(*ways: asyncio.Task[None], unless: asyncio.Task[Any]) -> bool:
    """Wait for all of `ways`; False as soon as one has failed, or `unless` comes first."""
    waits: set[asyncio.Task[Any]] = set(ways)
    while waits:
        done, _ = await asyncio.wait({*waits, unless}, return_when=asyncio.FIRST_COMPLETED)
        waits -= done
        if unless in done or any(task.exception() is not None for task in done):
            return False
    return True
