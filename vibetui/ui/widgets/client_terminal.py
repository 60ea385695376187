"""The user's own terminal, as far as a pane has to do with it."""

from __future__ import annotations

from textual.app import App
from textual.geometry import Offset

from vibetui.terminals.protocol import Cursor, Modes


class ClientTerminal:
    """Follows what the pane with the focus shows.

    Attributes:
        draws_cursor: The terminal shows the cursor itself; otherwise the pane paints it.
    """

    draws_cursor = False

    def __init__(self, app: App[object]) -> None:
        self._app = app

    def follow(self, modes: Modes, cursor: Cursor, origin: Offset) -> None:  # noqa: ARG002
        """The pane has the focus and shows this; `origin` is where its first cell is."""
        if cursor.visible:
            # Where the user's terminal puts what an input method is composing.
            self._app.cursor_position = origin + Offset(cursor.column, cursor.row)

    def release(self) -> None:
        """The pane has lost the focus, or is gone."""
