"""A connection that has become the listing's: the newest, after every change."""

from __future__ import annotations

import asyncio
import socket
from typing import Self

from vibetui.agent.answers import decode_error, decode_listing
from vibetui.agent.frames import Decoder, FrameType, Malformed
from vibetui.agent.nouns import Listing
from vibetui.errors import AgentError


class ListingWatch(asyncio.Protocol):
    """``async for listing in watch``, one reader at a time, until `close` is called.

    The listing of the moment comes first, then one after every change, at most some ten a second;
    who is slow gets the newest. Iterating raises `AgentError` where the connection broke, and
    `AgentRefused` where the agent has ended it.
    """

    def __init__(self, first: Listing) -> None:
        self._newest: Listing | None = first
        self._broken: AgentError | None = None
        self._closed = False
        self._changed = asyncio.Event()
        self._gone = asyncio.Event()
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def begin(cls, sock: socket.socket, first: Listing) -> ListingWatch:
        """`AgentConnection.watch` calls this with the answer."""
        watch = cls(first)
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: watch, sock=sock)
        except BaseException:
            sock.close()
            raise
        return watch

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Listing:
        while True:
            if self._closed:
                raise StopAsyncIteration
            if self._newest is not None:
                listing, self._newest = self._newest, None
                return listing
            if self._broken is not None:
                raise self._broken
            self._changed.clear()
            await self._changed.wait()

    def close(self) -> None:
        """Leave; who iterates gets to the end."""
        self._closed = True
        self._changed.set()
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self) -> None:
        """Until the connection is gone."""
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            for kind, payload in self._decoder.feed(data):
                if kind == FrameType.ERROR:
                    raise decode_error(payload)
                if kind != FrameType.LISTING:
                    raise Malformed(f"frame type {kind:#04x} in place of LISTING")
                self._newest = decode_listing(payload)
        except AgentError as error:
            self._broken = self._broken or error
            assert self._transport is not None
            self._transport.abort()
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        cause = f": {exc}" if exc else ""
        self._broken = self._broken or AgentError(
            f"The connection to the container's agent broke{cause}.", "Open the session again."
        )
        self._gone.set()
        self._changed.set()
