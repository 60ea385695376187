"""A real terminal for tests: tmux on a socket of its own, typed into and read."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType


class Tmux:
    """One tmux server with one window of a fixed size."""

    def __init__(self, directory: Path, *, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = rows
        self._socket = directory / f"tmux-{columns}x{rows}"
        self._environment = {
            key: value for key, value in os.environ.items() if key not in ("TMUX", "TMUX_PANE")
        } | {"LANG": "C.UTF-8", "SHELL": "/bin/sh"}

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), "-f", "/dev/null", *words],
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=20,
        )
        if done.returncode:
            raise AssertionError(f"tmux {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def __enter__(self) -> Tmux:
        size = ["-x", str(self.columns), "-y", str(self.rows)]
        self._tmux("new-session", "-d", *size, "env PS1='outer$ ' sh")
        # No status line: the client gets every row. Escape must not wait for a sequence.
        for option in (
            ["status", "off"],
            ["escape-time", "0"],
            ["default-terminal", "tmux-256color"],
        ):
            self._tmux("set-option", "-g", *option)
        self._tmux("resize-window", *size)
        self.wait_for("outer$")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tmux("kill-server")

    def line(self, text: str) -> None:
        """Type `text` and Enter."""
        self.type(text)
        self.press("Enter")

    def type(self, text: str) -> None:
        """Type `text` as it is."""
        self._tmux("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: Enter, Escape, C-], Up …"""
        self._tmux("send-keys", *keys)

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size, as a user who drags its corner."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))
        self.columns, self.rows = columns, rows

    def screen(self, *, colours: bool = False) -> str:
        """What is on the screen now."""
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def facts(self, form: str) -> str:
        """A tmux format such as ``#{alternate_on} #{cursor_flag}``, expanded."""
        return self._tmux("display-message", "-p", form).strip()

    def wait_for(self, pattern: str, deadline: float = 20.0) -> str:
        """The first screen on which `pattern` (plain text) stands."""
        return self.wait_until(lambda screen: pattern in screen, f"{pattern!r}", deadline)

    def wait_for_match(self, pattern: str, deadline: float = 20.0) -> str:
        """The first screen that the regular expression is found in."""
        found = re.compile(pattern, re.MULTILINE)
        return self.wait_until(lambda screen: bool(found.search(screen)), pattern, deadline)

    def wait_gone(self, text: str, deadline: float = 20.0) -> str:
        """The first screen without `text`."""
        return self.wait_until(lambda screen: text not in screen, f"no {text!r}", deadline)

    def wait_until(self, accept: Callable[[str], bool], what: str, deadline: float = 20.0) -> str:
        """The first screen that `accept` takes; polled, since tmux has no signal for it."""
        end = time.monotonic() + deadline
        while True:
            screen = self.screen()
            if accept(screen):
                return screen
            if time.monotonic() > end:
                raise AssertionError(f"waited {deadline:.0f} s for {what}; the screen:\n{screen}")
            time.sleep(0.02)
