"""Sequences that libghostty-vt ignores or that a pane must not obey, and what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto

_SOFT_RESET = b"\x1b[!p"
_ALLOW_COLUMNS = b"\x1b[?40h"
_SEQUENCE = re.compile(rb"\x1b\[(?:!p|\?(?P<mode>40|3)(?:;[0-9;]*)?(?P<final>[hl]))")
_UNFINISHED = re.compile(rb"\x1b(?:\[(?:!|\?(?:[34]|40)?(?:[0-9;]*)?)?)?\Z")
_MAX_SEQUENCE = 16
_FEW = 50
_DELETE = b"\x7f"
"""No character to a terminal, but one to the library."""


class Gap(Enum):
    """A sequence after which something is to be done."""

    SOFT_RESET = auto()
    """DECSTR, which the library ignores."""
    COLUMNS_ALLOWED = auto()
    """Mode 40. With it, the library makes itself 80 or 132 columns wide on DECCOLM, but the pane
    stays as wide as it is."""
    COLUMNS = auto()
    """DECCOLM while mode 40 is on: the screen is cleared, and nothing else."""


class GapFinder:
    """Cuts bytes behind each such sequence, which may have begun in the bytes before.

    A sequence begins with ESC, which ends whatever was under way: no state of a parser is needed.
    """

    def __init__(self) -> None:
        self._tail = b""
        self._columns_allowed = False

    def split(self, data: bytes) -> Iterator[tuple[bytes, Gap | None]]:
        """Pieces of `data` in order, each with the gap that it ends with, if any."""
        if _DELETE in data:
            data = data.replace(_DELETE, b"")
        before = self._tail
        whole = before + data if before else data
        self._tail = _unfinished_end(whole)
        start = len(before)
        for match in self._sequences(whole, data):
            gap = self._gap(match)
            if gap is not None:
                yield whole[start : match.end()], gap
                start = match.end()
        yield whole[start:], None

    def _sequences(self, whole: bytes, data: bytes) -> Iterable[re.Match[bytes]]:
        if self._may_hold_one(data):
            return _SEQUENCE.finditer(whole)
        begun_before = _SEQUENCE.match(whole) if whole is not data else None
        return () if begun_before is None else (begun_before,)

    def _may_hold_one(self, data: bytes) -> bool:
        # One byte is found at 10 GB/s, several at 1.5: the library itself takes 120 MB/s.
        return (b"!" in data and _SOFT_RESET in data) or (
            (self._columns_allowed and b"?" in data) or _allows_columns(data)
        )

    def _gap(self, match: re.Match[bytes]) -> Gap | None:
        mode, on = match["mode"], match["final"] == b"h"
        if mode is None:
            return Gap.SOFT_RESET
        if mode == b"40":
            self._columns_allowed = on
            return Gap.COLUMNS_ALLOWED if on else None
        return Gap.COLUMNS if self._columns_allowed else None


def _allows_columns(data: bytes) -> bool:
    found = -1
    for _ in range(_FEW):
        found = data.find(b"?", found + 1)
        if found < 0:
            return False
        if data.startswith(_ALLOW_COLUMNS, found - 2):
            return True
    return data.find(_ALLOW_COLUMNS, found) >= 0


def _unfinished_end(data: bytes) -> bytes:
    if b"\x1b" not in data[-_MAX_SEQUENCE:]:
        return b""
    found = _UNFINISHED.search(data, max(0, len(data) - _MAX_SEQUENCE))
    return found[0] if found else b""


def soft_reset(row: int, column: int) -> bytes:
    """What DECSTR does (VT510 manual, and xterm), with the cursor at `row` and `column` from 0."""
    return (
        b"\x1b[4l\x1b[?1;6;45;69l\x1b[?7;25h\x1b>"
        b'\x1b[r\x1b[m\x1b[0"q\x1b(B\x1b)B\x1b*B\x1b+B\x0f'
        b"\x1b[H\x1b7"  # The saved cursor is at home.
        b"\x1b[%d;%dH" % (row + 1, column + 1)
    )


FILLINGS = {
    Gap.COLUMNS_ALLOWED: b"\x1b[?40l",
    Gap.COLUMNS: b"\x1b[?69l\x1b[r\x1b[2J\x1b[H",
}
