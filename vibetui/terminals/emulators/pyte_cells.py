"""Lines of the pyte screen as cells, and the compact form of them that history keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache
from typing import NamedTuple, cast

from vibetui.terminals.emulators.text import printable
from vibetui.terminals.protocol import CellStyle, LineText, Run

DEFAULT = CellStyle()
MAX_COMBINING = 8
"""Code points that one cell holds."""
HARD, SOFT, SOFT_SPACER = 0, 1, 2
"""How a line ends: by itself, by going on in the next one, or so with its last column left blank
because a wide character didn't fit in it (it may have been written since)."""
_CELL = "\x1f"
"""Between the cells of a packed line whose characters aren't its columns; text has no controls."""


class Protected(CellStyle):
    """A style of cells that selective erasure spares (DECSCA, SPA)."""

    __slots__ = ()


@lru_cache(maxsize=1024)
def protect(style: CellStyle) -> CellStyle:
    """`style` for protected cells."""
    return Protected(**{field.name: getattr(style, field.name) for field in fields(CellStyle)})


@lru_cache(maxsize=1024)
def unprotect(style: CellStyle) -> CellStyle:
    """`style` for cells like any other."""
    return CellStyle(**{field.name: getattr(style, field.name) for field in fields(CellStyle)})


def blank_of(style: CellStyle) -> CellStyle:
    """What erasing leaves of `style`: the background alone ("bce")."""
    background = style.background
    return DEFAULT if background is None else CellStyle(background=background)


class Line:
    """One row of the screen.

    Attributes:
        text: A character with its marks for each column; "" for the right half of a wide one.
        styles: The style of each column.
        plain: Whether all the styles are surely the default.
        used: From this column on, a plain line is surely blank.
        wrapped: `HARD`, `SOFT` or `SOFT_SPACER`.
    """

    __slots__ = ("plain", "styles", "text", "used", "wrapped")

    def __init__(self, columns: int, style: CellStyle = DEFAULT) -> None:
        self.text = [" "] * columns
        self.styles = [style] * columns
        self.plain = style is DEFAULT
        self.used = 0
        self.wrapped = HARD

    def clear(self, style: CellStyle) -> None:
        """Make it a blank line again: cheaper than a new one."""
        if self.plain and style is DEFAULT:
            self.text[: self.used] = [" "] * self.used
        else:
            self.text = [" "] * len(self.text)
            self.styles = [style] * len(self.text)
            self.plain = style is DEFAULT
        self.used = 0
        self.wrapped = HARD

    def cut(self, x: int) -> None:
        """Blank the wide character, if any, that lies across the left edge of column `x`."""
        text = self.text
        if 0 < x < len(text) and not text[x]:
            text[x - 1] = text[x] = " "
            self.styles[x - 1] = self.styles[x] = blank_of(self.styles[x])

    def fill(self, start: int, end: int, char: str, style: CellStyle) -> None:
        """One character, one column wide, in the columns `start` to before `end`."""
        self.cut(start)
        self.cut(end)
        self.text[start:end] = [char] * (end - start)
        self.styles[start:end] = [style] * (end - start)
        self.plain = self.plain and style is DEFAULT
        self.used = max(self.used, end)

    def blank_unprotected(self, start: int, end: int, style: CellStyle) -> None:
        """`fill` with blanks where the cells aren't protected."""
        for x in range(start, end):
            if type(self.styles[x]) is not Protected:
                self.fill(x, x + 1, " ", style)

    def insert(self, x: int, end: int, count: int, style: CellStyle) -> None:
        """`count` blanks at `x`; what is pushed to `end` or beyond is lost."""
        self._cut_for_shift(x, end, end - count)
        self.text[x:end] = [" "] * count + self.text[x : end - count]
        self.styles[x:end] = [style] * count + self.styles[x : end - count]
        self.plain = self.plain and style is DEFAULT

    def delete(self, x: int, end: int, count: int, style: CellStyle) -> None:
        """Take out `count` columns at `x`; blanks come in before `end`."""
        self._cut_for_shift(x, end, x + count)
        self.text[x:end] = self.text[x + count : end] + [" "] * count
        self.styles[x:end] = self.styles[x + count : end] + [style] * count
        self.plain = self.plain and style is DEFAULT

    def _cut_for_shift(self, x: int, end: int, between: int) -> None:
        self.cut(x)
        self.cut(between)
        self.cut(end)
        self.used = len(self.text)
        if end == len(self.text):
            self.wrapped = HARD

    def copy_from(self, other: Line, start: int, end: int, to: int) -> None:
        """The columns `start` to before `end` of `other`, put here at `to`."""
        length = end - start
        text, styles = other.text[start:end], other.styles[start:end]
        if text and not text[0]:
            text[0] = " "
        if end < len(other.text) and text and not other.text[end]:
            text[-1] = " "
        self.cut(to)
        self.cut(to + length)
        self.text[to : to + length] = text
        self.styles[to : to + length] = styles
        self.plain = self.plain and other.plain
        self.used = len(self.text)

    def crop(self, columns: int) -> None:
        """Make the line `columns` long."""
        have = len(self.text)
        if columns < have:
            self.cut(columns)
            del self.text[columns:], self.styles[columns:]
            self.used = min(self.used, columns)
        else:
            self.text += [" "] * (columns - have)
            self.styles += [DEFAULT] * (columns - have)

    def spans(self) -> Iterator[tuple[int, int, CellStyle]]:
        """(start, end, style) of neighbours that look alike."""
        if self.plain:
            yield 0, len(self.styles), DEFAULT
            return
        start, current = 0, self.styles[0]
        for x, style in enumerate(self.styles):
            if style is not current and style != current:
                yield start, x, current
                start, current = x, style
        yield start, len(self.styles), current

    def runs(self) -> tuple[Run, ...]:
        text = self.text
        return tuple(
            Run(
                start,
                end,
                printable("".join(text[start:end])),
                unprotect(style) if type(style) is Protected else style,
            )
            for start, end, style in self.spans()
        )


