"""The socket's side of a connection that has become a stream: frames in and out, in step."""

from __future__ import annotations

import asyncio

from vibetui.agent.answers import decode_error
from vibetui.agent.frames import Decoder, FrameType, encode
from vibetui.agent.requests import encode_input
from vibetui.errors import AgentError

HOLD = 256 * 1024
"""Bytes held unread before reading from the socket stops; also one read's most."""

_SEND_HIGH = 256 * 1024


class Channel(asyncio.BufferedProtocol):
    """Takes frames in until much is held unread; then the agent feels that.

    Attributes:
        broken: Why no more frames will come; what has come may still be held.
    """

    def __init__(self) -> None:
        self.broken: AgentError | None = None
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._reading = True
        self._waiters: set[asyncio.Future[None]] = set()
        self._closed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    # What a kind of stream says

    def take(self, kind: int, payload: memoryview) -> None:
        """One frame that isn't ERROR; `payload` is valid during the call only.

        Raises `AgentError` where it can't be on this stream.
        """
        raise NotImplementedError

    def held(self) -> int:
        """Bytes that wait to be read."""
        raise NotImplementedError

    def may_pause(self) -> bool:
        """Whether somebody reads already what is held."""
        return True

    # What the loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_SEND_HIGH)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 (the loop's signature)
        return self._decoder.get_buffer()

    def buffer_updated(self, nbytes: int) -> None:
        try:
            for kind, payload in self._decoder.received(nbytes):
                if kind == FrameType.ERROR:
                    raise decode_error(payload)
                self.take(kind, payload)
                payload.release()
        except AgentError as error:
            self._lose(error)
            self.close()
        self.wake()
        if self._reading and self.may_pause() and self.held() >= HOLD:
            self._reading = False
            assert self._transport is not None
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        cause = f": {exc}" if exc else ""
        self._lose(
            AgentError(
                f"The connection to the container's agent broke{cause}.", "Open the session again."
            )
        )
        self._closed.set()
        self._writable.set()
        self.wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # What a stream does

    def resume(self) -> None:
        """Read on, now that less is held."""
        if self._reading or self.held() >= HOLD or self._transport is None:
            return
        self._reading = True
        if not self._transport.is_closing():
            self._transport.resume_reading()

    async def changed(self) -> None:
        """Until something has come, or nothing will any more."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _lose(self, error: AgentError) -> None:
        if self.broken is None:
            self.broken = error

    def send(self, frames: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frames)

    async def drain(self) -> None:
        """Until little of what was sent is left in this process."""
        await self._writable.wait()

    def close(self) -> None:
        # abort, not close: who reads no input must not keep the socket open for ever.
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self) -> None:
        await self._closed.wait()


class Stream:
    """What every stream can do with its channel."""

    def __init__(self, wire: Channel) -> None:
        self._channel = wire

    async def drain(self) -> None:
        """Wait until little of what was sent is left in this process."""
        await self._channel.drain()

    def close(self) -> None:
        """Leave. What was sent and is still buffered here is dropped."""
        self._channel.close()

    async def wait_closed(self) -> None:
        """Until the connection is gone."""
        await self._channel.wait_closed()


class ByteStream(Stream):
    """A stream of bytes that ends: a command's stdin, or what a peer is told."""

    def send(self, data: bytes) -> None:
        """Write; buffered, see `drain`. Ignored once nobody reads it any more."""
        if data:
            self._channel.send(encode_input(data))

    def send_eof(self) -> None:
        """End this direction once all that was sent is written."""
        self._channel.send(encode(FrameType.INPUT_END))
