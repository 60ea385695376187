"""What a client sends and what it takes, on one channel: neither piles up in the server."""

from __future__ import annotations

import asyncio
from typing import Any

MOST_INPUT = 256 * 1024
"""Bytes of the client's that nobody has read yet before it is told to wait."""


class Outflow:
    """The way to a client, which is held back by its channel, and by its connection as a whole.

    Mixed into an asyncssh session, which comes behind it in the order of bases.
    """

    def __init__(self) -> None:
        super().__init__()
        self._holding: set[str] = set()

    @property
    def held(self) -> bool:
        """The client takes no more now."""
        return bool(self._holding)

    def pause_writing(self) -> None:
        """asyncssh: much waits in the channel."""
        self.hold("channel")

    def resume_writing(self) -> None:
        """asyncssh: little waits in the channel."""
        self.release("channel")

    def hold(self, what: str) -> None:
        """Give the client no more until `release` of the same."""
        self._holding.add(what)
        self.pause()

    def release(self, what: str) -> None:
        """The inverse of `hold`."""
        self._holding.discard(what)
        if not self._holding:
            self.resume()

    def pause(self) -> None:
        """The client takes no more now."""
        raise NotImplementedError

    def resume(self) -> None:
        """The client takes more again."""
        raise NotImplementedError


class Inbox:
    """What the client has sent and nobody has read; much of that makes the client wait.

    Args:
        channel: Of asyncssh; can pause and resume reading.
    """

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._bytes = bytearray()
        self._changed = asyncio.Event()
        self._ended = False
        self._paused = False

    def feed(self, data: bytes) -> None:
        """The client sends more."""
        self._bytes += data
        self._changed.set()
        if len(self._bytes) > MOST_INPUT and not self._paused:
            self._paused = True
            self._channel.pause_reading()

    def end(self) -> None:
        """The client sends nothing more."""
        self._ended = True
        self._changed.set()

    async def read(self) -> bytes:
        """All that has come since the last time; ``b""`` at the end. One reader at a time."""
        while not self._bytes:
            if self._ended:
                return b""
            self._changed.clear()
            await self._changed.wait()
        data = bytes(self._bytes)
        self._bytes.clear()
        if self._paused:
            self._paused = False
            self._channel.resume_reading()
        return data
