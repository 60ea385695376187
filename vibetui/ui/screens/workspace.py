"""A session with its terminals: keys, the menu of the prefix, tabs, and what is shown of them."""

from __future__ import annotations

from textual import events, on
from textual.widget import Widget

from vibetui.errors import VibeError
from vibetui.model import Access, SessionStatus
from vibetui.terminals import Terminal
from vibetui.terminals.layout import Split, Tab
from vibetui.ui.opening import Phase
from vibetui.ui.prefix import key_bytes, key_name
from vibetui.ui.recording import toggle_recording
from vibetui.ui.screens.base import TakesKeys, give_key
from vibetui.ui.screens.confirm import ConfirmDialog
from vibetui.ui.screens.prefix_menu import MenuChoice, Offers, PrefixMenu
from vibetui.ui.screens.session_screen import SessionScreen
from vibetui.ui.screens.tab_deeds import DIVIDER
from vibetui.ui.widgets.choice_row import Choice, ChoiceRow
from vibetui.ui.widgets.ended_panel import EndedPanel
from vibetui.ui.widgets.key_bar import Hint, KeyBar
from vibetui.ui.widgets.pane_deck import STEP, PaneDeck
from vibetui.ui.widgets.startup_panel import StartupPanel
from vibetui.ui.widgets.tab_strip import TabLabel, TabStrip
from vibetui.ui.widgets.terminal_hints import NO_HINTS
from vibetui.ui.widgets.terminal_pane import TerminalPane
from vibetui.ui.widgets.workspace_title import WorkspaceTitle
from vibetui.ui.wording import BELL, how_it_ended, keeps_running
from vibetui.ui.zoom import zoom

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


class WorkspaceScreen(SessionScreen, TakesKeys):
    """All keys go to the container but the prefix; the bottom line always names it."""

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
            self.vibe.looks_at(self._session.session_id, self._panes.current)
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
        others = sorted(self._tabs.people - {self.vibe.user_name})
        text = None if many else "" if shown is None else shown.emulator.title
        title.show(self._session, now, text, others=others)

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
