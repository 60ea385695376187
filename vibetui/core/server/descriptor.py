"""The answer that carries a descriptor: 101, and SCM_RIGHTS on that very message."""

from __future__ import annotations

import socket

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from vibetui.core.handoff import SWITCHING, UPGRADE
from vibetui.core.server.peer import connection_of
from vibetui.errors import Invalid


def check_upgrade(request: web.Request) -> None:
    """Raises `Invalid` where the client can't take a descriptor."""
    if request.headers.get("Upgrade", "").lower() != UPGRADE:
        raise Invalid("A descriptor is handed out only to who asks for one.")


def hand_over(request: web.Request, descriptor: int) -> web.StreamResponse:
    """Send a duplicate of `descriptor` to the client; then the connection ends.

    Sent on the socket itself, past aiohttp: its transport has nothing buffered before an answer
    begins, and a message this small fits the buffer of a client that is reading.
    """
    with connection_of(request) as sock:
        try:
            sent = socket.send_fds(sock, [SWITCHING], [descriptor])
        except BlockingIOError as error:
            raise ConnectionResetError("the client isn't reading") from error
    if sent != len(SWITCHING):
        raise ConnectionResetError("the client isn't reading")
    return _Sent()


class _Sent(web.StreamResponse):
    """Tells aiohttp that there is nothing left to say."""

    async def prepare(self, _request: web.BaseRequest) -> AbstractStreamWriter | None:
        self.force_close()
        return None

    async def write_eof(self, _data: bytes = b"") -> None:
        return None
