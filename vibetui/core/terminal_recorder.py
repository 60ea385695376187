"""One terminal's output into one recording, as it comes and no more than anybody could read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from vibetui.agent import AgentConnection, Resized, TerminalStream, Typed
from vibetui.recording import Ended, Recording

_UNWRITTEN = 0.5
"""Seconds after which what has come is in the file."""
_SLICE = 64 * 1024
"""Bytes made into JSON at once: a fraction of a millisecond, 3 ms where all has to be escaped."""
_FRAME = 1 / 60
_BURST, _RATE = 4 << 20, 256 << 10
"""Bytes at once, and bytes a second, beyond which output is a flood that nobody reads."""
_CALM_AGAIN = 1.0
"""Seconds between looks at how far a flood has come."""
_AFTER_FLOOD = 64 << 10
"""Bytes of it that redraw the screen when it is over."""

Connect = Callable[[], Awaitable[AgentConnection]]


class Allowance:
    """What may be recorded now; what isn't used is saved up to `_BURST`."""

    def __init__(self) -> None:
        self._left = float(_BURST)
        self._at = time.monotonic()

    def spend(self, count: int) -> bool:
        """Whether `count` bytes more are within it."""
        now = time.monotonic()
        self._left = min(self._left + (now - self._at) * _RATE, _BURST) - count
        self._at = now
        return self._left > 0


class TerminalRecorder:
    """Reads a terminal to its end. Programs are never held back for it.

    Args:
        connect: A new connection to the agent that has the terminal, unbound.
        recording: Where it goes; closed in the end. It is ended only where the terminal is.
        typed: Record also what is typed.
    """

    def __init__(self, connect: Connect, recording: Recording, *, typed: bool) -> None:
        self._connect = connect
        self._recording = recording
        self._typed = typed
        self._allowance = Allowance()
        self._size: tuple[int, int] | None = None

    async def run(self, stream: TerminalStream) -> None:
        """Until the program ends or the file is full.

        Raises:
            AgentError: The connection broke; the recording can be taken up again.
        """
        recording = self._recording
        try:
            while not await self._copy(stream):
                stream.close()
                recording.mark(time.time(), "A flood of output is left out from here")
                await self._flush()
                before = recording.offset
                await self._calm()
                stream = await self._attach(last=_AFTER_FLOOD)
                left_out = max(stream.replay.offset - before, 0)
                recording.mark(time.time(), f"{left_out} bytes of output were left out")
        finally:
            stream.close()
            # Not in a thread: a cancelled recorder writes its last words as well.
            recording.close()

    async def _attach(self, **how: Any) -> TerminalStream:
        connection = await self._connect()
        try:
            return await connection.attach(
                self._recording.source.terminal,
                read_only=True,
                quiet=True,
                typed=self._typed,
                **how,
            )
        except BaseException:
            connection.close()
            raise

    async def _copy(self, stream: TerminalStream) -> bool:
        """False where there is more than is recorded."""
        recording = self._recording
        if self._size is not None and self._size != stream.size:
            recording.resized(time.time(), *stream.size)
        self._size = stream.size
        await self._output(stream.replay.data, at := stream.offset)
        reading = asyncio.ensure_future(stream.read())
        try:
            while recording.ended is None:
                wait = _UNWRITTEN if recording.unwritten else None
                await asyncio.wait({reading}, timeout=wait)
                if not reading.done():
                    await self._flush()
                    continue
                piece, offset = reading.result(), stream.offset
                if isinstance(piece, Resized):
                    self._size = (piece.rows, piece.columns)
                    recording.resized(time.time(), piece.rows, piece.columns)
                elif isinstance(piece, Typed):
                    recording.typed(time.time(), piece.data)
                elif not piece:
                    recording.finish(time.time(), Ended.EXIT, "The program ended")
                    break
                else:
                    if offset - len(piece) != at:
                        # We fell behind, and the agent has sent a screen in place of the output.
                        recording.mark(time.time(), "Some output was left out")
                    await self._output(piece, at := offset)
                    if not self._allowance.spend(len(piece)):
                        return False
                    if len(piece) < _SLICE:
                        # One event a frame: 6,000 a second cost 10 % of a core.
                        await asyncio.sleep(_FRAME)
                reading = asyncio.ensure_future(stream.read())
        finally:
            reading.cancel()
        return True

    async def _output(self, data: bytes, offset: int) -> None:
        now = time.time()
        for start in range(0, len(data), _SLICE):
            piece = data[start : start + _SLICE]
            self._recording.output(now, piece, offset - len(data) + start + len(piece))
            await asyncio.sleep(0)
        if len(data) >= _SLICE or self._recording.due(now, _UNWRITTEN):
            await self._flush()

    async def _flush(self) -> None:
        await asyncio.to_thread(self._recording.flush)

    async def _calm(self) -> None:
        """Until the terminal says no more in a second than would be recorded."""
        said: int | None = None
        while True:
            connection = await self._connect()
            try:
                listed = await connection.list_terminals()
            finally:
                connection.close()
            number = self._recording.source.terminal
            found = next((info for info in listed if info.terminal == number), None)
            if found is None or not found.running:
                return
            if said is not None and found.offset - said <= _RATE * _CALM_AGAIN:
                return
            said = found.offset
            await asyncio.sleep(_CALM_AGAIN)
