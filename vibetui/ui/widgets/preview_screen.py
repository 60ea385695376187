"""Paints a `Picture`: the part of a terminal's screen that there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.geometry import Region
from textual.strip import Strip

from vibetui.terminals.columns import cropped, restyle_cell
from vibetui.terminals.protocol import CellStyle, Run
from vibetui.ui.preview_glass import Picture
from vibetui.ui.widgets.kept_strips import KeptStrips
from vibetui.ui.widgets.terminal_strip import TerminalStrip

_BLANK = CellStyle()


class PreviewScreen(KeptStrips):
    """In the terminal's own colours and no larger than it; reads no key."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    PreviewScreen {
        width: 1fr; height: 1fr; padding: 0; border: none;
        background: ansi_default; color: ansi_default;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture: Picture | None = None
        self._top = 0

    def show(self, picture: Picture | None) -> None:
        """Show this; what is the same as before isn't painted again."""
        before, self._picture = self._picture, picture
        if before is picture:
            return
        if picture is not None:
            self.styles.max_height, self.styles.max_width = len(picture.rows), picture.columns
        if picture is None or before is None or self._moved(before, picture):
            self._afresh()
            return
        rows = self._changed(before, picture)
        for y in rows:
            self._strips.pop(y, None)
        if rows:
            self.refresh(*[Region(0, y, self.size.width, 1) for y in rows])

    def _moved(self, before: Picture, now: Picture) -> bool:
        size = (len(before.rows), before.columns)
        return size != (len(now.rows), now.columns) or self._first_row(now) != self._top

    def _changed(self, before: Picture, now: Picture) -> list[int]:
        """Rows of the widget."""
        end = min(self._top + self.size.height, len(now.rows))
        changed = {y for y in range(self._top, end) if before.rows[y] is not now.rows[y]}
        if before.cursor != now.cursor:
            changed |= {before.cursor.row, now.cursor.row}
        return sorted(y - self._top for y in changed if self._top <= y < end)

    def _afresh(self) -> None:
        self._strips.clear()
        if self._picture is not None:
            self._top = self._first_row(self._picture)
        self.refresh()

    def _first_row(self, picture: Picture) -> int:
        """Around the cursor; without one, where full-screen programs say the most: the top."""
        room, cursor = self.size.height, picture.cursor
        if picture.full_screen and not cursor.visible:
            return 0
        return min(max(cursor.row - room + 1, 0), max(len(picture.rows) - room, 0))

    def on_resize(self) -> None:
        self._afresh()

    def _build(self, y: int, width: int) -> Strip:
        picture, row = self._picture, self._top + y
        if picture is None or row >= len(picture.rows) or not width:
            return Strip.blank(width)
        runs: Sequence[Run] = picture.rows[row]
        cursor = picture.cursor
        if cursor.visible and cursor.row == row:
            style = next((run.style for run in runs if cursor.column < run.end), _BLANK)
            runs = restyle_cell(runs, cursor.column, replace(style, reverse=not style.reverse))
        runs = cropped(runs, 0, width)
        end = runs[-1].end if runs else 0
        if end < width:
            runs = (*runs, Run(end, width, " " * (width - end), _BLANK))
        return TerminalStrip(runs, width, self._left)
