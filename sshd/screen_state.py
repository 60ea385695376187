"""What an app has switched on in the client's terminal, so that exactly that can be undone.

Sources: xterm's ctlseqs (DEC private modes, DECSCUSR, XTWINOPS 22/23) and the kitty keyboard
protocol. Undoing blindly would not do: leaving an alternate screen that was never entered
moves the cursor, and popping keyboard flags that were never pushed takes the shell's.
"""

from __future__ import annotations

import re

_ON_BY_DEFAULT = frozenset({7, 25})
"""Line wrap and the visible cursor."""
_ALTERNATE_SCREENS = frozenset({47, 1047, 1049})
_CURSOR_VISIBLE = 25
_HIGHEST_MODE = 9999
_LONGEST = 64
"""Bytes of an unfinished sequence that are kept for the next chunk."""

_SEQUENCE = re.compile(
    rb"\x1b\[(?:\?(?P<modes>[\d;]{1,60})(?P<switch>[hl])"
    rb"|(?P<kitty>[<>=])(?P<flags>[\d;]{0,16})u"
    rb"|(?P<shape>\d{0,4}) q"
    rb"|(?P<stack>2[23])(?:;\d{1,4})*t)"
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[?<>=]?[\d;]*[ $]?)?\Z")


class ScreenState:
    """Follows what is written to a terminal; one a client."""

    def __init__(self) -> None:
        self._changed: set[int] = set()
        self._keyboard_pushes = 0
        self._cursor_shaped = False
        self._titles_pushed = 0
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Take note of the next bytes written; they may be cut anywhere."""
        if self._tail:
            data = self._tail + data
        for match in _SEQUENCE.finditer(data):
            self._note(match)
        unfinished = _UNFINISHED.search(data, max(0, len(data) - _LONGEST))
        self._tail = unfinished[0] if unfinished else b""

    def _note(self, match: re.Match[bytes]) -> None:
        if match["switch"]:
            for mode in match["modes"].split(b";"):
                if mode:
                    self._switch(int(mode), on=match["switch"] == b"h")
        elif match["kitty"] == b">":
            self._keyboard_pushes += 1
        elif match["kitty"] == b"<":
            popped = int(match["flags"].split(b";")[0] or b"1")
            self._keyboard_pushes = max(0, self._keyboard_pushes - popped)
        elif match["shape"] is not None:
            self._cursor_shaped = match["shape"] not in (b"", b"0")
        elif match["stack"] == b"22":
            self._titles_pushed += 1
        elif match["stack"] == b"23":
            self._titles_pushed = max(0, self._titles_pushed - 1)

    def _switch(self, mode: int, *, on: bool) -> None:
        if mode > _HIGHEST_MODE:
            return
        if on == (mode in _ON_BY_DEFAULT):
            self._changed.discard(mode)
        else:
            self._changed.add(mode)

    def restore(self) -> bytes:
        """The bytes that undo what is still in force; empty after an app that tidied up."""
        undo: list[bytes] = []
        last = _ALTERNATE_SCREENS | {_CURSOR_VISIBLE}
        undo += [_reset(mode) for mode in sorted(self._changed - last)]
        if self._keyboard_pushes:
            # Before the alternate screen is left: each screen has a stack of its own.
            undo.append(b"\x1b[<%du" % self._keyboard_pushes)
        undo += [_reset(mode) for mode in sorted(self._changed & _ALTERNATE_SCREENS)]
        if self._cursor_shaped:
            undo.append(b"\x1b[0 q")
        if _CURSOR_VISIBLE in self._changed:
            undo.append(_reset(_CURSOR_VISIBLE))
        undo += [b"\x1b[23;0t"] * self._titles_pushed
        if not undo:
            return b""
        # CAN ends a sequence that was cut in the middle (ECMA-48 section 8.3.6).
        return b"\x18\x1b[0m" + b"".join(undo)


def _reset(mode: int) -> bytes:
    return b"\x1b[?%d%s" % (mode, b"h" if mode in _ON_BY_DEFAULT else b"l")
