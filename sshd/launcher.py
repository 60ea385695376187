"""The front's end of the socket to the zygote."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

from sshd.control import Kind, send
from vibetui.errors import VibeError

_DEADLINE = 10.0


class Launcher:
    """Asks the zygote for UI processes."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._turn = asyncio.Lock()

    async def launch(
        self,
        slave: int,
        control: int,
        door: int,
        env: Mapping[str, str],
        address: str,
        session_id: str | None = None,
    ) -> None:
        """Have a UI process started on `slave`; the caller keeps its own descriptors.

        With `session_id` the app goes into that session at once. A start that fails shows as the
        end of the control socket.

        Raises:
            VibeError: the zygote is gone or takes no more requests.
        """
        try:
            async with self._turn, asyncio.timeout(_DEADLINE):
                while True:
                    try:
                        descriptors = (slave, control, door)
                        body = {"env": dict(env), "address": address, "session_id": session_id}
                        send(self._sock, Kind.START, descriptors, **body)
                    except BlockingIOError:
                        await _writable(self._sock)
                    else:
                        return
        except (OSError, TimeoutError) as error:
            raise VibeError(
                "The app can't be started right now.", "Reconnect in a moment."
            ) from error

    async def wait_gone(self) -> None:
        """Return when the zygote is gone; it never says anything."""
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._sock, _settle, gone)
        try:
            await gone
        finally:
            loop.remove_reader(self._sock)

    def close(self) -> None:
        """Let the zygote end."""
        self._sock.close()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _writable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    room: asyncio.Future[None] = loop.create_future()
    loop.add_writer(sock, _settle, room)
    try:
        await room
    finally:
        loop.remove_writer(sock)
