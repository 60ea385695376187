"""Zoom: the user's whole terminal for the container, byte for byte, until the prefix is typed."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from textual import events
from textual.app import App
from textual.geometry import Size
from textual.message_pump import MessagePump

from vibetui.terminals import Terminal
from vibetui.terminals.passthrough import Passthrough
from vibetui.terminals.protocol import Emulator
from vibetui.ui.zoom_driver import LendableDriver
from vibetui.ui.zoom_screen import opening

NO_FIT = "A viewer can zoom only in a terminal of {} rows and {} columns."

Bypass = Callable[[], socket.socket | None]


def no_bypass() -> socket.socket | None:
    """There is only the terminal itself."""
    return None


async def zoom(
    app: App[str],
    keys: MessagePump,
    terminal: Terminal,
    bypass: Bypass,
    *,
    prefix: str,
    name: str,
) -> str:
    """Returns when the app has its terminal back; `terminal` is then to be given a size again.

    Without a terminal of its own (in tests) the app has nothing to give, and nothing happens.

    Args:
        app: Whose terminal it is.
        keys: Takes what was typed before.
        terminal: The container's.
        bypass: Gives a faster way to the same terminal, where there is one.
        prefix: The key that ends it, as in the settings.
        name: For the window's title.

    Returns:
        Why there was no zoom, or why it ended; empty where the user ended it.
    """
    driver = app._driver
    if not isinstance(driver, LendableDriver):
        return ""
    columns, rows = driver._get_terminal_size()
    if terminal.read_only and terminal.size != (rows, columns):
        return NO_FIT.format(*terminal.size)
    title = f"{name}: {prefix} brings vibetui back"

    def opened(emulator: Emulator) -> bytes:
        return opening(emulator, app.console, title)

    with driver.descriptors() as (source, sink):
        passthrough = Passthrough(terminal, source, prefix, opened)
        # The shell's next words, or the app's own, begin on a line of theirs.
        driver.lend(lambda: passthrough.state.restore() + b"\r\n")
        try:
            way = _way_out(bypass, sink)
            with _following_size(app, driver, passthrough), way as out:
                await _delivered(app, app.screen, keys)
                await passthrough.run(out)
        finally:
            passthrough.end()
            driver.take_back(passthrough.typed)
            await terminal.rejoin()
    return passthrough.note


@contextmanager
def _way_out(bypass: Bypass, tty: int) -> Iterator[int]:
    """Where output goes: round the PTY where there is a way, which is several times faster."""
    way = bypass()
    if way is None:
        yield tty
        return
    with way:
        yield way.fileno()


@contextmanager
def _following_size(
    app: App[str], driver: LendableDriver, passthrough: Passthrough
) -> Iterator[None]:
    def changed() -> None:
        passthrough.follow_size()
        # The app's next frame is to fit too.
        size = Size(*driver._get_terminal_size())
        app.post_message(events.Resize(size, size))

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, changed)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


async def _delivered(*pumps: MessagePump) -> None:
    """Until every key that the app has read is where it belongs, one pump after the other."""
    # What a thread has scheduled becomes a task in this turn and a message in the next.
    for _ in range(2):
        await asyncio.sleep(0)
    for pump in pumps:
        arrived = asyncio.Event()
        if pump.call_later(arrived.set):
            await arrived.wait()
