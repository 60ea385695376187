"""`Rest`: does what can wait, once it has been quiet for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_QUIET = 0.1
"""Seconds without output, after which there is time to save memory."""


class Rest:
    """Calls `work` in the pauses until that says that there is no more to do."""

    def __init__(self, work: Callable[[], bool]) -> None:
        self._work = work
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False

    def begin(self) -> None:
        """From now on it is quiet."""
        self._after(_QUIET)

    def interrupt(self) -> None:
        """It is quiet no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """There is never anything to do any more."""
        self._ended = True
        self.interrupt()

    def _after(self, seconds: float) -> None:
        self.interrupt()
        if not self._ended:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._turn)

    def _turn(self) -> None:
        if self._work():
            self._after(0.0)
