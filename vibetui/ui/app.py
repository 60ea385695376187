"""The app: one user's sessions on one terminal."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from textual import events
from textual.app import App

from vibetui.core import rights
from vibetui.core.protocol import Core
from vibetui.errors import SharingEnded, VibeError
from vibetui.events import EventCode
from vibetui.model import Presence, Session, SessionStatus
from vibetui.settings import Settings
from vibetui.ui import heap
from vibetui.ui.access import access_changed
from vibetui.ui.presence import Attendance, HangUp, no_hang_up
from vibetui.ui.repaint import repaint, set_colors
from vibetui.ui.screens.base import TakesKeys
from vibetui.ui.screens.help import HelpDialog
from vibetui.ui.screens.session_list import SessionListScreen
from vibetui.ui.screens.share import ShareDialog
from vibetui.ui.screens.take_over import TakeOverDialog
from vibetui.ui.screens.workspace import WorkspaceScreen
from vibetui.ui.session_feed import SessionFeed
from vibetui.ui.styles import stylesheet
from vibetui.ui.terminal_watch import TerminalWatch
from vibetui.ui.theme import VIBE_THEME
from vibetui.ui.widgets.terminal_driver import TerminalDriver
from vibetui.ui.wording import farewell, taken_over
from vibetui.ui.world import World
from vibetui.ui.zoom import Bypass, no_bypass
from vibetui.ui.zoom_driver import LendableDriver

_log = structlog.get_logger(__name__)

CRASHED = (
    "The app failed, and the log says why. "
    "Your sessions keep running; come back with the same command."
)


def _lend_none(_session_id: str) -> None:
    """The terminal is this machine's, and offers no ssh-agent."""


