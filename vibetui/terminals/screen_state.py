"""What was switched on in a user's terminal, so that exactly that can be undone.

Sources: xterm's ctlseqs (DEC private modes, DECSCUSR, DECSTBM, modifyOtherKeys, XTWINOPS 22/23,
OSC 4 and 10-19), ECMA-35 (charsets) and the kitty keyboard protocol. Undoing blindly would not do:
leaving an alternate screen that was never entered moves the cursor, and popping keyboard flags
that were never pushed takes the shell's.
"""

from __future__ import annotations

import re

_ON_BY_DEFAULT = frozenset({7, 8, 25})
"""Line wrap, keys that repeat, and the visible cursor."""
_ALTERNATE_SCREENS = frozenset({47, 1047, 1049})
_CURSOR_VISIBLE = 25
_SAVED_CURSOR = 1048
"""No mode but a command: reset, it would move the cursor."""
_HIGHEST_MODE = 9999
_ANSI_MODES = frozenset({4, 20})
"""Insert (IRM) and newline (LNM)."""
_LONGEST = 512
"""Bytes of an unfinished sequence that are kept for the next chunk."""

_SEQUENCE = re.compile(
    rb"\x1b(?:\[(?![\d;]*+[mHKABCDGJX])(?:"
    rb"\?(?P<modes>[\d;]{1,60}+)(?P<switch>[hl])"
    rb"|(?P<ansi>[\d;]{1,60}+)(?P<ansi_switch>[hl])"
    rb"|(?P<kitty>[<>=])(?P<flags>[\d;]{0,16}+)u"
    rb"|>(?P<modify>[\d;]{0,16}+)m"
    rb"|(?P<shape>\d{0,4}) q"
    rb"|(?P<margins>[\d;]{0,16}+)r"
    rb"|(?P<stack>2[23])(?:;\d{1,4})*t)"
    rb"|\](?:(?P<palette>4;\d{1,3});(?!\?)[^\x07\x1b]"
    rb"|(?P<dynamic>1[0-9]);(?!\?)[^\x07\x1b]"
    rb"|1(?P<default>04|1[0-9])(?=[;\x07\x1b])"
    rb"|8;[^;\x07\x1b]{0,200};(?P<link>[^\x07\x1b]?))"
    rb"|(?P<slot>[()*+])(?P<charset>[^\x1b])"
    rb"|(?P<keypad>[=>])"
    rb"|(?P<reset>c))"
)
_UNFINISHED = re.compile(
    rb"\x1b(?:\[[?<>=]?[\d;]*[ $]?|\](?:\d{0,2}|4;[\d;]*|1\d\d?;?|8;[^\x07\x1b]*)|[()*+])?\Z"
)


