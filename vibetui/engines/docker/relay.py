"""A program in a container whose stdin and stdout are a socket of ours, through the engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import struct
from urllib.parse import urlsplit

from vibetui.engines.docker.errors import translate
from vibetui.errors import EngineError

log = logging.getLogger(__name__)

_HEADER = struct.Struct(">BxxxI")
"""Before each piece of output: which stream, and its size in bytes."""
_STDOUT, _STDERR = 1, 2
_PIECE = 64 * 1024
"""Bytes read at a time. With asyncio's own limits less than 512 KiB are held for one relay."""
_HEAD_LIMIT = 64 * 1024
_ANSWER_DEADLINE = 10.0
_CLOSE_DEADLINE = 5.0
"""Seconds for the program to end once its input has."""


class Relay:
    """One started exec. `begin` starts it; `run` carries bytes until one side has ended."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ours: socket.socket
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._ours = ours

    @classmethod
    async def begin(cls, url: str, exec_id: str) -> tuple[Relay, socket.socket]:
        """Start the exec; also the end of the socket pair that is for whoever asked.

        Raises `EngineUnavailable`, `EngineError` where the engine refuses.
        """
        try:
            async with asyncio.timeout(_ANSWER_DEADLINE):
                reader, writer = await _connect(url)
                try:
                    await _start(reader, writer, exec_id)
                except BaseException:
                    writer.close()
                    raise
        except (OSError, EOFError, ValueError) as error:
            raise translate(error, url) from error
        ours, theirs = socket.socketpair()
        return cls(reader, writer, ours), theirs

    async def run(self) -> None:
        """Both directions, each only as fast as its reader."""
        try:
            reader, writer = await asyncio.open_connection(sock=self._ours)
        except BaseException:
            self._ours.close()
            self._writer.close()
            raise
        try:
            up = asyncio.create_task(_pour(reader, self._writer))
            down = asyncio.create_task(_sort_out(self._reader, writer))
            try:
                await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
                # Whoever asked has left: the program hears so, and ends.
                await asyncio.wait([down], timeout=_CLOSE_DEADLINE)
            finally:
                for task in (up, down):
                    task.cancel()
                await asyncio.wait([up, down])
                _report(up, down)
        finally:
            # abort: nobody is left who would take what is buffered.
            writer.transport.abort()
            self._writer.transport.abort()


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if url.startswith("unix://"):
        path = url.removeprefix("unix://")
        return await asyncio.open_unix_connection(path, limit=_HEAD_LIMIT)
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port or 2375, limit=_HEAD_LIMIT)


async def _start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, exec_id: str) -> None:
    body = json.dumps({"Detach": False, "Tty": False}).encode()
    head = (
        f"POST /exec/{exec_id}/start HTTP/1.1\r\n"
        "Host: engine\r\n"
        "Connection: Upgrade\r\n"
        "Upgrade: tcp\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = answer.split(" ", 2)[1]
    if status not in ("101", "200"):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                log.info("the engine's refusal: %s", (await reader.read(4096)).decode("latin-1"))
        reason = answer.partition("\r\n")[0].split(" ", 1)[1]
        raise EngineError(f"The container engine refused to reach into the container: {reason}.")


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_PIECE):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def _sort_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stdout to whoever asked, stderr to the log."""
    while True:
        try:
            kind, left = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        except asyncio.IncompleteReadError:
            return
        while left > 0:
            data = await reader.read(min(left, _PIECE))
            if not data:
                return
            left -= len(data)
            if kind == _STDOUT:
                writer.write(data)
                await writer.drain()
            elif kind == _STDERR:
                log.info("in the container: %s", data.decode(errors="replace").strip())


def _report(*tasks: asyncio.Task[None]) -> None:
    """Either side may go away at any time; anything else is a fault."""
    for task in tasks:
        if task.cancelled():
            continue
        error = task.exception()
        if error is not None and not isinstance(error, OSError):
            log.error("a relay through the engine broke", exc_info=error)
