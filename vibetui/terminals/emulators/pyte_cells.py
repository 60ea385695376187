"""Cells of the pyte screen, and lines of them as runs: the compact form that history keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from vibetui.terminals.columns import char_width
from vibetui.terminals.emulators.text import printable
from vibetui.terminals.protocol import CellStyle, Run

DEFAULT = CellStyle()
MAX_COMBINING = 8
"""Code points that one cell holds."""


class Cell(NamedTuple):
    """One column. The right half of a wide character is a cell with no text."""

    data: str
    style: CellStyle


BLANK = Cell(" ", DEFAULT)
_style = attrgetter("style")


class CellMap(dict[str, Cell]):
    """Cells of one style by their text, made when first asked for."""

    def __init__(self, style: CellStyle) -> None:
        self.style = style

    def __missing__(self, data: str) -> Cell:
        cell = Cell(data, self.style)
        if len(self) < 512:
            self[data] = cell
        return cell


Line = Mapping[int, Cell]


def line_runs(line: Line, columns: int) -> tuple[Run, ...]:
    """`line` as runs that cover `columns`."""
    if not line:
        return (Run(0, columns, " " * columns, DEFAULT),)
    get = line.get
    cells = [get(x, BLANK) for x in range(columns)]
    text = "".join([cell.data for cell in cells])
    if len(text) != columns or not text.isascii():
        _repair(cells)
    runs: list[Run] = []
    start = 0
    for style, group in groupby(cells, _style):
        datas = [cell.data for cell in group]
        end = start + len(datas)
        runs.append(Run(start, end, printable("".join(datas)), style))
        start = end
    return tuple(runs)


def _repair(cells: list[Cell]) -> None:
    """Blank halves of wide characters whose other half was overwritten or moved."""
    last = len(cells) - 1
    whole = False
    for x, cell in enumerate(cells):
        if not cell.data:
            if not whole:
                cells[x] = Cell(" ", cell.style)
            whole = False
            continue
        whole = False
        if char_width(cell.data[0]) == 2:
            whole = x < last and not cells[x + 1].data
            if not whole:
                cells[x] = Cell(" ", cell.style)


def trimmed(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """`runs` without the blank, unstyled end of the line."""
    end = len(runs)
    while end and runs[end - 1].style == DEFAULT:
        run = runs[end - 1]
        text = run.text.rstrip(" ")
        if text == run.text:
            break
        if text:
            kept = Run(run.start, run.end - len(run.text) + len(text), text, run.style)
            return (*runs[: end - 1], kept)
        end -= 1
    return runs[:end]


def fitted(runs: tuple[Run, ...], columns: int) -> tuple[Run, ...]:
    """`runs` cropped or filled up with blanks to `columns`."""
    end = runs[-1].end if runs else 0
    if end == columns:
        return runs
    if end < columns:
        return (*runs, Run(end, columns, " " * (columns - end), DEFAULT))
    return line_runs(cells_of(runs), columns)


def cells_of(runs: Iterable[Run]) -> dict[int, Cell]:
    """The inverse of `line_runs`."""
    line: dict[int, Cell] = {}
    for run in runs:
        x = run.start
        for char in run.text:
            width = char_width(char)
            if width == 0 and x > run.start:
                before = x - 1 if line[x - 1].data else x - 2
                line[before] = Cell(line[before].data + char, run.style)
                continue
            line[x] = Cell(char, run.style)
            if width == 2:
                line[x + 1] = Cell("", run.style)
            x += max(width, 1)
    return line
