"""What is a word: for a double click, and for the motions of vi."""

from __future__ import annotations

import re

from vibetui.terminals.lines import Lines, Point, Span
from vibetui.terminals.links import url_spans

_CLICKED = re.compile(r"[\w@\-./~?&=%+#,:]*[\w@\-/~&=%+#]|\s+")
"""Paths and addresses whole, but not the comma or the colon behind them."""
_MOVED = re.compile(r"\w+|[^\w\s]+")


def word_span(lines: Lines, point: Point) -> Span:
    """The word, the address or the blanks at a place; a single character where there is none."""
    paragraph = lines.paragraph(point.line)
    at = lines.offset(paragraph, point)
    for start, end in url_spans(paragraph.text):
        if start <= at < end:
            return lines.span(paragraph, start, end)
    for match in _CLICKED.finditer(paragraph.text):
        if match.start() <= at < match.end():
            return lines.span(paragraph, match.start(), match.end())
    return Span(point, Point(point.line, lines.end_of(point)))


def next_word(lines: Lines, point: Point) -> Point:
    """Where the next word begins (w)."""
    return _after(lines, point, last=False)


def word_end(lines: Lines, point: Point) -> Point:
    """Where the word ends, or the next one where this one's end is here (e)."""
    return _after(lines, point, last=True)


def _after(lines: Lines, point: Point, *, last: bool) -> Point:
    paragraph = lines.paragraph(point.line)
    at = lines.offset(paragraph, point)
    while True:
        for match in _MOVED.finditer(paragraph.text):
            place = match.end() - 1 if last else match.start()
            if place > at:
                return lines.point(paragraph, place)
        if paragraph.last + 1 >= lines.stop:
            return point
        paragraph, at = lines.paragraph(paragraph.last + 1), -1


def word_before(lines: Lines, point: Point) -> Point:
    """Where the word begins, or the one before where this one's beginning is here (b)."""
    paragraph = lines.paragraph(point.line)
    at = lines.offset(paragraph, point)
    while True:
        starts = [match.start() for match in _MOVED.finditer(paragraph.text)]
        if before := [start for start in starts if start < at]:
            return lines.point(paragraph, before[-1])
        if paragraph.first <= lines.first:
            return point
        paragraph = lines.paragraph(paragraph.first - 1)
        at = len(paragraph.text) + 1
