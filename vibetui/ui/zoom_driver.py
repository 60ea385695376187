"""A driver whose terminal somebody else can have for a while."""

from __future__ import annotations

import os
import select
import signal
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from vibetui.ui.widgets.terminal_driver import TerminalDriver

_UNDO_DEADLINE = 1.0
"""Seconds for a terminal that takes nothing at the moment."""


class LendableDriver(TerminalDriver):
    """Between `lend` and `take_back` the app neither reads nor writes, and no key is lost."""

    _undo: Callable[[], bytes] | None = None
    _lending = False
    _own_settings: list[Any]
    _users_settings: list[Any] | None

    @property
    def _output(self) -> int:
        assert self._file is not None
        return self._file.fileno()

    @property
    def lent(self) -> bool:
        """Somebody else has the terminal."""
        return self._undo is not None

    def lend(self, undo: Callable[[], bytes]) -> None:
        """Leave application mode, the tty raw; what isn't read yet is the borrower's.

        Args:
            undo: Asked once, at the end: what brings the terminal back to how it is lent.
        """
        # The user's settings aren't put back: what is typed just then would be echoed.
        self._users_settings, self.attrs_before = self.attrs_before, None
        self._lending = True
        if self._mouse_pixels:
            # Textual leaves it on: a program would be told pixels for cells.
            self.write("\x1b[?1016l")
        try:
            self.stop_application_mode()
        finally:
            self._lending = False
        self.close()
        # The app goes on and paints; without a writer the driver forgets what it is given.
        self._writer_thread = None
        self._auto_restart = False
        self._own_settings = termios.tcgetattr(self.fileno)
        termios.tcsetattr(self.fileno, termios.TCSANOW, _raw(self._own_settings))
        self._undo = undo

    def take_back(self, typed: bytes) -> None:
        """Undo, and go into application mode again; nothing where that has been done.

        Args:
            typed: Already read from the terminal, and the app's.
        """
        if self._reclaim(self._own_settings if self.lent else None):
            self._auto_restart = True
            self.typed = typed
            self.start_application_mode()
            self.attrs_before = self._users_settings

    def stop_application_mode(self) -> None:
        if not self._reclaim(self._users_settings if self.lent else None):
            super().stop_application_mode()

    def _reclaim(self, settings: list[Any] | None) -> bool:
        undo, self._undo = self._undo, None
        if undo is None:
            return False
        for descriptor in (self.fileno, self._output):
            os.set_blocking(descriptor, True)
        _write_all(self._output, undo())
        if settings is not None:
            with suppress(termios.error):  # It may have gone.
                termios.tcsetattr(self.fileno, termios.TCSANOW, settings)
        return True

    def disable_input(self) -> None:
        if not self._lending:
            super().disable_input()
            return
        # As Textual does it, but for the flush of what hasn't been read.
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        self._disable_mouse_support()
        self.exit_event.set()
        if self._alarm is not None:
            os.write(self._alarm[1], b"!")
        if self._key_thread is not None:
            self._key_thread.join()
        self.exit_event.clear()
        self._close_alarm()

    @contextmanager
    def descriptors(self) -> Iterator[tuple[int, int]]:
        """The terminal to read and to write, neither of which blocks."""
        source = _opened(self.fileno, os.O_RDONLY)
        sink = _opened(self._output, os.O_WRONLY)
        try:
            yield source, sink
        finally:
            os.close(source)
            os.close(sink)


def _opened(descriptor: int, mode: int) -> int:
    try:
        return os.open(
            f"/proc/self/fd/{descriptor}", mode | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        )
    except OSError:
        # Not Linux, or not ours to open: the flag is then the user's shell's too, for a while.
        copy = os.dup(descriptor)
        os.set_blocking(copy, False)
        return copy


def _raw(settings: list[Any]) -> list[Any]:
    """As cfmakeraw does it: every byte both ways as it is."""
    raw = list(settings)
    raw[tty.IFLAG] &= ~(
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON
        | termios.IXOFF
    )
    raw[tty.OFLAG] &= ~termios.OPOST
    raw[tty.LFLAG] &= ~(
        termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
    )
    raw[tty.CC] = list(settings[tty.CC])
    raw[tty.CC][termios.VMIN], raw[tty.CC][termios.VTIME] = 1, 0
    return raw


def _write_all(descriptor: int, data: bytes) -> None:
    """Write while the terminal takes it; one that has gone or stands still is not waited for."""
    view, end = memoryview(data), time.monotonic() + _UNDO_DEADLINE
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    while view and (left := end - time.monotonic()) > 0:
        if poll.poll(left * 1000):
            try:
                view = view[os.write(descriptor, view) :]
            except OSError:
                return
