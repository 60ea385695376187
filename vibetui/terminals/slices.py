"""How much to feed an emulator at once, so that no call holds the loop for long."""

from __future__ import annotations

import time

from vibetui.terminals.protocol import Emulator

BUDGET = 0.004
"""Seconds that one feed may take on average; the longest stay well under 10 ms."""
_SMALLEST, _LARGEST = 1024, 64 * 1024
_FLOOD_BYTES, _FLOOD_SECONDS = 64 * 1024, 0.008
"""Two full frames of a large screen, or half of the time between two frames."""


class SlicedFeeder:
    """Feeds one emulator and learns its speed: pyte takes 1-15 KB a millisecond, ghostty 50-100."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._size = 4096
        self._bytes = 0
        self._seconds = 0.0

    @property
    def size(self) -> int:
        """Bytes of the next slice."""
        return self._size

    def feed(self, data: memoryview) -> int:
        """Feed the first slice of `data`; how many bytes that was."""
        piece = bytes(data[: self._size])
        started = time.perf_counter()
        self._emulator.feed(piece)
        took = time.perf_counter() - started
        self._bytes += len(piece)
        self._seconds += took
        if took > BUDGET:
            # Output gets suddenly dearer (wide text, scrolling), so go down at once and up gently.
            self._size = max(_SMALLEST, int(len(piece) * BUDGET / took))
        elif len(piece) == self._size and took < BUDGET / 2:
            self._size = min(_LARGEST, self._size * 2)
        return len(piece)

    def flooded(self) -> bool:
        """Whether more was fed since the last call than anybody could have read meanwhile."""
        fed, seconds = self._bytes, self._seconds
        self._bytes, self._seconds = 0, 0.0
        return fed > _FLOOD_BYTES or seconds > _FLOOD_SECONDS
