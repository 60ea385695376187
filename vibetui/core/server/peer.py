"""The process at the other end of a request: when it goes, and how to end it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

_UCRED = struct.Struct("3i")
"""pid, uid, gid: ``struct ucred`` of unix(7)."""


def connection_of(request: web.Request) -> socket.socket:
    """A duplicate of the request's socket; the caller closes it."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client has gone")
    duplicate: socket.socket = transport.get_extra_info("socket").dup()
    return duplicate


def peer_uid(request: web.Request) -> int:
    """Whose process has connected, as the kernel says (SO_PEERCRED)."""
    return _credentials(request)[1]


def _credentials(request: web.Request) -> tuple[int, int, int]:
    with connection_of(request) as sock:
        packed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, gid = _UCRED.unpack(packed)
    return int(pid), int(uid), int(gid)


@contextmanager
def peer_gone(request: web.Request) -> Iterator[asyncio.Event]:
    """Set when the client closes a connection on which it says nothing more.

    aiohttp tells a handler only when it writes, which a quiet stream does every ten seconds.
    """
    gone, loop = asyncio.Event(), asyncio.get_running_loop()
    with connection_of(request) as sock:

        def readable() -> None:
            loop.remove_reader(sock)
            gone.set()

        loop.add_reader(sock, readable)
        try:
            yield gone
        finally:
            loop.remove_reader(sock)


class PeerProcess:
    """The process that has connected; a descriptor of it, so that its number may be used again."""

    def __init__(self, request: web.Request) -> None:
        self._pid = _credentials(request)[0]
        self._descriptor: int | None = None
        with suppress(OSError):  # It is in another PID namespace (0), or it has ended.
            self._descriptor = os.pidfd_open(self._pid)

    def hang_up(self) -> None:
        """SIGHUP, as at the end of its terminal, and SIGCONT, should it be stopped."""
        if self._descriptor is None:
            return
        try:
            for number in (signal.SIGHUP, signal.SIGCONT):
                signal.pidfd_send_signal(self._descriptor, number)
        except OSError as error:
            log.warning("core.not_hung_up", pid=self._pid, cause=str(error))

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
