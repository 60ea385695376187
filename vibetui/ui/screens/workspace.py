"""One session: the start-up panel until its container is ready, then its terminal."""

from __future__ import annotations

import asyncio

from structlog.contextvars import bound_contextvars
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from vibetui.agent import AgentConnection, ExitStatus
from vibetui.errors import AgentError, CoreUnavailable, SharingEnded, VibeError
from vibetui.model import Access, Session, SessionStatus
from vibetui.terminals import Terminal, TerminalSettings
from vibetui.ui.opening import Opening, Phase
from vibetui.ui.prefix import key_bytes, key_name
from vibetui.ui.screens.base import TakesKeys, VibeScreen
from vibetui.ui.screens.confirm import ConfirmDialog
from vibetui.ui.screens.log import LogScreen
from vibetui.ui.screens.prefix_menu import MenuChoice, PrefixMenu
from vibetui.ui.widgets.choice_row import Choice, ChoiceRow, Offer
from vibetui.ui.widgets.ended_panel import EndedPanel
from vibetui.ui.widgets.key_bar import Hint, KeyBar
from vibetui.ui.widgets.startup_panel import StartupPanel
from vibetui.ui.widgets.terminal_hints import NO_HINTS
from vibetui.ui.widgets.terminal_pane import TerminalPane
from vibetui.ui.widgets.workspace_title import WorkspaceTitle
from vibetui.ui.wording import keeps_running, welcome
from vibetui.ui.zoom import zoom

NOW_RUNNING = "Development container is now running"
_UNNOTICED = 0.05
"""Seconds that nobody notices: an opening that is over by then shows no panel."""
_HELD_AT_LEAST = 2.0
"""Seconds that a connection must have lasted to be renewed without asking."""


def _let_it_go(task: asyncio.Task[AgentConnection | None]) -> None:
    """Close a connection that came when nobody was there to take it."""
    if not task.cancelled() and task.exception() is None and (late := task.result()) is not None:
        late.close()


