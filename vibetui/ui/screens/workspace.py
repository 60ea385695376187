"""One session: the start-up panel until its container is ready, then its terminals."""

from __future__ import annotations

import asyncio

from structlog.contextvars import bound_contextvars
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.widget import Widget

from vibetui.agent import AgentConnection, ExitStatus
from vibetui.errors import AgentError, CoreUnavailable, SharingEnded, VibeError
from vibetui.model import Access, Session, SessionStatus
from vibetui.terminals import Terminal, TerminalSettings
from vibetui.terminals.layout import Split, Tab
from vibetui.ui.live_panes import LivePanes
from vibetui.ui.opening import Opening, Phase
from vibetui.ui.prefix import key_bytes, key_name
from vibetui.ui.recording import toggle_recording
from vibetui.ui.screens.base import TakesKeys, VibeScreen, give_key
from vibetui.ui.screens.confirm import ConfirmDialog
from vibetui.ui.screens.log import LogScreen
from vibetui.ui.screens.prefix_menu import MenuChoice, Offers, PrefixMenu
from vibetui.ui.screens.tab_deeds import DIVIDER, TabDeeds
from vibetui.ui.tabs import SessionTabs
from vibetui.ui.widgets.choice_row import Choice, ChoiceRow, Offer
from vibetui.ui.widgets.ended_panel import EndedPanel
from vibetui.ui.widgets.key_bar import Hint, KeyBar
from vibetui.ui.widgets.pane_deck import STEP, PaneDeck
from vibetui.ui.widgets.startup_panel import StartupPanel
from vibetui.ui.widgets.tab_strip import TabLabel, TabStrip
from vibetui.ui.widgets.terminal_hints import NO_HINTS
from vibetui.ui.widgets.terminal_pane import TerminalPane
from vibetui.ui.widgets.workspace_title import WorkspaceTitle
from vibetui.ui.wording import BELL, how_it_ended, keeps_running, welcome
from vibetui.ui.zoom import zoom

NOW_RUNNING = "Development container is now running"
_UNNOTICED = 0.05
"""Seconds that nobody notices: an opening that is over by then shows no panel."""
_HELD_AT_LEAST = 2.0
"""Seconds that a connection must have lasted to be renewed without asking."""


_BETWEEN = {Split.COLUMNS: "│", Split.ROWS: "─"}
"""The names of two panes."""
_OPENING = (MenuChoice.NEW_TAB, MenuChoice.SPLIT_COLUMNS, MenuChoice.SPLIT_ROWS)
_DIVIDER_KEYS = {
    "left": -STEP,
    "up": -STEP,
    "left_curly_bracket": -STEP,
    "right": STEP,
    "down": STEP,
    "right_curly_bracket": STEP,
}
_DIVIDER_HINTS = (
    Hint("{ } ← →", "Move", "screen.done_dividing"),
    Hint("esc", "Done", "screen.done_dividing"),
)


def _let_it_go(task: asyncio.Task[AgentConnection | None]) -> None:
    """Close a connection that came when nobody was there to take it."""
    if not task.cancelled() and task.exception() is None and (late := task.result()) is not None:
        late.close()


