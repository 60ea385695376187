"""Addresses from which logins fail: each answer takes longer, then nothing is answered at all."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

_WINDOW = 600.0
"""Seconds after which a failure is forgotten."""
_FREE = 2
"""Failures that cost nothing: fingers slip."""
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 8.0
_LONGEST_BAN = 24 * 3600.0
_REMEMBERED = 24 * 3600.0
"""Seconds after the end of a ban in which the next one is twice as long."""
_MOST_ADDRESSES = 10_000


@dataclass(slots=True)
class _Record:
    failures: deque[float] = field(default_factory=deque)
    bans: int = 0
    until: float = 0.0


class Bans:
    """Failed logins by origin (see `sshd.gate.origin`), as many origins as are bounded.

    Args:
        most: Failures within ten minutes that bring a ban.
        ban_time: Seconds of the first ban; 0: nobody is banned.
        clock: Seconds of a clock that only goes forward.
    """

    def __init__(
        self, most: int, ban_time: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._ban_time = ban_time
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def failed(self, origin: str) -> float:
        """Count a failed login; seconds of the ban that begins with it, else 0."""
        now = self._clock()
        record = self._record(origin)
        record.failures.append(now)
        self._forget_old(record, now)
        if not self._ban_time or len(record.failures) < self._most or record.until > now:
            return 0.0
        if now - record.until > _REMEMBERED:
            record.bans = 0
        seconds = min(self._ban_time * 2.0 ** min(record.bans, 32), _LONGEST_BAN)
        record.bans += 1
        record.until = now + seconds
        record.failures.clear()
        return seconds

    def succeeded(self, origin: str) -> None:
        """Somebody has logged in from there: the failures so far were theirs."""
        if (record := self._records.get(origin)) is not None:
            record.failures.clear()

    def delay(self, origin: str) -> float:
        """Seconds that the answer to a login from there is held back."""
        if (record := self._records.get(origin)) is None:
            return 0.0
        self._forget_old(record, self._clock())
        beyond = len(record.failures) - _FREE
        if beyond <= 0:
            return 0.0
        return float(min(_FIRST_DELAY * 2.0 ** min(beyond - 1, 32), _LONGEST_DELAY))

    def remaining(self, origin: str) -> float:
        """Seconds for which it is still banned; 0: it isn't."""
        record = self._records.get(origin)
        return 0.0 if record is None else max(0.0, record.until - self._clock())

    def _record(self, origin: str) -> _Record:
        record = self._records.setdefault(origin, _Record())
        self._records.move_to_end(origin)
        if len(self._records) > _MOST_ADDRESSES:
            self._records.popitem(last=False)
        return record

    def _forget_old(self, record: _Record, now: float) -> None:
        while record.failures and (
            now - record.failures[0] > _WINDOW or len(record.failures) > self._most
        ):
            record.failures.popleft()
