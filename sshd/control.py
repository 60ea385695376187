"""JSON messages with descriptors on Unix SEQPACKET sockets: front, zygote and UI process.

front → zygote: ``start`` {env, address} with [PTY slave, control socket, door].
UI process → front: ``bye`` {reason, sentence} · ``rebind`` {} · ``bypass`` {} with [stream socket],
from which output comes in the PTY's place until its end · ``agent`` {session_id}: terminals of
that session may want the client's ssh-agent.
front → UI process: ``shutdown`` {} · ``door`` {} with [door] · ``failed`` {error}, the two
answers to ``rebind``. The end of a control socket without ``bye`` is the end of its process.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_LARGEST = 16 * 1024
_MOST_DESCRIPTORS = 3


class Kind(StrEnum):
    """What a message is about."""

    START = "start"
    BYE = "bye"
    SHUTDOWN = "shutdown"
    REBIND = "rebind"
    BYPASS = "bypass"
    AGENT = "agent"
    DOOR = "door"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a UI process says ``bye``."""

    EXIT = "exit"
    SHUTDOWN = "shutdown"
    TAKEN_OVER = "taken over"
    """Another connection goes on: this one ends at once, whether its client reads or not."""
    CRASHED = "crashed"


class ControlError(Exception):
    """The peer sent what is not a message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; whoever receives it owns its descriptors."""

    kind: Kind
    body: dict[str, Any] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()

    def close(self) -> None:
        """Close the descriptors that came with it."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def send(sock: socket.socket, kind: Kind, descriptors: Sequence[int] = (), **body: object) -> None:
    """Send one message. Raises `OSError` (`BlockingIOError` where the socket is full)."""
    data = json.dumps({**body, "kind": kind}).encode()
    socket.send_fds(sock, [data], list(descriptors))


def receive(sock: socket.socket) -> Message | None:
    """The next message, or None when the peer is gone.

    Raises:
        ControlError: what came is no message.
        OSError: `BlockingIOError` where nothing has come on a socket that doesn't block.
    """
    try:
        data, descriptors, flags, _ = socket.recv_fds(sock, _LARGEST, _MOST_DESCRIPTORS)
    except ConnectionResetError:
        return None
    for descriptor in descriptors:
        # CPython's recv_fds takes flags and drops them, MSG_CMSG_CLOEXEC among them.
        os.set_inheritable(descriptor, False)
    if not data:
        return None
    try:
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise ControlError("a message was truncated")
        body = json.loads(data)
        return Message(Kind(body.pop("kind")), body, tuple(descriptors))
    except (ControlError, ValueError, KeyError, TypeError, AttributeError) as error:
        for descriptor in descriptors:
            os.close(descriptor)
        raise ControlError(str(error)) from error


class ControlChannel:
    """One end of a control socket on the running loop.

    Args:
        sock: Owned from now on.
        on_message: Called with each message, which it owns.
        on_end: Called once, when the peer is gone or broke the protocol; not after `close`.
    """

    def __init__(
        self,
        sock: socket.socket,
        on_message: Callable[[Message], None],
        on_end: Callable[[], None],
    ) -> None:
        sock.setblocking(False)
        self._sock: socket.socket | None = sock
        self._on_message = on_message
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._readable)

    def send(self, kind: Kind, descriptors: Sequence[int] = (), **body: object) -> bool:
        """Send a message; False where the peer is gone or doesn't read."""
        if self._sock is None:
            return False
        try:
            send(self._sock, kind, descriptors, **body)
        except OSError:
            return False
        return True

    def _readable(self) -> None:
        if self._sock is None:
            return
        try:
            message = receive(self._sock)
        except BlockingIOError:
            return
        except (ControlError, OSError):
            message = None
        if message is not None:
            self._on_message(message)
            return
        self.close()
        self._on_end()

    def close(self) -> None:
        """Close it; the peer sees its end."""
        if self._sock is not None:
            self._loop.remove_reader(self._sock)
            self._sock.close()
            self._sock = None
