"""A user's terminal played by the test: a PTY whose other end answers as a given terminal does."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from tests.terminal_support import screen
from vibetui.terminals.emulators import make_emulator
from vibetui.terminals.screen_state import ScreenState


@dataclass(frozen=True)
class Kind:
    """How a terminal answers.

    Attributes:
        term: What it calls itself.
        answers: What it says to a question; questions that it doesn't know it leaves unanswered.
    """

    term: str
    answers: dict[bytes, bytes] = field(default_factory=dict)


_XTVERSION, _DA1, _KITTY = b"\x1b[>0q", b"\x1b[c", b"\x1b[?u"
_SETTING, _RGB, _TC = b"\x1bP$qm\x1b\\", b"\x1bP+q524742\x1b\\", b"\x1bP+q5463\x1b\\"

XTERM = Kind(
    "xterm-256color",
    {
        _XTVERSION: b"\x1bP>|XTerm(379)\x1b\\",
        _RGB: b"\x1bP0+r524742\x1b\\",
        _TC: b"\x1bP0+r5463\x1b\\",
        _SETTING: b"\x1bP1$r0;4;48:2::1:2:3m\x1b\\",
        _DA1: b"\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c",
    },
)
OLD_XTERM = Kind(
    "xterm-256color", {_SETTING: b"\x1bP1$r0;4;48;5;16m\x1b\\", _DA1: b"\x1b[?64;1;2;6;22c"}
)
TMUX = Kind("tmux-256color", {_XTVERSION: b"\x1bP>|tmux 3.3a\x1b\\", _DA1: b"\x1b[?1;2c"})
SCREEN = Kind(
    "screen.xterm-256color",
    # It passes control strings on, so the terminal around it answers.
    {_RGB: b"\x1bP1+r524742=38\x1b\\", _SETTING: b"\x1bP1$r0m\x1b\\", _DA1: b"\x1b[?1;2c"},
)
KITTY = Kind(
    "xterm-256color",
    {
        _XTVERSION: b"\x1bP>|kitty(0.35.2)\x1b\\",
        _RGB: b"\x1bP1+r524742\x1b\\",
        _TC: b"\x1bP1+r5463\x1b\\",
        _SETTING: b"\x1bP1$r0;4:3;48:2:1:2:3m\x1b\\",
        _KITTY: b"\x1b[?25u",
        _DA1: b"\x1b[?62;c",
    },
)
ALACRITTY = Kind("xterm-256color", {_KITTY: b"\x1b[?25u", _DA1: b"\x1b[?6c"})
LINUX = Kind("linux", {_DA1: b"\x1b[?6c"})
VT100 = Kind("vt100", {_DA1: b"\x1b[?1;2c"})
SILENT = Kind("xterm-256color")


class PlayedTerminal:
    """Runs `command` on a PTY of its own and shows what it writes in an emulator.

    Args:
        command: Arguments of this Python.
        kind: Answers as this one.
        pieces: Answers come in pieces of so many bytes, each a moment after the last.
        late: Seconds that answers take.
    """

    def __init__(
        self,
        command: Sequence[str],
        kind: Kind,
        *,
        pieces: int = 0,
        late: float = 0.0,
        twice: bool = False,
        rows: int = 24,
        columns: int = 80,
    ) -> None:
        self.kind = kind
        self.emulator = make_emulator("ghostty", rows, columns, 0)
        self.state = ScreenState()
        self.written = bytearray()
        """All that was written to the terminal."""
        self._pieces, self._late, self._twice = pieces, late, twice
        self._asked = 0
        self._due: list[tuple[float, bytes]] = []
        self._command = [sys.executable, *command]
        self._rows, self._columns = rows, columns

    def __enter__(self) -> PlayedTerminal:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(
            theirs, termios.TIOCSWINSZ, struct.pack("HHHH", self._rows, self._columns, 0, 0)
        )
        told = ("COLORTERM", "TERM_PROGRAM", "LC_TERMINAL", "NO_COLOR", "TMUX")
        env = {name: value for name, value in os.environ.items() if name not in told}
        self._process = subprocess.Popen(
            self._command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=env | {"TERM": self.kind.term},
            start_new_session=True,
        )
        os.close(theirs)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        os.close(self._ours)

    @property
    def pid(self) -> int:
        """Of the program."""
        return self._process.pid

    def type(self, data: bytes) -> None:
        """Type it."""
        os.write(self._ours, data)

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        self._process.send_signal(number)

    def resize(self, columns: int, rows: int) -> None:
        """Change its size, as a user who drags its corner."""
        self.emulator.resize(rows, columns)
        termios.tcsetwinsize(self._ours, (rows, columns))
        self.signal(signal.SIGWINCH)

    @property
    def screen(self) -> str:
        """The text that stands there."""
        return "\n".join(screen(self.emulator))

    @property
    def owes(self) -> bool:
        """Answers are still to be given."""
        return bool(self._due)

    def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Be a terminal until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{self.screen}\n{bytes(self.written[-600:])!r}"
            self.live(0.02)

    def shows(self, text: str) -> None:
        """Wait for a text on the screen."""
        self.until(lambda: text in self.screen)

    def live(self, seconds: float) -> None:
        """Take what comes within so many seconds, and say what is due."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._ours, selectors.EVENT_READ)
            while (left := end - time.monotonic()) > 0:
                self._say_what_is_due()
                if selector.select(min(left, 0.01)) and not self._take():
                    return

    def leaves(self) -> int:
        """Wait for the program's end; its exit status."""
        self.until(lambda: self._process.poll() is not None)
        self.live(0.1)
        return self._process.returncode

    def _take(self) -> bool:
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            return False
        self.written += data
        self.emulator.feed(data)
        self.state.feed(data)
        self._look_for_questions()
        return bool(data)

    def _look_for_questions(self) -> None:
        if not self.kind.answers:
            return
        known = re.compile(b"|".join(map(re.escape, self.kind.answers)))
        while found := known.search(self.written, self._asked):
            self._asked = found.end()
            self._answer(self.kind.answers[found[0]])

    def _answer(self, answer: bytes) -> None:
        at = max([time.monotonic() + self._late, *(due for due, _ in self._due)])
        for _ in range(2 if self._twice else 1):
            size = self._pieces or len(answer)
            for start in range(0, len(answer), size):
                # Longer than an escape is waited for.
                at += 0.04 if self._pieces else 0.0
                self._due.append((at, answer[start : start + size]))

    def _say_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            os.write(self._ours, self._due.pop(0)[1])
