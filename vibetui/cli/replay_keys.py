"""Keys from a raw terminal, and nothing else that may come from there."""

from __future__ import annotations

import os
import re
import select
import time

_TOKEN = re.compile(
    rb"\x1b\[M.{3}|\x1b\[[0-?]*[ -/]*[@-~]|\x1bO."
    rb"|\x1b[PX^_\]].*?(?:\x07|\x1b\\)|\x1b[^\[OPX^_\]]|[^\x1b]",
    re.DOTALL,
)
_REST = 0.1
"""Seconds for the rest of a sequence; then what came of it is dropped."""

_NAMES = {
    b" ": "space",
    b".": "step",
    b"+": "faster",
    b"=": "faster",
    b"-": "slower",
    b"q": "quit",
    b"\x03": "quit",
    b"\x1b[C": "forward",
    b"\x1bOC": "forward",
    b"\x1b[D": "back",
    b"\x1bOD": "back",
}


class Keys:
    """Read from `source`, a terminal in raw mode, or nothing where that is None."""

    def __init__(self, source: int | None) -> None:
        self._source = source
        self._typed = b""

    def wait(self, seconds: float | None) -> str | None:
        """The next key by the name of what it does, "" for any other; None when time is up."""
        end = None if seconds is None else time.monotonic() + max(seconds, 0)
        while True:
            if token := _TOKEN.match(self._typed):
                self._typed = self._typed[token.end() :]
                return _NAMES.get(token[0], "")
            left = None if end is None else max(end - time.monotonic(), 0)
            if self._typed:
                left = _REST if left is None else min(left, _REST)
            if self._read(left):
                continue
            if self._typed and (end is None or time.monotonic() < end):
                self._typed = b""
                continue
            return None

    def _read(self, seconds: float | None) -> bool:
        sources = [] if self._source is None else [self._source]
        ready, _, _ = select.select(sources, [], [], seconds)
        if not ready:
            return False
        data = os.read(ready[0], 4096)
        if not data:
            raise EOFError
        self._typed += data
        return True
