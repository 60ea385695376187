"""The small parts between front, zygote and UI process."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from sshd.control import ControlChannel, ControlError, Kind, Message, Reason, receive, send
from sshd.environment import client_environment
from sshd.privileges import drop_root
from sshd.splice import Splice
from sshd.tty import open_pty, sane_size
from vibetui.errors import VibeError
from vibetui.terminals.screen_state import ScreenState

DEADLINE = 5.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


# Environment


def test_only_what_a_terminal_needs_is_taken_from_a_client() -> None:
    offered = {
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "C",
        "COLORTERM": "truecolor",
        "NO_COLOR": "1",
        "PATH": "/evil",
        "LD_PRELOAD": "/evil.so",
        "PYTHONSTARTUP": "/evil.py",
        "TEXTUAL_DRIVER": "evil:Driver",
        "LC_EVIL": "x",
        "TERM": "other",
    }
    assert client_environment("xterm-256color", offered) == {
        "TERM": "xterm-256color",
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "C",
        "COLORTERM": "truecolor",
        "NO_COLOR": "1",
    }


@pytest.mark.parametrize("value", ["a\nb", "a\x1b[2J", "x" * 200, "ü"])
def test_odd_values_are_left_out(value: str) -> None:
    assert "LANG" not in client_environment("xterm", {"LANG": value})


@pytest.mark.parametrize("term", ["", "../../etc/passwd", "-x", "x" * 100, "a b"])
def test_an_impossible_terminal_type_becomes_xterm(term: str) -> None:
    assert client_environment(term, {})["TERM"] == "xterm"


# Terminals


@pytest.mark.parametrize(
    ("said", "taken"),
    [((0, 0), (80, 24)), ((132, 0), (132, 24)), ((0, 50), (80, 50)), ((1 << 31, 9), (65535, 9))],
)
def test_a_size_is_always_a_size(said: tuple[int, int], taken: tuple[int, int]) -> None:
    assert sane_size(*said) == taken


def test_a_new_terminal_neither_echoes_nor_signals() -> None:
    master, slave = open_pty(132, 43)
    try:
        assert os.get_terminal_size(slave) == (132, 43)
        modes = termios.tcgetattr(slave)
        assert not modes[tty.LFLAG] & (termios.ECHO | termios.ICANON | termios.ISIG)
    finally:
        os.close(master)
        os.close(slave)


# Control messages


def test_a_message_brings_its_descriptors(pair: tuple[socket.socket, socket.socket]) -> None:
    read_end, write_end = os.pipe()
    send(pair[0], Kind.DOOR, [write_end], note="é")
    os.close(write_end)
    message = receive(pair[1])
    assert message is not None
    assert (message.kind, message.body) == (Kind.DOOR, {"note": "é"})
    os.write(message.descriptors[0], b"through")
    assert os.read(read_end, 100) == b"through"
    assert not os.get_inheritable(message.descriptors[0])
    message.close()
    os.close(read_end)


@pytest.mark.parametrize(
    "data", [b"nonsense", b"[]", b"{}", b'{"kind": "other"}', b'{"kind": []}', b"\xff" * 20_000]
)
def test_what_is_no_message_is_an_error_and_leaks_nothing(
    pair: tuple[socket.socket, socket.socket], data: bytes
) -> None:
    gc.collect()  # What earlier tests left to the collector must not close in between.
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    socket.send_fds(pair[0], [data], [0])
    with pytest.raises(ControlError):
        receive(pair[1])
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


async def test_a_channel_tells_of_messages_and_of_the_end_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    got: list[Message] = []
    ended = asyncio.Event()
    channel = ControlChannel(pair[0].dup(), got.append, ended.set)
    send(pair[1], Kind.BYE, reason=Reason.EXIT, sentence="so long")
    pair[1].close()
    pair[0].close()
    await asyncio.wait_for(ended.wait(), DEADLINE)
    assert [message.body for message in got] == [{"reason": "exit", "sentence": "so long"}]
    assert not channel.send(Kind.SHUTDOWN)


# Splicing


class HalfAClient:
    """A channel that keeps what it is given. A fake: its back-pressure is set by hand."""

    def __init__(self) -> None:
        self.got = bytearray()
        self.reading = True
        self.gone = False

    def write(self, data: bytes) -> None:
        if self.gone:
            raise BrokenPipeError
        self.got += data

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


@pytest.fixture
async def joined() -> Iterator[tuple[Splice, HalfAClient, int]]:
    master, slave = open_pty(80, 24)
    client = HalfAClient()
    splice = Splice(master, client, ScreenState())
    yield splice, client, slave  # type: ignore[misc]
    splice.close()
    os.close(slave)


async def test_output_in_a_held_splice_waits_and_then_comes_whole(
    joined: tuple[Splice, HalfAClient, int],
) -> None:
    splice, client, slave = joined
    splice.pause_output()
    os.write(slave, b"x" * 3000)
    drained = asyncio.ensure_future(splice.drain())
    done, _ = await asyncio.wait([drained], timeout=0.05)
    assert not done
    assert not client.got
    splice.resume_output()
    await asyncio.wait_for(drained, DEADLINE)
    assert client.got == b"x" * 3000


async def test_drain_passes_on_everything_that_was_written_before(
    joined: tuple[Splice, HalfAClient, int],
) -> None:
    splice, client, slave = joined
    os.write(slave, b"the last words\n")
    await asyncio.wait_for(splice.drain(), DEADLINE)
    assert client.got == b"the last words\r\n"


async def test_input_that_the_app_does_not_read_pauses_the_client_and_is_not_lost(
    joined: tuple[Splice, HalfAClient, int],
) -> None:
    splice, client, slave = joined
    sent = bytearray()
    while client.reading:
        piece = b"%07d " % len(sent) * 512
        sent += piece
        splice.feed(piece)
        assert len(sent) < 1 << 20
    loop = asyncio.get_running_loop()
    got = bytearray()
    complete = asyncio.Event()

    def read() -> None:
        got.extend(os.read(slave, 65536))
        if len(got) >= len(sent):
            complete.set()

    os.set_blocking(slave, False)
    loop.add_reader(slave, read)
    await asyncio.wait_for(complete.wait(), DEADLINE)
    loop.remove_reader(slave)
    assert got == sent
    assert client.reading


async def test_what_goes_round_the_terminal_keeps_its_place(
    joined: tuple[Splice, HalfAClient, int],
) -> None:
    splice, client, slave = joined
    ours, theirs = socket.socketpair()
    with ours:
        os.write(slave, b"before ")
        splice.take_bypass(theirs.detach())
        os.write(slave, b"after")
        splice.pause_output()
        ours.sendall(b"round ")
        drained = asyncio.ensure_future(splice.drain())
        done, _ = await asyncio.wait([drained], timeout=0.05)
        assert not done
        assert client.got == b"before "
        splice.resume_output()
        await asyncio.wait_for(drained, DEADLINE)
        assert client.got == b"before round "
    await asyncio.wait_for(splice.drain(), DEADLINE)
    assert client.got == b"before round after"


async def test_a_way_round_for_a_client_that_is_leaving_is_closed(
    joined: tuple[Splice, HalfAClient, int],
) -> None:
    splice, client, slave = joined
    ours, theirs = socket.socketpair()
    with ours:
        client.gone = True
        os.write(slave, b"anybody?")
        splice.take_bypass(theirs.detach())
        assert splice.master is None
        assert ours.recv(1) == b""


async def test_a_splice_ends_when_the_last_process_has_gone() -> None:
    master, slave = open_pty(80, 24)
    client = HalfAClient()
    splice = Splice(master, client, ScreenState())
    os.write(slave, b"bye")
    os.close(slave)
    await asyncio.wait_for(splice.ended.wait(), DEADLINE)
    assert client.got == b"bye"
    splice.close()


async def test_a_client_that_went_hangs_the_terminal_up(
    joined: tuple[Splice, HalfAClient, int],
) -> None:
    splice, client, slave = joined
    client.gone = True
    os.write(slave, b"anybody?")
    await asyncio.wait_for(splice.drain(), DEADLINE)
    assert splice.master is None
    with pytest.raises(OSError, match="Input/output error"):
        os.write(slave, b"hello")


# Giving root up


def test_an_account_that_does_not_exist_is_one_sentence() -> None:
    if os.geteuid() == 0:
        with pytest.raises(VibeError, match="no account 'nobody-of-that-name'"):
            drop_root("nobody-of-that-name")
        with pytest.raises(VibeError, match="is root"):
            drop_root("root")
    else:
        assert drop_root("nobody-of-that-name") == ()


def test_after_root_is_gone_imports_go_on_and_root_stays_gone(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give root up")
    hidden = tmp_path / "hidden"
    package = hidden / "code" / "a_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "later.py").write_text("found = 'yes'")
    hidden.chmod(0o700)
    script = """
import os, sys
sys.path.insert(0, sys.argv[1])
import a_package
from sshd.privileges import drop_root
drop_root("nobody")
try:
    os.setuid(0)
except PermissionError:
    print("no way back")
import a_package.later, xml.sax.saxutils
print(a_package.later.found, os.getgroups())
"""
    words = [sys.executable, "-c", script, str(package.parent)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    assert done.stdout == "no way back\nyes []\n", done.stderr
