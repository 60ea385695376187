"""All the forwarded connections of one client, in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncssh

from sshd.channels.forward import Forward


class Forwards:
    """So many at a time; they are held back together.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[Forward] = set()
        self._opening = 0
        self._holding: set[str] = set()
        self._closed = False

    async def add(self, opening: Callable[[], Awaitable[Forward]]) -> Forward:
        """What `opening` makes.

        Raises `asyncssh.ChannelOpenError` where there are too many, or the client has gone; and
        whatever `opening` raises.
        """
        self._open = {forward for forward in self._open if not forward.finished}
        if self._closed or len(self._open) + self._opening >= self._most:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_RESOURCE_SHORTAGE, "Too many forwarded connections."
            )
        self._opening += 1
        try:
            forward = await opening()
        finally:
            self._opening -= 1
        if self._closed:
            forward.abandon()
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "The client has gone.")
        for what in self._holding:
            forward.hold(what)
        self._open.add(forward)
        return forward

    def hold(self, what: str) -> None:
        """Give the client no more by any of them until `release` of the same."""
        self._holding.add(what)
        for forward in self._open:
            forward.hold(what)

    def release(self, what: str) -> None:
        """The inverse of `hold`."""
        self._holding.discard(what)
        for forward in self._open:
            forward.release(what)

    def close(self) -> None:
        """The client has gone; those that are open end by themselves."""
        self._closed = True
