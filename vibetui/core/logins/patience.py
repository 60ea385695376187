"""How many wrong answers in a row an account is asked for again."""

from __future__ import annotations

import time
from collections.abc import Callable

_MOST = 10
_PAUSE = 300.0


class Patience:
    """Ends after ten failures in a row, and comes back five minutes after the last of them.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}

    def is_over(self, who: str) -> bool:
        """Whether to refuse `who` unheard."""
        count, last = self._failures.get(who, (0, 0.0))
        if count < _MOST:
            return False
        if self._clock() - last < _PAUSE:
            return True
        del self._failures[who]
        return False

    def note(self, who: str, *, right: bool) -> None:
        """Remember an answer that was heard; a right one makes up for all that were wrong."""
        if right:
            self._failures.pop(who, None)
        else:
            count, _ = self._failures.get(who, (0, 0.0))
            self._failures[who] = (count + 1, self._clock())
