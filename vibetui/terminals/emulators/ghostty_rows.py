"""Reads rows out of a ghostty render state: one C call for a row's cells, then big-integer masks.

Fetching a style for each cell costs 4.6 ms a row; this costs 6-50 µs, for a whole screen a style
is fetched once a page.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import compress, groupby
from typing import Any

from pyghostty._ffi import ffi, lib, union_fn
from pyghostty.core import init_sized

from vibetui.terminals.emulators.text import MAX_LINK, clean_link, printable
from vibetui.terminals.protocol import CellStyle, Color, Run, Underline

# A cell is 64 bits: content tag 0-1, code point 2-22 (or a background colour), style 26-41, width
# 42-43, hyperlink 45.
_TAG = 3
_CODEPOINT_SHIFT, _CODEPOINT = 2, 0x1FFFFF
_STYLE_SHIFT, _STYLE = 26, 0xFFFF
_WIDE_SHIFT = 42
_LINK = 1 << 45
_TAG_GRAPHEME, _TAG_PALETTE, _TAG_RGB = 1, 2, 3
_SPACER_TAIL = 2

_Look = int | CellStyle | tuple["_Look", bytes]
"""The number of a style, a style, or one of the two with a link: whatever tells cells apart."""
Place = tuple[Any, int]
"""Where a row is in the terminal: a kind of point, and a row."""

grid_ref = union_fn(
    "ghostty_terminal_grid_ref",
    "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyGridRef*)",
)

_CODEPOINTS = ffi.typeof("uint32_t[]")
_SEPARATORS = str.maketrans("", "", "\u2028\u2029")
_DEFAULT = CellStyle()
_STYLES: dict[bytes | tuple[int, int], CellStyle] = {}
_MAX_STYLES = 8192


class RowReader:
    """Turns the row under a row iterator into runs. Not thread-safe."""

    def __init__(self, terminal: Any, columns: int) -> None:
        self._grid = GridReader(terminal)
        self._cells = ffi.new("GhosttyRenderStateRowCells*")
        lib.ghostty_render_state_row_cells_new(ffi.NULL, self._cells)
        self._view = ffi.new("GhosttyCellsView*")
        self._style = init_sized("GhosttyStyle")
        self._style_bytes = ffi.buffer(self._style)
        self._grapheme_length = ffi.new("uint32_t*")
        self._pages: dict[Any, dict[int, CellStyle]] = {}
        self._set_columns(columns)

    def close(self) -> None:
        lib.ghostty_render_state_row_cells_free(self._cells[0])

    def _set_columns(self, columns: int) -> None:
        ones = sum(1 << (64 * index) for index in range(columns))
        self._columns = columns
        self._codepoints = ones * _CODEPOINT
        self._style_ids = ones * _STYLE
        self._special = ones * (_TAG | (3 << _WIDE_SHIFT) | _LINK)

    def begin(self) -> None:
        """Rows of another state of the terminal follow: the numbers of styles mean others now."""
        self._pages.clear()

    def read(self, iterator: Any, place: Place) -> tuple[Run, ...]:
        """The runs of the row that `iterator` stands on, covering all its columns.

        `place` is where the same row is in the terminal: a render state holds no links.
        """
        lib.ghostty_render_state_row_get(
            iterator, lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW, self._view
        )
        view = self._view[0]
        columns: int = view.len
        if not columns:
            return ()
        if columns != self._columns:
            self._set_columns(columns)
        raw: bytes = ffi.buffer(view.ptr, columns * 8)[:]
        cells = int.from_bytes(raw, "little")
        if cells & self._special:
            return self._read_special(iterator, cells, place)
        text = self._text(cells)
        styles = (cells >> _STYLE_SHIFT) & self._style_ids
        if not styles:
            return (Run(0, columns, printable(text), _DEFAULT),)
        ids = self._words(styles)
        ends = [*compress(range(1, columns), self._words(styles ^ (styles >> 64))), columns]
        text = printable(text)
        known = self._known_styles(place)
        selected = False
        runs: list[Run] = []
        start = 0
        for end in ends:
            style = known.get(ids[start])
            if style is None:
                style = self._style_at(iterator, start, select=not selected)
                known[ids[start]] = style
                selected = True
            runs.append(Run(start, end, text[start:end], style))
            start = end
        return tuple(runs)

    def _text(self, cells: int) -> str:
        """One character a cell, a blank where there is none."""
        codepoints = (cells >> _CODEPOINT_SHIFT) & self._codepoints
        text = codepoints.to_bytes(self._columns * 8, "little").decode("utf-32-le", "replace")
        return text[::2].replace("\0", " ")

    def _words(self, number: int) -> list[int]:
        return memoryview(number.to_bytes(self._columns * 8, "little")).cast("Q").tolist()

    def _known_styles(self, place: Place) -> dict[int, CellStyle]:
        """The styles of the row's page, as far as they are known: each page has its own numbers."""
        page = self._grid.page_at(place)
        if page is None:
            return {0: _DEFAULT}
        known = self._pages.get(page)
        if known is None:
            known = self._pages[page] = {0: _DEFAULT}
        return known

    def _style_at(self, iterator: Any, column: int, *, select: bool) -> CellStyle:
        if select:
            lib.ghostty_render_state_row_get(
                iterator, lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS, self._cells
            )
        cells = self._cells[0]
        lib.ghostty_render_state_row_cells_select(cells, column)
        lib.ghostty_render_state_row_cells_get(
            cells, lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE, self._style
        )
        return _style_of(self._style_bytes[8:68])

    def _read_special(self, iterator: Any, cells: int, place: Place) -> tuple[Run, ...]:
        """A row with cells that are more than a character of one column with a style."""
        lib.ghostty_render_state_row_get(
            iterator, lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS, self._cells
        )
        columns = self._columns
        texts = list(self._text(cells))
        looks: list[_Look] = list(self._words((cells >> _STYLE_SHIFT) & self._style_ids))
        words = self._words(cells)
        for column in compress(range(columns), self._words(cells & self._special)):
            cell = words[column]
            tag = cell & _TAG
            if tag >= _TAG_PALETTE:
                texts[column] = " "
                looks[column] = _background(tag, (cell >> _CODEPOINT_SHIFT) & 0xFFFFFF)
                continue
            if (cell >> _WIDE_SHIFT) & 3 == _SPACER_TAIL:
                texts[column] = ""
            elif tag == _TAG_GRAPHEME:
                texts[column] = self._grapheme_at(column)
            if cell & _LINK:
                looks[column] = (looks[column], self._grid.uri_at(place, column))
        known = self._known_styles(place)
        runs: list[Run] = []
        start = 0
        for look, group in groupby(looks):
            end = start + len(list(group))
            style = self._style_of_look(look, start, known)
            runs.append(Run(start, end, printable("".join(texts[start:end])), style))
            start = end
        return tuple(runs)

    def _style_of_look(self, look: _Look, column: int, known: dict[int, CellStyle]) -> CellStyle:
        if isinstance(look, CellStyle):
            return look
        if isinstance(look, tuple):
            style = self._style_of_look(look[0], column, known)
            uri = clean_link(look[1].decode("utf-8", "replace"))
            return replace(style, link=uri) if uri else style
        found = known.get(look)
        if found is None:
            found = known[look] = self._style_at(None, column, select=False)
        return found

    def _grapheme_at(self, column: int) -> str:
        cells = self._cells[0]
        get = lib.ghostty_render_state_row_cells_get
        lib.ghostty_render_state_row_cells_select(cells, column)
        get(cells, lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_LEN, self._grapheme_length)
        buffer = ffi.new(_CODEPOINTS, max(1, self._grapheme_length[0]))
        get(cells, lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_BUF, buffer)
        return clean_cells("".join(map(chr, buffer))) or " "


