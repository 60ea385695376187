"""Tells what a user's terminal answers from what its user types.

Answers count only from whoever leads, so that a query is answered once; a key always counts. So
what could be either is a key. Sources: ECMA-48 (CSI, DCS, OSC), xterm's ctlseqs (DA, DSR, DECRPM,
DECRQSS, XTVERSION, XTGETTCAP, XTWINOPS, XTSMGRAPHICS), the kitty keyboard and graphics protocols.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LONGEST = 4096
"""Bytes of a string that is waited for."""

_STRING = rb"\x1b(?:\](?=\d)|P(?=[01>!])|_(?=G))[^\x07\x18\x1a\x1b]*"
_ANSWER = re.compile(
    rb"\x1b\[(?:[?>][\d;]*c"  # DA1, DA2
    rb"|\??[\d;]+n"  # DSR
    # CPR; but 1;2 to 1;8 is a function key with modifiers.
    rb"|(?!1;[2-8]R)\d+;\d+R|\?[\d;]+R"
    rb"|\??\d+;\d\$y"  # DECRPM
    rb"|\?\d+u"  # The flags of the kitty keyboard
    rb"|\d+;[\d;]+t"  # XTWINOPS, and sizes in band (mode 2048)
    rb"|\?[\d;]+S"  # XTSMGRAPHICS
    rb"|[23](?:;\d+){5,6}x"  # DECREPTPARM
    rb"|[IO])"  # The focus: nobody has typed it
    rb"|" + _STRING + rb"(?:\x07|\x1b\\)"
)
_BEGUN = re.compile(rb"(?:\x1b\[[?>]?[\d;]+\$?|\x1b\[[?>]|" + _STRING + rb"\x1b?)\Z")
_SURE = re.compile(rb"\x1b(?:\[[?>]|[\]P_])")
"""What no key begins with."""


class Typed(NamedTuple):
    """A piece of what came from the terminal."""

    data: bytes
    answer: bool


class AnswerFinder:
    """Splits what comes; it may be cut anywhere."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def holds(self) -> bool:
        """Something has begun that may become an answer."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Typed]:
        """The pieces of `data` in their order, without what has begun at its end."""
        data, self._held = self._held + data, b""
        begun = _BEGUN.search(data, max(0, len(data) - _LONGEST))
        if begun is not None:
            data, self._held = data[: begun.start()], begun[0]
        pieces: list[Typed] = []
        at = 0
        for match in _ANSWER.finditer(data):
            if match.start() > at:
                pieces.append(Typed(data[at : match.start()], answer=False))
            pieces.append(Typed(match[0], answer=True))
            at = match.end()
        if at < len(data):
            pieces.append(Typed(data[at:], answer=False))
        return pieces

    def release(self) -> list[Typed]:
        """What was held: nothing came that completes it."""
        held, self._held = self._held, b""
        return [Typed(held, answer=bool(_SURE.match(held)))] if held else []
