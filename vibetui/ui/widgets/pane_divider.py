"""The line between the two panes of a tab."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from vibetui.terminals.layout import Split
from vibetui.ui.styles import stylesheet

_EDGES = {
    (Split.COLUMNS, 0): "▌",
    (Split.COLUMNS, 1): "▐",
    (Split.ROWS, 0): "▀",
    (Split.ROWS, 1): "▄",
}
"""The half of it that belongs to the pane with the keyboard."""


class PaneDivider(Widget):
    """Its coloured half lies at the pane that has the keyboard; it can be dragged."""

    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "pane_divider")
    ALLOW_SELECT = False

    @dataclass
    class Dragged(Message):
        """The mouse has it at this place of the screen."""

        x: int
        y: int

    def __init__(self) -> None:
        super().__init__()
        self._split, self._side = Split.COLUMNS, 0
        self._held = False

    def show(self, split: Split, side: int) -> None:
        """Lie so, the pane at `side` (0 or 1) having the keyboard."""
        if (split, side) != (self._split, self._side):
            self._split, self._side = split, side
            self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """One character, all along."""
        text = _EDGES[self._split, self._side] * crop.width
        strip = Strip([Segment(text, self.rich_style)], crop.width)
        return [strip] * crop.height

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take it."""
        event.stop()
        self._held = True
        self.add_class("-held")
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag it."""
        event.stop()
        if self._held:
            self.post_message(self.Dragged(event.screen_x, event.screen_y))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let it go."""
        event.stop()
        if self._held:
            self._held = False
            self.remove_class("-held")
            self.release_mouse()
