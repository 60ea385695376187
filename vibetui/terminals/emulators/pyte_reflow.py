"""Wrapping the first screen and its history anew when the width changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vibetui.terminals.emulators.pyte_cells import (
    SOFT,
    SOFT_SPACER,
    Line,
    Packed,
    pack,
)
from vibetui.terminals.protocol import CellStyle


@dataclass(slots=True)
class Reflowed:
    """The screen after a resize; the cursor's row and column are in `rows`."""

    history: deque[Packed]
    rows: list[Line]
    row: int
    column: int
    pending: bool


def reflow(
    history: deque[Packed],
    rows: list[Line],
    cursor: tuple[int, int],
    lines: int,
    columns: int,
) -> Reflowed:
    """`history` and `rows` as a screen of `lines` x `columns`.

    The cursor stays on its character, and the screen's first line on top, as far as the content
    fits; a screen that was full stays full, out of the history or into it.
    """
    y, x = cursor
    used = max([y + 1] + [index + 1 for index, line in enumerate(rows) if _written(line)])
    old = [*history, *(pack(line) for line in rows[:used])]
    marks = _Marks(cursor_line=len(history) + y, cursor_x=x, top_line=len(history))
    if columns == len(rows[0].text):
        marks.keep()
        new = old
    else:
        new = list(_wrapped_anew(old, columns, marks))
    top = marks.top_at
    if len(new) - top > lines:
        # Blank rows below the cursor went already; now what is topmost goes into the history.
        top = min(len(new) - lines, marks.cursor_at)
    elif used == len(rows):
        top = max(0, len(new) - lines)
    screen = [line.line(columns) for line in new[top : top + lines]]
    screen += [Line(columns) for _ in range(lines - len(screen))]
    column = min(marks.column, columns - 1)
    return Reflowed(
        deque(new[:top], maxlen=history.maxlen),
        screen,
        min(max(marks.cursor_at - top, 0), lines - 1),
        column,
        marks.column >= columns,
    )


@dataclass(slots=True)
class _Marks:
    """Where the cursor and the screen's top are, before (lines of `old`) and after."""

    cursor_line: int
    cursor_x: int
    top_line: int
    cursor_at: int = 0
    column: int = 0
    top_at: int = 0

    def keep(self) -> None:
        self.cursor_at, self.column, self.top_at = self.cursor_line, self.cursor_x, self.top_line


def _written(line: Line) -> bool:
    return not line.plain or bool("".join(line.text).strip(" "))


def _wrapped_anew(old: list[Packed], columns: int, marks: _Marks) -> Iterator[Packed]:
    at = 0
    for start, group in _logical_lines(old):
        marked = start <= marks.cursor_line < start + len(group)
        marked = marked or start <= marks.top_line < start + len(group)
        if not marked and len(group) == 1 and not group[0].wrapped and _fits(group[0], columns):
            yield group[0]
            at += 1
            continue
        cells, styles, starts = _joined(group)
        pieces = list(_pieces(cells, columns))
        if start <= marks.top_line < start + len(group):
            marks.top_at = at + _piece_of(pieces, starts[marks.top_line - start])[0]
        if start <= marks.cursor_line < start + len(group):
            offset = starts[marks.cursor_line - start] + marks.cursor_x
            index, column = _piece_of(pieces, min(offset, len(cells)))
            marks.cursor_at = at + index
            if offset > len(cells):
                column = min(column + offset - len(cells), columns - 1)
            marks.column = column
        yield from _packed_pieces(cells, styles, pieces, columns)
        at += len(pieces)


def _logical_lines(old: list[Packed]) -> Iterator[tuple[int, list[Packed]]]:
    """(index of the first, lines) of what was one line before it was wrapped."""
    start, group = 0, []
    for index, line in enumerate(old):
        group.append(line)
        if not line.wrapped:
            yield start, group
            start, group = index + 1, []
    if group:
        yield start, group


def _fits(line: Packed, columns: int) -> bool:
    return len(line.text) <= columns or len(line.cells()) <= columns


def _joined(group: list[Packed]) -> tuple[list[str], list[CellStyle], list[int]]:
    """Cells, their styles, and where in them each line of `group` starts."""
    cells: list[str] = []
    styles: list[CellStyle] = []
    starts: list[int] = []
    for line in group:
        starts.append(len(cells))
        found = line.cells()
        cells += found
        styles += line.styles(len(found))
        if line.wrapped == SOFT_SPACER and found[-1] == " ":
            del cells[-1], styles[-1]
    return cells, styles, starts


def _pieces(cells: list[str], columns: int) -> Iterator[tuple[int, int]]:
    """(start, end) of what goes into each row; a wide character stays whole."""
    start = 0
    while True:
        end = min(start + columns, len(cells))
        if end < len(cells) and not cells[end] and end - 1 > start:
            end -= 1
        yield start, end
        start = end
        if start >= len(cells):
            return


def _piece_of(pieces: list[tuple[int, int]], offset: int) -> tuple[int, int]:
    """(index of the piece, column in it) of a cell; past the last cell, behind it."""
    for index, (start, end) in enumerate(pieces):
        if offset < end or index == len(pieces) - 1:
            return index, offset - start
    raise AssertionError("a line has a piece")


def _packed_pieces(
    cells: list[str], styles: list[CellStyle], pieces: Iterable[tuple[int, int]], columns: int
) -> Iterator[Packed]:
    for start, end in pieces:
        line = Line(0)
        line.text, line.styles = cells[start:end], styles[start:end]
        line.plain = False
        if columns == 1 and ("" in cells[end : end + 1] or line.text == [""]):
            # No half of a wide character may stand alone.
            line.text = [" "]
        if end < len(cells):
            line.wrapped = SOFT if end - start == columns else SOFT_SPACER
        line.crop(columns)
        yield pack(line)