class WorkspaceScreen(VibeScreen[None], TakesKeys):
    """All keys go to the container but the prefix; the bottom line always names it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._terminal: Terminal | None = None
        self._title = ""
        self._note = ""
        self._stopping = False
        self._ended = False
        self._repainting = False
        self._first: asyncio.Task[AgentConnection | None] | None = None
        vibe = self.vibe
        self._opening = Opening(vibe.core, session.session_id, vibe.world, self._changed)

    def depart(self) -> None:
        """Begin to open the session while the screen is still being made (60 ms)."""
        self._first = asyncio.ensure_future(self._opening.run())

    def compose(self) -> ComposeResult:
        vibe = self.vibe
        yield WorkspaceTitle()
        with Container(id="stage"):
            self._pane = TerminalPane(
                prefix_key=vibe.settings.prefix_key, opens_links=not vibe.remote
            )
            self._pane.id, self._pane.visible = "pane", False
            yield self._pane
            yield StartupPanel(self._opening, vibe.world)
            yield EndedPanel()
        yield KeyBar()

    def on_mount(self) -> None:
        self._unsubscribe = self.vibe.feed.subscribe(self._session_changed)
        self.query_one(StartupPanel).session_name = self._session.name
        self.query_one(EndedPanel).display = False
        self._show_title()
        # The terminal is opened in the size of the pane, which the first layout decides.
        self.call_after_refresh(self._begin)

    async def on_unmount(self) -> None:
        self._unsubscribe()
        self.workers.cancel_group(self, "visit")
        if self._first is not None:
            self._first.add_done_callback(_let_it_go)
            self._first.cancel()
        terminal = self._pane.terminal
        self._pane.show(None)
        await self._let_go(terminal)

    # The way in

    def _begin(self, *, recreate: bool = False) -> None:
        self._stopping = self._ended = False
        self._note = ""
        self.query_one(EndedPanel).display = False
        self.query_one(StartupPanel).begin()
        self.set_timer(_UNNOTICED, self._show_panel)
        self._pane.visible = False
        self.set_focus(None)
        self.run_worker(self._visit(recreate), group="visit", exclusive=True)
        self._changed()

    async def _visit(self, recreate: bool) -> None:
        first, self._first = self._first, None
        connection = await (first or self._opening.run(recreate=recreate))
        if connection is not None and not self._opening.progress.warm:
            self._note = NOW_RUNNING
        while connection is not None:
            connection = await self._use(connection)

    async def _use(self, connection: AgentConnection) -> AgentConnection | None:
        """Show the terminal until it ends; answers a connection to go on with, if there is one."""
        # The pane has no size of its own while it is hidden; it fills the stage.
        stage, settings = self.query_one("#stage"), self.vibe.settings
        try:
            with bound_contextvars(session_id=self._session.session_id):
                terminal = await Terminal.start(
                    connection,
                    rows=stage.size.height,
                    columns=stage.size.width,
                    settings=TerminalSettings.of(settings),
                    banner=welcome(self._session.name, settings.prefix_key),
                    read_only=self._session.access is Access.VIEWER,
                )
        except VibeError as error:
            self._opening.failed(error)
            return None
        if not self.showing:
            terminal.close()
            return None
        began = self.vibe.world.monotonic()
        before = self._pane.terminal
        self._reveal(terminal)
        await self._let_go(before)
        try:
            self._say_shell_ended(await terminal.run())
            return None
        except SharingEnded as ended:
            self.vibe.put_out(self._session, ended)
            return None
        except AgentError as error:
            return await self._after_break(error, self.vibe.world.monotonic() - began)
        finally:
            self._terminal = None
            terminal.close()

    async def _let_go(self, terminal: Terminal | None) -> None:
        """The last screen is looked at until another takes its place; then it is freed."""
        if terminal is not None:
            terminal.close()
            await terminal.wait_closed()

    def _reveal(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._opening.opened()
        self._pane.show(terminal)
        self._pane.visible = True
        self.query_one(StartupPanel).display = False
        self._pane.focus()
        self._show_keys()

    # The ways out

    async def _after_break(self, error: AgentError, held: float) -> AgentConnection | None:
        """Whether the container still runs, only a new connection can tell."""
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

    def _say_shell_ended(self, status: ExitStatus) -> None:
        if self._stopping:
            self._say_stopped(f"You stopped {self._session.name}. /workspace is kept.")
            return
        how = f"exit {status.code}" if status.code is not None else f"signal {status.signal}"
        self._say(
            f"The shell ended ({how})",
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
        self._terminal, self._note = None, ""
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
        menu = PrefixMenu(self.vibe.settings.prefix_key, remote=self.vibe.remote)
        self.app.push_screen(menu, self._chosen_from_menu)

    def take_key(self, event: events.Key) -> bool:
        opens = self.showing and event.key == key_name(self.vibe.settings.prefix_key)
        if opens:
            self.action_menu()
        return opens

    def _chosen_from_menu(self, choice: MenuChoice | None) -> None:
        if choice in (MenuChoice.QUIT, MenuChoice.TO_LIST):
            self.set_focus(None)  # The pane must not have the keyboard for another frame.
        self.run_worker(self._menu(choice), group="menu", exclusive=True)

    async def _menu(self, choice: MenuChoice | None) -> None:
        vibe = self.vibe
        match choice:
            case MenuChoice.SEND_PREFIX if self._terminal is not None:
                self._terminal.write(key_bytes(vibe.settings.prefix_key))
            case MenuChoice.TO_LIST:
                self.dismiss(None)
            case MenuChoice.COPY_MODE | MenuChoice.SEARCH if self._terminal is not None:
                self._pane.copy_mode(searching=choice is MenuChoice.SEARCH)
            case MenuChoice.PASTE:
                self._pane.paste_clipboard()
            case MenuChoice.ZOOM if self._terminal is not None:
                await self._zoom(self._terminal)
            case MenuChoice.SHARE:
                vibe.share(self._session)
            case MenuChoice.STOP:
                await self._stop()
            case MenuChoice.HELP:
                vibe.action_help()
            case MenuChoice.QUIT:
                self._quit()
            case _:
                pass

    async def _zoom(self, terminal: Terminal) -> None:
        vibe, pane = self.vibe, self._pane
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
        if event.key == "enter" and self.focused is None:
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
        if self.showing and self._terminal is None and not self._ended:
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
    def _title_changed(self, event: TerminalPane.TitleChanged) -> None:
        self._title = event.title
        self._show_title()

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
        self.query_one(WorkspaceTitle).show(self._session, now, self._title)

    @on(TerminalPane.HintsChanged)
    def _show_keys(self) -> None:
        menu = Hint(self.vibe.settings.prefix_key, "menu", "screen.menu")
        back = Hint("esc", "Your sessions", "screen.back")
        pane = self._pane.hints if self._terminal is not None else NO_HINTS
        if self._terminal is not None:
            hints: tuple[Hint, ...] = (menu, *pane.hints)
        elif self._opening.phase is Phase.STARTING:
            hints = (menu, Hint("ctrl+c", "Cancel", "screen.cancel"), back)
        else:
            hints = (menu, back)
        note = pane.note or ("" if pane.lead else self._note)
        self.query_one(KeyBar).show(hints, note, pane.lead)

    def action_back(self) -> None:
        """Back to the list; the session goes on."""
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Give the start up."""
        self.post_message(ChoiceRow.Chosen(Choice.CANCEL))
