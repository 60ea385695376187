"""Starting a session for a client that asked for something in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from vibetui.agent import AgentConnection
from vibetui.core.client import CoreClient
from vibetui.errors import Conflict, OpenError
from vibetui.events import OpenStep, StepState
from vibetui.model import Session
from vibetui.settings import Settings

if TYPE_CHECKING:
    from sshd.visit import Visit

_TOLD = {
    OpenStep.IMAGE: "Pulling the image",
    OpenStep.CREATE: "Creating the container from",
    OpenStep.START: "Starting it",
}

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
        del visit
        try:
            return await core.attach(session.session_id)
        except OpenError:
            pass
        if not (interactive or self._settings.start_on_demand):
            raise Conflict(f"{session.name} isn't running.", f"ssh vibe@HOST start {session.name}")
        say(f"Starting {session.name}…")
        try:
            async with asyncio.timeout(self._settings.start_timeout):
                await _open(core, session, say)
                return await core.attach(session.session_id)
        except TimeoutError as error:
            raise OpenError(
                f"{session.name} did not start within {self._settings.start_timeout:g} s.",
                "The start goes on; try again in a moment.",
            ) from error


async def _open(core: CoreClient, session: Session, say: Say) -> None:
    async with aclosing(core.open_session(session.session_id)) as events:
        async for event in events:
            # What takes no time to see needs no line.
            if event.state is StepState.RUNNING and event.step in _TOLD and not event.fraction:
                say(f"{_TOLD[event.step]} {event.detail}".strip())
