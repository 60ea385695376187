"""Selections, matches and links, as they are set off in the rows of a pane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from vibetui.terminals.columns import restyle
from vibetui.terminals.lines import Lines, Span
from vibetui.terminals.protocol import CellStyle, Run, Underline
from vibetui.terminals.reader import Mark

RowMarks = tuple[tuple[int, int, Mark], ...]
"""Start, end and kind, in the order in which they are painted."""
NO_MARKS: Mapping[int, RowMarks] = MappingProxyType({})

_BLACK, _YELLOW, _ORANGE = 16, 222, 208
"""Of the 256: the first sixteen are as the user has set them, and may not differ."""


def _selected(style: CellStyle) -> CellStyle:
    return replace(style, reverse=not style.reverse, conceal=False)


def _match(style: CellStyle) -> CellStyle:
    # Reversed, so that there is something to see without colours too.
    return CellStyle(foreground=_YELLOW, background=_BLACK, reverse=True, link=style.link)


def _current(style: CellStyle) -> CellStyle:
    return CellStyle(
        foreground=_ORANGE,
        background=_BLACK,
        reverse=True,
        bold=True,
        underline=Underline.SINGLE,
        link=style.link,
    )


def _linked(style: CellStyle) -> CellStyle:
    return replace(style, underline=style.underline or Underline.SINGLE)


_CHANGES: Mapping[Mark, Callable[[CellStyle], CellStyle]] = MappingProxyType(
    {
        Mark.LINK: _linked,
        Mark.MATCH: _match,
        Mark.CURRENT: _current,
        Mark.SELECTED: _selected,
    }
)


def marks_by_row(lines: Lines, marks: Iterable[tuple[Span, Mark]]) -> dict[int, RowMarks]:
    """What is to be set off in each row of the viewport."""
    top, rows, width = lines.top, lines.emulator.rows, lines.width
    found: dict[int, RowMarks] = {}
    for span, mark in marks:
        first, last = max(span.start.line, top), min(span.end.line, top + rows - 1)
        for number in range(first, last + 1):
            if (columns := span.columns(number, width)) is not None:
                y = number - top
                found[y] = (*found.get(y, ()), (*columns, mark))
    return found


def with_marks(runs: Sequence[Run], marks: RowMarks) -> Sequence[Run]:
    """`runs` with these set off."""
    for start, end, mark in marks:
        runs = restyle(runs, start, end, _CHANGES[mark])
    return runs