class WorkspaceScreen(VibeScreen[None], TakesKeys):
    """All keys go to the container but the prefix; the bottom line always names it."""

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

    # The prefix and its menu

    @on(TerminalPane.PrefixPressed)
    def action_menu(self) -> None:
        """Open the menu of the prefix."""
        self._dividing = False
        layout, current = self._tabs.layout, self._panes.current
        tab = None if current is None else layout.tab(current)
        offers = Offers(
            remote=self.vibe.remote,
            viewer=self._session.access is Access.VIEWER,
            owner=self._session.access is Access.OWNER,
            tabs=len(layout.tabs),
            panes=1 if tab is None else len(tab.panes),
        )
        self.app.push_screen(PrefixMenu(self.vibe.settings.prefix_key, offers, self._choose))

    def take_key(self, event: events.Key) -> bool:
        if self.showing and self._panes.waiting and not self._ended:
            # It is for the terminal that is asked for, not for the one that is still shown.
            self._kept_keys.append(event)
            return True
        if self._dividing and self._divide_by_key(event.key):
            return True
        opens = self.showing and event.key == key_name(self.vibe.settings.prefix_key)
        if opens:
            self.action_menu()
        return opens

    def _give_kept_keys(self) -> None:
        kept, self._kept_keys = self._kept_keys, []
        for event in kept:
            give_key(self.app, event)

    def _divide_by_key(self, key: str) -> bool:
        by = _DIVIDER_KEYS.get(key)
        if by is not None:
            self._deeds.move_divider(by)
            return True
        self._dividing = False
        self._show_keys()
        return key in ("enter", "escape")

    def _choose(self, choice: MenuChoice, number: int) -> None:
        if choice in (MenuChoice.QUIT, MenuChoice.TO_LIST):
            self.set_focus(None)  # The pane must not have the keyboard for another frame.
        if choice is MenuChoice.GO_TO:
            self._deeds.go(number - 1)
        elif choice in DIVIDER:
            current = self._panes.current
            tab = None if current is None else self._tabs.layout.tab(current)
            self._dividing = tab is not None and len(tab.panes) > 1
            self._deeds.at_once(choice)
            self._show_keys()
        elif not self._deeds.at_once(choice):
            if choice in _OPENING:
                self._panes.expecting = True
            self.run_worker(self._menu(choice), group="menu", exclusive=True)

    async def _menu(self, choice: MenuChoice) -> None:
        vibe, pane, terminal = self.vibe, self._panes.pane, self._terminal
        match choice:
            case MenuChoice.SEND_PREFIX if terminal is not None:
                terminal.write(key_bytes(vibe.settings.prefix_key))
            case MenuChoice.TO_LIST:
                self.dismiss(None)
            case MenuChoice.COPY_MODE | MenuChoice.SEARCH if pane is not None and terminal:
                pane.copy_mode(searching=choice is MenuChoice.SEARCH)
            case MenuChoice.PASTE if pane is not None:
                pane.paste_clipboard()
            case MenuChoice.ZOOM if pane is not None and terminal is not None:
                await self._zoom(pane, terminal)
            case MenuChoice.SHARE:
                vibe.share(self._session)
            case MenuChoice.RECORD:
                await toggle_recording(vibe, self._session)
            case MenuChoice.STOP:
                await self._stop()
            case MenuChoice.HELP:
                vibe.action_help()
            case MenuChoice.QUIT:
                self._quit()
            case _:
                try:
                    await self._deeds.do(choice)
                finally:
                    self._panes.expecting = False
                    self.panes_changed()

    async def _zoom(self, pane: TerminalPane, terminal: Terminal) -> None:
        vibe = self.vibe
        prefix, name = vibe.settings.prefix_key, self._session.name
        note = await zoom(vibe, pane, terminal, vibe.bypass, prefix=prefix, name=name)
        if self.showing and self._terminal is terminal:
            terminal.resize(pane.size.height, pane.size.width)
        self.app.refresh(layout=True)
        if note and self.showing:
            self.query_one(KeyBar).remark(note)

    async def _stop(self) -> None:
        name = self._session.name
        sure = await self.app.push_screen_wait(
            ConfirmDialog(f"Stop {name}?", "Its programs end. /workspace is kept.", "Stop")
        )
        if not sure:
            return
        self._stopping, self._note = True, "Stopping…"
        self._show_keys()
        try:
            self.vibe.feed.put(await self.vibe.core.stop_session(self._session.session_id))
        except VibeError as error:
            self._stopping, self._note = False, ""
            self.vibe.tell(error)

    def _quit(self) -> None:
        if self._session.status is SessionStatus.STOPPED:
            self.vibe.leave()
        else:
            self.app.exit(keeps_running(self._session.name))

    def on_key(self, event: events.Key) -> None:
        """Keys that no widget took: the pane takes all of them."""
        if self._panes.kept is not None and not self._ended:
            if event.key == "enter":
                self._panes.dismiss_kept()
        elif event.key == "enter" and self.focused is None:
            self._shown_choices().press_preferred()
        elif event.key == "escape" or (self._ended and event.key == "l"):
            self.dismiss(None)
        elif event.key == "ctrl+c" and self._opening.phase is Phase.STARTING:
            self.post_message(ChoiceRow.Chosen(Choice.CANCEL))
        elif event.key in ("question_mark", "f1"):
            self.vibe.action_help()

    def _shown_choices(self) -> ChoiceRow:
        panel: Widget = self.query_one(EndedPanel if self._ended else StartupPanel)
        return panel.query_one(ChoiceRow)

    # What is shown

    def _changed(self) -> None:
        """Paint once for all that comes together: a warm session's events come in one piece."""
        if self.showing and not self._repainting:
            self._repainting = True
            self.call_later(self._repaint)

    def _repaint(self) -> None:
        self._repainting = False
        if not self.showing:
            return
        opening = self._opening
        if opening.progress.working or opening.phase in (Phase.FAILED, Phase.CANCELLING):
            self._show_panel()
        self._show_title()
        self._show_keys()

    def _show_panel(self) -> None:
        """The panel stands until the terminal does; a warm session's is there before it is seen."""
        if self.showing and self._opening.phase is not Phase.OPEN and not self._ended:
            panel = self.query_one(StartupPanel)
            panel.display = True
            panel.refresh_opening()

    def _session_changed(self) -> None:
        session = self.vibe.feed.get(self._session.session_id)
        if session is not None and self.showing:
            self._session = session
            self.query_one(StartupPanel).session_name = session.name
            self._show_title()

    @on(TerminalPane.TitleChanged)
    def _title_changed(self) -> None:
        self._show_title()

    def panes_changed(self) -> None:
        """Another pane is looked at, or a tab has another mark."""
        if not self.showing:
            return
        if self._panes.current is not None:
            self.vibe.looked_at_last[self._session.session_id] = self._panes.current
        if not self._panes.waiting:
            self._give_kept_keys()
        self._changed()

    def _tabs_changed(self) -> None:
        if self.showing and not self._ended:
            self._panes.follow()
            self._changed()

    @on(TabStrip.Chosen)
    def _tab_chosen(self, event: TabStrip.Chosen) -> None:
        self._deeds.go(event.index)

    @on(TabStrip.Turned)
    def _tab_turned(self, event: TabStrip.Turned) -> None:
        self._deeds.turn(event.by)

    @on(PaneDeck.Focused)
    def _pane_focused(self, event: PaneDeck.Focused) -> None:
        self._panes.focused(event.terminal)

    @on(PaneDeck.Divided)
    def _divided(self, event: PaneDeck.Divided) -> None:
        if self._session.access is not Access.VIEWER:
            self._deeds.divide(event.ratio)

    @on(TerminalPane.BellRang)
    def _bell_rang(self) -> None:
        bell = self.vibe.settings.bell
        if bell.audible:
            self.app.bell()
        if bell.visual:
            self.query_one(WorkspaceTitle).ring()

    @on(TerminalPane.Noted)
    def _noted(self, event: TerminalPane.Noted) -> None:
        self.query_one(KeyBar).remark(event.text)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_title)

    def _show_title(self) -> None:
        now = SessionStatus.STARTING if self._opening.under_way else self._session.status
        tabs, shown = self._tabs.layout.tabs, self._panes.terminal
        many = len(tabs) > 1 and not self._ended
        strip, title = self.query_one(TabStrip), self.query_one(WorkspaceTitle)
        strip.display = many
        title.set_class(many, "-beside-tabs")
        if many:
            at = self._tabs.layout.index(self._panes.current or 0)
            strip.show([self._label(tab) for tab in tabs], at or 0)
        title.show(
            self._session, now, None if many else "" if shown is None else shown.emulator.title
        )

    def _label(self, tab: Tab) -> TabLabel:
        text = _BETWEEN[tab.split].join(self._tabs.label(one) for one in tab.panes)
        marks = {self._panes.mark(one) for one in tab.panes}
        return TabLabel(text, BELL if BELL in marks else "".join(marks))

    @on(TerminalPane.HintsChanged)
    def _show_keys(self) -> None:
        menu = Hint(self.vibe.settings.prefix_key, "menu", "screen.menu")
        back = Hint("esc", "Your sessions", "screen.back")
        shown, kept = self._panes.pane, self._panes.kept
        pane = NO_HINTS if shown is None or self._terminal is None else shown.hints
        note = pane.note or ("" if pane.lead else self._note)
        if self._dividing:
            hints: tuple[Hint, ...] = _DIVIDER_HINTS
            self.query_one(KeyBar).show(hints, "", "Divider")
            return
        if kept is not None and not self._ended:
            hints = (menu, Hint("enter", "Close", "screen.close_ended"))
            note = f"The program ended ({how_it_ended(kept)})"
        elif self._terminal is not None:
            hints = (menu, *pane.hints)
        elif self._opening.phase is Phase.STARTING:
            hints = (menu, Hint("ctrl+c", "Cancel", "screen.cancel"), back)
        else:
            hints = (menu, back)
        self.query_one(KeyBar).show(hints, note, pane.lead)

    def action_done_dividing(self) -> None:
        """The divider is where it shall be."""
        self._dividing = False
        self._show_keys()

    def action_close_ended(self) -> None:
        """The last words have been read."""
        self._panes.dismiss_kept()

    def action_back(self) -> None:
        """Back to the list; the session goes on."""
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Give the start up."""
        self.post_message(ChoiceRow.Chosen(Choice.CANCEL))