def clean_cells(text: str) -> str:
    """`text` without what may act on a terminal, every other cell in its place.

    The library keeps line separators as marks on the character before, in no cell of their own.
    """
    return text if text.isprintable() else printable(text.translate(_SEPARATORS))


class GridReader:
    """Finds what a render state doesn't hold: the links of cells, the pages of rows."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._point = ffi.new("GhosttyPointS*")
        self._ref = init_sized("GhosttyGridRef")
        self._uri = ffi.new("uint8_t[]", 4 * MAX_LINK)
        self._length = ffi.new("size_t*")

    def page_at(self, place: Place) -> Any:
        """What tells the page of a row from the others."""
        return self._ref.node if self._point_to(place, 0) else None

    def uri_at(self, place: Place, column: int) -> bytes:
        """Where the cell at `column` leads; nothing where the URI is too long."""
        if not self._point_to(place, column):
            return b""
        uri, length = self._uri, self._length
        if lib.ghostty_grid_ref_hyperlink_uri(self._ref, uri, len(uri), length):
            return b""
        found: bytes = ffi.buffer(uri, length[0])[:]
        return found

    def _point_to(self, place: Place, column: int) -> bool:
        point = self._point
        point.tag, point.value.y = place
        point.value.x = column
        return not grid_ref(self._terminal, point[0], self._ref)


def _remember(key: bytes | tuple[int, int], style: CellStyle) -> CellStyle:
    if len(_STYLES) >= _MAX_STYLES:
        _STYLES.clear()
    _STYLES[key] = style
    return style


def _style_of(raw: bytes) -> CellStyle:
    return _STYLES.get(raw) or _remember(raw, _decode_style(raw))


def _decode_style(raw: bytes) -> CellStyle:
    # GhosttyStyle without its size: three colours of 16 bytes, eight bools, int underline.
    bold, italic, dim, blink, reverse, conceal, strike, overline = raw[48:56]
    (underline,) = struct.unpack_from("<i", raw, 56)
    return CellStyle(
        foreground=_color(raw, 0),
        background=_color(raw, 16),
        bold=bool(bold),
        dim=bool(dim),
        italic=bool(italic),
        underline=Underline(underline),
        blink=bool(blink),
        reverse=bool(reverse),
        conceal=bool(conceal),
        strike=bool(strike),
        overline=bool(overline),
        underline_color=_color(raw, 32),
    )


def _color(raw: bytes, at: int) -> Color:
    if raw[at] == 1:
        return raw[at + 8]
    if raw[at] == 2:
        return (raw[at + 8], raw[at + 9], raw[at + 10])
    return None


def _background(tag: int, value: int) -> CellStyle:
    key = (tag, value)
    found = _STYLES.get(key)
    if found is not None:
        return found
    color: Color = value & 0xFF
    if tag == _TAG_RGB:
        color = (value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF)
    return _remember(key, CellStyle(background=color))
