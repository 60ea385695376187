"""`Drag`: presses, moves and releases of the mouse as a selection."""

from __future__ import annotations

from dataclasses import dataclass

from vibetui.terminals.lines import Point
from vibetui.terminals.reader import Reader
from vibetui.terminals.selection import Selection, Unit

_AGAIN = 0.4
"""Seconds within which a click on the same cell is counted with the one before."""
_BY_CLICKS = (Unit.CHARACTER, Unit.WORD, Unit.LINE)


@dataclass(frozen=True, slots=True)
class Press:
    """The left button went down.

    Attributes:
        at: Over this cell.
        when: In seconds of a clock that only goes forward.
        extends: The selection is to reach to here.
        block: A block is to be drawn.
    """

    at: Point
    when: float
    extends: bool = False
    block: bool = False


class Drag:
    """Characters by dragging; words by two clicks, lines by three, and more of them by dragging."""

    def __init__(self) -> None:
        self.held = False
        """The button is down."""
        self._last: Press | None = None
        self._clicks = 0
        self._anchor: Point | None = None
        self._unit = Unit.CHARACTER

    def press(self, reader: Reader, press: Press) -> None:
        """Begin; what was marked before is marked no more, unless it is extended."""
        last, self._last = self._last, press
        again = last is not None and last.at == press.at and press.when - last.when < _AGAIN
        self._clicks = self._clicks + 1 if again else 1
        self.held = True
        if press.extends and reader.selection is not None:
            self._anchor, self._unit = reader.selection.anchor, reader.selection.unit
            reader.selection = reader.selection.moved(reader.lines, press.at)
            return
        self._anchor = press.at
        self._unit = _BY_CLICKS[(self._clicks - 1) % len(_BY_CLICKS)]
        if press.block:
            self._unit = Unit.BLOCK
        single = self._unit in (Unit.CHARACTER, Unit.BLOCK)
        reader.selection = (
            None if single else Selection(reader.lines, press.at, press.at, self._unit)
        )

    def move(self, reader: Reader, at: Point) -> None:
        """The button is held and the mouse over another cell."""
        if self.held and self._anchor is not None:
            reader.selection = Selection(reader.lines, self._anchor, at, self._unit)

    def release(self) -> bool:
        """The button was let go; whether it was held here."""
        held, self.held = self.held, False
        return held
