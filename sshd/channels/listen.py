"""Listeners inside sessions whose connections come out to the client: -R, and below -A."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import asyncssh
import structlog
from typing_extensions import override

from sshd.channels.forward import Forward
from sshd.channels.forwards import Forwards
from sshd.visit import Visit
from vibetui.agent import Accepted, AgentConnection, Listener
from vibetui.errors import AgentError, Conflict, Denied, VibeError
from vibetui.events import EventCode
from vibetui.inert import printable
from vibetui.model import Access, Session

log = structlog.get_logger(__name__)

_MOST = 16
"""Listeners of one client; a container has no more in all."""

Make = Callable[[], Forward]
Open = Callable[[Make, Accepted, int], Awaitable[tuple[Any, Forward]]]
"""Opens a channel to the client for what was accepted on a port."""


class RemoteListener(asyncssh.SSHListener):
    """One listener. It ends with its container as well; the client is then none the wiser.

    Args:
        where: What it listens on, for the audit trail.
    """

    def __init__(
        self,
        visit: Visit,
        session: Session,
        listener: Listener,
        forwards: Forwards,
        open_channel: Open,
        where: str,
    ) -> None:
        super().__init__()
        self._visit = visit
        self._session = session
        self._listener = listener
        self._forwards = forwards
        self._open = open_channel
        self._where = where
        self._ended = asyncio.Event()
        visit.services.background(self._serve())

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def path(self) -> str:
        """Of a Unix socket."""
        return self._listener.path

    @override
    def get_port(self) -> int:
        return self._listener.port

    @override
    def close(self) -> None:
        self._listener.close()

    @override
    async def wait_closed(self) -> None:
        await self._ended.wait()

    async def _serve(self) -> None:
        try:
            async for accepted in self._listener:
                self._visit.services.background(self._answer(accepted))
        except AgentError as error:
            log.info("listener.ended", session_id=self._session.session_id, cause=error.message)
        finally:
            self._listener.close()
            self._ended.set()

    async def _answer(self, accepted: Accepted) -> None:
        try:
            core = await self._visit.core()
            agent = await core.attach(self._session.session_id)
            try:
                stream = await agent.take(accepted.token)
            finally:
                agent.close()
        except VibeError:
            return  # Whoever it was has gone again, or the container has.

        async def opened() -> Forward:
            make = partial(Forward, self._visit, stream)
            return (await self._open(make, accepted, self._listener.port))[1]

        try:
            await self._forwards.add(opened)
        except (asyncssh.ChannelOpenError, OSError):
            stream.close()  # The client has nobody there, or enough already.
            return
        await self._visit.audit(
            EventCode.FORWARD,
            self._session,
            listener=self._where,
            host=accepted.host,
            port=accepted.port,
        )


class Listeners:
    """What one client has had listened on."""

    def __init__(self, visit: Visit, forwards: Forwards) -> None:
        self._visit = visit
        self._forwards = forwards
        self._listeners: set[RemoteListener] = set()
        self._opening = 0
        self._closed = False

    async def on_port(self, host: str, port: int) -> asyncssh.SSHListener | bool:
        """What asyncssh's `server_requested` answers."""

        def open_channel(make: Make, accepted: Accepted, port: int) -> Awaitable[Any]:
            return self._visit.conn.create_connection(
                make, host, port, accepted.host, accepted.port
            )

        if host.startswith("/"):
            self._say("That is no address.")  # To the agent it would be a path.
            return False
        return await self._asked_for(host, port, open_channel) or False

    async def at_path(self, path: str) -> asyncssh.SSHListener | bool:
        """What asyncssh's `unix_server_requested` answers."""

        def open_channel(make: Make, _accepted: Accepted, _port: int) -> Awaitable[Any]:
            return self._visit.conn.create_unix_connection(make, path)

        if not path.startswith("/"):
            self._say("The path of a socket has to begin with a slash.")
            return False
        return await self._asked_for(path, 0, open_channel) or False

    async def _asked_for(self, host: str, port: int, open_channel: Open) -> RemoteListener | None:
        """None, where it can't be; why is then among what the client shows with -v."""
        try:
            session = await self._visit.session()
            if not self._visit.settings.allow_remote_forwarding or session.access is Access.VIEWER:
                await self._visit.audit(
                    EventCode.ACCESS_REFUSED, session, host=host[:256], port=port
                )
                raise Denied("Listening in this session is not allowed.")
            agent = await self._visit.connect(session, self._say)
            listening = agent.listen(host, port)
            where = f"{host[:256]}:{port}" if port else host[:256]
            return await self.add(session, agent, listening, open_channel, where)
        except (VibeError, ValueError) as error:
            hint = error.hint if isinstance(error, VibeError) else ""
            self._say(f"{error} {hint}".strip())
            return None

    def _say(self, sentence: str) -> None:
        """The answer to a request for a listener has no room for words."""
        with suppress(OSError):
            self._visit.conn.send_debug(f"vibetui: {printable(sentence)}", always_display=True)

    async def add(
        self,
        session: Session,
        agent: AgentConnection,
        listening: Coroutine[Any, Any, Listener],
        open_channel: Open,
        where: str,
    ) -> RemoteListener:
        """Serve what `listening` makes of `agent`.

        Raises `Conflict` where there are too many, and whatever `listening` raises.
        """
        try:
            made = await self._one_more(listening)
        finally:
            agent.close()
        try:
            await self._visit.audit(
                EventCode.FORWARD_LISTEN, session, listener=where, port=made.port, path=made.path
            )
        except BaseException:
            made.close()
            raise
        # From here on the client hears of it before anything that comes in.
        listener = RemoteListener(self._visit, session, made, self._forwards, open_channel, where)
        self._listeners.add(listener)
        if self._closed:
            listener.close()
        return listener

    async def _one_more(self, listening: Coroutine[Any, Any, Listener]) -> Listener:
        self._listeners = {listener for listener in self._listeners if not listener.ended}
        if len(self._listeners) + self._opening >= _MOST:
            listening.close()
            raise Conflict(f"There are {_MOST} listeners of this connection already.")
        self._opening += 1
        try:
            return await listening
        finally:
            self._opening -= 1

    def close(self) -> None:
        """The client has gone."""
        self._closed = True
        for listener in self._listeners:
            listener.close()
