"""`Reader`: what the user does with a terminal's text, of which the program knows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from vibetui.terminals.copy_cursor import CopyCursor
from vibetui.terminals.finder import Finder
from vibetui.terminals.lines import Lines, Point, Span
from vibetui.terminals.links import Link, link_at
from vibetui.terminals.protocol import Emulator
from vibetui.terminals.selection import Selection, Unit


class Mark(Enum):
    """How a span is set off; of two the later one is on top."""

    LINK = auto()
    MATCH = auto()
    CURRENT = auto()
    SELECTED = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a key of copy mode has led to beside another picture."""

    copied: str = ""
    opened: Link | None = None


_NOTHING = Outcome()
_UNITS = {" ": Unit.CHARACTER, "v": Unit.CHARACTER, "V": Unit.LINE, "ctrl+v": Unit.BLOCK}


class Reader:
    """Holds the selection, the cursor of copy mode and the search.

    Attributes:
        selection: What is marked, by the mouse or by keys.
        cursor: Of copy mode; None while keys go to the program.
        finder: The search of copy mode, once one was begun.
        link: What the mouse is over.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.lines = Lines(emulator)
        self.selection: Selection | None = None
        self.cursor: CopyCursor | None = None
        self.finder: Finder | None = None
        self.link: Link | None = None
        self._alternate = False
        self._last_query = ""
        self._only_searching = False

    @property
    def busy(self) -> bool:
        """There is something to be shown, or to be held in its place."""
        return self.cursor is not None or self.selection is not None or self.link is not None

    def before_frame(self, *, output: bool) -> None:
        """Follow what the program has done: drop what is gone, keep in place what is read."""
        alternate = self.lines.emulator.modes.alternate_screen
        if self.cursor is not None and alternate is not self._alternate:
            self._alternate = alternate
            self.renumbered()
        if self.selection is not None and not self.selection.holds(self.lines):
            self.selection = None
        if output:
            self.link = None
        if self.cursor is not None:
            self.cursor.hold()
            if self.finder is not None and output:
                before = self.finder.current
                self.finder.changed()
                if self.finder.current is not before:
                    self._look_at_match()

    def renumbered(self) -> None:
        """The lines have other numbers than before."""
        self.selection = self.link = None
        if self.cursor is not None:
            self.cursor.renumbered()
            if self.finder is not None:
                self.finder.renumbered(self.cursor.at)

    def marks(self) -> Iterator[tuple[Span, Mark]]:
        """What is to be set off in the viewport, the topmost last."""
        if self.link is not None:
            yield self.link.span, Mark.LINK
        if self.finder is not None:
            top = self.lines.top
            for span in self.finder.visible(top, top + self.lines.emulator.rows):
                yield span, Mark.CURRENT if span == self.finder.current else Mark.MATCH
        if self.selection is not None:
            yield self.selection.span, Mark.SELECTED

    # Copy mode

    def enter(self, *, searching: bool = False) -> None:
        """Give the keys to copy mode, and with `searching` to a query first."""
        if self.cursor is None:
            self._alternate = self.lines.emulator.modes.alternate_screen
            self.cursor = CopyCursor(self.lines)
            self.selection = None
            self._only_searching = searching
        if searching:
            self._begin_search(up=True)

    def leave(self) -> None:
        """Give the keys back to the program and go to its output."""
        self.cursor = self.finder = self.selection = None
        self.lines.emulator.scroll_to(0)

    def scroll(self, up: int) -> None:
        """Move what is shown, in copy mode or out of it."""
        if self.cursor is not None:
            self.cursor.scroll(up)
            self._extend()
        else:
            emulator = self.lines.emulator
            emulator.scroll_to(emulator.scroll_offset + up)

    def key(self, key: str, character: str | None) -> Outcome:
        """A key of copy mode.

        Args:
            key: Its name.
            character: What it types, if anything.
        """
        cursor = self.cursor
        if cursor is None:
            return _NOTHING
        if self.finder is not None and self.finder.typing:
            self._query_key(self.finder, key, character)
            return _NOTHING
        name = character if character and character.isprintable() else key
        if cursor.move(name):
            self._extend()
        elif name in _UNITS:
            self._mark(cursor.at, _UNITS[name])
        elif name in ("y", "enter"):
            text = self.selection.text(self.lines) if self.selection is not None else ""
            self.leave()
            return Outcome(copied=text)
        elif name == "f":
            return Outcome(opened=link_at(self.lines, cursor.at))
        elif name in ("q", "escape", "ctrl+c"):
            self.leave()
        else:
            self._other_key(cursor, name)
        return _NOTHING

    def _other_key(self, cursor: CopyCursor, name: str) -> None:
        if name == "o" and self.selection is not None:
            swapped = self.selection
            self.selection = Selection(self.lines, swapped.head, swapped.anchor, swapped.unit)
            cursor.go(swapped.anchor)
        elif name in ("/", "?"):
            self._begin_search(up=name == "?")
        elif name in ("n", "N"):
            self._go_on(repeat=name == "n")

    def _mark(self, at: Point, unit: Unit) -> None:
        marked = self.selection
        if marked is not None and marked.unit is unit:
            self.selection = None
        else:
            self.selection = Selection(self.lines, marked.anchor if marked else at, at, unit)

    def _extend(self) -> None:
        if self.selection is not None and self.cursor is not None:
            self.selection = self.selection.moved(self.lines, self.cursor.at)

    def under_cursor(self) -> Link | None:
        """Where the text at the cursor of copy mode leads."""
        return link_at(self.lines, self.cursor.at) if self.cursor is not None else None

    # Searching

    def _begin_search(self, *, up: bool) -> None:
        assert self.cursor is not None
        self.finder = Finder(self.lines, self.cursor.at, up=up)

    def _query_key(self, finder: Finder, key: str, character: str | None) -> None:
        if key == "enter":
            if not finder.query and self._last_query:
                finder.look_for(self._last_query)
            finder.typing = False
            self._last_query = finder.query
            if not finder.query:
                self._give_up_search(finder)
        elif key in ("escape", "ctrl+c") or (key == "backspace" and not finder.query):
            self._give_up_search(finder)
        elif key in ("up", "down", "ctrl+p", "ctrl+n", "ctrl+r"):
            finder.go_on(up=key in ("up", "ctrl+p", "ctrl+r"))
            self._look_at_match()
        elif finder.edit(key, character) and self.cursor is not None:
            self.cursor.back(finder.origin, finder.top)
            self._extend()

    @property
    def querying(self) -> bool:
        """Keys go to the query of a search."""
        return self.finder is not None and self.finder.typing

    def type_query(self, text: str) -> None:
        """Text that was pasted while the query is typed."""
        if self.finder is not None:
            first = text.strip().partition("\n")[0]
            self.finder.look_for(self.finder.query + "".join(filter(str.isprintable, first)))

    def _give_up_search(self, finder: Finder) -> None:
        self.finder = None
        if self._only_searching:
            self.leave()
        elif self.cursor is not None:
            self.cursor.back(finder.origin, finder.top)
            self._extend()

    def _go_on(self, *, repeat: bool) -> None:
        if self.finder is None and self._last_query:
            self._begin_search(up=True)
            assert self.finder is not None
            self.finder.typing = False
            self.finder.look_for(self._last_query)
        elif self.finder is not None:
            self.finder.go_on(up=self.finder.up is repeat)
            self._look_at_match()

    @property
    def searching(self) -> bool:
        """There are lines that haven't been searched yet."""
        return self.finder is not None and not self.finder.done

    def step(self) -> None:
        """Search on for a few milliseconds."""
        if self.finder is not None:
            before = self.finder.current
            self.finder.step()
            if self.finder.current is not before:
                self._look_at_match()

    def _look_at_match(self) -> None:
        if self.cursor is not None and self.finder is not None and self.finder.current is not None:
            at = self.finder.current.start
            if at != self.cursor.at:
                self.cursor.go(at)
                self._extend()