class ScreenState:
    """Follows what is written to a terminal; one a client."""

    def __init__(self) -> None:
        self._tail = b""
        self._forget()

    def _forget(self) -> None:
        self._changed: set[int] = set()
        self._ansi: set[int] = set()
        self._keyboard_pushes = {False: 0, True: 0}
        """The alternate screen has a stack of its own."""
        self._keyboard_set: set[bool] = set()
        self._other_keys = False
        self._cursor_shaped = False
        self._margins = False
        self._titles_pushed = 0
        self._palette = False
        self._dynamic: set[int] = set()
        self._link = False
        self._charsets: set[bytes] = set()
        self._shifted = False
        self._keypad = False

    @property
    def alternate_screen(self) -> bool:
        """The alternate screen is shown."""
        return bool(self._changed & _ALTERNATE_SCREENS)

    @property
    def enhanced_keyboard(self) -> bool:
        """Keys may come as kitty or modifyOtherKeys spell them."""
        here = self.alternate_screen
        return bool(self._keyboard_pushes[here]) or here in self._keyboard_set or self._other_keys

    @property
    def bracketed_paste(self) -> bool:
        """What is pasted comes between marks."""
        return 2004 in self._changed

    def feed(self, data: bytes) -> None:
        """Take note of the next bytes written; they may be cut anywhere."""
        if self._tail:
            data = self._tail + data
        for match in _SEQUENCE.finditer(data):
            self._note(match)
        if (shift := max(data.rfind(b"\x0e"), data.rfind(b"\x0f"))) >= 0:
            self._shifted = data[shift] == 0x0E
        unfinished = _UNFINISHED.search(data, max(0, len(data) - _LONGEST))
        self._tail = unfinished[0] if unfinished else b""

    def _note(self, match: re.Match[bytes]) -> None:
        if match["switch"]:
            for mode in match["modes"].split(b";"):
                if mode:
                    self._switch(int(mode), on=match["switch"] == b"h")
        elif match["ansi_switch"]:
            modes = {int(mode) for mode in match["ansi"].split(b";") if mode} & _ANSI_MODES
            self._ansi = self._ansi | modes if match["ansi_switch"] == b"h" else self._ansi - modes
        elif match["kitty"]:
            self._note_keyboard(match["kitty"], match["flags"])
        elif match["modify"] is not None:
            # Without a value it puts the terminal's own setting back.
            self._other_keys = match["modify"].partition(b";")[2] not in (b"", b"0")
        elif match["shape"] is not None:
            self._cursor_shaped = match["shape"] not in (b"", b"0")
        elif match["margins"] is not None:
            self._margins = bool(match["margins"])
        elif match["stack"]:
            self._titles_pushed = max(
                0, self._titles_pushed + (1 if match["stack"] == b"22" else -1)
            )
        elif match["reset"]:
            self._forget()
        else:
            self._note_look(match)

    def _note_keyboard(self, operation: bytes, flags: bytes) -> None:
        here, number = self.alternate_screen, int(flags.split(b";")[0] or b"0")
        pushes = self._keyboard_pushes
        if operation == b">":
            pushes[here] += 1
        elif operation == b"<":
            pushes[here] = max(0, pushes[here] - (number or 1))
        elif number and not pushes[here]:
            self._keyboard_set.add(here)
        elif not number:
            self._keyboard_set.discard(here)

    def _note_look(self, match: re.Match[bytes]) -> None:
        if match["palette"]:
            self._palette = True
        elif match["dynamic"]:
            self._dynamic.add(int(match["dynamic"]))
        elif match["default"] == b"04":
            self._palette = False
        elif match["default"]:
            self._dynamic.discard(int(match["default"]))
        elif match["link"] is not None:
            self._link = bool(match["link"])
        elif match["slot"]:
            (self._charsets.discard if match["charset"] == b"B" else self._charsets.add)(
                match["slot"]
            )
        elif match["keypad"]:
            self._keypad = match["keypad"] == b"="

    def _switch(self, mode: int, *, on: bool) -> None:
        if mode > _HIGHEST_MODE or mode == _SAVED_CURSOR:
            return
        if on == (mode in _ON_BY_DEFAULT):
            self._changed.discard(mode)
        else:
            self._changed.add(mode)

    def modes(self) -> bytes:
        """The bytes that switch on what is on, in a terminal that has nothing on."""
        alternate = [b"\x1b[?%dh" % mode for mode in sorted(self._changed & _ALTERNATE_SCREENS)]
        others = sorted(self._changed - _ALTERNATE_SCREENS)
        switched = [
            b"\x1b[?%d%s" % (mode, b"l" if mode in _ON_BY_DEFAULT else b"h") for mode in others
        ]
        return b"".join([*alternate, *switched, b"\x1b=" if self._keypad else b""])

    def restore(self) -> bytes:
        """The bytes that undo what is still in force; empty after an app that tidied up."""
        undo: list[bytes] = []
        last = _ALTERNATE_SCREENS | {_CURSOR_VISIBLE}
        undo += [_reset(mode) for mode in sorted(self._changed - last)]
        undo += [b"\x1b[%dl" % mode for mode in sorted(self._ansi)]
        undo += self._undone_looks()
        if self.alternate_screen:
            # Before it is left: what it has of its own can't be reached from outside.
            undo += self._undone_here(alternate=True)
        undo += [_reset(mode) for mode in sorted(self._changed & _ALTERNATE_SCREENS)]
        undo += self._undone_here(alternate=False)
        if self._other_keys:
            undo.append(b"\x1b[>4m")
        if self._keypad:
            undo.append(b"\x1b>")
        if self._cursor_shaped:
            undo.append(b"\x1b[0 q")
        if _CURSOR_VISIBLE in self._changed:
            undo.append(_reset(_CURSOR_VISIBLE))
        undo += [b"\x1b[23;0t"] * self._titles_pushed
        if not undo:
            return b""
        # CAN ends a sequence that was cut in the middle (ECMA-48 section 8.3.6), ST a string.
        return b"\x18\x1b\\\x1b[0m" + b"".join(undo)

    def _undone_here(self, *, alternate: bool) -> list[bytes]:
        undo: list[bytes] = []
        if pushes := self._keyboard_pushes[alternate]:
            undo.append(b"\x1b[<%du" % pushes)
        if alternate in self._keyboard_set:
            undo.append(b"\x1b[=0u")
        if self._margins:
            # Setting margins takes the cursor home.
            undo.append(b"\x1b7\x1b[r\x1b8")
        return undo

    def _undone_looks(self) -> list[bytes]:
        undo: list[bytes] = []
        if self._link:
            undo.append(b"\x1b]8;;\x1b\\")
        if self._palette:
            undo.append(b"\x1b]104\x1b\\")
        undo += [b"\x1b]%d\x1b\\" % (100 + number) for number in sorted(self._dynamic)]
        undo += [b"\x1b%sB" % slot for slot in sorted(self._charsets)]
        if self._shifted:
            undo.append(b"\x0f")
        return undo


def _reset(mode: int) -> bytes:
    return b"\x1b[?%d%s" % (mode, b"h" if mode in _ON_BY_DEFAULT else b"l")
