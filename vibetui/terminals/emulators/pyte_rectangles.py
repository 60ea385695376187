"""DEC's rectangle commands: copy, erase, fill, change attributes, checksum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from vibetui.terminals.emulators.pyte_cells import DEFAULT, Protected
from vibetui.terminals.emulators.pyte_grid import DECOM
from vibetui.terminals.emulators.pyte_screen import PyteScreen
from vibetui.terminals.protocol import CellStyle, Underline

_SET: dict[int, dict[str, Any]] = {
    0: {"bold": False, "underline": Underline.NONE, "blink": False, "reverse": False},
    1: {"bold": True},
    4: {"underline": Underline.SINGLE},
    5: {"blink": True},
    7: {"reverse": True},
    8: {"conceal": True},
    22: {"bold": False},
    24: {"underline": Underline.NONE},
    25: {"blink": False},
    27: {"reverse": False},
    28: {"conceal": False},
}
_POSITIVE, _PLAIN, _BLANKS, _WHOLE = 1, 2, 4, 16
"""XTCHECKSUM: not negated; without attributes; with all blanks; not masked to 8 bits."""
_FLIPPED = {1: "bold", 4: "underline", 5: "blink", 7: "reverse", 8: "conceal"}


class Rectangle(NamedTuple):
    """Rows and columns from 0, the ends not included."""

    top: int
    left: int
    bottom: int
    right: int


def rectangle(screen: PyteScreen, args: list[int]) -> Rectangle | None:
    """Top, left, bottom and right from 1, 0 for the edge; None where that is none."""
    top, left, bottom, right = [*args, 0, 0, 0, 0][:4]
    rows, columns = screen.lines, screen.columns
    first_row, first_column = screen.origin
    if DECOM in screen.private:
        rows, columns = screen.bottom - screen.top + 1, screen.right - screen.left + 1
    top, left = max(top, 1), max(left, 1)
    bottom, right = min(bottom or rows, rows), min(right or columns, columns)
    if top > bottom or left > right:
        return None
    return Rectangle(
        first_row + top - 1, first_column + left - 1, first_row + bottom, first_column + right
    )


class Rectangles:
    """The commands on one screen.

    Attributes:
        extent: DECSACE: 2 where attribute changes are to a rectangle, else they follow the text.
        checksum_flags: XTCHECKSUM.
    """

    def __init__(self, screen: PyteScreen) -> None:
        self._screen = screen
        self.extent = 0
        self.checksum_flags = 0

    def erase(self, args: list[int], *, selective: bool) -> None:
        """DECERA and DECSERA, which takes the characters alone and spares what DECSCA protects."""
        screen = self._screen
        area = rectangle(screen, args)
        if not area:
            return
        for line in screen.rows[area.top : area.bottom]:
            if not selective:
                line.fill(area.left, area.right, " ", screen.blank)
                continue
            for x in range(area.left, area.right):
                if screen.protection != "dec" or type(line.styles[x]) is not Protected:
                    line.fill(x, x + 1, " ", line.styles[x])
        screen.touch(range(area.top, area.bottom))

    def fill(self, args: list[int]) -> None:
        """DECFRA."""
        code = args[0]
        if not (0x20 <= code <= 0x7E or 0xA0 <= code <= 0xFF):
            return
        screen = self._screen
        if area := rectangle(screen, args[1:]):
            for y in range(area.top, area.bottom):
                screen.rows[y].fill(area.left, area.right, chr(code), screen.style)
            screen.touch(range(area.top, area.bottom))

    def copy(self, args: list[int]) -> None:
        """DECCRA; the pages are one."""
        screen = self._screen
        area = rectangle(screen, args[:4])
        top, left = [*args, *[0] * 7][5:7]
        place = rectangle(screen, [top, left, 0, 0])
        if not area or not place:
            return
        width = min(area.right - area.left, place.right - place.left)
        rows = range(min(area.bottom - area.top, place.bottom - place.top))
        for row in reversed(rows) if place.top > area.top else rows:
            screen.rows[place.top + row].copy_from(
                screen.rows[area.top + row], area.left, area.left + width, place.left
            )
        screen.touch(range(place.top, place.top + len(rows)))

    def change(self, args: list[int], *, flip: bool) -> None:
        """DECCARA and DECRARA."""
        screen = self._screen
        area = rectangle(screen, args[:4])
        if not area:
            return
        codes = args[4:] or [0]
        for y in range(area.top, area.bottom):
            start, end = area.left, area.right
            if self.extent != 2:
                start = area.left if y == area.top else 0
                end = area.right if y == area.bottom - 1 else screen.columns
            line = screen.rows[y]
            line.styles[start:end] = [_changed(s, codes, flip) for s in line.styles[start:end]]
            line.plain = False
        screen.touch(range(area.top, area.bottom))

    def checksum(self, args: list[int]) -> int:
        """DECRQCRA as xterm counts: characters and their attributes, negated."""
        total = 0
        if area := rectangle(self._screen, args):
            for y in range(area.top, area.bottom):
                total += self._row_sum(y, area, first=y == area.top)
        return (total if self.checksum_flags & _POSITIVE else -total) & 0xFFFF

    def _row_sum(self, y: int, area: Rectangle, *, first: bool) -> int:
        """Without the blanks at the end, but for the first cell of all."""
        line = self._screen.rows[y]
        total = blanks = 0
        for x in range(area.left, area.right):
            text, style = line.text[x], line.styles[x]
            weight = self._weight(text, style)
            if text == " " and style == DEFAULT and not (first and x == area.left):
                blanks += weight
            else:
                total += blanks + weight
                blanks = 0
        return total + (blanks if self.checksum_flags & _BLANKS else 0)

    def _weight(self, text: str, style: CellStyle) -> int:
        if self.checksum_flags & _WHOLE:
            weight = sum(map(ord, text))
        else:
            weight = ord(text[0]) & 0xFF if text else 0
        if self.checksum_flags & _PLAIN or style is DEFAULT:
            return weight
        return (
            weight
            + 0x04 * (type(style) is Protected)
            + 0x08 * style.conceal
            + 0x10 * bool(style.underline)
            + 0x20 * style.reverse
            + 0x40 * style.blink
            + 0x80 * style.bold
        )


def _changed(style: CellStyle, codes: list[int], flip: bool) -> CellStyle:
    for code in codes:
        changes = _SET.get(code, {})
        if flip:
            names = _FLIPPED.values() if code == 0 else [_FLIPPED[code]] if code in _FLIPPED else []
            changes = {name: not getattr(style, name) for name in names}
            if "underline" in changes:
                changes["underline"] = Underline(int(changes["underline"]))
        style = replace(style, **changes)
    return style
