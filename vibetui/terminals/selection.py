"""What the user has marked, and its text."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from vibetui.terminals.lines import Lines, Point, Span, joinable
from vibetui.terminals.protocol import LineText
from vibetui.terminals.words import word_span


class Unit(Enum):
    """By what a selection grows."""

    CHARACTER = auto()
    WORD = auto()
    LINE = auto()
    """A line of output, however many rows it takes."""
    BLOCK = auto()


class Selection:
    """Marks from the character at `anchor` to the one at `head`, both with it.

    Attributes:
        span: The cells that are marked; of a wide character's columns one is enough to be in it.
    """

    def __init__(
        self, lines: Lines, anchor: Point, head: Point, unit: Unit = Unit.CHARACTER
    ) -> None:
        self.anchor, self.head, self.unit = anchor, head, unit
        self.span = _span(lines, anchor, head, unit)
        self._alternate = lines.emulator.modes.alternate_screen
        # The history stands still; the screen may be written over.
        self._watched = max(self.span.start.line, lines.screen)
        self._texts = self._watched_texts(lines)

    def _watched_texts(self, lines: Lines) -> Sequence[LineText]:
        return tuple(lines.emulator.texts(self._watched, self.span.end.line + 1))

    def holds(self, lines: Lines) -> bool:
        """Whether what was marked is still there."""
        return (
            self.span.start.line >= lines.first
            and self._alternate is lines.emulator.modes.alternate_screen
            and self._watched_texts(lines) == self._texts
        )

    def moved(self, lines: Lines, head: Point) -> Selection:
        """The same from its anchor to another place."""
        return Selection(lines, self.anchor, head, self.unit)

    def text(self, lines: Lines) -> str:
        """As `span_text`."""
        return span_text(lines, self.span)


def _span(lines: Lines, anchor: Point, head: Point, unit: Unit) -> Span:
    low, high = min(anchor, head), max(anchor, head)
    if unit is Unit.BLOCK:
        left, right = sorted((anchor.column, head.column))
        return Span(Point(low.line, left), Point(high.line, right + 1), block=True)
    if unit is Unit.WORD:
        return Span(word_span(lines, low).start, word_span(lines, high).end)
    if unit is Unit.LINE:
        last = lines.paragraph(high.line).last
        return Span(Point(lines.paragraph_start(low.line), 0), Point(last, lines.width))
    return Span(low, Point(high.line, high.column + 1))


def span_text(lines: Lines, span: Span) -> str:
    """The text of these cells: without the blank ends of lines, and without a line break where a
    line only went on in the next row."""
    first = max(span.start.line, lines.first)
    rows = lines.emulator.texts(first, span.end.line + 1)
    texts = [row.text for row in rows] if span.block else joinable(rows, lines.width)
    pieces: list[str] = []
    for number, (row, text) in enumerate(zip(rows, texts, strict=True), first):
        start, end = span.columns(number, lines.width) or (0, 0)
        part = _part(lines, number, text, start, end)
        pieces.append(part.rstrip(" ") if span.block else part)
        if number < span.end.line and (span.block or not row.wrapped):
            pieces.append("\n")
    return "".join(pieces)


def _part(lines: Lines, number: int, text: str, start: int, end: int) -> str:
    if start == 0 and end >= lines.width:
        return text
    return text[lines.columns(number, text).slice(start, end)]
