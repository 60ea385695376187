"""Bytes between an SSH channel and a pseudo-terminal, with back-pressure both ways."""

from __future__ import annotations

import asyncio
import os
from typing import Protocol

from vibetui.terminals.screen_state import ScreenState

_CHUNK = 64 * 1024
"""A PTY gives at most 4 KiB a read: so much is gathered for one write to the channel."""
_MOST_INPUT = 64 * 1024
"""Bytes that an app hasn't read yet before the channel is told to wait."""


class Channel(Protocol):
    """What a splice needs of an SSH channel."""

    def write(self, data: bytes) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Splice:
    """Joins `channel` and the PTY `master`, which it owns and which must not block.

    `ended` is set once every process has closed the slave and all output was passed on.
    """

    def __init__(self, master: int, channel: Channel, screen: ScreenState) -> None:
        self._master: int | None = master
        self._channel = channel
        self._screen = screen
        self._loop = asyncio.get_running_loop()
        self._input = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()
        self.ended = asyncio.Event()
        self._loop.add_reader(master, self._on_output)

    @property
    def master(self) -> int | None:
        """The PTY's master; None when closed."""
        return self._master

    def pause_output(self) -> None:
        """The channel is full."""
        self._writable.clear()
        if self._master is not None:
            self._loop.remove_reader(self._master)

    def resume_output(self) -> None:
        """The channel takes output again."""
        if self._writable.is_set():
            return
        self._writable.set()
        if self._master is not None and not self.ended.is_set():
            self._loop.add_reader(self._master, self._on_output)

    def _on_output(self) -> None:
        self._pass_output()

    def _pass_output(self) -> int:
        """Pass on what is there now, up to `_CHUNK` bytes; returns how many."""
        if self._master is None or self.ended.is_set():
            return 0
        pieces: list[bytes] = []
        size = 0
        while size < _CHUNK:
            try:
                piece = os.read(self._master, _CHUNK)
            except BlockingIOError:
                break
            except OSError:
                # EIO: nobody has the slave open any more.
                piece = b""
            if not piece:
                self.ended.set()
                self._loop.remove_reader(self._master)
                break
            pieces.append(piece)
            size += len(piece)
        if pieces:
            data = b"".join(pieces)
            try:
                self._channel.write(data)
            except OSError:
                # The client is leaving: the channel's end is on its way.
                self.close()
            else:
                self._screen.feed(data)
        return size

    async def drain(self) -> None:
        """Return once all that was written to the slave so far has gone to the channel."""
        while True:
            await self._writable.wait()
            if not self._pass_output():
                return

    def feed(self, data: bytes) -> None:
        """Input for the app, in order; what it doesn't take yet is kept."""
        if self._master is None:
            return
        if not self._input:
            data = data[self._write(data) :]
            if not data:
                return
            self._loop.add_writer(self._master, self._on_input_room)
        self._input += data
        if len(self._input) > _MOST_INPUT:
            self._channel.pause_reading()

    def _on_input_room(self) -> None:
        if self._master is None:
            return
        del self._input[: self._write(self._input)]
        if not self._input:
            self._loop.remove_writer(self._master)
            self._channel.resume_reading()

    def _write(self, data: bytes | bytearray) -> int:
        assert self._master is not None
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0
        except OSError:
            # EIO: the app is gone, and its input with it.
            return len(data)

    def close(self) -> None:
        """Hang up: the kernel sends SIGHUP to the app that still runs on the slave."""
        if self._master is not None:
            self._loop.remove_reader(self._master)
            self._loop.remove_writer(self._master)
            os.close(self._master)
            self._master = None
            self._input.clear()
            self._writable.set()
