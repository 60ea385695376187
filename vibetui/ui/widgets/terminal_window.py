"""`Window`: the part of a terminal's screen that a pane has room for.

A terminal that several people look at has the size of one of them. Whoever has less room sees the
part around the cursor, whoever has more sees where the screen ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from vibetui.terminals.columns import cropped
from vibetui.terminals.protocol import CellStyle, Run

_BEYOND = CellStyle(dim=True)
_DOT = "·"


class Window:
    """Where a pane looks; rows and columns are the screen's unless said otherwise.

    Attributes:
        top: The first row that is shown.
        left: The first column that is shown.
        rows: How many are shown.
        columns: How many are shown.
        panned: The user has moved away from the cursor.
    """

    def __init__(self) -> None:
        self.top = self.left = self.rows = self.columns = 0
        self._screen = (0, 0)
        self._pane = (0, 0)
        self.panned = False

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Equal as long as the same cells are shown."""
        return self.top, self.left, self.rows, self.columns

    def fit(self, screen: tuple[int, int], pane: tuple[int, int]) -> None:
        """Take over the sizes of both, as (rows, columns); with new ones, begin at the top left."""
        if (screen, pane) == (self._screen, self._pane):
            return
        self._screen, self._pane = screen, pane
        self.rows, self.columns = min(screen[0], pane[0]), min(screen[1], pane[1])
        self.top = self.left = 0
        self.panned = False

    def follow(self, row: int, column: int) -> None:
        """Move no farther than this place requires; not at all while the user has moved away."""
        if not self.panned:
            self.top = min(self.top, row) if row < self.top else max(self.top, row - self.rows + 1)
            self.left = min(max(self.left, column - self.columns + 1), max(column, 0))
            self._clamp()

    def pan(self, up: int, cursor_row: int) -> int:
        """Move by so many rows, and stay where the cursor is then out of sight.

        Returns:
            The rows by which there was no room to move.
        """
        before = self.top
        self.top -= up
        self._clamp()
        self.panned = not self.top <= cursor_row < self.top + self.rows
        return up - (before - self.top)

    def come_back(self) -> None:
        """To the cursor, wherever the user has moved."""
        self.panned = False

    def _clamp(self) -> None:
        self.top = min(max(self.top, 0), self._screen[0] - self.rows)
        self.left = min(max(self.left, 0), self._screen[1] - self.columns)

    def shows(self, row: int, column: int) -> bool:
        """Whether a cell of the screen is in sight."""
        return 0 <= row - self.top < self.rows and 0 <= column - self.left < self.columns

    def holds(self, x: int, y: int) -> bool:
        """Whether there is a cell of the screen at a place of the pane."""
        return 0 <= x < self.columns and 0 <= y < self.rows

    def cell(self, x: int, y: int) -> tuple[int, int]:
        """The row and the column of the cell in sight that is nearest to a place of the pane."""
        row = self.top + min(max(y, 0), max(self.rows - 1, 0))
        return row, self.left + min(max(x, 0), max(self.columns - 1, 0))

    def cut(self, runs: Sequence[Run]) -> Sequence[Run]:
        """What is in sight of a row, its columns those of the pane."""
        if not self.left and (not runs or runs[-1].end <= self.columns):
            return runs
        return cropped(runs, self.left, self.left + self.columns)

    def beyond(self, y: int) -> tuple[Run, ...]:
        """What the pane shows in its row `y` to the right of the screen and below it."""
        width, start = self._pane[1], self.columns
        if y < self.rows:
            text = ("│" + _DOT * width)[: width - start]
        else:
            # The line below is as long as the screen is wide.
            edge = "─" * start + "┘" if y == self.rows else ""
            text, start = (edge + _DOT * width)[:width], 0
        return (Run(start, width, text, _BEYOND),) if text else ()
