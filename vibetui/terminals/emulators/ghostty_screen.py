"""The viewport of a ghostty terminal as rows that are read again only where they changed."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from pyghostty._ffi import check, ffi, lib

from vibetui.terminals.emulators.ghostty_rows import RowReader
from vibetui.terminals.protocol import Run

_JOINER = "\u200d".encode()
_NO_TEXT = re.compile(rb"(?:[\x00-\x1a\x1c-\x1f\x7f]|\x1b\[[0-?]*[ -/]*[@-~])*")
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_VIEWPORT = lib.GHOSTTY_POINT_TAG_VIEWPORT


class ScreenReader:
    """The render state of one terminal, and the rows read from it.

    Attributes:
        state: The library's copy of what is to be shown, as of the last `sync`.
        lines: Rows of the viewport.
    """

    def __init__(self, terminal: Any, reader: RowReader) -> None:
        self.state: Any = None
        self.lines: dict[int, tuple[Run, ...]] = {}
        self._terminal, self._reader = terminal, reader
        self._holder = ffi.new("GhosttyRenderState*")
        self._iterator = ffi.new("GhosttyRenderStateRowIterator*")
        self._row = ffi.new("uint16_t*")
        self._level = ffi.new("GhosttyRenderStateDirty*")
        self._pending: set[int] = set()
        self._stale = True
        self._marks_missed = False
        self._joiner_last = False
        self._make_state()
        new = lib.ghostty_render_state_row_iterator_new(ffi.NULL, self._iterator)
        check(new, "row_iterator_new")

    def expect(self, data: bytes) -> None:
        """The terminal is about to take `data`.

        A combining mark that comes by itself changes the character before it, and the library
        forgets to mark that row as changed.
        """
        self._stale = True
        if not data.isascii() and (self._joiner_last or _may_join(data)):
            self._marks_missed = True
        self._joiner_last = data.endswith(_JOINER)

    def moved(self) -> None:
        """The viewport is elsewhere."""
        self._stale = True

    def resized(self, rows: int) -> None:
        self._stale = True
        self.lines.clear()
        self._pending.update(range(rows))

    def take_dirty(self, rows: int) -> list[int]:
        """Rows changed since the last call."""
        dirty = sorted(y for y in self._pending if y < rows)
        self._pending.clear()
        return dirty

    def sync(self) -> None:
        """Bring the state and the rows up to the terminal."""
        if not self._stale:
            return
        self._stale = False
        if self._marks_missed:
            self._marks_missed = False
            self._read_anew()
            return
        level = self._update()
        if level == lib.GHOSTTY_RENDER_STATE_DIRTY_FALSE and self.lines:
            return
        if level == lib.GHOSTTY_RENDER_STATE_DIRTY_FULL or not self.lines:
            self.lines = self._read_all()
            self._pending.update(self.lines)
        else:
            self._read_dirty()
        lib.ghostty_render_state_clean(self.state)

    def close(self) -> None:
        lib.ghostty_render_state_row_iterator_free(self._iterator[0])
        lib.ghostty_render_state_free(self.state)

    def _make_state(self) -> None:
        check(lib.ghostty_render_state_new(ffi.NULL, self._holder), "render_state_new")
        self.state = self._holder[0]

    def _update(self) -> int:
        lib.ghostty_render_state_update(self.state, self._terminal)
        get = lib.ghostty_render_state_get
        get(self.state, lib.GHOSTTY_RENDER_STATE_DATA_DIRTY, self._level)
        get(self.state, lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, self._iterator)
        self._reader.begin()
        return int(self._level[0])

    def _read_anew(self) -> None:
        lib.ghostty_render_state_free(self.state)
        self._make_state()
        self._update()
        before, self.lines = self.lines, self._read_all()
        self._pending.update(y for y, runs in self.lines.items() if before.get(y) != runs)
        lib.ghostty_render_state_clean(self.state)

    def _read_all(self) -> dict[int, tuple[Run, ...]]:
        iterator, read = self._iterator[0], self._reader.read
        lines: dict[int, tuple[Run, ...]] = {}
        while lib.ghostty_render_state_row_iterator_next(iterator):
            lines[len(lines)] = read(iterator, (_VIEWPORT, len(lines)))
        return lines

    def _read_dirty(self) -> None:
        iterator, read = self._iterator[0], self._reader.read
        while lib.ghostty_render_state_row_iterator_next_dirty(iterator, self._row):
            y = self._row[0]
            self.lines[y] = read(iterator, (_VIEWPORT, y))
            self._pending.add(y)


def _may_join(data: bytes) -> bool:
    """Whether the first character may belong to one that is there already."""
    found = _NO_TEXT.match(data)
    start = found.end() if found else 0
    if data[start : start + 1] < b"\x80":
        return False
    first = data[start : start + 4].decode("utf-8", "replace")[0]
    kind = unicodedata.category(first)
    return kind[0] in "MC" or first == "\ufffd" or ord(first) in _SKIN_TONES or _conjoins(first)


def _conjoins(char: str) -> bool:
    """Hangul vowels and finals, and the second letter of a flag."""
    return "\u1160" <= char <= "\u11ff" or "\U0001f1e6" <= char <= "\U0001f1ff"
