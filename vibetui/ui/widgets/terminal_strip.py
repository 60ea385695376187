"""`TerminalStrip`: a row of a terminal as Textual paints it, without Rich on the way."""

from __future__ import annotations

from collections.abc import Sequence

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from vibetui.terminals.protocol import Run
from vibetui.ui.widgets.terminal_columns import in_columns
from vibetui.ui.widgets.terminal_styles import ALL_UNDERLINES, RESET, painted, rich_style


class TerminalStrip(Strip):
    """Renders straight to SGR; segments are made only when something takes the strip apart.

    A full 200x50 frame costs 2-4 ms this way, 11 ms through segments and Rich styles.

    Args:
        runs: The row's.
        columns: How many it has.
        left: The column of the user's terminal in which it begins.
    """

    __slots__ = ("_left", "_made", "_runs")

    def __init__(self, runs: Sequence[Run], columns: int, left: int = 0) -> None:
        self._runs = runs
        self._left = left
        self._made: list[Segment] | None = None
        super().__init__((), columns)
        self._made = None

    # The base class keeps its segments in a slot of this name, and all its methods go through it.
    @property
    def _segments(self) -> list[Segment]:
        if self._made is None:
            self._made = [Segment(run.text, rich_style(run.style)) for run in self._runs]
        return self._made

    @_segments.setter
    def _segments(self, segments: list[Segment]) -> None:
        self._made = segments

    def render(self, console: Console) -> str:
        """The row as text and SGR, ending in the default style."""
        if self._render_cache is None:
            system = console._color_system or ColorSystem.TRUECOLOR
            underlines = console in ALL_UNDERLINES
            pieces = [
                painted(run._replace(text=in_columns(run, self._left)), system, underlines)
                if not run.text.isascii()
                else painted(run, system, underlines)
                for run in self._runs
            ]
            self._render_cache = "".join(pieces) + RESET
        return self._render_cache
