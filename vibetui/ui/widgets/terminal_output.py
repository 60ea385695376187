"""What is written to the user's terminal, and what waits while it is behind.

Textual's own writer blocks the app once 30 writes are queued: over a link that stalls, no key would
be read any more. This one takes everything, says when much of it is still unwritten, and then holds
painting, so that little comes to lie there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from queue import SimpleQueue
from typing import IO

from textual.app import App, ScreenError
from textual.drivers._writer_thread import WriterThread

_BEHIND, _CAUGHT_UP = 64 * 1024, 8 * 1024
"""Characters: three full frames of a large screen, and a part of one."""


class Output:
    """Holds the app's painting, and whoever subscribes, while the user's terminal is behind.

    Attributes:
        behind: So it is now.
    """

    def __init__(self, app: App[object]) -> None:
        self.behind = False
        self._app = app
        self._painting = ExitStack()
        self._subscribers: list[Callable[[bool], None]] = []

    def subscribe(self, callback: Callable[[bool], None]) -> Callable[[], None]:
        """Call `callback` with each change of `behind`. Returns what ends the subscription."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def set_behind(self, behind: bool) -> None:
        """The writer says so; in the app's thread."""
        if behind == self.behind:
            return
        self.behind = behind
        if behind:
            self._painting.enter_context(self._app.batch_update())
        else:
            self._painting.close()
            with suppress(ScreenError):
                # What a layout drew meanwhile is lost.
                self._app.screen.refresh()
        for callback in tuple(self._subscribers):
            callback(behind)


def is_behind(app: App[object]) -> bool:
    """Whether the user's terminal hasn't taken what was painted."""
    output = _output_of(app)
    return output is not None and output.behind


def follow_output(app: App[object], callback: Callable[[bool], None]) -> Callable[[], None]:
    """Call `callback` when `is_behind` changes. Returns what ends that."""
    output = _output_of(app)
    return _nothing if output is None else output.subscribe(callback)


def _output_of(app: App[object]) -> Output | None:
    output = getattr(app._driver, "output", None)
    return output if isinstance(output, Output) else None


def _nothing() -> None:
    pass


class OutputThread(WriterThread):
    """Writes in the background, and never makes the app wait.

    Args:
        file: The user's terminal.
        output: Told how far behind it is.
    """

    def __init__(self, file: IO[str], output: Output) -> None:
        super().__init__(file)
        self._output = output
        self._loop = asyncio.get_running_loop()
        self._texts: SimpleQueue[str | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._unwritten = 0

    def write(self, text: str) -> None:
        """Queue `text`; from the app's thread."""
        with self._lock:
            self._unwritten += len(text)
            behind = self._unwritten > _BEHIND
        self._texts.put(text)
        if behind:
            self._output.set_behind(True)

    def run(self) -> None:
        """Write until told to stop, or until the terminal is gone."""
        try:
            while (text := self._texts.get()) is not None:
                self._file.write(text)
                self._file.flush()
                self._written(len(text))
        except OSError:
            # Whoever holds the terminal ends the app; until then it writes to nobody.
            return

    def _written(self, count: int) -> None:
        with self._lock:
            before, self._unwritten = self._unwritten, self._unwritten - count
        if self._unwritten <= _CAUGHT_UP < before:
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        if self._unwritten <= _CAUGHT_UP:
            self._output.set_behind(False)

    def stop(self) -> None:
        """Write what is queued, and end."""
        self._texts.put(None)
        self.join()
        self._output.set_behind(False)
