"""The listening socket: each connection is let in by the gate, or told why it isn't."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from sshd.auth import Background
from sshd.gate import Gate, Refused, Ticket

log = structlog.get_logger(__name__)

_AT_ONCE = 64
"""Connections accepted before others get their turn."""
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_PAUSE = 1.0
"""Seconds until it is tried again, where no connection of ours ends earlier."""
_LINGER = 2.0
"""Seconds for a client that is turned away to read why."""
_MOST_LINGERING = 256
_MOST_DRAINED = 64 * 1024
_LOG_INTERVAL = 10.0

_MSG_DISCONNECT = 1
_TOO_MANY_CONNECTIONS = 12

Admit = Callable[[socket.socket, Ticket], Awaitable[None]]
"""Takes a connection over, its socket and its ticket."""


def farewell(version: str, sentence: str) -> bytes:
    """What a client is sent that isn't let in: RFC 4253 sections 4.2, 6 and 11.1, unencrypted."""
    said = sentence.encode()
    payload = struct.pack(">BII", _MSG_DISCONNECT, _TOO_MANY_CONNECTIONS, len(said)) + said
    payload += struct.pack(">I", 0)
    padding = -(5 + len(payload)) % 8
    padding += 8 if padding < 4 else 0
    packet = struct.pack(">IB", 1 + len(payload) + padding, padding) + payload
    return f"SSH-2.0-{version}\r\n".encode() + packet + os.urandom(padding)


class Acceptor:
    """Accepts on `sock`, which it owns, until it is closed.

    Args:
        version: What follows ``SSH-2.0-``.
    """

    def __init__(
        self, sock: socket.socket, gate: Gate, admit: Admit, background: Background, version: str
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._gate = gate
        self._admit = admit
        self._background = background
        self._version = version
        self._loop = asyncio.get_running_loop()
        self._lingering = 0
        self._waiting: asyncio.TimerHandle | None = None
        self._starved_at = -_LOG_INTERVAL
        self._refused = 0
        self._logged_at = -_LOG_INTERVAL
        self._loop.add_reader(sock, self._accept)

    def close(self) -> None:
        """Accept nobody any more; whoever is in stays."""
        self._loop.remove_reader(self._sock)
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._sock.close()

    def room(self) -> None:
        """A connection has ended, and its descriptor is free."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._go_on()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                sock, peer = self._sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._wait_for_room(error)
                    return
                continue  # The client was gone before it was its turn.
            sock.setblocking(False)
            self._decide(sock, str(peer[0]))

    def _wait_for_room(self, error: OSError) -> None:
        # The socket stays readable: left where it is, the loop would do nothing else.
        self._loop.remove_reader(self._sock)
        self._waiting = self._loop.call_later(_PAUSE, self._go_on)
        now = time.monotonic()
        if now - self._starved_at >= _LOG_INTERVAL:
            self._starved_at = now
            log.error("front.no_descriptors", reason=error.strerror)

    def _go_on(self) -> None:
        self._waiting = None
        self._loop.add_reader(self._sock, self._accept)

    def _decide(self, sock: socket.socket, address: str) -> None:
        try:
            ticket = self._gate.enter(address)
        except Refused as refused:
            self._log_refusal(address, str(refused))
            self._turn_away(sock, str(refused))
        else:
            self._background(self._hand_over(sock, ticket))

    async def _hand_over(self, sock: socket.socket, ticket: Ticket) -> None:
        try:
            await self._admit(sock, ticket)
        except OSError:  # The client has gone.
            sock.close()
            ticket.leave()
        except BaseException:
            sock.close()
            ticket.leave()
            raise

    def _log_refusal(self, address: str, reason: str) -> None:
        """One line for many: a flood must not fill the log."""
        self._refused += 1
        now = time.monotonic()
        if now - self._logged_at >= _LOG_INTERVAL:
            log.warning("front.refused", address=address, reason=reason, count=self._refused)
            self._logged_at, self._refused = now, 0

    def _turn_away(self, sock: socket.socket, sentence: str) -> None:
        with suppress(OSError):
            # A new socket has room for so little; whoever has none is gone or hostile.
            sock.send(farewell(self._version, sentence))
            sock.shutdown(socket.SHUT_WR)
        if self._lingering < _MOST_LINGERING:
            self._lingering += 1
            self._background(self._linger(sock))
            return
        with suppress(OSError):
            sock.recv(_MOST_DRAINED)
        sock.close()

    async def _linger(self, sock: socket.socket) -> None:
        """Read on until the client hangs up: closed with unread input, TCP resets it, and what
        was said is lost."""
        drained = 0
        try:
            async with asyncio.timeout(_LINGER):
                while (data := await self._loop.sock_recv(sock, 4096)) and drained < _MOST_DRAINED:
                    drained += len(data)
        except (OSError, TimeoutError):
            pass
        finally:
            self._lingering -= 1
            sock.close()
            self.room()
