"""The cursor of copy mode: where it is, how keys move it, and the viewport that goes with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vibetui.terminals.lines import Lines, Point
from vibetui.terminals.words import next_word, word_before, word_end


class CopyCursor:
    """Starts where the program's cursor is, or at the bottom of what is shown.

    Attributes:
        at: Its place.
        top: The line that the viewport begins with.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.top = lines.top
        self.at = self._start()
        self._goal = self.at.column
        """The column that it keeps to on its way over short lines."""

    def _start(self) -> Point:
        cursor, bottom = self._lines.emulator.cursor, self._lines.emulator.rows - 1
        row, column = (cursor.row, cursor.column) if cursor.visible else (bottom, 0)
        return Point(self.top + row, column)

    def move(self, key: str) -> bool:
        """Do what a key says; False where it isn't one of the cursor's."""
        if (motion := MOTIONS.get(key)) is None:
            return False
        motion(self)
        self._show()
        return True

    def go(self, point: Point) -> None:
        """To another place, which is brought into view with lines around it."""
        self.at = self._lines.clamp(point)
        self._goal = self.at.column
        rows = self._lines.emulator.rows
        if not self.top <= self.at.line < self.top + rows:
            self.top = self.at.line - rows // 2
        self._show()

    def back(self, place: Point, top: int) -> None:
        """To where it was, with the same lines in view."""
        self.top = top
        self.at = self._lines.clamp(place)
        self._goal = self.at.column
        self._show()

    def scroll(self, up: int) -> None:
        """Move what is shown; the cursor stays on its line as long as that is in sight."""
        self.top -= up
        self._show(follow=False)

    def hold(self) -> None:
        """Keep in view what is in view, whatever the program has printed."""
        self.at = self._lines.clamp(self.at)
        self._show(follow=False)

    def renumbered(self) -> None:
        """Lines have other numbers now: begin again where the viewport is."""
        self.top = self._lines.top
        self.at = self._lines.clamp(self._start())

    def _show(self, *, follow: bool = True) -> None:
        lines, rows = self._lines, self._lines.emulator.rows
        if follow:
            self.top = min(max(self.top, self.at.line - rows + 1), self.at.line)
        self.top = min(max(self.top, lines.first), lines.screen)
        line = min(max(self.at.line, self.top), self.top + rows - 1)
        self.at = Point(line, self.at.column)
        lines.scroll_to(self.top)

    # Motions

    def across(self, columns: int) -> None:
        """Left or right, over characters."""
        cell = self._lines.cell_at(self.at)
        column = self.at.column
        if cell is not None:
            column = cell.end if columns > 0 else cell.start - 1
        self._set_column(column)
        if columns < 0 and (cell := self._lines.cell_at(self.at)) is not None:
            self._set_column(cell.start)

    def _set_column(self, column: int) -> None:
        self.at = self._lines.clamp(Point(self.at.line, column))
        self._goal = self.at.column

    def along(self, down: int) -> None:
        """Up or down."""
        self.at = self._lines.clamp(Point(self.at.line + down, self._goal))

    def page(self, down: float) -> None:
        """By so many screens."""
        distance = round((self._lines.emulator.rows - 1) * down)
        self.top += distance
        self.along(distance)

    def word(self, step: Callable[[Lines, Point], Point]) -> None:
        self.at = step(self._lines, self.at)
        self._goal = self.at.column

    def line_end(self) -> None:
        cells = self._lines.cells(self.at.line)
        used = [cell.start for cell in cells if not cell.text.isspace()]
        self._set_column(used[-1] if used else 0)

    def line_start(self) -> None:
        self._set_column(0)

    def first_word(self) -> None:
        """To the first character of the line that isn't blank."""
        cells = self._lines.cells(self.at.line)
        self._set_column(next((cell.start for cell in cells if not cell.text.isspace()), 0))

    def to_line(self, number: int) -> None:
        self.at = self._lines.clamp(Point(number, self.at.column))

    def to_row(self, part: float) -> None:
        """Within what is shown: 0 is its first line, 1 its last."""
        self.to_line(self.top + round((self._lines.emulator.rows - 1) * part))

    def to_oldest(self) -> None:
        self.to_line(self._lines.first)

    def to_newest(self) -> None:
        self.to_line(self._lines.stop - 1)


Motion = Callable[[CopyCursor], None]


def _keys(keys: str, motion: Motion) -> dict[str, Motion]:
    return dict.fromkeys(keys.split(), motion)


MOTIONS: Mapping[str, Motion] = MappingProxyType(
    {
        **_keys("left h backspace", lambda cursor: cursor.across(-1)),
        **_keys("right l", lambda cursor: cursor.across(1)),
        **_keys("up k ctrl+p", lambda cursor: cursor.along(-1)),
        **_keys("down j ctrl+n", lambda cursor: cursor.along(1)),
        **_keys("pageup ctrl+b shift+pageup", lambda cursor: cursor.page(-1)),
        **_keys("pagedown ctrl+f shift+pagedown", lambda cursor: cursor.page(1)),
        **_keys("ctrl+u", lambda cursor: cursor.page(-0.5)),
        **_keys("ctrl+d", lambda cursor: cursor.page(0.5)),
        **_keys("g ctrl+home shift+home", CopyCursor.to_oldest),
        **_keys("G ctrl+end shift+end", CopyCursor.to_newest),
        **_keys("0 home ctrl+a", CopyCursor.line_start),
        **_keys("$ end ctrl+e", CopyCursor.line_end),
        **_keys("^", CopyCursor.first_word),
        **_keys("H", lambda cursor: cursor.to_row(0)),
        **_keys("M", lambda cursor: cursor.to_row(0.5)),
        **_keys("L", lambda cursor: cursor.to_row(1)),
        **_keys("w ctrl+right alt+f", lambda cursor: cursor.word(next_word)),
        **_keys("e", lambda cursor: cursor.word(word_end)),
        **_keys("b ctrl+left alt+b", lambda cursor: cursor.word(word_before)),
    }
)
"""By Textual's name of a key, or the character that it makes."""
