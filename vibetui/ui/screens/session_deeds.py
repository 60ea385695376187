"""What a person can do to the session under the cursor of the list."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from vibetui.core import rights
from vibetui.errors import VibeError
from vibetui.model import Access, Session, SessionStatus
from vibetui.ui.errands import Errands
from vibetui.ui.names import suggest
from vibetui.ui.recording import toggle_recording
from vibetui.ui.screens.base import VibeScreen
from vibetui.ui.screens.confirm import ConfirmDialog
from vibetui.ui.screens.copy import CopyDialog
from vibetui.ui.screens.delete import DeleteDialog
from vibetui.ui.screens.new_session import NewSession, NewSessionDialog
from vibetui.ui.screens.rename import RenameDialog
from vibetui.ui.widgets.session_rows import SessionRows


class SessionDeeds(VibeScreen[None]):
    """The part of the list that asks and acts; each deed is a key, and a hint of the bar."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", show=False),
        Binding("s", "start", show=False),
        Binding("x", "stop", show=False),
        Binding("r", "rename", show=False),
        Binding("c", "copy", show=False),
        Binding("d,delete", "delete", show=False),
        Binding("S,shift+s", "share", show=False),
        Binding("R,shift+r", "record", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        vibe = self.vibe
        self._work = Errands(vibe.core, vibe.feed, self._errand_failed, vibe.world)

    @property
    def _selected(self) -> Session | None:
        selected = self.query_one(SessionRows).selected_id
        return None if selected is None else self.vibe.feed.get(selected)

    @property
    def _watched(self) -> bool:
        """The session under the cursor is somebody else's, only to be watched."""
        return self._selected is not None and self._selected.access is Access.VIEWER

    def _owned(self, what: str) -> Session | None:
        """The session under the cursor; None, and a word about it, unless it is the user's own."""
        session = self._selected
        try:
            if session is not None:
                rights.only_owner(session, what)
        except VibeError as error:
            self.vibe.tell(error)
            return None
        return session

    def _errand_failed(self, error: VibeError) -> None:
        self.vibe.tell(error)

    @on(OptionList.OptionSelected)
    def action_open(self) -> None:
        """Open the session under the cursor."""
        if (session := self._selected) is not None:
            self._work.forget(session.session_id)
            self.vibe.open_workspace(session)

    def action_new(self) -> None:
        """Ask for a name, create, open."""
        self.run_worker(self._new(), group="dialog", exclusive=True)

    async def _new(self) -> None:
        feed = self.vibe.feed
        try:
            templates = await self.vibe.core.templates()
        except VibeError as error:
            self.vibe.tell(error)
            return
        suggestion = suggest(feed.names, self.vibe.world.choose)
        dialog = NewSessionDialog(suggestion, feed.names, templates)
        wanted = await self.app.push_screen_wait(dialog)
        if isinstance(wanted, NewSession):
            session = await self._work.create(wanted.name, wanted.template)
            if session is not None:
                self.query_one(SessionRows).select(session.session_id)
                self.vibe.open_workspace(session)

    def action_start(self) -> None:
        """Start in the background; the row says how it goes."""
        session = self._selected
        if session is not None and session.status is not SessionStatus.RUNNING:
            if self._watched:
                self.vibe.tell(rights.not_running(session))
                return
            identity = session.session_id
            self.run_worker(self._work.start(identity), group=f"start-{identity}", exclusive=True)

    def action_stop(self) -> None:
        """Stop, after asking."""
        session = self._owned("stop")
        if session is not None and session.status is not SessionStatus.STOPPED:
            self.run_worker(self._stop(session), group="dialog", exclusive=True)

    async def _stop(self, session: Session) -> None:
        dialog = ConfirmDialog(
            f"Stop {session.name}?",
            "Its programs end. /workspace is kept, and it can be started again.",
            "Stop",
        )
        if await self.app.push_screen_wait(dialog):
            self.run_worker(self._work.stop(session))

    def action_rename(self) -> None:
        """Ask for a new name."""
        if (session := self._owned("rename")) is not None:
            self.run_worker(self._rename(session), group="dialog", exclusive=True)

    async def _rename(self, session: Session) -> None:
        name = await self.app.push_screen_wait(RenameDialog(session, self.vibe.feed.names))
        if name and name != session.name:
            await self._work.rename(session, name)

    def action_copy(self) -> None:
        """Ask for the copy's name; the row says how far it is."""
        if (session := self._selected) is not None:
            try:
                rights.no_viewer(session, "copy it")
            except VibeError as error:
                self.vibe.tell(error)
                return
            self.run_worker(self._copy(session), group="dialog", exclusive=True)

    async def _copy(self, session: Session) -> None:
        name = await self.app.push_screen_wait(CopyDialog(session, self.vibe.feed.names))
        if name:
            self.run_worker(self._work.copy(session, name))

    def action_delete(self) -> None:
        """Delete, once the name has been typed; leave what is somebody else's."""
        if (session := self._selected) is not None:
            own = session.access is Access.OWNER
            ask = self._delete(session) if own else self._leave(session)
            self.run_worker(ask, group="dialog", exclusive=True)

    async def _leave(self, session: Session) -> None:
        dialog = ConfirmDialog(
            f"Leave {session.name}?",
            f"It goes from your list until {session.owner} invites you again.",
            "Leave",
        )
        if await self.app.push_screen_wait(dialog):
            self.run_worker(self._work.leave(session))

    def action_share(self) -> None:
        """Who else may see it."""
        if (session := self._selected) is not None:
            self.vibe.share(session)

    def action_record(self) -> None:
        """Record it, or stop that, after asking."""
        if (session := self._selected) is not None:
            self.run_worker(toggle_recording(self.vibe, session), group="dialog", exclusive=True)

    async def _delete(self, session: Session) -> None:
        if await self.app.push_screen_wait(DeleteDialog(session)):
            self.run_worker(self._work.delete(session))
