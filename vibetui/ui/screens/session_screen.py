"""The way into a session and the ways out: its panels, and its terminals between them."""

from __future__ import annotations

import asyncio

from structlog.contextvars import bound_contextvars
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal

from vibetui.agent import AgentConnection, ExitStatus
from vibetui.errors import AgentError, CoreUnavailable, SharingEnded, VibeError
from vibetui.model import Access, Session
from vibetui.terminals import Terminal, TerminalSettings
from vibetui.ui.live_panes import LivePanes
from vibetui.ui.opening import Opening
from vibetui.ui.screens.base import VibeScreen
from vibetui.ui.screens.log import LogScreen
from vibetui.ui.screens.tab_deeds import TabDeeds
from vibetui.ui.tabs import SessionTabs
from vibetui.ui.widgets.choice_row import Choice, ChoiceRow, Offer
from vibetui.ui.widgets.ended_panel import EndedPanel
from vibetui.ui.widgets.key_bar import KeyBar
from vibetui.ui.widgets.pane_deck import PaneDeck
from vibetui.ui.widgets.startup_panel import StartupPanel
from vibetui.ui.widgets.tab_strip import TabStrip
from vibetui.ui.widgets.terminal_pane import TerminalPane
from vibetui.ui.widgets.workspace_title import WorkspaceTitle
from vibetui.ui.wording import how_it_ended, welcome

NOW_RUNNING = "Development container is now running"
_UNNOTICED = 0.05
"""Seconds that nobody notices: an opening that is over by then shows no panel."""
_HELD_AT_LEAST = 2.0
"""Seconds that a connection must have lasted to be renewed without asking."""


def _let_it_go(task: asyncio.Task[AgentConnection | None]) -> None:
    """Close a connection that came when nobody was there to take it."""
    if not task.cancelled() and task.exception() is None and (late := task.result()) is not None:
        late.close()


