"""When to paint: the first change at once, later ones at most 60 times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

FRAME = 1 / 60
"""Seconds between two frames."""
LONGEST_HOLD = 0.15
"""Seconds for which a program may hold its frame back (DEC mode 2026)."""


class FrameClock:
    """Calls `paint` for changes that `changed` announces.

    Args:
        paint: Paints what there is.
        held: Whether the program is in the middle of a frame.
    """

    def __init__(self, paint: Callable[[], None], held: Callable[[], bool]) -> None:
        self._paint = paint
        self._held = held
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._held_since: float | None = None

    def changed(self) -> None:
        """Something is to be painted."""
        now = time.monotonic()
        if self._held():
            if self._held_since is None:
                self._held_since = now
            due = self._held_since + LONGEST_HOLD
        else:
            self._held_since = None
            due = self._last + FRAME
        if due <= now:
            self._now()
        else:
            self._cancel()
            self._timer = asyncio.get_running_loop().call_later(due - now, self._now)

    def _now(self) -> None:
        self._cancel()
        # A program that never ends its frame is still painted, once in LONGEST_HOLD.
        self._held_since = None
        self._last = time.monotonic()
        self._paint()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        self._cancel()
