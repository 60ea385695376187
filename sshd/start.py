"""Starting a session for a client that asked for something in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from vibetui.agent import AgentConnection
from vibetui.core.client import CoreClient
from vibetui.errors import OpenError
from vibetui.model import Session
from vibetui.settings import Settings

if TYPE_CHECKING:
    from sshd.visit import Visit

Say = Callable[[str], None]
"""Shows one line of progress to the client's user; never raises."""


class Starter:
    """Connects to sessions, and starts those that don't run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def connect(
        self,
        core: CoreClient,
        session: Session,
        visit: Visit,
        say: Say,
        *,
        interactive: bool,
    ) -> AgentConnection:
        """A connection to the agent of `session`.

        Args:
            interactive: A person is looking, who means to start it.

        Raises:
            VibeError: it can't be started, or may not be.
        """
        del visit, interactive
        try:
            return await core.attach(session.session_id)
        except OpenError:
            pass
        say(f"Starting {session.name}…")
        async with asyncio.timeout(self._settings.start_timeout):
            async with aclosing(core.open_session(session.session_id)) as events:
                async for _ in events:
                    pass
            return await core.attach(session.session_id)
