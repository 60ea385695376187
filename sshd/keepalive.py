"""Noticing a client that is gone, and keeping one that only sleeps.

asyncssh's own count of unanswered questions is set back by an answer alone: a client that has just
woken and sends something would still be dropped. OpenSSH takes any packet for a sign of life.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

_TCP_RTO_MAX_MS = 44
"""Linux 6.15 and later: the longest pause between two retransmissions, at least 1000."""
_RETRY_AT_LEAST_EVERY = 5000
"""Milliseconds. By TCP's own doubling, what is sent to a client that slept for a minute may wait
for another minute after it has woken."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client may be silent.

    Attributes:
        interval: Seconds of silence after which it is asked for a sign of life.
        questions: How many of them in a row may stay without any.
    """

    interval: float
    questions: int

    @property
    def limit(self) -> float:
        """Seconds of silence after which it is given up."""
        return self.interval * (self.questions + 1)


class Vigil:
    """Counts the silences of one client; asking is somebody else's.

    Intervals are counted rather than the time since the last byte, so that a front which was held
    up itself asks again before it gives anybody up.

    Args:
        give_up: Called once, after `Patience.limit` seconds of silence.
    """

    def __init__(self, patience: Patience, give_up: Callable[[], None]) -> None:
        self._patience = patience
        self._give_up = give_up
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._silences = 0
        self._timer = self._loop.call_later(patience.interval, self._look)

    def heard(self) -> None:
        """Something came from the client."""
        self._last = self._loop.time()
        self._silences = 0

    def close(self) -> None:
        """Nobody is waited for any more."""
        self._timer.cancel()

    def _look(self) -> None:
        interval = self._patience.interval
        quiet = self._loop.time() - self._last
        if self._silences == 0 and quiet < interval:
            self._timer = self._loop.call_later(interval - quiet, self._look)
            return
        self._silences += 1
        if self._silences > self._patience.questions:
            self._give_up()
        else:
            self._timer = self._loop.call_later(interval, self._look)


def leave_it_to_the_vigil(sock: socket.socket, patience: Patience) -> None:
    """Have TCP neither give a client up earlier nor be slow to find out that it is back."""
    # Together with a bounded pause, or the usual number of tries would be over too soon.
    beyond = int((patience.limit + patience.interval) * 1000)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, beyond)
    with suppress(OSError):  # An older kernel.
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, _RETRY_AT_LEAST_EVERY)
