"""What a ghostty terminal has to tell: replies, bells, clipboard writes, and who it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyghostty._ffi import check, ffi, lib
from pyghostty.core import init_sized

from vibetui.terminals.emulators.text import MAX_CLIPBOARD

CELL_PIXELS = (8, 16)
"""Width and height that programs are told."""
_MAX_REPLIES = 1 << 16
_IDENTITY = b"vibetui"
"""The library's own name makes programs take the pane for Ghostty, which shows pictures."""
_TERMINFO_NAME = b"xterm-256color"
_UNTRUE = {b"\x1b[?1016;2$y": b"\x1b[?1016;0$y"}
"""Mouse reports in pixels: the library knows the mode, but who writes the reports has cells."""


class Outbox:
    """Collects what the library says through callbacks, until somebody takes it.

    Attributes:
        replies: Owed to the program.
        bells: Rung since they were last counted.
        clipboard: The last OSC 52 write.
    """

    def __init__(self, terminal: Any, size: Callable[[], tuple[int, int]]) -> None:
        self.replies = bytearray()
        self.bells = 0
        self.clipboard: str | None = None
        self._size = size
        self._honoured = init_sized("GhosttyClipboardWriteReply")
        self._honoured.result = lib.GHOSTTY_CLIPBOARD_WRITE_RESULT_SUCCESS
        # cffi frees what nobody holds, and the library's next call would jump into the void.
        self._held: list[Any] = []
        self._connect(terminal)
        self._introduce(terminal)

    def close(self) -> None:
        self._held.clear()

    def _connect(self, terminal: Any) -> None:
        identity = self._string(_IDENTITY)
        for option, kind, function in (
            ("WRITE_PTY", "WritePty", self._wrote),
            ("BELL", "Bell", self._rang),
            ("SIZE", "Size", self._sized),
            ("CLIPBOARD_WRITE", "ClipboardWrite", self._copied),
            ("XTVERSION", "Xtversion", lambda _terminal, _user: identity[0]),
        ):
            callback = ffi.callback(f"GhosttyTerminal{kind}Fn", function)
            self._held.append(callback)
            self._set(terminal, option, callback)

    def _introduce(self, terminal: Any) -> None:
        self._set(terminal, "TERMINFO_NAME", self._string(_TERMINFO_NAME))
        # The pane shows no pictures and no glyphs of programs, so they must not be told it does.
        self._set(terminal, "KITTY_IMAGE_STORAGE_LIMIT", ffi.new("uint64_t*", 0))
        self._set(terminal, "GLYPH_PROTOCOL", ffi.new("bool*", False))

    @staticmethod
    def _set(terminal: Any, option: str, value: Any) -> None:
        number = getattr(lib, f"GHOSTTY_TERMINAL_OPT_{option}")
        check(lib.ghostty_terminal_set(terminal, number, value), option)

    def _string(self, text: bytes) -> Any:
        characters = ffi.new("uint8_t[]", text)
        self._held.append(characters)
        return ffi.new("GhosttyString*", {"ptr": characters, "len": len(text)})

    def _wrote(self, _terminal: Any, _user: Any, data: Any, length: int) -> None:
        if len(self.replies) < _MAX_REPLIES:
            reply = ffi.buffer(data, length)[:]
            self.replies += _UNTRUE.get(reply, reply)

    def _rang(self, _terminal: Any, _user: Any) -> None:
        self.bells += 1

    def _sized(self, _terminal: Any, _user: Any, out: Any) -> bool:
        out.rows, out.columns = self._size()
        out.cell_width, out.cell_height = CELL_PIXELS
        return True

    def _copied(self, _terminal: Any, _user: Any, write: Any) -> None:
        for index in range(write.contents_len):
            data = write.contents[index].data
            if data.len <= MAX_CLIPBOARD:
                raw = ffi.buffer(data.ptr, data.len)[:] if data.len else b""
                self.clipboard = raw.decode("utf-8", "replace")
                break
        if write.reply != ffi.NULL:
            write.reply(write, self._honoured)
