"""`Writer`: text onto the grid, in runs of one width, wrapped at the right margin."""

from __future__ import annotations

from itertools import groupby

from wcwidth import wcwidth

from vibetui.terminals.emulators.pyte_cells import DEFAULT, MAX_COMBINING, SOFT, SOFT_SPACER
from vibetui.terminals.emulators.pyte_charsets import Charsets
from vibetui.terminals.emulators.pyte_grid import DECAWM, IRM
from vibetui.terminals.emulators.pyte_motion import Motion

_ZWJ, _EMOJI_PRESENTATION = "\u200d", "\ufe0f"
_SEPARATORS = "\u2028\u2029"
"""Of no width, but lines end there for whoever reads the text."""
GRAPHEMES = 2027


class _Widths(dict[str, int]):
    """Columns of characters, worked out when first asked for."""

    def __missing__(self, char: str) -> int:
        width = max(0, wcwidth(char))
        if len(self) < 65_536:
            self[char] = width
        return width


_WIDTHS = _Widths()
_width = _WIDTHS.__getitem__


class Writer(Motion):
    """A `Motion` that text is drawn on."""

    def __init__(self, columns: int, lines: int, history: int) -> None:
        super().__init__(columns, lines, history)
        self.charsets = Charsets()
        self._last = ""

    def draw(self, data: str) -> None:
        """Put `data`, which has no controls, at the cursor."""
        if not self.charsets.plain:
            data = self.charsets.translate(data)
        if data.isascii():
            self._put(data)
            self._last = data[-1]
            return
        if GRAPHEMES in self.private:
            for char in data:
                self._put_clustered(char)
        else:
            for width, chars in groupby(data, _width):
                self._put_width("".join(chars), width)
        self._last = next((char for char in reversed(data) if _width(char)), self._last)

    def _put_width(self, chars: str, width: int) -> None:
        if width == 1:
            self._put(chars)
        elif width == 2:
            self._put_wide(chars)
        else:
            for char in chars:
                self._combine(char)

    @property
    def _end(self) -> int:
        """The column after the last one that text may go to from here."""
        return self.right + 1 if self.x <= self.right else self.columns

    @property
    def _wrap_column(self) -> int:
        """The column that text goes on in after a wrap."""
        return self.left if self.x >= self.left else 0

    def _put(self, data: str) -> None:
        """Characters of one column each."""
        position, length = 0, len(data)
        while position < length:
            if self.pending:
                self._wrap(SOFT)
            end = self._end
            take = min(length - position, end - self.x)
            if IRM in self.ansi:
                self.insert_characters(take)
            self._write(list(data[position : position + take]))
            position += take
            self._advance(take, end)
            if self.pending and DECAWM not in self.private and position < length:
                # Without wrapping, the last character is what stays in the last column.
                data, position, length = data[-1], 0, 1
                self.x, self.pending = end - 1, False

    def _put_wide(self, data: str) -> None:
        """Characters of two columns each."""
        position, length = 0, len(data)
        while position < length:
            if self.pending:
                self._wrap(SOFT)
            end = self._end
            take = min(length - position, (end - self.x) // 2)
            if take == 0:
                if DECAWM not in self.private or end - self._wrap_column < 2:
                    self.x, self.pending = end - 1, True
                    return
                self._write([" "])
                self._wrap(SOFT_SPACER)
                continue
            if IRM in self.ansi:
                self.insert_characters(2 * take)
            cells = [""] * (2 * take)
            cells[::2] = data[position : position + take]
            self._write(cells)
            position += take
            self._advance(2 * take, end)
            if DECAWM not in self.private and position < length:
                # What has no room is lost.
                self.x, self.pending = end - 1, True
                return

    def _write(self, cells: list[str]) -> None:
        line, style, x = self.rows[self.y], self.style, self.x
        text, end = line.text, x + len(cells)
        if not text[x]:
            line.cut(x)
        if end < len(text) and not text[end]:
            line.cut(end)
        text[x:end] = cells
        if style is not DEFAULT or not line.plain:
            line.styles[x:end] = [style] * len(cells)
            line.plain = False
        if end > line.used:
            line.used = end
        self.dirty.add(self.y)

    def _advance(self, count: int, end: int) -> None:
        self.x += count
        if self.x >= end:
            self.x, self.pending = end - 1, True

    def _wrap(self, how: int) -> None:
        self.pending = False
        if DECAWM in self.private:
            if self.full_width:
                self.rows[self.y].wrapped = how
            self.index()
            self.x = self._wrap_column

    def _combine(self, char: str) -> None:
        """Hang a character of no width on the one before the cursor."""
        if char in _SEPARATORS:
            return
        line = self.rows[self.y]
        text = line.text
        x = self.x if self.pending else self.x - 1
        if x > 0 and not text[x]:
            x -= 1
        if x >= 0 and len(text[x]) < MAX_COMBINING:
            text[x] += char
            line.used = max(line.used, x + 1)
            self.dirty.add(self.y)

    def _put_clustered(self, char: str) -> None:
        """A character in mode 2027: one grapheme is one cell or two."""
        before = self._before()
        joins = before and (
            before[-1] == _ZWJ
            or (0x1F3FB <= ord(char) <= 0x1F3FF and _width(before[0]) == 2)
            or (_regional(char) and _regional(before) and len(before) == 1)
        )
        if joins:
            self._combine(char)
            return
        self._put_width(char, _width(char))
        if char == _EMOJI_PRESENTATION and before and wcwidth(before[0]) == 1:
            self._widen(before + char)

    def _before(self) -> str:
        """The character that the cursor stands behind."""
        text = self.rows[self.y].text
        x = self.x if self.pending else self.x - 1
        return (text[x] or text[x - 1]) if x >= 0 else ""

    def _widen(self, cluster: str) -> None:
        """Make the character before the cursor two columns wide."""
        if self.pending or self.x >= self._end:
            return
        self.x -= 1
        self._write([cluster, ""])
        self._advance(2, self._end)

    def repeat(self, count: int) -> None:
        """REP: the last character again."""
        if self._last:
            self.draw(self._last * min(count, self.columns * self.lines))


def _regional(char: str) -> bool:
    return len(char) == 1 and 0x1F1E6 <= ord(char) <= 0x1F1FF
