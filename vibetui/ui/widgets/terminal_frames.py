"""When to paint: the first change at once, later ones at most 60 times a second.

While more comes than can be read, 20 times are enough, and what painting takes is the program's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

FRAME = 1 / 60
"""Seconds between two frames."""
FLOODED_FRAME = 1 / 20
"""The same while the terminal is flooded: what is painted then is gone before it is read."""
LONGEST_HOLD = 0.15
"""Seconds for which a program may hold its frame back (DEC mode 2026)."""


class FrameClock:
    """Calls `paint` for changes that `changed` announces.

    Args:
        paint: Paints what there is.
        held: Whether the program is in the middle of a frame.
        flooded: Whether much more than a frame came since this was asked last.
        frame: Seconds between two frames.
    """

    def __init__(
        self,
        paint: Callable[[], None],
        held: Callable[[], bool],
        flooded: Callable[[], bool] = lambda: False,
        *,
        frame: float = FRAME,
    ) -> None:
        self._paint = paint
        self._held = held
        self._flooded = flooded
        self._frame = self._pause = frame
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
            due = self._last + self._pause
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
        self._pause = FLOODED_FRAME if self._flooded() else self._frame
        self._paint()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        self._cancel()
