"""Wrapping the first screen and its history anew when the width changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

from vibetui.terminals.emulators.pyte_cells import (
    HARD,
    SOFT,
    SOFT_SPACER,
    Line,
    Packed,
    pack,
    packed_text,
)
from vibetui.terminals.protocol import CellStyle

_GROWTH = 8


@dataclass(slots=True)
class Reflowed:
    """The screen after a resize; the cursor's row and column are in `rows`.

    `offset` is how far the viewport is scrolled back to show what it showed.
    """

    history: deque[Packed]
    rows: list[Line]
    row: int
    column: int
    pending: bool
    offset: int


def reflow(
    history: deque[Packed],
    rows: list[Line],
    cursor: tuple[int, int],
    lines: int,
    columns: int,
    *,
    limit: int,
    offset: int,
) -> Reflowed:
    """`history` and `rows` as a screen of `lines` x `columns`.

    The cursor stays on its character, and the screen's first line on top, as far as the content
    fits; a screen that was full stays full, out of the history or into it. The history may grow to
    `_GROWTH` times its `limit`, lest a moment of narrowness lose what was wrapped.
    """
    y, x = cursor
    used = max(y, last_written(rows)) + 1
    old = [*history, *(pack(line) for line in rows[:used])]
    marks = _Marks(len(history) + y, x, (len(history), len(history) - offset))
    new = old if columns == len(rows[0].text) else list(_wrapped_anew(old, columns, marks))
    top, view = marks.lines_at
    if len(new) - top > lines:
        # Blank rows below the cursor went already; now what is topmost goes into the history.
        top = min(len(new) - lines, marks.cursor_at)
    elif used == len(rows):
        top = max(0, len(new) - lines)
    screen = [line.line(columns) for line in new[top : top + lines]]
    screen += [Line(columns) for _ in range(lines - len(screen))]
    column = min(marks.column, columns - 1)
    return Reflowed(
        deque(new[:top], maxlen=max(limit, min(top, _GROWTH * limit))),
        screen,
        min(max(marks.cursor_at - top, 0), lines - 1),
        column,
        marks.column >= columns,
        max(0, top - view) if offset else 0,
    )


@dataclass(slots=True)
class _Marks:
    """Where the cursor is and where two rows begin: the screen's and the viewport's first.

    At first in lines of `old`, and then in the new ones.
    """

    cursor_at: int
    column: int
    lines_at: tuple[int, int]


def last_written(rows: list[Line]) -> int:
    """The last row with something on it, or 0."""
    for y in range(len(rows) - 1, 0, -1):
        if not rows[y].plain or "".join(rows[y].text).strip(" "):
            return y
    return 0


def _wrapped_anew(old: list[Packed], columns: int, marks: _Marks) -> Iterator[Packed]:
    at = 0
    cursor_line, wanted = marks.cursor_at, {*marks.lines_at}
    found: dict[int, int] = {}
    for start, group in _logical_lines(old):
        lines = range(start, start + len(group))
        marked = cursor_line in lines or not wanted.isdisjoint(lines)
        if not marked and len(group) == 1 and len(group[0].text) <= columns:
            yield group[0]
            at += 1
            continue
        joined = _joined(group)
        pieces = list(_pieces(joined.cells, columns))
        for line in wanted.intersection(lines):
            found[line] = at + _piece_of(pieces, joined.starts[line - start])[0]
        if cursor_line in lines:
            offset = joined.starts[cursor_line - start] + marks.column
            beyond = max(offset - len(joined.cells), 0)
            index, column = _piece_of(pieces, offset - beyond)
            marks.cursor_at = at + index
            marks.column = min(column + beyond, columns - 1) if beyond else column
        yield from _packed_pieces(joined, pieces, columns)
        at += len(pieces)
    first, second = marks.lines_at
    marks.lines_at = found[first], found[second]


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


class _Joined(NamedTuple):
    """One line of output; its cells are a string where each is one character."""

    cells: str | list[str]
    spans: list[tuple[int, int, CellStyle]]
    starts: list[int]
    """Where in the cells each of the rows that it lay in began."""


def _joined(group: list[Packed]) -> _Joined:
    parts: list[str | list[str]] = []
    spans: list[tuple[int, int, CellStyle]] = []
    starts: list[int] = []
    length = 0
    for line in group:
        starts.append(length)
        part = line.cells()
        if line.wrapped == SOFT_SPACER and part[-1] == " ":
            part = part[:-1]
        spans += [(length + start, length + end, style) for start, end, style in line.spans()]
        parts.append(part)
        length += len(part)
    if len(parts) == 1:
        return _Joined(parts[0], spans, starts)
    if all(isinstance(part, str) for part in parts):
        return _Joined("".join(cast("list[str]", parts)), spans, starts)
    return _Joined([cell for part in parts for cell in part], spans, starts)


def _pieces(cells: str | list[str], columns: int) -> Iterator[tuple[int, int]]:
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
    last = len(pieces) - 1
    index = next((i for i, (_, end) in enumerate(pieces) if offset < end), last)
    return index, offset - pieces[index][0]


def _packed_pieces(
    joined: _Joined, pieces: list[tuple[int, int]], columns: int
) -> Iterator[Packed]:
    cells, spans = joined.cells, joined.spans
    first = 0
    for start, end in pieces:
        part = cells[start:end]
        wrapped = HARD
        if end < len(cells):
            wrapped = SOFT if end - start == columns else SOFT_SPACER
            part = part if wrapped == SOFT else [*part, " "]
        if columns == 1 and ("" in cells[end : end + 1] or part == [""]):
            # No half of a wide character may stand alone.
            part = " "
        while first < len(spans) and spans[first][1] <= start:
            first += 1
        kept: list[int | CellStyle] = []
        at = first
        while at < len(spans) and spans[at][0] < end:
            left, right, style = spans[at]
            kept += (max(left, start) - start, min(right, end) - start, style)
            at += 1
        yield Packed(packed_text(part), tuple(kept), wrapped)
