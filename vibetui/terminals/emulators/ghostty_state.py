"""What a ghostty terminal says about itself: modes, cursor, title, scroll position."""

from __future__ import annotations

from typing import Any

from pyghostty._ffi import ffi, lib, union_fn
from pyghostty.core import init_sized

from vibetui.terminals.emulators.text import clean_title
from vibetui.terminals.protocol import Cursor, Modes, MouseEncoding, MouseTracking

# cffi's ABI mode can't pass a union by value; a struct of the same layout has the same call ABI
# on x86-64 and aarch64 (24 bytes: in memory on both).
ffi.cdef(
    "typedef struct { GhosttyTerminalScrollViewportTag tag; uint64_t value; uint64_t unused; }"
    " VibetuiScrollViewport;"
)
if ffi.sizeof("VibetuiScrollViewport") != ffi.sizeof("GhosttyTerminalScrollViewport"):
    raise ImportError("this libghostty-vt has another scroll ABI")
_scroll_viewport = union_fn(
    "ghostty_terminal_scroll_viewport", "void(*)(GhosttyTerminal, VibetuiScrollViewport)"
)

_SHAPES = {
    lib.GHOSTTY_RENDER_STATE_CURSOR_VISUAL_STYLE_BAR: "bar",
    lib.GHOSTTY_RENDER_STATE_CURSOR_VISUAL_STYLE_UNDERLINE: "underline",
}
_TRACKING = (
    (1003, MouseTracking.ANY),
    (1002, MouseTracking.BUTTON),
    (1000, MouseTracking.NORMAL),
    (9, MouseTracking.X10),
)
_ENCODING = (
    (1006, MouseEncoding.SGR),
    (1015, MouseEncoding.URXVT),
    (1005, MouseEncoding.UTF8),
)


class StateReader:
    """Reads the state of one terminal through buffers that are allocated once."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._mode = ffi.new("GhosttyTerminalModeConfig*")
        self._byte = ffi.new("uint8_t*")
        self._int = ffi.new("int*")
        self._size = ffi.new("size_t*")
        self._scrollbar = ffi.new("GhosttyTerminalScrollbar*")
        self._string = ffi.new("GhosttyString*")
        self._short = ffi.new("uint16_t*")
        self._cursor = init_sized("GhosttyRenderStateCursor")
        self._move = ffi.new("VibetuiScrollViewport*")

    def mode(self, number: int) -> bool:
        """Whether DEC private mode `number` is set."""
        self._mode.mode = number
        result = lib.ghostty_terminal_get(
            self._terminal, lib.GHOSTTY_TERMINAL_DATA_MODE, self._mode
        )
        return result == 0 and bool(self._mode.value)

    def modes(self) -> Modes:
        mode = self.mode
        get = lib.ghostty_terminal_get
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_KITTY_KEYBOARD_FLAGS, self._byte)
        return Modes(
            application_cursor=mode(1),
            application_keypad=mode(66),
            bracketed_paste=mode(2004),
            focus_events=mode(1004),
            alternate_screen=self.on_alternate_screen(),
            synchronized_output=mode(2026),
            mouse=next((kind for number, kind in _TRACKING if mode(number)), MouseTracking.NONE),
            mouse_encoding=next(
                (kind for number, kind in _ENCODING if mode(number)), MouseEncoding.DEFAULT
            ),
            kitty_keyboard=self._byte[0],
            alternate_scroll=mode(1007),
        )

    def cursor(self, render_state: Any) -> Cursor:
        """The cursor as of the last update of `render_state`."""
        found = self._cursor
        lib.ghostty_render_state_get(render_state, lib.GHOSTTY_RENDER_STATE_DATA_CURSOR, found)
        if not found.viewport_has_value:
            return Cursor(0, 0, visible=False)
        return Cursor(
            row=found.viewport_y,
            column=found.viewport_x - int(found.wide_tail),
            visible=bool(found.visible),
            shape=_SHAPES.get(found.visual_style, "block"),
            blinking=bool(found.blinking),
        )

    def on_alternate_screen(self) -> bool:
        lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_ACTIVE_SCREEN, self._int)
        return bool(self._int[0] == lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE)

    def columns(self) -> int:
        return self._number(lib.GHOSTTY_TERMINAL_DATA_COLS)

    def cursor_position(self) -> tuple[int, int]:
        """Row and column on the screen, as of now."""
        return (
            self._number(lib.GHOSTTY_TERMINAL_DATA_CURSOR_Y),
            self._number(lib.GHOSTTY_TERMINAL_DATA_CURSOR_X),
        )

    def _number(self, data: int) -> int:
        lib.ghostty_terminal_get(self._terminal, data, self._short)
        return int(self._short[0])

    def history_lines(self) -> int:
        lib.ghostty_terminal_get(
            self._terminal, lib.GHOSTTY_TERMINAL_DATA_SCROLLBACK_ROWS, self._size
        )
        return int(self._size[0])

    def scroll_offset(self) -> int:
        lib.ghostty_terminal_get(
            self._terminal, lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, self._scrollbar
        )
        bar = self._scrollbar[0]
        return max(0, int(bar.total) - int(bar.len) - int(bar.offset))

    def scroll_to(self, offset: int) -> None:
        history = self.history_lines()
        offset = max(0, min(offset, history))
        move = self._move
        if offset:
            move.tag = lib.GHOSTTY_SCROLL_VIEWPORT_ROW
            move.value = history - offset
        else:
            move.tag = lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM
        _scroll_viewport(self._terminal, move[0])

    def title(self) -> str:
        result = lib.ghostty_terminal_get(
            self._terminal, lib.GHOSTTY_TERMINAL_DATA_TITLE, self._string
        )
        if result or not self._string.len:
            return ""
        raw: bytes = ffi.buffer(self._string.ptr, self._string.len)[:]
        return clean_title(raw.decode("utf-8", "replace"))
