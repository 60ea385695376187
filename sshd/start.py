"""Starting a session for a client that asked for something in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime

from sshd.reconnects import Guest, Reconnects
from vibetui.agent import AgentConnection
from vibetui.core.client import CoreClient
from vibetui.errors import Conflict, OpenError
from vibetui.events import OpenStep, StepState
from vibetui.model import Session, SessionStatus
from vibetui.settings import Settings

_TOLD = {
    OpenStep.IMAGE: "Pulling the image",
    OpenStep.CREATE: "Creating the container from",
    OpenStep.START: "Starting it",
}

Say = Callable[[str], None]
"""Shows one line of progress to the client's user; never raises."""


class StoppedOnPurpose(Conflict):
    """Its user has stopped the session, and a client of theirs comes back to it by itself."""


class Starter:
    """Connects to sessions, and starts those that don't run."""

    def __init__(self, settings: Settings, reconnects: Reconnects) -> None:
        self._settings = settings
        self._reconnects = reconnects

    async def connect(
        self, core: CoreClient, session: Session, say: Say, guest: Guest | None
    ) -> AgentConnection:
        """A connection to the agent of `session`.

        Args:
            guest: Who asks; None: a person is looking, who means to start it.

        Raises:
            VibeError: it can't be started, or may not be.
        """
        try:
            return await core.attach(session.session_id)
        except OpenError:
            pass
        if guest is not None:
            await self._check(core, session, guest)
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

    async def _check(self, core: CoreClient, session: Session, guest: Guest) -> None:
        """Raises `Conflict` where no person is needed for the start, and one should be."""
        reference = session.reference
        how = f"Start it: ssh vibe@HOST start {reference}"
        if not self._settings.start_on_demand:
            raise Conflict(f"{session.name} isn't running.", how)
        # Anew: it was perhaps stopped since it was looked up.
        session = await core.find_session(reference)
        stopped_at, now = session.stopped_at, datetime.now(UTC)
        if stopped_at is None or session.status is SessionStatus.STARTING:
            return
        if self._reconnects.refuses(guest, stopped_at, now):
            ago = max(0, round((now - stopped_at).total_seconds()))
            raise StoppedOnPurpose(
                f"{session.name} was stopped {ago} s ago; this looks like an automatic reconnect.",
                how,
            )


async def _open(core: CoreClient, session: Session, say: Say) -> None:
    async with aclosing(core.open_session(session.session_id)) as events:
        async for event in events:
            # What takes no time to see needs no line.
            if event.state is StepState.RUNNING and event.step in _TOLD and not event.fraction:
                say(f"{_TOLD[event.step]} {event.detail}".strip())
