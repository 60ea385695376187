"""What a passthrough does with bytes: the prefix among keys, and where output changes hands."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.terminal_support import EMULATORS, PlayedAgent, screen
from vibetui.terminals import Terminal, TerminalSettings
from vibetui.terminals.boundaries import unfinished
from vibetui.terminals.passthrough import OTHER_SIZE, Passthrough
from vibetui.terminals.prefix_finder import PrefixFinder
from vibetui.terminals.screen_state import ScreenState


def finder(switched_on: bytes = b"", prefix: str = "ctrl+]") -> PrefixFinder:
    state = ScreenState()
    state.feed(switched_on)
    return PrefixFinder(prefix, state)


KITTY, OTHER_KEYS, PASTE = b"\x1b[>1u", b"\x1b[>4;2m", b"\x1b[?2004h"


@pytest.mark.parametrize(
    ("switched_on", "key"),
    [
        (b"", b"\x1d"),
        (KITTY, b"\x1d"),
        (KITTY, b"\x1b[93;5u"),
        (KITTY, b"\x1b[93:125;5:1u"),
        (KITTY, b"\x1b[93;133u"),
        (KITTY, b"\x1b[1098::93;5u"),
        (KITTY, b"\x1b[93;5:2u"),
        (OTHER_KEYS, b"\x1b[27;5;93~"),
    ],
)
def test_every_spelling_of_the_prefix_is_found(switched_on: bytes, key: bytes) -> None:
    assert finder(switched_on).feed(b"a\x1b[A" + key + b"rest") == (b"a\x1b[A", b"rest")


@pytest.mark.parametrize(
    "keys",
    [
        b"]",
        b"\x1b[93u",
        b"\x1b[93;6u",
        b"\x1b[93;5:3u",
        b"\x1b[91;5u",
        b"\x1b[27;6;93~",
        b"\x1b[<0;29;5M",
    ],
)
def test_other_keys_are_passed_on(keys: bytes) -> None:
    assert finder(KITTY).feed(keys) == (keys, None)


@given(st.integers(1, 12))
def test_a_spelling_that_is_cut_is_found(cut: int) -> None:
    keys = b"ab\x1b[93;5ucd"
    found = finder(KITTY)
    first, none = found.feed(keys[:cut])
    if none is not None:
        return
    second, rest = found.feed(keys[cut:])
    assert (first + second, rest) == (b"ab", b"cd")


def test_an_escape_is_held_only_where_it_may_begin_the_prefix() -> None:
    assert finder().feed(b"\x1b") == (b"\x1b", None)
    assert finder(PASTE).feed(b"\x1b") == (b"\x1b", None)
    held = finder(KITTY)
    assert held.feed(b"\x1b") == (b"", None)
    assert held.holds
    assert held.release() == b"\x1b"


def test_in_what_is_pasted_the_prefix_is_no_key() -> None:
    found = finder(PASTE)
    assert found.feed(b"\x1b[200~a\x1d\x1b[20") == (b"\x1b[200~a\x1d", None)
    assert found.feed(b"1~b\x1dc") == (b"\x1b[201~b", b"c")


def test_another_prefix_is_found_too() -> None:
    assert finder(prefix="ctrl+a").feed(b"\x1d\x01") == (b"\x1d", b"")
    assert finder(KITTY, prefix="ctrl+a").feed(b"\x1b[97;5u") == (b"", b"")
    assert finder(prefix="f12").feed(b"a\x1b[24~b") == (b"a", b"b")


@pytest.mark.parametrize(
    ("data", "begun"),
    [
        (b"text", b""),
        (b"text\x1b", b"\x1b"),
        (b"\x1b[31mred\x1b[3", b"\x1b[3"),
        (b"\x1b[31m", b""),
        (b"\x1b]0;tit", b"\x1b]0;tit"),
        (b"\x1b]0;title\x07", b""),
        (b"\x1b]0;title\x1b", b"\x1b]0;title\x1b"),
        (b"\x1bPq#0~~", b"\x1bPq#0~~"),
        (b"caf\xc3", b"\xc3"),
        ("日".encode()[:2], "日".encode()[:2]),
        ("日".encode(), b""),
        ("😀".encode()[:3], "😀".encode()[:3]),
    ],
)
def test_what_output_breaks_off_in_is_known(data: bytes, begun: bytes) -> None:
    assert unfinished(data) == begun


class Collector:
    """An outlet that keeps what it is given."""

    def __init__(self, modes: bytes = b"") -> None:
        self.data = bytearray()
        self._modes = modes
        self.ended = asyncio.Event()
        self.skips = 0
        self.wrote = asyncio.Event()

    async def write(self, data: bytes | memoryview) -> None:
        self.data += data
        self.wrote.set()

    def modes(self) -> bytes:
        return self._modes

    def resized(self, rows: int, columns: int) -> None:
        pass

    def skipped(self) -> None:
        self.skips += 1

    def end(self) -> None:
        self.ended.set()

    async def has(self, data: bytes) -> None:
        async with asyncio.timeout(30):
            while not self.data.endswith(data):
                self.wrote.clear()
                await self.wrote.wait()


@contextmanager
def _running(terminal: Terminal) -> Iterator[asyncio.Task[object]]:
    running: asyncio.Task[object] = asyncio.create_task(terminal.run())
    try:
        yield running
    finally:
        running.cancel()


async def _until(terminal: Terminal, expected: list[str]) -> None:
    changed = asyncio.Event()
    stop = terminal.subscribe(changed.set)
    async with asyncio.timeout(10):
        while screen(terminal.emulator) != expected:
            changed.clear()
            await changed.wait()
    stop()


@pytest.mark.parametrize("kind", EMULATORS)
async def test_output_that_is_diverted_is_whole_and_the_screen_follows(kind: str) -> None:
    agent, connection = await PlayedAgent.start()
    settings = TerminalSettings(emulator=kind)
    terminal = await Terminal.start(connection, rows=5, columns=20, settings=settings)
    with _running(terminal) as running:
        await agent.output(b"before\x1b[3")
        await _until(terminal, ["before"])
        outlet = Collector()
        begun = terminal.divert(outlet)
        await agent.output(b"1mred\x1b[c\x1b[?2004h\xe6")
        await outlet.has(b"\xe6")
        assert begun + outlet.data == b"\x1b[31mred\x1b[c\x1b[?2004h\xe6"
        await terminal.rejoin()
        await agent.output("日".encode()[1:])
        await _until(terminal, ["beforered日"])
        assert terminal.emulator.modes.bracketed_paste
        # Who had the output has answered.
        terminal.write(b"!")
        await agent.until(lambda: agent.typed.endswith(b"!"))
        assert agent.typed == b"!"
        terminal.divert(outlet)
        await agent.exit(0)
        await running
        assert outlet.ended.is_set()
    terminal.close()
    await agent.close()


@pytest.mark.parametrize("kind", EMULATORS)
async def test_what_is_diverted_is_read_when_it_pauses(kind: str) -> None:
    agent, connection = await PlayedAgent.start()
    settings = TerminalSettings(emulator=kind)
    terminal = await Terminal.start(connection, rows=5, columns=20, settings=settings)
    feed, all_read = terminal.emulator.feed, asyncio.Event()

    def read(data: bytes) -> None:
        feed(data)
        if data.endswith(b"end"):
            all_read.set()

    terminal.emulator.feed = read  # type: ignore[method-assign]
    with _running(terminal):
        outlet = Collector()
        terminal.divert(outlet)
        await agent.output(b"line\r\n" * 20_000 + b"end")
        async with asyncio.timeout(10):
            await all_read.wait()
        assert terminal.emulator.history_lines > 100
        await terminal.rejoin()
        assert screen(terminal.emulator) == ["line", "line", "line", "line", "end"]
    terminal.close()
    await agent.close()


@pytest.mark.parametrize(("kind", "lines"), [("pyte", 100_000), ("ghostty", 1_000_000)])
async def test_after_more_than_is_kept_the_modes_are_those_of_the_program(
    kind: str, lines: int
) -> None:
    agent, connection = await PlayedAgent.start()
    terminal = await Terminal.start(
        connection, rows=5, columns=20, settings=TerminalSettings(emulator=kind)
    )
    with _running(terminal):
        await agent.output(b"before\x1b[?1000h\x1b[31m\x1b[2;3r")
        await _until(terminal, ["before"])
        outlet = Collector(b"\x1b[?2004h")
        terminal.divert(outlet)
        await agent.output(b"\x1b[?1000l\x1b[?2004h" + b"line\r\n" * lines + b"end")
        await outlet.has(b"end")
        await terminal.rejoin()
        assert screen(terminal.emulator) == ["line", "line", "line", "line", "end"]
        assert terminal.emulator.modes.bracketed_paste
        assert terminal.emulator.modes.mouse == 0
    terminal.close()
    await agent.close()


async def test_who_is_made_a_screen_anew_hears_that_something_was_skipped() -> None:
    agent, connection = await PlayedAgent.start()
    terminal = await Terminal.start(connection, rows=5, columns=20)
    with _running(terminal):
        outlet = Collector()
        terminal.divert(outlet)
        await agent.output(b"before")
        await outlet.has(b"before")
        assert not outlet.skips
        await agent.redraw(b"\x1b[H\x1b[Jan\x1b[cew")
        await outlet.has(b"ew")
        assert outlet.skips
        await terminal.rejoin()
        assert screen(terminal.emulator) == ["anew"]
        assert not agent.replied
    terminal.close()
    await agent.close()


async def test_what_the_users_terminal_answers_is_sent_as_an_answer() -> None:
    agent, connection = await PlayedAgent.start()
    terminal = await Terminal.start(connection, rows=5, columns=20)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (6, 30))
    tty.setraw(theirs)
    os.set_blocking(theirs, False)
    with _running(terminal):
        passthrough = Passthrough(terminal, theirs, "ctrl+]", lambda _: b"")
        running = asyncio.create_task(passthrough.run(theirs))
        os.write(ours, b"ls\r\x1b[?64;1c\x1b[1;5C\x1b[12;40R" + b"\x1d" + b"rest")
        async with asyncio.timeout(10):
            await running
        await agent.until(lambda: agent.typed.endswith(b"R"))
        assert agent.typed == b"ls\r\x1b[?64;1c\x1b[1;5C\x1b[12;40R"
        assert agent.replied == b"\x1b[?64;1c\x1b[12;40R"
        assert passthrough.typed == b"rest"
        assert terminal.size == (6, 30)
        await terminal.rejoin()
    terminal.close()
    await agent.close()
    os.close(ours)
    os.close(theirs)


async def test_a_terminal_that_somebody_else_keeps_in_another_size_is_not_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vibetui.terminals.passthrough._SIZE_DEADLINE", 0.05)
    agent, connection = await PlayedAgent.start()
    agent.leads = False
    terminal = await Terminal.start(connection, rows=5, columns=20)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (6, 30))
    with _running(terminal):
        passthrough = Passthrough(terminal, theirs, "ctrl+]", lambda _: b"")
        await passthrough.run(theirs)
        assert passthrough.note == OTHER_SIZE.format(5, 20)
        passthrough.end()
    terminal.close()
    await agent.close()
    os.close(ours)
    os.close(theirs)
