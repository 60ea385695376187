"""Zoom: a real app on a terminal that the test plays, and the real agent behind it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.agent_support import RawClient
from tests.played_terminal import KITTY, XTERM, Kind, PlayedTerminal
from tests.terminal_support import EMULATORS
from tests.ui_support import running_agent
from vibetui.agent import FrameType, Role, TerminalSpec
from vibetui.agent.requests import encode_attach, encode_bind, encode_open, encode_resize
from vibetui.terminals.emulators import make_emulator

PREFIX = b"\x1d"
WORKSPACE = "ctrl+] menu"
"""On the key bar of a workspace."""
LEFT_ON = (
    rb"\033[?1049h\033[?1;1000;1003;1006;1004;2004h\033[>5u\033[>4;2m\033[6 q\033[5;9r\033[?6h"
    rb"\033[41m\033(0\016\033=\033[4h\033[?25l\033[?7l\033]11;#200\007\033]0;mine\007left"
)


@pytest.fixture
def agent() -> Iterator[Path]:
    with running_agent() as socket:
        yield socket


both_emulators = pytest.mark.parametrize("terminal", EMULATORS, indirect=True)


def workspace(agent: Path, kind: Kind = XTERM) -> PlayedTerminal:
    return PlayedTerminal(["-m", "tests.client_app", str(agent)], kind)


def enter(terminal: PlayedTerminal) -> None:
    """From the list to a prompt."""
    terminal.shows("thesis")
    terminal.type(b"\r")
    terminal.shows("$")


@pytest.fixture
def terminal(
    agent: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PlayedTerminal]:
    """In a workspace, its prompt there."""
    monkeypatch.setenv("VIBETUI_EMULATOR", getattr(request, "param", "ghostty"))
    with workspace(agent) as played:
        enter(played)
        yield played


def zoom_in(terminal: PlayedTerminal) -> None:
    terminal.type(PREFIX)
    terminal.shows("Zoom")
    terminal.type(b"z")
    terminal.until(lambda: not terminal.state.alternate_screen)
    terminal.shows("$")


def zoom_out(terminal: PlayedTerminal, prefix: bytes = PREFIX) -> None:
    terminal.type(prefix)
    terminal.shows(WORKSPACE)


def quit_app(terminal: PlayedTerminal) -> None:
    terminal.type(PREFIX)
    terminal.shows("Back to your sessions")
    terminal.type(b"q")
    assert terminal.leaves() == 0


@both_emulators
def test_the_container_has_the_whole_terminal_and_the_app_comes_back(
    terminal: PlayedTerminal,
) -> None:
    zoom_in(terminal)
    assert WORKSPACE not in terminal.screen
    terminal.type(b"stty size\r")
    terminal.shows("24 80")
    zoom_out(terminal)
    terminal.type(b"clear; stty size\r")
    terminal.shows("22 80")
    quit_app(terminal)
    assert terminal.state.restore() == b"", bytes(terminal.written[-400:])


def test_what_stood_on_the_screen_is_there_at_once_in_its_colours(
    terminal: PlayedTerminal,
) -> None:
    terminal.type(rb"clear; printf '\033[1;31mred\033[0m \343\202\217 end\n'" + b"\r")
    terminal.shows("わ end")
    zoom_in(terminal)
    terminal.shows("わ end")
    y = terminal.screen.split("\n").index("red わ end")
    first = terminal.emulator.row(y)[0]
    assert (first.text, first.style.foreground, first.style.bold) == ("red", 1, True)


@pytest.mark.parametrize(
    ("printed", "sent"),
    [
        (rb"\033Pq#0;2;0;0;0#0~~@@vv\033\\", b"\x1bPq#0;2;0;0;0#0~~@@vv\x1b\\"),
        (rb"\033_Ga=T,f=24,s=1,v=1;AAAA\033\\", b"\x1b_Ga=T,f=24,s=1,v=1;AAAA\x1b\\"),
        (rb"\033]1337;File=inline=1:AAAA\007", b"\x1b]1337;File=inline=1:AAAA\x07"),
    ],
    ids=["sixel", "kitty", "iterm"],
)
def test_graphics_reach_the_terminal_byte_for_byte(
    terminal: PlayedTerminal, printed: bytes, sent: bytes
) -> None:
    zoom_in(terminal)
    before = len(terminal.written)
    terminal.type(b"printf '<%b>' '" + printed + b"'\r")
    terminal.until(lambda: b"<" + sent + b">" in terminal.written[before:])


def test_every_byte_arrives_both_ways(terminal: PlayedTerminal) -> None:
    zoom_in(terminal)
    terminal.type(b"stty raw -echo; echo 'RE''ADY'; head -c 256 | od -An -v -tu1 -w1; stty sane\r")
    terminal.until(lambda: b"READY" in terminal.written)
    every = bytes(value for value in range(256) if value != PREFIX[0]) + b"\x00"
    before = len(terminal.written)
    terminal.type(every)
    listed = "".join(f"{value:4d}\n" for value in every).encode()
    terminal.until(lambda: listed in terminal.written[before:])
    terminal.type(b"stty raw; python3 -c 'import os; os.write(1, bytes(range(256)) * 3)'\r")
    terminal.until(lambda: bytes(range(256)) * 3 in terminal.written)


def test_the_terminal_answers_and_not_the_app(terminal: PlayedTerminal) -> None:
    zoom_in(terminal)
    terminal.type(rb"printf '\033[c'; cat -v" + b"\r")
    terminal.shows("^[[?64;1;2;6")
    assert terminal.screen.count("^[[?") == 1


@both_emulators
def test_whatever_a_program_leaves_on_the_app_is_as_it_should_be(
    terminal: PlayedTerminal,
) -> None:
    terminal.type(b"clear\r")
    terminal.until(lambda: terminal.screen.count("$") == 1)
    zoom_in(terminal)
    terminal.type(b"printf '" + LEFT_ON + b"'; sleep 60\r")
    terminal.until(lambda: terminal.state.alternate_screen and b"left" in terminal.written[-300:])
    zoom_out(terminal)
    undone = bytes(terminal.written[terminal.written.index(b"mine\x07left") + 9 :])
    for sequence in (b"\x1b[r", b"\x1b[?6l", b"\x1b[4l", b"\x1b>", b"\x1b(B", b"\x0f", b"\x1b]111"):
        assert sequence in undone
    # A terminal on which nothing was left on shows the same after the same bytes.
    fresh = make_emulator("ghostty", 24, 80, 0)
    fresh.feed(undone)
    assert fresh.modes == terminal.emulator.modes
    assert [fresh.row(y) for y in range(24)] == [terminal.emulator.row(y) for y in range(24)]
    quit_app(terminal)
    assert terminal.state.restore() == b""


def test_the_prefix_is_found_as_the_kitty_keyboard_spells_it(agent: Path) -> None:
    with workspace(agent, KITTY) as terminal:
        enter(terminal)
        zoom_in(terminal)
        terminal.type(rb"printf '\033[>1u'; cat -v" + b"\r")
        terminal.until(lambda: terminal.state.enhanced_keyboard)
        terminal.type(b"\x1b[97;5u")
        terminal.shows("^[[97;5u")
        terminal.type(b"\x1b[93;")
        zoom_out(terminal, b"5u")


def test_what_is_pasted_may_hold_the_prefix(terminal: PlayedTerminal) -> None:
    zoom_in(terminal)
    terminal.type(rb"printf '\033[?2004h'; cat -v" + b"\r")
    terminal.until(lambda: terminal.state.bracketed_paste)
    terminal.type(b"\x1b[200~a\x1db\x1b[201~\r")
    terminal.shows("a^]b")
    zoom_out(terminal)


def test_keys_around_the_way_out_arrive_once_and_in_order(terminal: PlayedTerminal) -> None:
    zoom_in(terminal)
    terminal.type(b"echo one; echo tw" + PREFIX + b"o; echo three\r")
    terminal.shows(WORKSPACE)
    terminal.shows("one\ntwo\nthree")


def test_keys_around_the_way_in_arrive_once_and_in_order(terminal: PlayedTerminal) -> None:
    terminal.type(PREFIX)
    terminal.shows("Zoom")
    terminal.type(b"z")
    typed = "".join(f"{number:03d}," for number in range(200))
    for start in range(0, len(typed), 40):
        terminal.type(typed[start : start + 40].encode())
        terminal.live(0.005)
    terminal.until(lambda: not terminal.state.alternate_screen)
    terminal.until(lambda: typed in terminal.screen.replace("\n", ""))


def test_keys_that_come_in_one_piece_are_each_whose_they_are(terminal: PlayedTerminal) -> None:
    terminal.type(b"ab" + PREFIX + b"zcd")
    terminal.until(lambda: not terminal.state.alternate_screen)
    terminal.shows("$ abcd")
    terminal.type(b"ef" + PREFIX + b"gh" + PREFIX + b"zij")
    terminal.shows("$ abcdefghij")
    terminal.until(lambda: not terminal.state.alternate_screen)
    terminal.type(PREFIX + b"kl")
    terminal.shows(WORKSPACE)
    terminal.shows("$ abcdefghijkl")


@both_emulators
def test_a_flood_stops_neither_the_way_out_nor_the_way_in(terminal: PlayedTerminal) -> None:
    zoom_in(terminal)
    terminal.type(b"yes\r")
    terminal.shows("y\ny\ny")
    zoom_out(terminal)
    terminal.type(PREFIX)
    terminal.shows("Zoom")
    terminal.type(b"z")
    terminal.until(lambda: not terminal.state.alternate_screen)
    terminal.type(b"\x03echo do''ne\r")
    terminal.shows("done")
    zoom_out(terminal)
    terminal.shows("done")


@both_emulators
def test_a_long_output_is_in_the_app_too(terminal: PlayedTerminal) -> None:
    zoom_in(terminal)
    terminal.type(b"seq 1 200000\r")
    terminal.shows("199999\n200000\n$")
    zoom_out(terminal)
    terminal.shows("199998\n199999\n200000\n$")


@both_emulators
def test_a_new_size_reaches_the_program_and_then_the_app(terminal: PlayedTerminal) -> None:
    zoom_in(terminal)
    terminal.resize(100, 30)
    # The size and what is typed go different ways.
    terminal.type(b'until [ "$(stty size)" = "30 100" ]; do sleep 0.05; done; clear; stty size\r')
    terminal.shows("30 100")
    zoom_out(terminal)
    terminal.type(b"clear; stty size\r")
    terminal.shows("28 100")


def test_a_shell_that_ends_brings_the_app_back(terminal: PlayedTerminal) -> None:
    zoom_in(terminal)
    terminal.type(b"exit 3\r")
    terminal.shows("The shell ended (exit 3)")
    terminal.shows(WORKSPACE)
    terminal.until(lambda: "running" in terminal.screen.split("\n")[0])
    assert terminal.state.alternate_screen


def test_a_container_that_is_gone_brings_the_app_back(
    terminal: PlayedTerminal, agent: Path
) -> None:
    zoom_in(terminal)
    serves = [str(agent), "serve"]
    commands = {one: one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])}
    (process,) = [one for one, words in commands.items() if all(word in words for word in serves)]
    process.kill()
    terminal.shows("The container has stopped")
    assert terminal.state.alternate_screen


class SomebodyElse:
    """At the same terminal."""

    def __init__(self, agent: Path, rows: int, columns: int, *, opens: bool = False) -> None:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(agent))
        sock.settimeout(20)
        self._client = RawClient(sock)
        sock.sendall(encode_bind(Role.WRITER, "bob"))
        if opens:
            sock.sendall(encode_open(TerminalSpec(argv=["/bin/sh"])))
        sock.sendall(encode_attach(1, last=0, size=(rows, columns)))

    def has_size(self, rows: int, columns: int) -> None:
        """From now on."""
        self._client.sock.sendall(encode_resize(rows, columns))

    def types(self, data: bytes) -> None:
        """And so leads."""
        self._client.send(FrameType.INPUT, data)


def test_a_viewer_zooms_only_where_the_sizes_are_the_same_and_types_nothing(agent: Path) -> None:
    other = SomebodyElse(agent, 20, 70, opens=True)
    with PlayedTerminal(["-m", "tests.client_app", str(agent), "viewer"], XTERM) as terminal:
        enter(terminal)
        terminal.type(PREFIX)
        terminal.shows("Zoom")
        terminal.type(b"z")
        terminal.shows("only in a terminal of 20 rows and 70 columns")
        assert terminal.state.alternate_screen
        other.has_size(24, 80)
        other.types(b"echo the same si''ze\r")
        terminal.shows("the same size")
        zoom_in(terminal)
        terminal.type(b"echo e''vil\r")
        other.types(b"echo go''od\r")
        terminal.shows("good")
        zoom_out(terminal)
        assert "evil" not in terminal.screen


def test_somebody_with_another_size_who_types_ends_the_zoom(
    terminal: PlayedTerminal, agent: Path
) -> None:
    zoom_in(terminal)
    other = SomebodyElse(agent, 30, 70)
    terminal.type(b"echo st''ill zoomed\r")
    terminal.shows("still zoomed")
    assert not terminal.state.alternate_screen
    other.types(b"echo from el''sewhere\r")
    terminal.shows("somebody else types")
    terminal.shows("from elsewhere")
    assert terminal.state.alternate_screen
    # Zooming is as typing: the terminal has the size of whoever does it.
    zoom_in(terminal)
    terminal.type(b"clear; stty size\r")
    terminal.shows("24 80")


def test_where_somebody_else_leads_the_zoomed_terminals_answers_are_not_typed(
    terminal: PlayedTerminal, agent: Path
) -> None:
    zoom_in(terminal)
    other = SomebodyElse(agent, 24, 80)
    terminal.type(rb"stty -echo; cat -v" + b"\r")
    other.types(b"begun\r")
    terminal.shows("begun")
    # A key of the other's own has the query come out of the program; nobody answers but us.
    other.types(b"\x03")
    other.types(rb"printf '\033[c'; cat -v" + b"\r")
    terminal.until(lambda: b"\x1b[c" in terminal.written and not terminal.owes)
    other.types(b"after\r")
    terminal.shows("after")
    assert "^[[?" not in terminal.screen
    terminal.type(b"mine\r")
    terminal.shows("mine")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_app_and_leaves_the_terminal_clean(
    terminal: PlayedTerminal, number: int
) -> None:
    zoom_in(terminal)
    terminal.type(b"printf '" + LEFT_ON + b"'; sleep 60\r")
    terminal.until(lambda: terminal.state.alternate_screen)
    terminal.signal(number)
    terminal.leaves()
    assert terminal.state.restore() == b""