class SessionScreen(VibeScreen[None]):
    """Opens the session, shows its terminals, and says how they ended."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._note = ""
        self._stopping = False
        self._ended = False
        self._repainting = False
        self._dividing = False
        self._kept_keys: list[events.Key] = []
        self._first: asyncio.Task[AgentConnection | None] | None = None
        vibe = self.vibe
        self._opening = Opening(vibe.core, session.session_id, vibe.world, self._changed)
        self._tabs = SessionTabs(vibe.core, session.session_id, self._tabs_changed)
        self._deck = PaneDeck(self._make_pane, id="panes")
        self._panes = LivePanes(
            self._deck,
            self._tabs,
            TerminalSettings.of(vibe.settings),
            vibe.world,
            self,
            read_only=session.access is Access.VIEWER,
            term_env=vibe.terminal_env,
        )
        self._deeds = TabDeeds(self, self._tabs, self._panes)

    def depart(self) -> None:
        """Begin to open the session while the screen is still being made (60 ms)."""
        self._first = asyncio.ensure_future(self._opening.run())

    def compose(self) -> ComposeResult:
        with Horizontal(id="workspace-head"):
            yield WorkspaceTitle()
            yield TabStrip()
        with Container(id="stage"):
            self._deck.visible = False
            yield self._deck
            yield StartupPanel(self._opening, self.vibe.world)
            yield EndedPanel()
        yield KeyBar()

    def _make_pane(self) -> TerminalPane:
        vibe = self.vibe
        return TerminalPane(prefix_key=vibe.settings.prefix_key, opens_links=not vibe.remote)

    @property
    def _terminal(self) -> Terminal | None:
        """What has the keyboard, while there is such a thing."""
        return None if self._ended else self._panes.terminal

    def on_mount(self) -> None:
        self._unsubscribe = self.vibe.feed.subscribe(self._session_changed)
        self.query_one(StartupPanel).session_name = self._session.name
        self.query_one(EndedPanel).display = False
        self.query_one(TabStrip).display = False
        self._show_title()
        # The terminal is opened in the size of the pane, which the first layout decides.
        self.call_after_refresh(self._begin)

    async def on_unmount(self) -> None:
        self._unsubscribe()
        self.workers.cancel_group(self, "visit")
        if self._first is not None:
            self._first.add_done_callback(_let_it_go)
            self._first.cancel()
        self.workers.cancel_group(self, "tabs")
        await self._panes.close()

    # The way in

    def _begin(self, *, recreate: bool = False) -> None:
        self._stopping = self._ended = False
        self._note = ""
        self.query_one(EndedPanel).display = False
        self.query_one(StartupPanel).begin()
        self.set_timer(_UNNOTICED, self._show_panel)
        self._deck.visible = False
        self.set_focus(None)
        self.workers.cancel_group(self, "tabs")
        self.run_worker(self._visit(recreate), group="visit", exclusive=True)
        self._changed()

    async def _visit(self, recreate: bool) -> None:
        first, self._first = self._first, None
        connection = await (first or self._opening.run(recreate=recreate))
        if connection is not None and not self._opening.progress.warm:
            self._note = NOW_RUNNING
        if connection is not None:
            await self._enter(connection)

    async def _enter(self, connection: AgentConnection) -> None:
        vibe, session_id = self.vibe, self._session.session_id
        if vibe.terminal_env:
            vibe.lend_agent(session_id)
        try:
            with bound_contextvars(session_id=session_id):
                await self._panes.begin(
                    connection,
                    preferred=vibe.looked_at_last.get(session_id, 0),
                    banner=welcome(self._session.name, vibe.settings.prefix_key),
                )
        except VibeError as error:
            self._opening.failed(error)
            return
        if not self.showing:
            return
        self._opening.opened()
        self._deck.visible = True
        self.query_one(StartupPanel).display = False
        if self._panes.pane is not None:
            self._panes.pane.focus()
        self.run_worker(self._tabs.run(), group="tabs", exclusive=True)
        self.panes_changed()

    # The ways out

    async def broke(self, error: AgentError, held: float) -> AgentConnection | None:
        """Whether the container still runs, only a new connection can tell."""
        if self._ended or not self.showing:
            return None
        if isinstance(error, SharingEnded):
            self._ended = True
            self.vibe.put_out(self._session, error)
            return None
        if self._stopping:
            self._say_stopped(f"You stopped {self._session.name}. /workspace is kept.")
            return None
        try:
            connection = await self.vibe.core.attach(self._session.session_id)
        except CoreUnavailable as trouble:
            self._say(
                "The connection to the container broke",
                f"{trouble.message} Your programs may still be running.",
                Offer(Choice.START, "Reconnect"),
            )
            return None
        except VibeError:
            self._say_stopped("Its programs have ended. /workspace is kept.")
            return None
        if held >= _HELD_AT_LEAST:
            return connection
        connection.close()
        self._say(
            "The connection to the container broke",
            f"{error.message} The container still runs.",
            Offer(Choice.START, "Reconnect"),
        )
        return None

    def refused(self, error: VibeError) -> None:
        """A pane stays empty."""
        if self.showing and not self._ended:
            self.vibe.tell(error)
        self._give_kept_keys()

    def last_ended(self, status: ExitStatus) -> None:
        """Say how, over its last screen."""
        if self._stopping:
            self._say_stopped(f"You stopped {self._session.name}. /workspace is kept.")
            return
        if self._session.access is Access.VIEWER:
            self._say("The last terminal has ended", "Its owner can open another one.")
            return
        self._say(
            f"The shell ended ({how_it_ended(status)})",
            "The container goes on.\nEnter opens a new shell, l goes back to your sessions.",
            Offer(Choice.START, "New shell"),
        )

    def _say_stopped(self, text: str) -> None:
        self._say(
            "The container has stopped",
            text,
            Offer(Choice.START, "Start again"),
            Offer(Choice.SEE_LOG, "See log"),
        )

    def _say(self, title: str, text: str, *offers: Offer) -> None:
        if not self.showing:
            return
        self._ended = True
        self._note = ""
        self._kept_keys.clear()
        self.workers.cancel_group(self, "tabs")
        panel = self.query_one(EndedPanel)
        panel.display = True
        # From the frame that shows the panel on, keys are the panel's, not the ended terminal's.
        self.set_focus(None)
        panel.say(title, text, [*offers, Offer(Choice.BACK, "Your sessions")])
        self._show_keys()

    @on(ChoiceRow.Chosen)
    def _chosen(self, event: ChoiceRow.Chosen) -> None:
        match event.choice:
            case Choice.START:
                self._begin()
            case Choice.RECREATE:
                self._begin(recreate=True)
            case Choice.SEE_LOG:
                self.app.push_screen(LogScreen(self._session))
            case Choice.CANCEL:
                self.run_worker(self._opening.cancel(), group="cancel", exclusive=True)
            case Choice.BACK:
                self.dismiss(None)

    # What a workspace adds

    def panes_changed(self) -> None:
        """Another pane is looked at, or a tab has another mark."""
        raise NotImplementedError

    def _session_changed(self) -> None:
        raise NotImplementedError

    def _tabs_changed(self) -> None:
        raise NotImplementedError

    def _changed(self) -> None:
        raise NotImplementedError

    def _show_panel(self) -> None:
        raise NotImplementedError

    def _show_title(self) -> None:
        raise NotImplementedError

    def _show_keys(self) -> None:
        raise NotImplementedError

    def _give_kept_keys(self) -> None:
        raise NotImplementedError
