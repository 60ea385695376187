"""Where a terminal's output goes in the pane's place, and what the screen misses meanwhile."""

from __future__ import annotations

from typing import Protocol

PIECE = 64 * 1024
"""Bytes that an outlet is given at once, and that are read at once afterwards."""
_KEPT = {"ghostty": 2 << 20, "pyte": 192 << 10}
"""What is kept at least of the output that an outlet has: it is read when that pauses or ends."""
_AFRESH = (
    b"\x18\x1b\\\x1b[?1049l\x1b[!p\x1b>\x1b(B\x0f\x1b[0m"
    b"\x1b[?1;5;9;1000;1002;1003;1004;1005;1006;1015;2004;2026l\x1b[999;1H\r\n"
)
"""Ends what was cut, switches everything off and goes on below what the screen shows."""


class Outlet(Protocol):
    """Takes a terminal's output as it is, in the pane's place."""

    async def write(self, data: bytes | memoryview) -> None:
        """Returns when `data` is written, or when nobody wants it any more."""
        ...

    def modes(self) -> bytes:
        """What switches on all that the output has switched on."""
        ...

    def resized(self, rows: int, columns: int) -> None:
        """What comes now is for a terminal of this size."""
        ...

    def skipped(self) -> None:
        """What comes now makes a screen anew, and doesn't go on from what came before."""
        ...

    def end(self) -> None:
        """No more will come."""
        ...


class Missed:
    """Output that an outlet was given and the screen wasn't; of a flood its end.

    Args:
        emulator: The name of the one that is to read it.
    """

    def __init__(self, emulator: str) -> None:
        self._least = _KEPT[emulator]
        self._data = bytearray()
        self._cut = False

    def __bool__(self) -> bool:
        return bool(self._data)

    def add(self, piece: memoryview) -> None:
        self._data += piece
        if len(self._data) > 2 * self._least:
            del self._data[: -self._least]
            self._cut = True

    def first(self, modes: bytes) -> memoryview:
        """What is to be read next; `modes` are in force where something is missing."""
        if self._cut:
            # What came before is gone; a line's beginning is where the rest makes sense.
            rest = self._data[self._data.find(b"\n") + 1 :]
            self._data = bytearray(_AFRESH + modes) + rest
            self._cut = False
        return memoryview(bytes(self._data[:PIECE]))

    def read(self, count: int) -> None:
        """So many bytes of it are on the screen now."""
        del self._data[:count]
