"""What an sftp-server says that it did with files, for the audit trail."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from vibetui.inert import printable

MOST_EVENTS = 1000
"""Of one connection; the rest is summed up in one more."""

_LONGEST_LINE = 16 * 1024
"""Bytes; paths of 4 KiB, twice in a line, each byte of theirs as up to four."""
_SHOWN = 256
"""Characters of a path that the trail keeps."""

_PAUSE = 0.01
"""Seconds between two events while files are being transferred.

An event costs the server as much as a small file: without a pause 500 of those took 1.4 s instead
of 0.9.
"""

_END = rb"\r\n"
_TRANSFER = re.compile(rb'(?:forced )?close "(.*)" bytes read (\d{1,20}) written (\d{1,20})' + _END)
_ONE = re.compile(rb'(remove|mkdir|rmdir) name "(.*)"(?: mode \d+)?' + _END)
_TWO = re.compile(rb'(?:posix-)?(rename|symlink|hardlink) old "(.*)" new "(.*)"' + _END)
_ESCAPED = re.compile(rb"\\(\\|[0-7]{3})")

Record = Callable[..., Awaitable[None]]
"""Writes one event; its details are keyword arguments."""


class Transfers:
    """The lines of ``sftp-server -e -l INFO`` as events, of one connection.

    They are what the container's own program claims; its user may have another one say other
    things. All but a transfer is what the client asked for: a refusal is logged in a line that
    doesn't say of what. Nothing waits for the trail: `run` writes it, until all is written after
    `end`.

    Args:
        record: Writes an event.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._rest = b""
        self._queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._events = 0
        self._beyond = {"more": 0, "read": 0, "written": 0}

    def take(self, data: bytes) -> bytes:
        """Take in what the program wrote on stderr; returns what isn't its log."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], b""
        return b"".join(other for line in lines if (other := self._line(line + b"\n")))

    def end(self) -> bytes:
        """Nothing more comes; returns what was begun and isn't its log."""
        if self._beyond["more"]:
            self._queue.put_nowait(dict(self._beyond))
        self._queue.put_nowait(None)
        self._ended.set()
        rest, self._rest = self._rest, b""
        return rest

    async def run(self) -> None:
        """Write the events as they come, until the last after `end`."""
        while (event := await self._queue.get()) is not None:
            await self._record(**event)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _PAUSE)

    def _line(self, line: bytes) -> bytes:
        if not line.endswith(b"\r\n"):
            return line  # The log's end so; what others write doesn't.
        if len(line) > _LONGEST_LINE:
            return b""
        if found := _TRANSFER.fullmatch(line):
            self._add(did="transfer", path=_text(found[1]), read=found[2], written=found[3])
        elif found := _ONE.fullmatch(line):
            self._add(did=found[1].decode(), path=_text(found[2]))
        # Without its last quotation mark each of the others would be tried, to the end.
        elif line.endswith(b'"\r\n') and (found := _TWO.fullmatch(line)):
            self._add(did=found[1].decode(), path=_text(found[2]), to=_text(found[3]))
        return b""

    def _add(self, **event: Any) -> None:
        counted = {key: int(event[key]) for key in ("read", "written") if key in event}
        self._events += 1
        if self._events <= MOST_EVENTS:
            self._queue.put_nowait(event | counted)
            return
        self._beyond["more"] += 1
        for key, count in counted.items():
            self._beyond[key] += count


def _text(escaped: bytes) -> str:
    """A path as the log has it: bytes that aren't printable ASCII as ``\\ooo``."""
    plain = _ESCAPED.sub(
        lambda found: b"\\" if found[1] == b"\\" else bytes([int(found[1], 8) & 0xFF]), escaped
    )
    return printable(plain.decode(errors="replace"))[:_SHOWN]