class VibeApp(App[str], inherit_bindings=False):
    """Textual's own keys are not inherited: ctrl+q would be taken from the container.

    Args:
        core: The core as this user sees it; whoever made it closes it.
        remote: The terminal is at the other end of an SSH connection.
        address: Whose other end is there.
        begins_at: Id of a session to go into at once.
        agent_place: Path in sessions of the user's own ssh-agent; empty: there is none.
        world: Time and chance.

    `return_value` is the sentence to print once the screen is restored. `bypass` may be replaced:
    it gives a socket that leads to the user's terminal without the PTY, until it is closed. So may
    `hang_up`, and `lend_agent`, which has the user's ssh-agent answer in a session.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = stylesheet("vibetui.ui", "app")
    TITLE = "vibetui"

    def __init__(
        self,
        core: Core,
        settings: Settings,
        *,
        remote: bool,
        address: str = "",
        begins_at: str | None = None,
        agent_place: str = "",
        world: World | None = None,
    ) -> None:
        super().__init__(driver_class=LendableDriver, ansi_color=True)
        self.core = core
        self.settings = settings
        self.remote = remote
        self.world = world or World()
        self.user_name = ""
        self.bypass: Bypass = no_bypass
        self.hang_up: HangUp = no_hang_up
        self.lend_agent: Callable[[str], None] = _lend_none
        self.terminal_env = {"SSH_AUTH_SOCK": agent_place} if agent_place else {}
        self.feed = SessionFeed(core)
        self.terminal_watch = TerminalWatch(core)
        self.attendance = Attendance(
            core, address, self.world, changed=self._others_changed, taken=self._taken_over
        )
        self._has_heard_of_others = False
        self._begins_at = begins_at
        self.looked_at_last: dict[str, int] = {}
        """Terminals, by session id."""
        self.register_theme(VIBE_THEME)
        self.theme = VIBE_THEME.name

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded and self.screen_stack:
            screen = self.screen
            if isinstance(screen, TakesKeys) and screen.take_key(event):
                return
        await super().on_event(event)

    def on_client_changed(self) -> None:
        """The first frame was painted by the terminal's name; now it has answered."""
        if self._paint_for_client():
            repaint(self)

    def _paint_for_client(self) -> bool:
        """Whether from now on there are other colours."""
        driver = self._driver
        return isinstance(driver, TerminalDriver) and set_colors(self, driver.client)

    def on_mount(self) -> None:
        heap.settle()
        self._paint_for_client()
        self.feed.subscribe(self._others_are_watched)
        self.run_worker(self.feed.run(), name="session feed")
        self.run_worker(self.terminal_watch.run(), name="terminal watch")
        self.run_worker(self.attendance.run(), name="presence")
        self.run_worker(self.attendance.follow_moves(), name="moves")
        self.push_screen(SessionListScreen())
        if self._begins_at is not None:
            self.run_worker(self._begin_at(self._begins_at), name="first session")

    async def _begin_at(self, session_id: str) -> None:
        try:
            sessions = await self.core.list_sessions()
        except VibeError as error:
            self.tell(error)
            return
        for session in sessions:
            if session.session_id == session_id:
                self.open_workspace(session)

    def open_workspace(self, session: Session) -> None:
        """Go into a session."""
        workspace = WorkspaceScreen(session)
        workspace.depart()
        self.attendance.moved(session.session_id)
        self.push_screen(workspace, lambda _: self._left(session.session_id))
        # The list, which this changes, isn't to be seen any more and needn't be painted.
        self.terminal_watch.looked_at(session.session_id)

    def share(self, session: Session) -> None:
        """Show who else may see the session, which has to be the user's own."""
        try:
            rights.only_owner(session, "share")
        except VibeError as error:
            self.tell(error)
        else:
            self.push_screen(ShareDialog(session))

    def put_out(self, session: Session, ended: SharingEnded) -> None:
        """The user may no longer do with the session what they were doing."""
        # Each of the session's panes says so; one way out is enough.
        self.run_worker(access_changed(self, session, ended), group="access", exclusive=True)

    def looks_at(self, session_id: str, terminal: int) -> None:
        """This terminal has the keyboard now."""
        self.looked_at_last[session_id] = terminal
        self.attendance.moved(session_id, terminal)

    def _left(self, session_id: str) -> None:
        self.attendance.moved(None)
        self.terminal_watch.left(session_id)

    def _others_are_watched(self) -> None:
        running = [row for row in self.feed.sessions if row.status is SessionStatus.RUNNING]
        self.terminal_watch.keep([row.session_id for row in running])

    def _others_changed(self) -> None:
        first, self._has_heard_of_others = not self._has_heard_of_others, True
        if first and self.attendance.others:
            self.run_worker(self._offer_to_take_over(self.attendance.others), name="take over")

    async def _offer_to_take_over(self, others: tuple[Presence, ...]) -> None:
        await self.feed.wait_loaded()
        # Whoever is in a session by now has decided already.
        if not isinstance(self.screen, SessionListScreen):
            return
        names = {session.session_id: session.name for session in self.feed.sessions}
        chosen = await self.push_screen_wait(TakeOverDialog(others, names, self.world.now()))
        if not chosen:
            return
        try:
            await self.attendance.take_over(chosen)
        except VibeError as error:
            self.tell(error)
            return
        if isinstance(self.screen, SessionListScreen):
            self._go_where_one_was(chosen)

    def _go_where_one_was(self, others: tuple[Presence, ...]) -> None:
        for other in others:
            session = self.feed.get(other.session_id or "")
            if session is not None:
                if other.terminal is not None:
                    self.looked_at_last[session.session_id] = other.terminal
                self.open_workspace(session)
                return

    def _taken_over(self, by: str) -> None:
        sentence = taken_over(by)
        self.hang_up(sentence)
        self.exit(sentence)

    def tell(self, error: VibeError) -> None:
        """Say what went wrong and what to do, in a corner of the screen."""
        text, title = (error.hint, error.message) if error.hint else (error.message, "")
        self.notify(text, title=title, severity="error", markup=False, timeout=10)

    def action_help(self) -> None:
        """Show all keys."""
        if not isinstance(self.screen, HelpDialog):
            self.push_screen(HelpDialog(self.settings.prefix_key))

    def leave(self) -> None:
        """Quit from the list."""
        self.exit(farewell(self.feed.sessions))

    def _fatal_error(self) -> None:
        # Textual would print a traceback with locals on the user's terminal.
        _log.exception(EventCode.UI_CRASHED)
        self._return_value = CRASHED
        self._close_messages_no_wait()
