"""A search as the user drives it: the query that is typed, and the match that is looked at."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from vibetui.terminals.lines import Lines, Point, Span
from vibetui.terminals.search import LONGEST_QUERY, Search


class Finder:
    """Looks from `origin` up or down for the nearest match, and goes the other way if need be.

    Attributes:
        origin: Where the cursor was.
        top: Where the viewport began.
        query: What has been typed.
        typing: Whether keys still go to the query.
        current: The match that is looked at.
    """

    def __init__(self, lines: Lines, origin: Point, *, up: bool) -> None:
        self.origin, self.top, self.up = origin, lines.top, up
        self.query = ""
        self.typing = True
        self.current: Span | None = None
        self._lines = lines
        self._search: Search | None = None
        self._from = origin
        """From where the nearest is looked for."""

    def look_for(self, query: str) -> None:
        """Begin with another query."""
        self.query = query[:LONGEST_QUERY]
        self._from, self.current = self.origin, None
        self._search = Search(self._lines, self.query) if self.query else None

    def edit(self, key: str, character: str | None) -> bool:
        """Change the query as a line of text; False where the key does nothing to it."""
        if key in ("backspace", "ctrl+h"):
            self.look_for(self.query[:-1])
        elif key == "ctrl+u":
            self.look_for("")
        elif key == "ctrl+w":
            self.look_for(self.query.rstrip().rpartition(" ")[0])
        elif character is not None and character.isprintable():
            self.look_for(self.query + character)
        else:
            return False
        return True

    @property
    def done(self) -> bool:
        """There is nothing left to search."""
        return self._search is None or self._search.done

    def step(self) -> None:
        """Search on for a few milliseconds."""
        if self._search is not None:
            self._search.step()
            if self.current is None:
                self._choose()

    def changed(self) -> None:
        """There is new output: what has been found on the screen may be gone."""
        if self._search is None:
            return
        self._search.changed()
        self._search.step()
        if self.current is not None and self.current not in self._matches_at(self.current):
            self._from, self.current = self.current.start, None
            self._choose()

    def renumbered(self, at: Point) -> None:
        """Lines have other numbers now: search them again."""
        self.origin, self.top = at, self._lines.top
        self.look_for(self.query)

    def _matches_at(self, span: Span) -> list[Span]:
        assert self._search is not None
        if not self._search.done and span.start.line >= self._lines.screen:
            return [span]
        return list(self._search.between(span.start.line, span.start.line + 1))

    def _choose(self) -> None:
        search, start = self._search, self._from
        if search is None or not len(search):
            return
        matches = search.matches
        above = bisect_right(matches, start, key=_start)
        if self.up:
            if above:
                self.current = matches[above - 1]
            elif search.done:
                self.current = matches[0]
        elif search.done or search.searched_from <= start.line:
            below = bisect_left(matches, start, key=_start)
            self.current = matches[below] if below < len(matches) else matches[-1]

    def go_on(self, *, up: bool) -> None:
        """To the next match in that direction, and from the last on to the first."""
        if self._search is None or not len(self._search):
            return
        if self.current is None:
            self._choose()
            return
        matches = self._search.matches
        at = bisect_left(matches, self.current.start, key=_start)
        if at < len(matches) and matches[at].start == self.current.start:
            at += -1 if up else 1
        elif up:
            at -= 1
        if 0 <= at < len(matches) or self._search.done:
            self.current = matches[at % len(matches)]

    def visible(self, first: int, stop: int) -> list[Span]:
        """The matches that reach into these lines."""
        if self._search is None:
            return []
        above = first - LONGEST_QUERY // max(self._lines.width, 1) - 1
        return [span for span in self._search.between(above, stop) if span.end.line >= first]

    @property
    def status(self) -> str:
        """As "3 of 17", counted from the newest."""
        search = self._search
        if search is None:
            return ""
        count = len(search)
        more = "" if search.complete else "+" if search.done else "…"
        if not count:
            return "no match" if search.done else "searching…"
        if self.current is None:
            return f"{count}{more} found"
        place = count - bisect_left(search.matches, self.current.start, key=_start)
        return f"{max(place, 1)} of {count}{more}"


def _start(span: Span) -> Point:
    return span.start
