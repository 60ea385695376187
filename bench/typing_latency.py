"""Typing in a shell behind a PTY, and when each key stands on the screen."""

from __future__ import annotations

import random

from bench.pty_program import PtyProgram

_PAUSE = (0.02, 0.06)
"""Seconds between two keys: more than a frame, as a fast typist."""
_KEYS = "QVWYUN"
"""Letters that no escape sequence ends with that a pane or tmux writes."""
_LINE = 40
"""Keys before the line is cleared."""


def key_times(program: PtyProgram, keys: int) -> list[float]:
    """Seconds from each of `keys` keys to the output that shows it; `program` is at a prompt."""
    chance = random.Random(3)
    program.drain(0.3)
    times: list[float] = []
    while len(times) < keys:
        for _ in range(min(_LINE, keys - len(times))):
            key = chance.choice(_KEYS)
            program.drain(chance.uniform(*_PAUSE))
            sent = program.send(key)
            times.append(program.drain_until(key.encode(), 10.0) - sent)
        program.send("\x15")
        program.drain(0.2)
    return times
