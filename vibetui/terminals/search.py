"""Searches what a terminal has kept, in pieces that nobody feels, the newest lines first."""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from vibetui.terminals.lines import Lines, Point, Span, TextColumns, joinable

BUDGET = 0.004
"""Seconds that one step takes."""
MOST_MATCHES = 10_000
LONGEST_QUERY = 200
_PIECE = 16
"""Lines that are read at once."""


def pattern(query: str) -> re.Pattern[str]:
    """Without regard to case, unless there are capitals in it."""
    flags = re.NOFLAG if any(char.isupper() for char in query) else re.IGNORECASE
    return re.compile(re.escape(query), flags)


class Search:
    """Finds `query` on every line. Matches are told by lines' numbers, so they stay where they are.

    The history is searched once. The screen, which may be written over, and what has been added
    to the history since, are searched again after `changed`.
    """

    def __init__(self, lines: Lines, query: str) -> None:
        self.query = query[:LONGEST_QUERY]
        self._lines = lines
        self._pattern = pattern(self.query)
        self._settled: list[Span] = []
        """Of lines that no longer change."""
        self._live: list[Span] = []
        self._fresh = self._border()
        """The first line whose matches aren't settled."""
        self._next = self._fresh
        """The line that `_live` goes up to."""
        self._above = self._fresh
        """The lines above this one haven't been searched yet."""

    def _border(self) -> int:
        return self._lines.paragraph_start(self._lines.screen)

    @property
    def done(self) -> bool:
        """All lines have been searched, or enough has been found."""
        return self._next >= self._lines.stop and self._above <= self._lowest

    @property
    def complete(self) -> bool:
        """There are no more than these."""
        return self.done and len(self._settled) < MOST_MATCHES

    @property
    def searched_from(self) -> int:
        """All lines from this one on have been searched."""
        return self._above

    @property
    def _lowest(self) -> int:
        return self._above if len(self._settled) >= MOST_MATCHES else self._lines.first

    @property
    def matches(self) -> list[Span]:
        """What has been found, from the top down."""
        return self._settled + self._live

    def __len__(self) -> int:
        return len(self._settled) + len(self._live)

    def between(self, first: int, stop: int) -> Sequence[Span]:
        """The matches that begin on these lines."""
        found: list[Span] = []
        for spans in (self._settled, self._live):
            low = bisect_left(spans, first, key=_line)
            found += spans[low : bisect_left(spans, stop, key=_line)]
        return found

    def changed(self) -> None:
        """There is new output."""
        self._fresh = self._next = max(self._fresh, self._lines.first)
        self._live = []
        del self._settled[: bisect_left(self._settled, self._lines.first, key=_line)]

    def step(self, budget: float = BUDGET) -> None:
        """Search on for `budget` seconds."""
        ends = time.perf_counter() + budget
        while not self.done:
            if self._next < self._lines.stop:
                self._step_down()
            else:
                self._step_up()
            if time.perf_counter() >= ends:
                return

    def _step_down(self) -> None:
        lines, border = self._lines, max(self._border(), self._fresh)
        if self._next >= border:
            self._live += self._find(self._next, lines.stop)
            self._next = lines.stop
            return
        stop = lines.paragraph_start(min(self._next + _PIECE, border))
        if stop <= self._next:
            stop = min(self._next + _PIECE, border)
        self._settled += self._find(self._next, stop)
        del self._settled[:-MOST_MATCHES]
        self._fresh = self._next = stop

    def _step_up(self) -> None:
        first = max(self._lines.first, self._above - _PIECE)
        first = self._lines.paragraph_start(first)
        self._settled[0:0] = self._find(first, self._above)
        self._above = first

    def _find(self, start: int, stop: int) -> list[Span]:
        lines, width = self._lines, self._lines.width
        start = max(start, lines.first)
        if start >= stop:
            return []
        rows = lines.emulator.texts(start, stop)
        texts = joinable(rows, width)
        # One text with a line break where a line ends: no query holds one.
        for index, row in enumerate(rows):
            if not row.wrapped:
                texts[index] += "\n"
        text = "".join(texts)
        begins = list(accumulate(map(len, texts), initial=0))
        columns: dict[int, TextColumns] = {}
        found: list[Span] = []
        for match in self._pattern.finditer(text):
            places: list[tuple[int, int, int]] = []
            for offset in (match.start(), match.end() - 1):
                at = bisect_right(begins, offset) - 1
                if at not in columns:
                    columns[at] = lines.columns(start + at, texts[at].rstrip("\n"))
                index = offset - begins[at]
                places.append((start + at, columns[at].starts[index], columns[at].ends[index]))
            (first, column, _), (last, _, end) = places
            found.append(Span(Point(first, column), Point(last, end)))
        return found


def _line(span: Span) -> int:
    return span.start.line
