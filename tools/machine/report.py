"""One line a step: what it is, how it ended, how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Step:
    """A step that is under way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.outcome = "done"
        """What the line says; empty for a step that had nothing to do and prints none."""

    def doing(self, text: str) -> None:
        """Show what goes on right now; the outcome takes its place. Only on a terminal."""
        if sys.stdout.isatty():
            print(f"\r\x1b[K{self.name:<13} {text}…", end="", flush=True)


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Print the line of a step when it ends well; an error is the caller's to print."""
    current = Step(name)
    started = time.monotonic()
    try:
        yield current
    except BaseException:
        _clear_line()
        raise
    _clear_line()
    if current.outcome:
        took = time.monotonic() - started
        print(f"{name:<13} {current.outcome:<58} {took:4.1f} s", flush=True)


def _clear_line() -> None:
    if sys.stdout.isatty():
        print("\r\x1b[K", end="", flush=True)
