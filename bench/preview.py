"""What the preview of a flooded session costs the list: from a key to the screen that shows it."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from pathlib import Path

from bench.report import arguments, percentile, row, show
from tests.played_terminal import XTERM, PlayedTerminal
from tests.ui_support import running_agent
from vibetui.agent import AgentConnection, TerminalSpec

_KEYS = (b"a", b"p", b"i", b"\x7f", b"\x7f", b"\x7f")
_SHOWN = ("a", "ap", "api", "ap", "a", "Filter by name")
_PAUSE = (0.02, 0.06)
"""Seconds between two keys, as a fast typist."""


def key_times(program: str, keys: int, *, previewed: bool = True) -> list[float]:
    """Seconds from each key in the filter to the screen, while `program` runs in a session."""
    chance = random.Random(3)
    with running_agent() as agent:
        asyncio.run(_open(agent, program))
        command = ["-m", "tests.client_app", str(agent)]
        with PlayedTerminal(command, XTERM, rows=50, columns=200) as terminal:
            terminal.shows("80×24")
            if not previewed:
                terminal.type(b"v")
                terminal.until(lambda: "80×24" not in terminal.screen)
            terminal.type(b"/")
            terminal.shows("Filter by name")
            times = []
            for number in range(keys):
                terminal.live(chance.uniform(*_PAUSE))
                times.append(_time(terminal, number % len(_KEYS)))
    return times


def _time(terminal: PlayedTerminal, index: int) -> float:
    wanted = _SHOWN[index]
    began = time.perf_counter()
    terminal.type(_KEYS[index])
    while _filter(terminal) != wanted:
        terminal.live(0.0005)
        assert time.perf_counter() < began + 10, terminal.screen
    return time.perf_counter() - began


def _filter(terminal: PlayedTerminal) -> str:
    return "".join(run.text for run in terminal.emulator.row(3)).strip()


async def _open(agent: Path, program: str) -> None:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(agent))
    connection = await AgentConnection.greet(sock, deadline=5)
    await connection.open_terminal(TerminalSpec(argv=["/bin/sh", "-c", program]))
    connection.close()


def main() -> None:
    options = arguments(__doc__ or "", repeats=600, quick_repeats=120)
    idle = key_times("exec cat", options.repeats)
    hidden = key_times("exec yes", options.repeats, previewed=False)
    flooded = key_times("exec yes", options.repeats)
    rows = [
        row(
            f"key to screen, preview of `yes`, p{percent}, to {name}",
            percentile(flooded, percent / 100) * 1e3,
            "ms",
            peer=percentile(peer, percent / 100) * 1e3,
            most_ratio=2.0 if percent == 99 else None,
        )
        for name, peer in (("an idle one", idle), ("none", hidden))
        for percent in (50, 99)
    ]
    show(rows, as_json=options.json)


if __name__ == "__main__":
    main()
