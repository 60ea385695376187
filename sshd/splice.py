"""Bytes between an SSH channel and a pseudo-terminal, with back-pressure both ways."""

from __future__ import annotations

import asyncio
import os
from typing import Protocol

from vibetui.terminals.screen_state import ScreenState

_CHUNK = 64 * 1024
"""A PTY gives at most 4 KiB a read: so much is gathered for one write to the channel."""
_READS_OF_A_PTY = 2
"""Of `_CHUNK`; Linux keeps 64 KiB and a page of what one side has written."""
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
        self._bypass: int | None = None
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
        self._stop_reading()

    def resume_output(self) -> None:
        """The channel takes output again."""
        if self._writable.is_set():
            return
        self._writable.set()
        self._start_reading()

    def take_bypass(self, descriptor: int) -> None:
        """Output comes from this stream socket, which is owned from now on, until its end.

        A PTY gives 4 KiB at a time, which makes its two sides wait for each other. What it holds
        goes first.
        """
        if self._master is None or self._bypass is not None:
            os.close(descriptor)
            return
        for _ in range(_READS_OF_A_PTY):
            self._pass_output()
        if self._master is None:
            os.close(descriptor)
            return
        self._stop_reading()
        os.set_blocking(descriptor, False)
        self._bypass = descriptor
        if self._writable.is_set():
            self._start_reading()

    @property
    def _source(self) -> int | None:
        return self._master if self._bypass is None else self._bypass

    def _start_reading(self) -> None:
        if self._source is not None and not self.ended.is_set():
            self._loop.add_reader(self._source, self._on_output)

    def _stop_reading(self) -> None:
        if self._source is not None:
            self._loop.remove_reader(self._source)

    def _end_source(self) -> None:
        """All has come that comes from there."""
        self._stop_reading()
        if self._bypass is None:
            self.ended.set()
            return
        os.close(self._bypass)
        self._bypass = None
        if self._writable.is_set():
            self._start_reading()

    def _on_output(self) -> None:
        self._pass_output()

    def _pass_output(self) -> int:
        """Pass on what is there now, up to `_CHUNK` bytes; returns how many."""
        source = self._source
        if source is None or self.ended.is_set():
            return 0
        pieces: list[bytes] = []
        size = 0
        while size < _CHUNK:
            try:
                piece = os.read(source, _CHUNK)
            except BlockingIOError:
                break
            except OSError:
                # EIO: nobody has the slave open any more.
                piece = b""
            if not piece:
                self._end_source()
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
            source = self._source
            if not self._pass_output() and source == self._source:
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
        self._stop_reading()
        if self._bypass is not None:
            os.close(self._bypass)
            self._bypass = None
        if self._master is not None:
            self._loop.remove_writer(self._master)
            os.close(self._master)
            self._master = None
            self._input.clear()
            self._writable.set()
