"""One authenticated connection: who it is, which session it named, and what it may reach."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncssh
import structlog

from sshd.auth import Background, FrontCore, Login
from sshd.launcher import Launcher
from sshd.start import Say, Starter
from vibetui.agent import AgentConnection
from vibetui.core.client import CoreClient
from vibetui.errors import CoreUnavailable, NotFound
from vibetui.events import EventCode
from vibetui.model import Session
from vibetui.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What connections share."""

    core: FrontCore
    launcher: Launcher
    background: Background
    settings: Settings
    starter: Starter


class Visit:
    """What the channels of one connection work with.

    Args:
        named: The session in the login name, if any. Where there is none, forwards lead into the
            first one that a request has named.
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
        self._first: str | None = None
        self._core: CoreClient | None = None
        self._opening = asyncio.Lock()

    @property
    def settings(self) -> Settings:
        return self.services.settings

    async def core(self) -> CoreClient:
        """The core as this user sees it; the connection's own, closed at its end."""
        async with self._opening:
            if self._core is None:
                self._core = CoreClient(await self._door(), rebind=self._door)
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
        self, session: Session, say: Say, *, interactive: bool = False
    ) -> AgentConnection:
        """A connection to the agent of `session`, which is started if it doesn't run.

        Raises as `Starter.connect`.
        """
        core = await self.core()
        return await self.services.starter.connect(
            core, session, self, say, interactive=interactive
        )

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
        if self._core is not None:
            await self._core.close()


def printable(text: str) -> str:
    """`text` on one line, with what could steer a terminal made blank: it may be a container's."""
    return "".join(character if character.isprintable() else " " for character in text)
