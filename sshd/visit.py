"""One authenticated connection: who it is, which session it named, and what it may reach."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncssh
import structlog

from sshd.auth import Background, FrontCore, Login
from sshd.launcher import Launcher
from sshd.reconnects import Guest, Reconnects
from sshd.start import Say, Starter, StoppedOnPurpose
from vibetui.agent import AgentConnection
from vibetui.core.client import CoreClient
from vibetui.errors import CoreUnavailable, NotFound
from vibetui.events import EventCode
from vibetui.model import Session
from vibetui.settings import Settings

if TYPE_CHECKING:
    from sshd.channels.agent import ForwardedAgent

log = structlog.get_logger(__name__)

_PURPOSE, _MOST_PURPOSES = 64, 64
"""Characters of what a connection does, and how many such things are remembered of one."""


@dataclass(frozen=True, slots=True)
class Services:
    """What connections share."""

    core: FrontCore
    launcher: Launcher
    background: Background
    settings: Settings
    starter: Starter
    reconnects: Reconnects


class Visit:
    """What the channels of one connection work with.

    Args:
        named: The session in the login name, if any. Where there is none, forwards lead into the
            first one that a request has named.

    Attributes:
        agent: The client's own ssh-agent; None before there is a channel that could need it.
    """

    def __init__(
        self,
        services: Services,
        login: Login,
        conn: asyncssh.SSHServerConnection,
        named: str | None,
    ) -> None:
        self.services = services
        self.login = login
        self.conn = conn
        self.named = named
        self.agent: ForwardedAgent | None = None
        self._first: str | None = None
        self._core: CoreClient | None = None
        self._opening = asyncio.Lock()
        self._guests: set[Guest] = set()
        self._closed = False

    @property
    def settings(self) -> Settings:
        return self.services.settings

    async def core(self) -> CoreClient:
        """The core as this user sees it; the connection's own, closed at its end."""
        async with self._opening:
            if self._core is None:
                self._core = CoreClient(
                    await self._door(), rebind=self._door, client=self.login.address
                )
            return self._core

    async def _door(self) -> int:
        try:
            return await self.services.core.open_door(self.login.user.user_id)
        except NotFound as error:
            raise CoreUnavailable("Your account is gone.") from error

    async def session(self, reference: str | None = None) -> Session:
        """The session that `reference` (default: what the connection named) means.

        Raises as `Core.find_session`: `NotFound` in the same words whether it doesn't exist or
        isn't theirs. That is audited.
        """
        wanted = reference or self.named or self._first
        if wanted is None:
            raise NotFound("No session was named.", "Name it in the login name: vibe+SESSION@HOST")
        try:
            session = await (await self.core()).find_session(wanted)
        except NotFound:
            await self.audit(EventCode.ACCESS_REFUSED, name=wanted[:64])
            raise
        self._first = self._first or wanted
        return session

    async def connect(
        self,
        session: Session,
        say: Say,
        *,
        interactive: bool = False,
        purpose: str = "forward",
    ) -> AgentConnection:
        """A connection to the agent of `session`, which is started if it doesn't run.

        Args:
            interactive: A person is looking, who means to start it.
            purpose: As `Guest` has it.

        Raises as `Starter.connect`.
        """
        guest = None if interactive else self._guest(session, purpose)
        try:
            agent = await self.services.starter.connect(await self.core(), session, say, guest)
        except StoppedOnPurpose:
            await self.audit(EventCode.ACCESS_REFUSED, session, purpose=purpose, reconnect=True)
            raise
        if guest is not None:
            self._remember(guest)
        return agent

    def _guest(self, session: Session, purpose: str) -> Guest:
        login = self.login
        version = str(self.conn.get_extra_info("client_version", ""))
        return Guest(
            login.user.user_id, session.session_id, login.address, version, purpose[:_PURPOSE]
        )

    def _remember(self, guest: Guest) -> None:
        if guest in self._guests or self._closed or len(self._guests) >= _MOST_PURPOSES:
            return
        self._guests.add(guest)
        self.services.reconnects.enter(guest, datetime.now(UTC))

    async def audit(self, code: EventCode, session: Session | None = None, **detail: Any) -> None:
        """To the log and to the trail; where that can't be written now, to the log alone."""
        user_id = self.login.user.user_id
        session_id = None if session is None else session.session_id
        log.info(code, user_id=user_id, session_id=session_id, address=self.login.address, **detail)
        try:
            await self.services.core.audit(
                code,
                user_id=user_id,
                session_id=session_id,
                address=self.login.address,
                detail=detail,
            )
        except CoreUnavailable as error:
            log.error("audit.failed", code=code, cause=error.message)

    async def close(self) -> None:
        """The connection has ended."""
        self._closed = True
        for guest in self._guests:
            self.services.reconnects.leave(guest, datetime.now(UTC))
        if self._core is not None:
            await self._core.close()
