"""A program on a PTY of its own, watched through an emulator, with the times of its output."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType

from vibetui.terminals.emulators import make_emulator


class PtyProgram:
    """`argv` on a PTY of `rows` x `columns`; times are `time.perf_counter` seconds.

    Attributes:
        emulator: The terminal around it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        rows: int = 24,
        columns: int = 80,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.emulator = make_emulator("auto", rows=rows, columns=columns, scrollback_lines=0)
        self.started = time.perf_counter()
        self.first_byte: float | None = None
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            try:
                os.execvpe(argv[0], list(argv), dict(environment or os.environ))
            finally:
                os._exit(127)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> PtyProgram:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._master)
        os.kill(self._pid, signal.SIGHUP)
        os.waitpid(self._pid, 0)

    def send(self, text: str) -> float:
        """Type `text`; returns when."""
        at = time.perf_counter()
        os.write(self._master, text.encode())
        return at

    def screen(self) -> str:
        """The text on the screen, a line a row."""
        return "\n".join(
            "".join(run.text for run in self.emulator.row(y)).rstrip()
            for y in range(self.emulator.rows)
        )

    def wait_for(self, pattern: str, deadline: float = 8.0) -> float:
        """Read until the regular expression stands on the screen; returns when it came."""
        found = re.compile(pattern, re.MULTILINE)
        end = time.perf_counter() + deadline
        while True:
            if found.search(self.screen()):
                return time.perf_counter()
            self._read(end, pattern)

    def drain_until(self, marker: bytes, deadline: float) -> float:
        """Read, and show nothing, until `marker` came; returns when.

        The emulator has then missed output: `wait_for` is of use again once all was redrawn.
        """
        end = time.perf_counter() + deadline
        tail = b""
        while marker not in tail:
            data = self._receive(end, marker.decode())
            tail = tail[-len(marker) :] + data
        return time.perf_counter()

    def settle(self, quiet: float) -> None:
        """Show what comes until nothing came for `quiet` seconds."""
        while select.select([self._master], [], [], quiet)[0]:
            self._read(time.perf_counter() + 1.0, "more")

    def drain(self, quiet: float) -> None:
        """Read, and show nothing, until nothing came for `quiet` seconds."""
        while select.select([self._master], [], [], quiet)[0]:
            self._receive(time.perf_counter() + 1.0, "more")

    @contextmanager
    def sink(self) -> Iterator[None]:
        """Have another process throw the output away meanwhile."""
        with subprocess.Popen(["cat"], stdin=self._master, stdout=subprocess.DEVNULL) as sink:
            try:
                yield
            finally:
                sink.kill()

    def wait_first_byte(self, deadline: float = 8.0) -> float:
        """Read until anything came; returns when."""
        end = time.perf_counter() + deadline
        while self.first_byte is None:
            self._read(end, "its first byte")
        return self.first_byte

    def _read(self, end: float, what: str) -> None:
        self.emulator.feed(self._receive(end, what))
        if replies := self.emulator.take_replies():
            os.write(self._master, replies)

    def _receive(self, end: float, what: str) -> bytes:
        left = end - time.perf_counter()
        if left <= 0 or not select.select([self._master], [], [], left)[0]:
            raise TimeoutError(f"no {what!r} on the screen:\n{self.screen()}")
        try:
            data = os.read(self._master, 65536)
        except OSError:
            data = b""
        if not data:
            raise EOFError(f"ended before {what!r} came:\n{self.screen()}")
        if self.first_byte is None:
            self.first_byte = time.perf_counter()
        return data
