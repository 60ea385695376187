"""A small real Textual app that shows what reached it through the front."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.events import Key, Resize
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from vibetui.ui.widgets.terminal_driver import TerminalDriver


class Flood(Widget):
    """Repaints itself wholly, with other text each time, as fast as the driver takes it."""

    count = 0

    def on_mount(self) -> None:
        self.set_interval(1 / 200, self._next)

    def _next(self) -> None:
        self.count += 1
        self.refresh()
        if (driver := self.app._driver) is not None:
            # 20 MB/s that a terminal ignores: padding (ECMA-48 section 8.3.89).
            driver.write("\0" * 100_000)

    def render_line(self, y: int) -> Strip:
        style = Style(color=f"rgb({self.count % 256},{y},99)")
        text = f"flood {self.count} " + os.urandom(self.size.width).hex()
        return Strip([Segment(text[: self.size.width], style)])


class StandIn(App[str]):
    """Keys: Q leaves, X fails, F floods, D asks its door, R rebinds; anything else is shown."""

    CSS = "Flood { height: 1fr; }"

    def __init__(self, door: int | None, rebind: Callable[[], Awaitable[int]] | None) -> None:
        # The product's driver: the reader of keys is part of what is tested.
        super().__init__(driver_class=TerminalDriver)
        self._door = door
        self._rebind = rebind
        self._typed = ""
        self._facts: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        yield Static("[rgb(1,2,3)]stand-in[/]", id="title")
        yield Static(id="facts", markup=False)

    def on_mount(self) -> None:
        names = ("TERM", "COLORTERM", "LANG", "NO_COLOR", "SECRET", "HOME", "TERM_PROGRAM")
        for name in names:
            self._facts[name] = os.environ.get(name)
        self._facts["colours"] = self.console.color_system
        self._facts["uid"] = os.getuid()
        self._facts["encoding"] = getattr(sys.__stdout__, "encoding", None)
        self._facts["descriptors"] = len(list(Path("/proc/self/fd").iterdir()))
        self._show()

    def on_resize(self, event: Resize) -> None:
        self._facts["size"] = f"{event.size.width}x{event.size.height}"
        self._show()

    def _show(self) -> None:
        self._facts["count"] = len(self._typed)
        lines = [f"{name}={value}" for name, value in self._facts.items()]
        self.query_one("#facts", Static).update("\n".join([*lines, f"typed={self._typed[-60:]}|"]))

    async def on_key(self, event: Key) -> None:
        match event.character:
            case "Q":
                self.exit("Goodbye — come back soon.")
            case "X":
                raise RuntimeError("a bug in the app")
            case "F":
                await self.mount(Flood())
            case "D":
                self._facts["door"] = _greeting(self._door)
            case "R":
                self.run_worker(self._open_another_door())
            case str(character):
                self._typed += character if character.isprintable() else f"<{event.key}>"
        self._show()

    async def _open_another_door(self) -> None:
        assert self._rebind is not None
        try:
            self._facts["rebound"] = _greeting(await self._rebind())
        except Exception as error:
            self._facts["rebound"] = repr(error)
        self._show()


def _greeting(door: int | None) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(f"/proc/self/fd/{door}")
        return sock.recv(100).decode()
