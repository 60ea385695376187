"""The user's own terminal, as far as a pane has to do with it."""

from __future__ import annotations

from textual.app import ScreenStackError
from textual.errors import NoWidget
from textual.geometry import Offset
from textual.widget import Widget

from vibetui.terminals.kitty_keyboard import ENCODING
from vibetui.terminals.protocol import Cursor, Modes
from vibetui.ui.widgets.client_state import Wanted
from vibetui.ui.widgets.terminal_driver import TerminalDriver

_SHAPES = {"block": 2, "underline": 4, "bar": 6}
"""DECSCUSR; one less blinks."""


class ClientTerminal:
    """Follows what a pane shows, while the pane has the focus."""

    def __init__(self, pane: Widget) -> None:
        self._pane = pane
        self._cursor = Cursor(0, 0, visible=False)
        self._origin = Offset()
        self._keyboard = 0
        self._shaped = False

    @property
    def draws_cursor(self) -> bool:
        """The terminal shows the cursor itself; otherwise the pane paints it."""
        return self._driver is not None

    @property
    def _driver(self) -> TerminalDriver | None:
        driver = self._pane.app._driver
        return driver if isinstance(driver, TerminalDriver) else None

    def follow(self, modes: Modes, cursor: Cursor, origin: Offset) -> None:
        """The pane has the focus and shows this; `origin` is where its first cell is."""
        if cursor.visible:
            # Where the user's terminal puts what an input method is composing.
            self._pane.app.cursor_position = origin + Offset(cursor.column, cursor.row)
        keyboard = modes.kitty_keyboard if modes.kitty_keyboard & ENCODING else 0
        shown = (cursor, origin, keyboard)
        driver = self._driver
        if driver is None or shown == (self._cursor, self._origin, self._keyboard):
            return
        self._cursor, self._origin, self._keyboard = shown
        # A program that has never asked for a shape gets the one that the user likes.
        self._shaped = self._shaped or cursor.shape != "block" or cursor.blinking
        driver.wanted = self._wanted
        driver.settle()

    def release(self) -> None:
        """The pane has lost the focus, or is gone."""
        driver = self._driver
        if driver is not None and driver.wanted == self._wanted:
            driver.wanted = None
            driver.settle()
        self._cursor = Cursor(0, 0, visible=False)
        self._keyboard = 0

    def _wanted(self) -> Wanted | None:
        driver, cursor = self._driver, self._cursor
        if driver is None or not self._in_front:
            return None
        place = self._origin + Offset(cursor.column, cursor.row)
        visible = cursor.visible and self._in_sight(place)
        return Wanted(
            cursor=(place.y, place.x) if visible else None,
            shape=_SHAPES.get(cursor.shape, 2) - cursor.blinking if self._shaped else 0,
            keyboard=self._keyboard if driver.client.kitty_keyboard else 0,
        )

    @property
    def _in_front(self) -> bool:
        """No dialog is, and the app isn't on its way out."""
        app = self._pane.app
        try:
            return not app._exit and app.focused is self._pane
        except ScreenStackError:
            return False

    def _in_sight(self, place: Offset) -> bool:
        """A notification may lie over it."""
        try:
            widget, _ = self._pane.app.get_widget_at(*place)
        except NoWidget:
            return False
        return widget is self._pane
