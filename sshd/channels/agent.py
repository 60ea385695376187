"""The ssh-agent on the client's machine, for what runs in sessions: ssh -A."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from sshd.channels.forward import Forward
from sshd.channels.listen import Listeners, Make, RemoteListener
from sshd.visit import Visit
from vibetui.agent import Accepted
from vibetui.errors import VibeError
from vibetui.events import EventCode
from vibetui.model import Access, Session

log = structlog.get_logger(__name__)

_WHERE = "agent"
"""As the audit trail calls these listeners."""


class ForwardedAgent:
    """One client's, if it offers one.

    In each session there are up to two sockets behind which it answers: one of the connection's
    own, for commands, and one for the app's terminals, which outlive connections. That has the
    same path for all connections of a user, and the newest of them serves it.
    """

    def __init__(self, visit: Visit, listeners: Listeners) -> None:
        self._visit = visit
        self._listeners = listeners
        self._offered = False
        self._own: dict[str, RemoteListener] = {}
        self._lent: dict[str, RemoteListener] = {}
        self._turn = asyncio.Lock()

    async def offer(self) -> bool:
        """What asyncssh's `create_agent_listener` answers; where it listens shows later."""
        conn = self._visit.conn
        if not self._visit.settings.allow_agent_forwarding:
            await self._visit.audit(EventCode.ACCESS_REFUSED, listener=_WHERE)
        else:
            self._offered = bool(
                conn.check_key_permission("agent-forwarding")
                and conn.check_certificate_permission("agent-forwarding")
            )
        return self._offered

    async def path(self, session: Session) -> str | None:
        """The connection's own socket in a session that runs; None: no agent is offered.

        Raises `VibeError` where there can be no such socket.
        """
        if not self._offered:
            return None
        async with self._turn:
            listener = self._own.get(session.session_id)
            if listener is None or listener.ended:
                agent = await (await self._visit.core()).attach(session.session_id)
                listening = agent.listen("", 0, secret=True)
                listener = await self._listeners.add(
                    session, agent, listening, self._open_channel, _WHERE
                )
                self._own[session.session_id] = listener
            return listener.path

    @property
    def place(self) -> str | None:
        """The path of the user's socket, in every session; None: no agent is offered."""
        return f"/tmp/vibe-{self._visit.login.user.user_id}/agent.sock" if self._offered else None

    async def lend(self, session_id: str) -> None:
        """Answer at `place` in a session that runs. Where that can't be, nobody answers there."""
        place = self.place
        if place is None:
            return
        try:
            core = await self._visit.core()
            for session in await core.list_sessions():
                if session.session_id != session_id or session.access is Access.VIEWER:
                    continue
                async with self._turn:
                    agent = await core.attach(session_id)
                    listening = agent.listen(place, 0, in_place=True)
                    listener = await self._listeners.add(
                        session, agent, listening, self._open_channel, _WHERE
                    )
                    if (before := self._lent.get(session_id)) is not None:
                        before.close()
                    self._lent[session_id] = listener
        except VibeError as error:
            log.warning("agent.not_lent", session_id=session_id, cause=error.message)

    async def _open_channel(
        self, make: Make, _accepted: Accepted, _port: int
    ) -> tuple[Any, Forward]:
        channel = self._visit.conn.create_agent_channel()
        forward = await channel.open(make)
        assert isinstance(forward, Forward)
        return channel, forward
