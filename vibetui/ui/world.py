"""What the app takes from outside: the time of day, a stopwatch and chance."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _choose(words: Sequence[str]) -> str:
    return random.choice(words)


@dataclass(frozen=True, slots=True)
class World:
    """Injected, so that a test can hold the time still."""

    now: Callable[[], datetime] = _utc_now
    """Aware, in any zone."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds."""
    choose: Callable[[Sequence[str]], str] = _choose
    """One of these."""
