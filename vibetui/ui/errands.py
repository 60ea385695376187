"""What the list does to sessions, and what it says while it does. Knows no widget."""

from __future__ import annotations

from collections.abc import Callable

from vibetui.core.protocol import Core
from vibetui.errors import VibeError
from vibetui.events import StepState
from vibetui.model import Session
from vibetui.ui.opening import Progress
from vibetui.ui.session_feed import SessionFeed
from vibetui.ui.streams import closing
from vibetui.ui.wording import STEP_LABELS
from vibetui.ui.world import World


class Errands:
    """Runs one call to the core at a time for each session.

    Args:
        failed: Hears of every error.
        world: Whose stopwatch is used.
    """

    def __init__(
        self, core: Core, feed: SessionFeed, failed: Callable[[VibeError], None], world: World
    ) -> None:
        self._core = core
        self._feed = feed
        self._failed = failed
        self._world = world
        self._subscribers: list[Callable[[], None]] = []
        self.activity: dict[str, str] = {}
        """By session id: what is being done, or ``failed …``; shown instead of the status."""
        self.progress: dict[str, Progress] = {}
        """By session id: of the starts that `activity` tells of."""
        self.errors: dict[str, VibeError] = {}
        """By session id: why it failed to start."""

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call back when `activity` changes."""
        self._subscribers.append(callback)

    def forget(self, session_id: str) -> None:
        """Show the session's own status again."""
        self._say(session_id, None)

    async def create(self, name: str, template: str) -> Session | None:
        """None where it failed."""
        try:
            session = await self._core.create_session(name, template, opening=True)
        except VibeError as error:
            self._failed(error)
            return None
        self._feed.put(session)
        return session

    async def rename(self, session: Session, name: str) -> None:
        """Give it another name."""
        try:
            self._feed.put(await self._core.rename_session(session.session_id, name))
        except VibeError as error:
            self._failed(error)

    async def start(self, session_id: str) -> None:
        """Open it without looking into it."""
        monotonic = self._world.monotonic
        self.errors.pop(session_id, None)
        self.progress[session_id] = Progress(heard_at=monotonic())
        self._say(session_id, "starting")
        try:
            async with closing(self._core.open_session(session_id)) as events:
                async for event in events:
                    progress = self.progress[session_id].after(event, monotonic())
                    self.progress[session_id] = progress
                    if event.state is StepState.RUNNING:
                        done = "" if event.fraction is None else f" {event.fraction:.0%}"
                        self._say(session_id, f"starting · {STEP_LABELS[event.step]}{done}")
        except VibeError as error:
            self.errors[session_id] = error
            self.progress[session_id] = self.progress[session_id].failed()
            self._say(session_id, "failed to start")
            self._failed(error)
        else:
            self._say(session_id, None)

    async def stop(self, session: Session) -> None:
        """Stop the container."""
        self._say(session.session_id, "stopping")
        try:
            self._feed.put(await self._core.stop_session(session.session_id))
        except VibeError as error:
            self._failed(error)
        finally:
            self._say(session.session_id, None)

    async def copy(self, session: Session, name: str) -> None:
        """Make a session of that name with the same files."""
        self._say(session.session_id, "copying")
        try:
            async with closing(self._core.copy_session(session.session_id, name)) as steps:
                async for step in steps:
                    if step.session is not None:
                        self._feed.put(step.session)
                    elif step.total:
                        self._say(session.session_id, f"copying {step.copied / step.total:.0%}")
        except VibeError as error:
            self._failed(error)
        finally:
            self._say(session.session_id, None)

    async def delete(self, session: Session) -> None:
        """Delete container, volume and row."""
        self._say(session.session_id, "deleting")
        try:
            await self._core.delete_session(session.session_id)
        except VibeError as error:
            self._failed(error)
        else:
            self._feed.discard(session.session_id)
        finally:
            self._say(session.session_id, None)

    async def leave(self, session: Session) -> None:
        """Give the access to somebody else's session up."""
        try:
            me = await self._core.whoami()
            await self._core.unshare_session(session.session_id, me.name)
        except VibeError as error:
            self._failed(error)
        else:
            self._feed.discard(session.session_id)

    def _say(self, session_id: str, words: str | None) -> None:
        if words is None:
            for known in (self.activity, self.progress, self.errors):
                known.pop(session_id, None)
        else:
            self.activity[session_id] = words
        for callback in list(self._subscribers):
            callback()
