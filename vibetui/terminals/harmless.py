"""Output of somebody else's terminal, without what would reach past the screen of this one.

Sources: xterm's ctlseqs (DA, DSR, DECRQM, XTWINOPS, OSC 4, 10-19 and 52, mouse modes),
the kitty keyboard protocol, ECMA-48 section 8.3 (ENQ is answered by the terminal).
"""

from __future__ import annotations

import re

from vibetui.terminals.boundaries import unfinished

_LONGEST = 1 << 20
"""Bytes of a sequence that has no end; then it is taken for text."""
_INPUT_MODES = frozenset(
    {b"9", b"1000", b"1001", b"1002", b"1003", b"1004", b"1005", b"1006", b"1015", b"1016"}
    | {b"2004", b"2031", b"2048"}
)
"""Change what the keyboard and the mouse send."""
_SEQUENCE = re.compile(
    rb"\x05"
    rb"|\x1bZ"
    rb"|\x1b\[(?:"
    rb"\?(?P<modes>[\d;]+)(?P<switch>[hl])"
    rb"|[?>=]?[\d;]*[cn]"
    rb"|>[\d;]*q"
    rb"|[<>=?][\d;]*u"
    rb"|>[\d;]*m"
    rb"|\??[\d;]*\$p"
    rb"|[\d;]*\*y"
    rb"|(?:[1-9]|1\d|2[01])(?:;\d*)*t"
    rb")"
    rb"|\x1b\](?:52;|(?:4;\d+|5;\d+|1\d);\?)[^\x07\x1b]*(?:\x07|\x1b\\)"
    rb"|\x1bP[+$]q[^\x1b]*\x1b\\"
    rb"|\x1b_G[^\x1b]*\x1b\\"
)


class HarmlessOutput:
    """Leaves out queries, the clipboard, the window's size, and modes of keyboard and mouse."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What can be written of the next bytes; a sequence that was cut waits for its end."""
        data = self._held + data
        self._held = unfinished(data)
        if len(self._held) > _LONGEST:
            self._held = b""
        whole = data[: len(data) - len(self._held)]
        return _SEQUENCE.sub(_kept, whole)


def _kept(match: re.Match[bytes]) -> bytes:
    if not match["switch"]:
        return b""
    modes = [mode for mode in match["modes"].split(b";") if mode not in _INPUT_MODES]
    return b"\x1b[?%s%s" % (b";".join(modes), match["switch"]) if modes else b""
