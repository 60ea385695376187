"""Attaching: what is replayed, from where, with which modes; and readers that don't read."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent_support import (
    Agent,
    RawClient,
    read_to_end,
    read_until,
    running_agent,
)
from vibetui.agent import FrameType, TerminalStream
from vibetui.agent.answers import decode_replay
from vibetui.agent.requests import encode_attach
from vibetui.terminals.emulators import make_emulator

MIB = 1 << 20


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


async def show(agent: Agent, output: bytes, then: str = "read x") -> int:
    """A terminal whose output so far is exactly `output`."""
    path = agent.workspace / f"output-{random.randrange(1 << 30)}"
    path.write_bytes(output)
    number = await agent.open(f"stty -opost -echo; cat {path}; {then}")
    await agent.has_written(number, len(output))
    return number


def preamble(stream: TerminalStream, output: bytes) -> bytes:
    """The uncounted bytes of a replay of a terminal that has said `output`."""
    counted = output[stream.replay.offset :]
    assert stream.replay.data.endswith(counted)
    return stream.replay.data[: len(stream.replay.data) - len(counted)]


async def test_resuming_at_an_offset_has_no_gap_no_double_and_no_reset(agent: Agent) -> None:
    output = "".join(f"line {n} – é\n" for n in range(20_000)).encode()
    number = await show(agent, output, then="echo more; read x")
    for offset in (0, 1, 7, len(output) // 2, len(output)):
        stream = await agent.attach(number, from_offset=offset)
        assert not stream.replay.reset
        assert stream.replay.offset == offset
        assert await read_until(stream, b"more\n") == output[offset:] + b"more\n"
        assert stream.offset == len(output) + 5
        stream.close()


async def test_a_client_that_comes_and_goes_sees_every_byte_once(agent: Agent) -> None:
    number = await agent.open("seq 200000; echo end")
    seen = bytearray()
    while not seen.endswith(b"end\r\n"):
        stream = await agent.attach(number, from_offset=len(seen))
        assert not stream.replay.reset
        seen += stream.replay.data
        for _ in range(3):
            seen += await stream.read()
        assert stream.offset == len(seen)
        stream.close()
    assert bytes(seen) == "".join(f"{n}\r\n" for n in range(1, 200_001)).encode() + b"end\r\n"


async def test_an_offset_no_longer_kept_becomes_a_replay_with_reset(agent: Agent) -> None:
    output = b"".join(b"%07d\n" % n for n in range(300_000))
    number = await show(agent, output)
    stream = await agent.attach(number, from_offset=10)
    assert stream.replay.reset
    assert stream.replay.offset >= len(output) - MIB
    assert stream.replay.offset % 8 == 0, "the start of a line"
    assert preamble(stream, output)
    stream.close()


async def test_a_replay_never_starts_inside_a_sequence_or_a_character(agent: Agent) -> None:
    tokens = [
        b"\x1b[38;2;10;20;30m", "é漢😀".encode(), b"\x1b]0;a title; with \xc3\xa9\x07", b"x",
        b"\x1b]8;;http://x/\x1b\\", b"\x1bP1;2q#0;2\x1b\\", b"\x1b(0", b"\x1b[?25l",
        b"\x1b_G\x1b\\", b"\x1b[1;2\x0aH", b"\x1b7",
    ]  # fmt: skip
    chosen = random.Random(5).choices(tokens, k=8000)
    output = b"".join(chosen)
    starts = set(itertools.accumulate(map(len, chosen), initial=0))
    characters = {len(token.encode()) for token in ("é", "é漢")}
    for start, token in zip(sorted(starts), chosen, strict=False):
        if token == tokens[1]:
            starts = starts | {start + size for size in characters}
    number = await show(agent, output)
    for last in [*range(40), *random.Random(6).sample(range(len(output)), 40)]:
        stream = await agent.attach(number, last=last)
        assert stream.replay.offset in starts, output[stream.replay.offset :][:40]
        assert stream.replay.offset <= len(output)
        preamble(stream, output)
        stream.close()


@pytest.mark.parametrize("half", [b"\x1b[38;5", b"\x1b]0;half a ti", "漢".encode()[:2], b"\x1b"])
async def test_a_sequence_under_way_is_replayed_from_its_first_byte(
    agent: Agent, half: bytes
) -> None:
    number = await show(agent, b"text " + half)
    stream = await agent.attach(number, last=0)
    assert stream.replay.offset == 5
    assert stream.replay.data.endswith(half)
    stream.close()


VIM = (
    b"\x1b[?1049h\x1b[>1u\x1b[?1h\x1b=\x1b[?2004h\x1b[?1004h\x1b[?1002h\x1b[?1006h\x1b[?7l"
    b"\x1b[?25l\x1b[2;23r\x1b]2;file.txt - VIM\x07\x1b[6 q\x1b[?2026h\x1b[1;38;5;33;4:3m\x1b(0"
)
RESTORED = [
    b"\x1b[?1049h", b"\x1b[>1u", b"\x1b[?1h", b"\x1b=", b"\x1b[?2004h", b"\x1b[?1004h",
    b"\x1b[?1002h", b"\x1b[?1006h", b"\x1b[?7l", b"\x1b[?25l", b"\x1b[2;23r",
    b"\x1b]2;file.txt - VIM\x1b\\", b"\x1b[6 q", b"\x1b[0;1;38;5;33m", b"\x1b[4:3m", b"\x1b(0",
]  # fmt: skip
LEAVE = (
    b"\x1b[?1049l\x1b[?1l\x1b>\x1b[?2004l\x1b[?1004l\x1b[?1002l\x1b[?1006l\x1b[?7h\x1b[?25h\x1b[r"
    b"\x1b[0 q\x1b[0m\x1b(B"
)


async def test_modes_set_long_ago_are_restored_where_the_replay_starts(agent: Agent) -> None:
    output = VIM + b"x" * 79 + b"\n" + (b"y" * 79 + b"\n") * 30_000
    number = await show(agent, output)
    stream = await agent.attach(number)
    assert stream.replay.offset > MIB, "the modes were set before what is still kept"
    modes = preamble(stream, output)
    for sequence in RESTORED:
        assert modes.rfind(sequence) > modes.find(b"\x1b[?1049l"), sequence
    assert b"\x1b[?2026h" not in modes, "a screen must not stay frozen"
    stream.close()


async def test_modes_are_those_of_the_replays_first_byte_and_not_of_its_last(agent: Agent) -> None:
    line = b"y" * 79 + b"\n"
    output = VIM + line * 20_000 + LEAVE + line * 1000
    number = await show(agent, output)
    old = await agent.attach(number)
    assert b"\x1b[?1049h" in preamble(old, output), "still on the alternate screen there"
    assert LEAVE in old.replay.data
    new = await agent.attach(number, last=500 * 80)
    modes = preamble(new, output)
    for sequence in RESTORED:
        if b"VIM" not in sequence:
            assert modes.rfind(sequence) <= modes.find(b"\x1b[?1049l"), sequence
    old.close()
    new.close()


async def test_a_title_that_a_program_saved_comes_back_when_it_leaves(agent: Agent) -> None:
    saved = b"\x1b]2;my shell\x07\x1b[22;0;0t\x1b]2;VIM\x07"
    output = saved + (b"y" * 79 + b"\n") * 30_000
    number = await show(agent, output, then=r"read x; printf '\033[23;0;0t.'; read x")
    stream = await agent.attach(number)
    assert stream.replay.offset > MIB, "the title was saved before what is still kept"
    emulator = make_emulator("pyte", 24, 80, 100)
    emulator.feed(saved + preamble(stream, output))
    assert emulator.title == "VIM"
    stream.send(b"\r")
    emulator.feed(await read_until(stream, b"\x1b[23;0;0t."))
    assert emulator.title == "my shell"
    emulator.feed(b"\x1b[23;0t")
    assert emulator.title == "my shell", "saved once, whatever the emulator had before"
    connection = await agent.connect()
    assert [info.title for info in await connection.list_terminals()] == ["my shell"]
    connection.close()
    stream.close()


async def test_everything_that_is_followed_at_once_still_fits_into_a_replay(agent: Agent) -> None:
    titles = [letter * 224 for letter in (b"a", b"b", b"c", b"d", b"e")]
    output = b"\x1b[>255u" * 15 + VIM + b"\x1b[>255u" * 14
    output += b"".join(b"\x1b]2;%s\x07\x1b[22t" % title for title in titles[:4])
    output += b"\x1b]2;%s\x07\x1b[5;10r\x1b[4h\x0e\x1b)0\x1b[?9;1016h" % titles[4]
    output += b"\x1b[1;2;3;4:3;5;7;8;9;53;38;2;100;101;102;48;2;103;104;105;58:2::106:107:108m\n"
    number = await show(agent, output)
    stream = await agent.attach(number, last=0)
    modes = stream.replay.data
    for title in titles:
        assert b"\x1b]2;" + title + b"\x1b\\" in modes
    assert modes.count(b"\x1b[>255u") == 29
    for sequence in (b"\x1b[5;10r", b"\x1b[4h", b"\x0e", b"\x1b)0", b"\x1b[?1016h", b";107;108m"):
        assert sequence in modes.replace(b":", b";")
    assert len(modes) < 2224 - 100, "there is some room left"
    stream.close()


async def test_every_mode_is_switched_off_again_for_a_client_that_kept_its_screen(
    agent: Agent,
) -> None:
    output = b"plain\n"
    stream = await agent.attach(await show(agent, output))
    reset = preamble(stream, output)
    for mode in (1049, 1, 6, 9, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004, 2026):
        assert b"\x1b[?%dl" % mode in reset
    for sequence in (b"\x1b[?7h", b"\x1b[?25h", b"\x1b>", b"\x1b[r", b"\x1b[0m", b"\x1b[H\x1b[J"):
        assert sequence in reset
    assert b"\x1bc" not in reset, "RIS would take the scrollback away"
    assert b"\x1b[3J" not in reset
    stream.close()


async def test_a_string_longer_than_all_that_is_kept_is_swallowed_and_not_printed(
    agent: Agent,
) -> None:
    output = b"\x1bP" + b"q" * (3 * MIB)
    number = await show(agent, output)
    stream = await agent.attach(number)
    assert stream.replay.data.endswith(b"\x1b]9999;")
    assert stream.offset == len(output)
    stream.close()


async def test_a_full_screen_program_is_nudged_to_redraw_and_keeps_its_size(agent: Agent) -> None:
    script = r"""
    trap 'printf "drawn:%s\n" "$(stty size)"' WINCH
    printf '\033[?1049hready'; while :; do read x; done
    """
    number, first = await agent.run(script)
    await read_until(first, b"ready")
    second = await agent.attach(number)
    output = await read_until(second, b"drawn:24 80")
    assert b"drawn:23 80" in output
    first.close()
    second.close()


async def test_a_shell_at_its_prompt_is_not_disturbed_by_an_attach(agent: Agent) -> None:
    number, first = await agent.run("trap 'echo drawn' WINCH; echo ready; read x; echo done")
    await read_until(first, b"ready")
    second = await agent.attach(number)
    second.send(b"\r")
    assert b"drawn" not in await read_to_end(second)


async def test_two_clients_see_the_same_and_both_can_type(agent: Agent) -> None:
    number, first = await agent.run("read a; read b; echo $a-$b")
    second = await agent.attach(number)
    first.send(b"one\r")
    await read_until(second, b"one\r\n")
    second.send(b"two\r")
    for stream in (first, second):
        assert b"one-two\r\n" in await read_to_end(stream)


async def test_a_read_only_client_watches_and_its_keys_and_size_are_ignored(agent: Agent) -> None:
    number, typist = await agent.run("read a; echo got:$a; stty size")
    watcher = await agent.attach(number, read_only=True)
    watcher.send(b"evil\r")
    watcher.resize(10, 10)
    await watcher.drain()
    typist.send(b"good\r")
    output = await read_to_end(watcher)
    assert b"got:good\r\n24 80\r\n" in output
    assert b"evil" not in output


async def test_output_is_kept_moving_where_nobody_is_attached(agent: Agent) -> None:
    number = await show(agent, b"z" * (6 * MIB), then="exit 0")
    stream = await agent.attach(number, last=1000)
    await read_to_end(stream)
    assert stream.offset == 6 * MIB


async def test_a_lone_reader_that_stops_holds_the_program_back_and_loses_nothing(
    agent: Agent,
) -> None:
    number = await agent.open("read x; seq 1000000")
    stream = await agent.attach(number, from_offset=0)
    stream.send(b"\r")
    await read_until(stream, b"1\r\n2\r\n")
    await agent.has_written(number, MIB // 2)
    offset, unchanged = 0, 0
    while unchanged < 100:  # answers: with each, the agent's loop would have read the PTY
        before, offset = offset, await agent.offset(number)
        unchanged = unchanged + 1 if offset == before else 0
    assert offset < 3 * MIB
    await read_to_end(stream)
    assert stream.offset == sum(len(f"{n}\r\n") for n in range(1, 1_000_001)) + 2
    assert stream.exit is not None


async def test_who_falls_too_far_behind_others_is_redrawn_and_never_cut_inside_a_frame(
    agent: Agent,
) -> None:
    number = await agent.open("read x; seq 2000000; echo; echo the end")
    slow = RawClient(agent.plain_socket())
    slow.sock.sendall(encode_attach(number, from_offset=0))
    fast = await agent.attach(number, from_offset=0)
    fast.send(b"\r")
    expected = "\r\n" + "".join(f"{n}\r\n" for n in range(1, 2_000_001)) + "\r\nthe end\r\n"
    assert await read_to_end(fast) == expected.encode()

    frames = await asyncio.to_thread(slow.rest)
    kinds = [kind for kind, _ in frames]
    assert kinds[-1] == FrameType.EXITED
    assert kinds.count(FrameType.REPLAY) == 2
    assert kinds.count(FrameType.REPLAY_END) == 2
    at = 0
    for kind, payload in frames:
        if kind == FrameType.REPLAY:
            at = decode_replay(payload)[0]
        elif kind == FrameType.OUTPUT:
            assert payload == expected[at : at + len(payload)].encode()
            at += len(payload)
    assert at == len(expected)


async def test_the_client_tells_a_redraw_from_live_output(agent: Agent) -> None:
    number = await agent.open("read x; seq 3000000; echo the end")
    slow = await agent.attach(number, from_offset=0)
    fast = await agent.attach(number, from_offset=0)
    fast.send(b"\r")
    await read_to_end(fast)
    seen, redraws = b"", 0
    while piece := await slow.read():
        redraws += slow.replaying
        seen = (seen + piece)[-100:]
    assert redraws >= 1
    assert seen.endswith(b"3000000\r\nthe end\r\n")
    assert slow.offset == fast.offset
