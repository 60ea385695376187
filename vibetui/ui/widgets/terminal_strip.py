"""`TerminalStrip`: a row of a terminal as Textual paints it, without Rich on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from vibetui.terminals.protocol import CellStyle, Run
from vibetui.ui.widgets.terminal_columns import in_columns
from vibetui.ui.widgets.terminal_styles import ALL_UNDERLINES, RESET, painted, rich_style, sgr

_MOST_STYLES = 8192


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

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """As `Strip.divide`, which keeps a strip that isn't cut in a cache of its own.

        Such a cycle is garbage that only a collection finds: all of a frame, with its runs.
        """
        cuts = list(cuts)
        return [self] if cuts == [self.cell_length] else super().divide(cuts)

    def render(self, console: Console) -> str:
        """The row as text and SGR, ending in the default style."""
        if self._render_cache is None:
            system = console._color_system or ColorSystem.TRUECOLOR
            self._render_cache = _painter(system, console in ALL_UNDERLINES).row(
                self._runs, self._left
            )
        return self._render_cache


class _Painter:
    """Turns runs into SGR and text for one kind of terminal.

    A style's hash takes longer than all else about a run, so sequences are found by identity: both
    emulators have one object for a style.
    """

    def __init__(self, system: ColorSystem, all_underlines: bool) -> None:
        self._system, self._all_underlines = system, all_underlines
        self._known: dict[int, tuple[CellStyle, str]] = {}

    def row(self, runs: Sequence[Run], left: int) -> str:
        known = self._known
        pieces: list[str] = []
        for run in runs:
            style, text = run.style, run.text
            found = known.get(id(style))
            if found is None or found[0] is not style:
                found = self._remember(style)
            if style.link:
                placed = run if text.isascii() else run._replace(text=in_columns(run, left))
                pieces.append(painted(placed, self._system, self._all_underlines))
            else:
                pieces += (found[1], text if text.isascii() else in_columns(run, left))
        pieces.append(RESET)
        return "".join(pieces)

    def _remember(self, style: CellStyle) -> tuple[CellStyle, str]:
        if len(self._known) >= _MOST_STYLES:
            self._known.clear()
        found = style, sgr(style, self._system, self._all_underlines)
        self._known[id(style)] = found
        return found


@lru_cache(maxsize=8)
def _painter(system: ColorSystem, all_underlines: bool) -> _Painter:
    return _Painter(system, all_underlines)
