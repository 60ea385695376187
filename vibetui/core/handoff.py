"""Receiving a descriptor over HTTP: ``Upgrade: vibetui-descriptor``, and SCM_RIGHTS on the 101.

No HTTP library hands ancillary data on, so this end speaks the few words of HTTP/1.1 by hand.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vibetui.errors import VibeError, from_json

UPGRADE = "vibetui-descriptor"

SWITCHING = (
    f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {UPGRADE}\r\n\r\n"
).encode()
"""The whole answer that carries the descriptor."""

_LARGEST_ANSWER = 256 * 1024
_INT = struct.Struct("@i")

_MORE_THAN_ONE = 4
"""Room for more descriptors than are right: what doesn't fit can't be told from what is."""


async def receive_descriptor(
    address: str, path: str, body: dict[str, Any] | None = None, *, deadline: float
) -> int:
    """POST to `path` and return the one descriptor of the answer, close-on-exec.

    Args:
        address: Path of the Unix socket.
        path: The request's target, quoted.
        body: Sent as JSON.
        deadline: Seconds for all of it.

    Raises:
        VibeError: what the core answered instead.
        OSError: not connected, or the connection ended (`ConnectionError`).
        TimeoutError: the deadline is over.
    """
    content = b"" if body is None else json.dumps(body).encode()
    request = (
        f"POST {path} HTTP/1.1\r\nHost: core\r\nConnection: Upgrade\r\nUpgrade: {UPGRADE}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content
    loop = asyncio.get_running_loop()
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock,
        _Answer() as answer,
    ):
        sock.setblocking(False)
        async with asyncio.timeout(deadline):
            await loop.sock_connect(sock, address)
            await loop.sock_sendall(sock, request)
            while not answer.complete:
                await _readable(sock)
                answer.read_from(sock)
        return answer.descriptor()


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sock)


@dataclass(slots=True)
class _Answer:
    """One HTTP answer and the descriptors that came along; closes those nobody took."""

    data: bytes = b""
    held: list[int] = field(default_factory=list)

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self.held:
            os.close(descriptor)

    def read_from(self, sock: socket.socket) -> None:
        with _unless_blocking():
            # Not socket.recv_fds: it ignores its flags, so children would inherit what comes.
            data, ancillary, _, _ = sock.recvmsg(
                65536, socket.CMSG_SPACE(_MORE_THAN_ONE * _INT.size), socket.MSG_CMSG_CLOEXEC
            )
            for level, kind, packed in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    whole = len(packed) - len(packed) % _INT.size
                    self.held.extend(number for (number,) in _INT.iter_unpack(packed[:whole]))
            if not data:
                raise ConnectionResetError("the core closed the connection without an answer")
            self.data += data
            if len(self.data) > _LARGEST_ANSWER:
                raise ConnectionAbortedError("the core's answer is too long")

    @property
    def complete(self) -> bool:
        head, end, body = self.data.partition(b"\r\n\r\n")
        return bool(end) and len(body) >= _content_length(head)

    def descriptor(self) -> int:
        head, _, body = self.data.partition(b"\r\n\r\n")
        if _status(head) != 101:
            raise _error(body)
        if len(self.held) != 1:
            raise ConnectionAbortedError(f"{len(self.held)} descriptors came instead of one")
        return self.held.pop()


@contextmanager
def _unless_blocking() -> Iterator[None]:
    try:
        yield
    except (BlockingIOError, InterruptedError):
        return  # The loop's readiness is a hint; wait again.


def _status(head: bytes) -> int:
    words = head.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ConnectionAbortedError("the core's answer is not HTTP")
    return int(words[1])


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0


def _error(body: bytes) -> VibeError:
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        return VibeError("The server's core gave an answer that makes no sense.")
    return from_json(data)
