"""What a person does to the tabs and panes of a session."""

from __future__ import annotations

from vibetui.errors import VibeError
from vibetui.terminals.layout import Layout, Split
from vibetui.ui.live_panes import LivePanes
from vibetui.ui.screens.base import VibeScreen
from vibetui.ui.screens.confirm import ConfirmDialog
from vibetui.ui.screens.prefix_menu import MenuChoice
from vibetui.ui.screens.rename_tab import RenameTabDialog
from vibetui.ui.tabs import SessionTabs, in_plain_words
from vibetui.ui.widgets.pane_deck import STEP

_SPLITS = {MenuChoice.SPLIT_COLUMNS: Split.COLUMNS, MenuChoice.SPLIT_ROWS: Split.ROWS}
_TURNS = {MenuChoice.NEXT_TAB: 1, MenuChoice.PREVIOUS_TAB: -1}
_MOVES = {MenuChoice.MOVE_LEFT: -1, MenuChoice.MOVE_RIGHT: 1}
DIVIDER = {MenuChoice.SHRINK: -STEP, MenuChoice.GROW: STEP}


class TabDeeds:
    """Of one workspace."""

    def __init__(self, screen: VibeScreen[None], tabs: SessionTabs, panes: LivePanes) -> None:
        self._screen = screen
        self._tabs = tabs
        self._panes = panes

    @property
    def _layout(self) -> Layout:
        return self._tabs.layout

    def at_once(self, choice: MenuChoice) -> bool:
        """Do what needs no answer; whether `choice` was such a thing."""
        current = self._panes.current
        if current is None:
            return False
        if choice in _TURNS:
            self.turn(_TURNS[choice])
        elif choice in _MOVES:
            self._tabs.arrange(self._layout.moved(current, _MOVES[choice]))
        elif choice in DIVIDER:
            self.move_divider(DIVIDER[choice])
        elif choice is MenuChoice.OTHER_PANE:
            if (tab := self._layout.tab(current)) is not None:
                self._panes.go(next((one for one in tab.panes if one != current), current))
        elif choice is MenuChoice.OWN_TAB:
            self._tabs.arrange(self._layout.parted(current))
        else:
            return False
        return True

    async def do(self, choice: MenuChoice) -> None:
        """What needs the agent, or a person's answer."""
        current = self._panes.current
        if current is None:
            return
        try:
            if choice is MenuChoice.NEW_TAB:
                await self._panes.new(None)
            elif choice in _SPLITS:
                await self._split(current, _SPLITS[choice])
            elif choice is MenuChoice.RENAME_TAB:
                await self._rename(current)
            elif choice is MenuChoice.CLOSE:
                await self._close(current)
        except VibeError as error:
            self._screen.vibe.tell(in_plain_words(error))

    def turn(self, by: int) -> None:
        """Look at the tab that is so many further, round the ends."""
        current, layout = self._panes.current, self._layout
        at = None if current is None else layout.index(current)
        if at is not None:
            self.go((at + by) % len(layout.tabs))

    def go(self, index: int) -> None:
        """Look at a tab, at the pane of it that was looked at last."""
        if index < len(self._layout.tabs):
            self._panes.go(self._panes.latest(self._layout.tabs[index].panes))

    def move_divider(self, by: float) -> None:
        """Give the first pane more of the space, or less."""
        current = self._panes.current
        tab = None if current is None else self._layout.tab(current)
        if tab is not None:
            self.divide(tab.ratio + by)

    def divide(self, ratio: float) -> None:
        """Give the first pane so much of the space."""
        current = self._panes.current
        tab = None if current is None else self._layout.tab(current)
        if current is not None and tab is not None and len(tab.panes) > 1:
            self._tabs.arrange(self._layout.resized(current, ratio))

    async def _split(self, current: int, split: Split) -> None:
        tab = self._layout.tab(current)
        if tab is not None and len(tab.panes) > 1:
            raise VibeError("This tab has two panes already.", "Open another tab for the third.")
        await self._panes.new(split)

    async def _rename(self, current: int) -> None:
        info = self._tabs.info(current)
        dialog = RenameTabDialog("" if info is None else info.name)
        name = await self._screen.app.push_screen_wait(dialog)
        if name is not None:
            await self._tabs.rename(current, name)

    async def _close(self, current: int) -> None:
        if command := await self._tabs.running_in(current):
            dialog = ConfirmDialog(
                "Close this terminal?", f"{command} runs in it, and ends.", "Close"
            )
            if not await self._screen.app.push_screen_wait(dialog):
                return
        await self._tabs.close([current])
