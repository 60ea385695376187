"""Plays a recording on a terminal: when what is written, and what the keys do."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence

from vibetui.cli.replay_keys import Keys
from vibetui.recording import Event
from vibetui.recording.cast import OUTPUT, RESIZE
from vibetui.terminals.harmless import HarmlessOutput
from vibetui.terminals.screen_state import ScreenState

_SEEK = 5.0
"""Seconds of the recording."""
_SPEEDS = 1.5
_CLEAR = b"\x1b[0m\x1b[r\x1b[2J\x1b[H"
_CHUNK = 64 * 1024


def timeline(events: Iterable[Event], idle_limit: float | None) -> list[Event]:
    """What is shown, with no pause longer than `idle_limit` seconds."""
    shown: list[Event] = []
    now = before = 0.0
    for event in events:
        pause = max(event.time - before, 0.0)
        before = max(event.time, before)
        now += pause if idle_limit is None else min(pause, idle_limit)
        if event.code in (OUTPUT, RESIZE):
            shown.append(Event(now, event.code, event.data))
    return shown


class Player:
    """One playing of `events` on `sink`.

    Args:
        events: From `timeline`.
        sink: A terminal without output processing.
        keys: What is typed meanwhile.
        speed: 2 is twice as fast.
        resizing: Ask the terminal to take the recording's sizes (XTWINOPS 8).
    """

    def __init__(
        self, events: Sequence[Event], sink: int, keys: Keys, *, speed: float, resizing: bool
    ) -> None:
        self._events = events
        self._sink = sink
        self._keys = keys
        self._speed = speed
        self._resizing = resizing
        self._state = ScreenState()
        self._harmless = HarmlessOutput()
        self._next = 0
        self._now = 0.0
        self._paused = False

    def run(self) -> None:
        """Until the end, or until it is left. `clean` is to follow, whatever happens."""
        self._write(_CLEAR)
        while self._next < len(self._events):
            key = self._wait()
            if key == "quit":
                return
            self._do(key)

    def clean(self) -> None:
        """Undo all that the output has switched on."""
        self._write(self._state.restore() + b"\x1b[0m\r\n")

    def _wait(self) -> str | None:
        due = self._events[self._next].time
        began = time.monotonic()
        key = self._keys.wait(None if self._paused else (due - self._now) / self._speed)
        if not self._paused:
            passed = (time.monotonic() - began) * self._speed
            self._now = due if key is None else min(self._now + passed, due)
        return key

    def _do(self, key: str | None) -> None:
        if key is None:
            self._show_until(self._now)
        elif key == "space":
            self._paused = not self._paused
        elif key == "step":
            self._paused = True
            self._now = self._events[self._next].time
            self._show(self._events[self._next])
        elif key == "faster":
            self._speed = min(self._speed * _SPEEDS, 1000.0)
        elif key == "slower":
            self._speed = max(self._speed / _SPEEDS, 0.01)
        elif key == "forward":
            self._now += _SEEK
            self._show_until(self._now)
        elif key == "back":
            self._again(max(self._now - _SEEK, 0.0))

    def _again(self, until: float) -> None:
        self._write(self._state.restore() + _CLEAR)
        self._harmless = HarmlessOutput()
        self._next, self._now = 0, until
        self._show_until(until)

    def _show_until(self, now: float) -> None:
        while self._next < len(self._events) and self._events[self._next].time <= now:
            self._show(self._events[self._next])

    def _show(self, event: Event) -> None:
        self._next += 1
        if event.code == OUTPUT:
            self._write(self._harmless.feed(event.data.encode("utf-8", "replace")))
        elif self._resizing and event.size is not None:
            self.resize(*event.size)

    def resize(self, rows: int, columns: int) -> None:
        """Ask the terminal for another size; many don't listen."""
        self._write(b"\x1b[8;%d;%dt" % (rows, columns))

    def _write(self, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK):
            piece = data[start : start + _CHUNK]
            self._state.feed(piece)
            while piece:
                piece = piece[os.write(self._sink, piece) :]