class Packed(NamedTuple):
    """A line of history: 0.1-0.6 KB, where a `Line` of 200 columns takes 3.4."""

    text: str
    """A character for each column, or cells each after a `_CELL`."""
    styled: tuple[int | CellStyle, ...]
    """start, end, style and so on, of what isn't in the default style."""
    wrapped: int

    def cells(self) -> str | list[str]:
        """One for each column."""
        return self.text[1:].split(_CELL) if self.text.startswith(_CELL) else self.text

    def spans(self) -> Iterator[tuple[int, int, CellStyle]]:
        """(start, end, style) of what isn't in the default style."""
        flat = iter(self.styled)
        return cast("Iterator[tuple[int, int, CellStyle]]", zip(flat, flat, flat, strict=True))

    def line_text(self) -> LineText:
        text = self.text
        if text.startswith(_CELL):
            text = text.replace(_CELL, "")
        if self.wrapped == SOFT_SPACER:
            return LineText(text.removesuffix(" "), wrapped=True)
        return LineText(text if self.wrapped else text.rstrip(), wrapped=bool(self.wrapped))

    def line(self, columns: int) -> Line:
        """As a row of the screen, cropped or filled up to `columns`."""
        line = Line(0)
        line.text = list(self.cells())
        line.styles = [DEFAULT] * len(line.text)
        for start, end, style in self.spans():
            line.styles[start:end] = [style] * (end - start)
        line.plain = not self.styled
        line.used = len(line.text)
        line.wrapped = self.wrapped
        line.crop(columns)
        return line


def pack(line: Line) -> Packed:
    """`line` without its unstyled blank end, unless it goes on in the next line."""
    styled: list[int | CellStyle] = []
    if not line.plain:
        for start, stop, style in line.spans():
            if style is not DEFAULT:
                styled += (start, stop, style)
    text = packed_text(line.text[: line.used] if line.plain and not line.wrapped else line.text)
    if line.wrapped:
        return Packed(text, tuple(styled), line.wrapped)
    kept = cast("int", styled[-2]) if styled else 0
    if text.startswith(_CELL):
        end = len(line.text)
        while end > kept and line.text[end - 1] == " ":
            end -= 1
        return Packed(packed_text(line.text[:end]), tuple(styled), HARD)
    return Packed(text[: max(kept, len(text.rstrip(" ")))], tuple(styled), HARD)


def packed_text(cells: str | list[str]) -> str:
    """`cells` as `Packed` has them."""
    text = "".join(cells)
    if text.isascii() or isinstance(cells, str):
        return text
    if max(map(len, cells)) == 1 == min(map(len, cells)):
        return text
    return _CELL + _CELL.join(cells)
