"""One client's connection: from its first byte to its last."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol

import asyncssh
import structlog
from typing_extensions import override

from sshd.bounds import Owner
from sshd.channels.agent import ForwardedAgent
from sshd.channels.client import ClientSession
from sshd.channels.forward import Forward, dial
from sshd.channels.forwards import Forwards
from sshd.channels.listen import Listeners
from sshd.channels.work import SHUTTING_DOWN
from sshd.endings import abandon_all
from sshd.gate import Refused, Ticket
from sshd.keepalive import Patience, Vigil, leave_it_to_the_vigil
from sshd.kex_guess import heed_guesses
from sshd.logins.login import ClientLogin
from sshd.route import LoginName
from sshd.visit import Services, Visit
from vibetui.events import EventCode
from vibetui.settings import Settings

log = structlog.get_logger(__name__)

_UNSENT = 128 * 1024
"""Bytes that the kernel keeps for a slow link. It would take 4 MB of frames that nobody sees in
time any more; held back, they aren't painted at all."""

_CLOSING_CHANNELS = 32
"""Besides those at work: which the client has yet to close, or that are about to be refused."""


class Front(Protocol):
    """What a connection needs of the front."""

    settings: Settings
    services: Services
    patience: Patience
    connections: set[Connection]


class Connection(ClientLogin, Owner):
    """One client."""

    def __init__(self, front: Front, ticket: Ticket) -> None:
        super().__init__(front.services.core, front.services.background, front.settings)
        self._front = front
        self._ticket = ticket
        settings = front.settings
        self.most_channels = (
            settings.max_sessions_per_connection
            + settings.max_forwards_per_connection
            + _CLOSING_CHANNELS
        )
        self._vigil: Vigil | None = None
        self._visit: Visit | None = None
        self._forwards = Forwards(front.settings.max_forwards_per_connection)
        self._listeners: Listeners | None = None
        self._held: set[str] = set()
        self.sessions: set[ClientSession] = set()
        self.closed = asyncio.Event()

    @override
    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        super().connection_made(conn)
        self._front.connections.add(self)
        sock: socket.socket = conn.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
        leave_it_to_the_vigil(sock, self._front.patience)
        heed_guesses(conn)

    @override
    def login_failed(self) -> None:
        super().login_failed()
        self._ticket.failed()

    @override
    def auth_completed(self) -> None:
        super().auth_completed()
        assert self.login is not None
        try:
            self._ticket.logged_in(self.login.user.user_id)
        except Refused as refused:
            self._conn.disconnect(asyncssh.DISC_TOO_MANY_CONNECTIONS, str(refused))
            return
        named = LoginName.parse(self._name).session
        self._visit = Visit(self._front.services, self.login, self._conn, named)
        self._listeners = Listeners(self._visit, self._forwards)
        agent = self._visit.agent = ForwardedAgent(self._visit, self._listeners)
        # asyncssh's own would listen on the server's file system.
        self._conn.create_agent_listener = agent.offer  # type: ignore[method-assign]
        vigil = self._vigil = Vigil(self._front.patience, self._give_up)
        received = self._conn.data_received

        def data_received(data: bytes, datatype: int | None = None) -> None:
            vigil.heard()
            received(data, datatype)

        self._conn.data_received = data_received  # type: ignore[method-assign]

    def _give_up(self) -> None:
        assert self.login is not None
        log.warning(
            EventCode.CLIENT_LOST,
            user_id=self.login.user.user_id,
            address=self.login.address,
            reason=f"nothing was heard from the client for {self._front.patience.limit:g} s",
        )
        self._conn.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._vigil is not None:
            self._vigil.close()
        self._forwards.close()
        if self._listeners is not None:
            self._listeners.close()
        if self._visit is not None:
            self._background(self._visit.close())
        self._front.connections.discard(self)
        super().connection_lost(exc)
        self.closed.set()

    @override
    def hold(self, what: str) -> None:
        self._held.add(what)
        for session in self.sessions:
            session.hold(what)
        self._forwards.hold(what)

    @override
    def release(self, what: str) -> None:
        self._held.discard(what)
        for session in self.sessions:
            session.release(what)
        self._forwards.release(what)

    @override
    def session_requested(self) -> ClientSession:
        self.sessions = {session for session in self.sessions if not session.finished.is_set()}
        most = self._front.settings.max_sessions_per_connection
        if self._visit is None or len(self.sessions) >= most:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_RESOURCE_SHORTAGE, "Too many sessions on one connection."
            )
        session = ClientSession(self._visit)
        for what in self._held:
            session.hold(what)
        self.sessions.add(session)
        return session

    @override
    async def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> Forward:
        if dest_port == 0:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "There is no port 0.")
        return await self._forward(dest_host, dest_port)

    @override
    async def unix_connection_requested(self, dest_path: str) -> Forward:
        return await self._forward(dest_path, 0)

    async def _forward(self, host: str, port: int) -> Forward:
        visit = self._visit
        if visit is None:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_CONNECT_FAILED, "You are on your way out."
            )
        return await self._forwards.add(lambda: dial(visit, host, port))

    @override
    async def server_requested(
        self, listen_host: str, listen_port: int
    ) -> asyncssh.SSHListener | bool:
        if self._listeners is None:
            return False
        return await self._listeners.on_port(listen_host, listen_port)

    @override
    async def unix_server_requested(self, listen_path: str) -> asyncssh.SSHListener | bool:
        return False if self._listeners is None else await self._listeners.at_path(listen_path)

    def end_login(self, why: str) -> None:
        """Whoever has logged in may be here no longer: end what they do, and hang up."""
        self._background(self._end_login(why))

    async def _end_login(self, why: str) -> None:
        await abandon_all(self.sessions, why)
        self.close(why)

    def close(self, why: str = SHUTTING_DOWN) -> None:
        """Say why and hang up."""
        self._conn.disconnect(asyncssh.DISC_BY_APPLICATION, why)
