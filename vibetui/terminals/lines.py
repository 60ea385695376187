"""The lines that a terminal keeps, by their numbers, and places in them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from vibetui.terminals.columns import char_width, characters
from vibetui.terminals.protocol import Emulator, LineText, Run

_NARROW = re.compile("[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u2500-\u259f]*")
"""A text of which each code point has one column: nearly all."""
_JOINING = re.compile("[\u200d\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
"""What makes one character of several: their columns only the cells tell."""
LONGEST_PARAGRAPH = 256
"""Rows that are taken for one line of output; a program may print for ever without a line break."""


class Point(NamedTuple):
    """A cell: the number of its line and its column."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    """Cells from `start` to before `end`, whose column belongs to the last line.

    As a block: the columns from the one to the other on each of the lines.
    """

    start: Point
    end: Point
    block: bool = False

    def columns(self, number: int, width: int) -> tuple[int, int] | None:
        """The columns of line `number` that are in it, as start and end."""
        if not self.start.line <= number <= self.end.line:
            return None
        if self.block:
            return self.start.column, self.end.column
        first = self.start.column if number == self.start.line else 0
        last = self.end.column if number == self.end.line else width
        return (first, last) if first < last else None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of output, which may take several rows.

    Attributes:
        first: The number of its first row.
        text: All of it, rows that go on in the next filled up to their width.
        starts: Where in the text each row begins.
    """

    first: int
    text: str
    starts: tuple[int, ...]

    @property
    def last(self) -> int:
        """The number of its last row."""
        return self.first + len(self.starts) - 1

    def row(self, index: int) -> str:
        """The text of one of its rows."""
        start, *after = self.starts[index : index + 2]
        return self.text[start : after[0] if after else None]


@dataclass(frozen=True, slots=True)
class TextColumns:
    """The first column, and the one after the last, of each character of a text."""

    starts: Sequence[int]
    ends: Sequence[int]

    def index(self, column: int) -> int:
        """Which character is at a column; beyond the text as if blanks followed it."""
        width = self.ends[-1] if self.ends else 0
        if column >= width:
            return len(self.ends) + column - width
        return bisect_right(self.ends, column)

    def slice(self, start: int, end: int) -> slice:
        """The characters of which some column is from `start` to before `end`."""
        return slice(bisect_right(self.ends, start), bisect_left(self.starts, end))


def _columns_by_width(text: str) -> TextColumns:
    starts: list[int] = []
    ends: list[int] = []
    x = 0
    for char in text:
        width = char_width(char)
        if width or not starts:
            starts.append(x)
            x += max(width, 1)
        else:
            starts.append(starts[-1])
        ends.append(x)
    return TextColumns(starts, ends)


class Lines:
    """Reads an emulator; keeps nothing of its own."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    @property
    def width(self) -> int:
        return self.emulator.columns

    @property
    def first(self) -> int:
        """The number of the oldest line."""
        return self.emulator.first_line

    @property
    def screen(self) -> int:
        """The number of the screen's top line."""
        return self.emulator.first_line + self.emulator.history_lines

    @property
    def stop(self) -> int:
        """One more than the number of the last line."""
        return self.screen + self.emulator.rows

    @property
    def top(self) -> int:
        """The number of the viewport's top line."""
        return self.screen - self.emulator.scroll_offset

    def scroll_to(self, top: int) -> None:
        """Let the viewport begin with line `top`, as far as that is possible."""
        self.emulator.scroll_to(self.screen - top)

    def text(self, number: int) -> LineText:
        """The text of one line; empty where it isn't kept."""
        found = self.emulator.texts(number, number + 1) if number >= self.first else ()
        return found[0] if found else LineText("", wrapped=False)

    def cells(self, number: int) -> list[Run]:
        """The characters of a line with their columns, over its whole width."""
        return [cell for run in self.emulator.line(number) for cell in characters(run)]

    def clamp(self, point: Point) -> Point:
        """The nearest place that there is."""
        line = min(max(point.line, self.first), self.stop - 1)
        return Point(line, min(max(point.column, 0), self.width - 1))

    def paragraph(self, number: int) -> Paragraph:
        """The line of output that row `number` belongs to."""
        start = self.paragraph_start(number)
        rows: list[LineText] = []
        while len(rows) < LONGEST_PARAGRAPH:
            rows.append(self.text(start + len(rows)))
            if not rows[-1].wrapped or start + len(rows) >= self.stop:
                break
        texts = joinable(rows, self.width)
        starts = tuple(accumulate((len(text) for text in texts[:-1]), initial=0))
        return Paragraph(start, "".join(texts), starts)

    def paragraph_start(self, number: int) -> int:
        """The first row of the line of output that row `number` belongs to."""
        lowest = max(self.first, number - LONGEST_PARAGRAPH)
        while number > lowest and self.text(number - 1).wrapped:
            number -= 1
        return number

    def columns(self, number: int, text: str) -> TextColumns:
        """Where the characters of a line's text stand."""
        if _NARROW.fullmatch(text):
            return TextColumns(range(len(text)), range(1, len(text) + 1))
        if not _JOINING.search(text):
            return _columns_by_width(text)
        starts: list[int] = []
        ends: list[int] = []
        for cell in self.cells(number):
            starts += [cell.start] * len(cell.text)
            ends += [cell.end] * len(cell.text)
            if len(starts) >= len(text):
                break
        if len(starts) < len(text):
            return _columns_by_width(text)
        return TextColumns(starts[: len(text)], ends[: len(text)])

    def offset(self, paragraph: Paragraph, point: Point) -> int:
        """Where in the text of its paragraph a cell is; beyond it where the row is blank."""
        row = point.line - paragraph.first
        text = paragraph.row(row)
        return paragraph.starts[row] + self.columns(point.line, text).index(point.column)

    def point(self, paragraph: Paragraph, offset: int) -> Point:
        """The cell of a character of a paragraph."""
        row = max(bisect_right(paragraph.starts, offset) - 1, 0)
        number = paragraph.first + row
        starts = self.columns(number, paragraph.row(row)).starts
        return Point(number, starts[offset - paragraph.starts[row]])

    def span(self, paragraph: Paragraph, start: int, end: int) -> Span:
        """The cells of the characters from `start` to before `end`."""
        last = self.point(paragraph, max(end - 1, start))
        return Span(self.point(paragraph, start), Point(last.line, self.end_of(last)))

    def cell_at(self, point: Point) -> Run | None:
        """The character at a place."""
        for run in self.emulator.line(point.line):
            if run.start <= point.column < run.end:
                return next((c for c in characters(run) if point.column < c.end), None)
        return None

    def end_of(self, point: Point) -> int:
        """The column after the character at a place."""
        cell = self.cell_at(point)
        return point.column + 1 if cell is None else cell.end


def joinable(rows: Sequence[LineText], width: int) -> list[str]:
    """The texts of rows, those that go on in the next filled up with the blanks they end in."""
    texts = [row.text for row in rows]
    for index, row in enumerate(rows[:-1]):
        if row.wrapped:
            texts[index] = _filled(row.text, texts[index + 1][:1], width)
    return texts


def _filled(text: str, following: str, width: int) -> str:
    missing = width - (len(text) if text.isascii() else sum(map(char_width, text)))
    if missing == 1 and following and char_width(following) == 2:
        return text  # A wide character found no room here, which is no blank of the text.
    return text + " " * max(missing, 0)
