"""A terminal's output as pictures, for previews: no history, no answers, a bounded effort."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from vibetui.terminals import make_emulator
from vibetui.terminals.protocol import Cursor, Run
from vibetui.terminals.slices import SlicedFeeder

_PERIOD = 0.1
"""Seconds; what comes in so many is a flood where it is more than"""
_MOST_BYTES, _MOST_SECONDS = 128 << 10, 0.015
"""this, or takes longer to emulate: reading it costs more than emulating where that is fast."""
_REPLAY_BYTES = {"ghostty": 4 << 20, "pyte": 192 << 10}
"""What a first look costs at most: some 50 ms with ghostty, 150 ms with pyte."""
_GLANCE_BYTES = {"ghostty": 64 << 10, "pyte": 8 << 10}
"""Of a flood the last screen or two are enough."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A terminal's screen at one moment; a row that didn't change is the same object again."""

    rows: tuple[Sequence[Run], ...]
    columns: int
    cursor: Cursor
    full_screen: bool
    """A full-screen program drew it, on the alternate screen."""


class Glass:
    """An emulator for one look at a terminal; `resize` gives it the terminal's own size.

    Args:
        kind: Which emulator, as the settings say.
    """

    def __init__(self, kind: str) -> None:
        self._emulator = make_emulator(kind, 24, 80, 0)
        self._feeder = SlicedFeeder(self._emulator)
        self._rows: list[Sequence[Run]] = []
        self._period_began = self._seconds = 0.0
        self._bytes = 0

    def most_bytes(self, *, glance: bool) -> int:
        """How much a look may begin with; less for a glance at what floods."""
        return (_GLANCE_BYTES if glance else _REPLAY_BYTES)[self._emulator.name]

    async def take(self, data: bytes, *, sparing: bool = False) -> bool:
        """Emulate `data` in slices, the loop turning in between.

        Args:
            data: Output.
            sparing: Stop where it comes faster than a preview is worth.

        Returns:
            Whether all was taken; what follows then makes no sense any more.
        """
        view = memoryview(data)
        while view:
            began = time.monotonic()
            taken = self._feeder.feed(view)
            view = view[taken:]
            # Whoever has the terminal in front of them answers.
            self._emulator.take_replies()
            if sparing and self._flooded(began, taken):
                return False
            await asyncio.sleep(0)
        return True

    def _flooded(self, began: float, taken: int) -> bool:
        if began > self._period_began + _PERIOD:
            self._period_began, self._seconds, self._bytes = began, 0.0, 0
        self._seconds += time.monotonic() - began
        self._bytes += taken
        return self._seconds > _MOST_SECONDS or self._bytes > _MOST_BYTES

    def resize(self, rows: int, columns: int) -> None:
        """From here on the terminal has this size."""
        self._emulator.resize(max(rows, 1), max(columns, 1))

    def picture(self) -> Picture:
        """What the screen shows now."""
        emulator = self._emulator
        changed: Sequence[int] = emulator.dirty_rows()
        if len(self._rows) != emulator.rows:
            self._rows = [()] * emulator.rows
            changed = range(emulator.rows)
        for y in changed:
            self._rows[y] = emulator.row(y)
        cursor = emulator.cursor
        return Picture(tuple(self._rows), emulator.columns, cursor, self.full_screen)

    @property
    def full_screen(self) -> bool:
        """Whether a full-screen program draws."""
        return self._emulator.modes.alternate_screen

    def held(self) -> bool:
        """Whether the program is in the middle of a frame."""
        return self._emulator.modes.synchronized_output

    def close(self) -> None:
        """The pictures taken stay."""
        self._emulator.close()
