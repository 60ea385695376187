"""Who comes back sees what they would see had they never left: each trap of a replay.

A program prints, its terminal's ring of 16 KiB overflows or doesn't, somebody attaches with a
fresh emulator, and the program goes on. Then every cell, the cursor, the modes and the title are
those of an emulator that has had all of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.agent_support import DEADLINE, Agent, running_agent
from tests.conformance.terminal_vectors import AREAS
from tests.conformance.terminal_vectors_vt400 import VT400_AREAS
from tests.terminal_support import EMULATORS
from vibetui.terminals import Emulator, Terminal, TerminalSettings, make_emulator
from vibetui.terminals.columns import split_run

ROWS, COLUMNS = 24, 80
RING = 16 * 1024
FILL = b"".join(b"line %05d\r\n" % n for n in range(2000))
"""More than the ring keeps."""
AGAIN = b"\x1b[H\x1b[2J"
"""The screen drawn anew, so that what has left the ring shows no more."""
PROBE = b"\x1b[5;5Hpro\tbe\r\nlqk\x1b[1mbold\r\n" + b"w" * 90 + b"\x1b[20;75Hto the edge\r\nend"


@dataclass(frozen=True)
class Trap:
    """What a program prints before somebody attaches, and after that."""

    about: str
    before: bytes
    after: bytes = PROBE


MODES = b"\x1b[?1h\x1b=\x1b[?2004h\x1b[?1004h\x1b[?1002h\x1b[?1006h"
TRAPS = [
    Trap("next to nothing", b"\r"),
    Trap("a shell's last words", b"$ ls\r\nfile\r\n$ "),
    Trap("more than is kept", FILL + b"$ "),
    # Cut at the start.
    Trap(
        "the ring starts in a sequence",
        (b"\x1b[38;2;10;20;30mx\x1b]8;;http://x.test/\x1b\\y\x1b]8;;\x1b\\" * 150 + b"\r\n") * 30
        + FILL[:600],
    ),
    Trap("the ring starts in a character", ("é漢😀" * 600 + "\r\n").encode() * 6 + FILL[:600]),
    Trap("the ring starts in a title", (b"\x1b]2;" + b"t" * 200 + b"\x07") * 200 + FILL[:600]),
    # Cut at the head.
    Trap("half a sequence at the head", b"plain \x1b[3", b"1mred" + PROBE),
    Trap("half a character at the head", b"caf\xc3", b"\xa9" + PROBE),
    Trap("half a title at the head", b"\x1b]2;first ha", b"lf and second\x07" + PROBE),
    Trap("half a picture at the head", b"\x1bPq#0;2;0;0;0", b"#0~~@@\x1b\\" + PROBE),
    Trap("a string longer than the ring", b"\x1bPq" + b"~" * 40_000, b"~~\x1b\\" + PROBE),
    # Older than all that is kept.
    Trap("modes", MODES + FILL + AGAIN),
    Trap("a shape of the cursor, hidden", b"\x1b[6 q\x1b[?25l" + FILL + AGAIN),
    Trap("a colour", b"\x1b[1;3;38;5;33;48;2;9;8;7;4:3m" + FILL + AGAIN),
    Trap("line drawing", b"\x1b(0" + FILL + AGAIN),
    Trap("line drawing in G1, shifted", b"\x1b)0\x0e" + FILL + AGAIN),
    Trap("margins", b"\x1b[3;20r" + FILL + AGAIN),
    Trap("margins and origin", b"\x1b[3;20r\x1b[?6h" + FILL + AGAIN),
    Trap("no wrapping", b"\x1b[?7l" + FILL + AGAIN),
    Trap("inserting", b"\x1b[4h" + FILL + AGAIN, b"\x1b[Habc\x1b[Hdef" + PROBE),
    Trap("a title", b"\x1b]2;caf\xc3\xa9 \xe2\x80\x93 vim\x07" + FILL),
    Trap("a title that was saved", b"\x1b]2;one\x07\x1b[22;2t\x1b]2;two\x07" + FILL, b"\x1b[23;2t"),
    Trap("modes that were reset", MODES + b"\x1b[?1h\x1b[4h" + FILL + b"\x1b[!p" + FILL),
    Trap("a hard reset", MODES + b"\x1b[>5u\x1b]2;old\x07" + FILL + b"\x1bc" + FILL),
    Trap("side margins", b"\x1b[?69h\x1b[5;60s" + FILL + AGAIN),
    Trap("a colour that was saved", b"\x1b7\x1b[31mred\x1b8" + FILL + AGAIN),
    Trap("line drawing that was saved", b"\x1b(0\x1b[s\x1b(B\x1b[u" + FILL + AGAIN),
    Trap("a colour before the alternate screen", b"\x1b[31m\x1b[?1049h\x1b[m\x1b[?1049l" + FILL),
    # The keyboard.
    Trap("a keyboard", b"\x1b[>1u\x1b[>5u" + FILL + AGAIN, b"\x1b[<u" + PROBE),
    Trap("a keyboard, popped twice", b"\x1b[>1u\x1b[>5u" + FILL + AGAIN, b"\x1b[<2u" + PROBE),
    Trap("a keyboard, set", b"\x1b[=5u" + FILL + AGAIN),
    Trap(
        "a keyboard for each screen",
        b"\x1b[>1u\x1b[?1049h\x1b[>5u" + FILL + AGAIN,
        b"\x1b[?1049l" + AGAIN + PROBE,
    ),
    # The alternate screen.
    Trap("the alternate screen", b"\x1b[?1049h" + MODES + FILL + AGAIN),
    Trap("the alternate screen, all kept", b"shell\r\n\x1b[?1049h\x1b[5;5Hvim", b"\x1b[?1049l$ "),
    Trap("the alternate screen, left", b"\x1b[?1049h" + FILL + b"\x1b[?1049l" + FILL),
    Trap("the old alternate screen", b"\x1b[?47h" + FILL + AGAIN),
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with running_agent(tmp_path_factory.mktemp("reattach"), "--history", str(RING)) as running:
        yield running


def picture(emulator: Emulator) -> tuple[Any, ...]:
    """All that a user sees, and what decides about their keys."""
    cells = [
        (cell.text, cell.start, cell.end, cell.style)
        for y in range(emulator.rows)
        for run in emulator.row(y)
        for cell in split_run(run)
    ]
    return emulator.cursor, emulator.modes, emulator.title, cells


async def prints(agent: Agent, name: str, before: bytes, after: bytes) -> int:
    """A terminal that has said `before` and says `after` once something is typed."""
    first, second = agent.workspace / f"{name}-1", agent.workspace / f"{name}-2"
    first.write_bytes(before)
    second.write_bytes(after)
    script = f"stty raw -echo; cat {first}; dd bs=1 count=1 >{name} 2>&-; cat {second}; read x"
    number = await agent.open(script, rows=ROWS, columns=COLUMNS)
    await agent.has_written(number, len(before))
    return number


@contextlib.asynccontextmanager
async def attached(agent: Agent, number: int, kind: str) -> AsyncIterator[Terminal]:
    terminal = await Terminal.open(
        await agent.connect(),
        number,
        rows=ROWS,
        columns=COLUMNS,
        settings=TerminalSettings(emulator=kind),
    )
    running = asyncio.create_task(terminal.run())
    try:
        yield terminal
    finally:
        terminal.close()
        await asyncio.gather(running, return_exceptions=True)


async def reaches(terminal: Terminal, offset: int) -> None:
    reached = await terminal._changes.until(lambda: terminal._reached == offset, deadline=DEADLINE)
    assert reached, (terminal._reached, offset)


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize("trap", TRAPS, ids=[trap.about for trap in TRAPS])
async def test_who_comes_back_sees_what_they_would_see_had_they_stayed(
    agent: Agent, trap: Trap, kind: str
) -> None:
    number = await prints(agent, "trap", trap.before, trap.after)
    stayed = make_emulator(kind, ROWS, COLUMNS)
    stayed.feed(trap.before)
    async with attached(agent, number, kind) as terminal:
        await reaches(terminal, len(trap.before))
        assert picture(terminal.emulator) == picture(stayed)
        stayed.feed(trap.after)
        terminal.write(b"\r")
        await reaches(terminal, len(trap.before) + len(trap.after))
        assert picture(terminal.emulator) == picture(stayed)


SWITCHES = (
    rb"7 8 [s [u [?1048h [?1048l [?1049h [?1049l [?47h [?47l [?1047h [?1047l [4h [4l [?6h [?6l"
    rb" [?7l [?7h [?69h [?69l [5;40s [3;15r [r (0 (B )0 )B [1m [31m [44m [0m [7m [4:3m"
    rb" [48;5;100m [38:2::1:2:3m [22;24;39m [>1u [>5u [<u [=3u [=4;2u [?1h [?1l = > [?1002h"
    rb" [?1006h [?1006l [?1015h [?1016h [?2004h [?2004l [?25l [?25h [2@q [5@q [0@q [!p c"
    rb" ]2;one\ ]2;two\ [22;0t [23;0t [?1;1004h [?1004l [?1007l [?1007h [?5h [?5l [?45h [?2027h"
)
"""What programs switch, each after an escape; ``@`` is a blank, ``\\`` the end of a string."""


async def test_whatever_was_switched_long_ago_is_as_for_who_stayed(agent: Agent) -> None:
    dice = random.Random(4)
    switches = [b"\x1b" + one.replace(b"@", b" ") for one in SWITCHES.split()]
    switches = [one.replace(b"\\", b"\x1b\\") for one in switches] + [b"text", b"\x0e", b"\x0f"]
    core = await agent.connect()
    for _ in range(40):
        chosen = b"".join(dice.choices(switches, k=dice.randrange(2, 9)))
        output = chosen + FILL + AGAIN
        number = await prints(agent, "switched", output, b"")
        stream = await agent.attach(number)
        for kind in EMULATORS:
            stayed, came = (make_emulator(kind, ROWS, COLUMNS) for _ in range(2))
            stayed.feed(output + PROBE)
            came.feed(stream.replay.data + PROBE)
            assert picture(came) == picture(stayed), (kind, chosen)
        stream.close()
        await core.close_terminal(number)
    core.close()


@pytest.mark.parametrize("kind", EMULATORS)
async def test_no_old_query_is_answered_again(agent: Agent, kind: str) -> None:
    queries = (
        b"\x1b[c\x1b[>c\x1b[5n\x1b[6n\x1b[?2026$p\x1b[?u\x1b[18t\x1b[>q\x1bP$qm\x1b\\"
        b"\x1b]11;?\x07\x1b]52;c;?\x07\x05"
    )
    number = await prints(agent, "queries", queries, b"x\x1b[5n")
    async with attached(agent, number, kind) as terminal:
        await reaches(terminal, len(queries))
        terminal.write(b"!")
        await reaches(terminal, len(queries) + 5)
    # The first byte that the program has read was typed, and no answer came before it.
    assert (agent.workspace / "queries").read_bytes() == b"!"


@pytest.mark.parametrize("kind", EMULATORS)
async def test_a_frame_that_was_never_finished_leaves_no_frozen_screen(
    agent: Agent, kind: str
) -> None:
    output = b"\x1b[?2026h" + FILL
    number = await prints(agent, "frozen", output, b"")
    async with attached(agent, number, kind) as terminal:
        await reaches(terminal, len(output))
        assert not terminal.emulator.modes.synchronized_output


@pytest.mark.parametrize("kind", EMULATORS)
async def test_what_was_printed_for_another_size_is_where_it_was_for_who_stayed(
    agent: Agent, kind: str
) -> None:
    script = """
    stty raw -echo; key() { dd bs=1 count=1 >/dev/null 2>&1; }
    printf '%0100d' 1; key; printf '%0100d' 2; key; printf '%0100d' 3; read x
    """
    number = await agent.open(script, rows=ROWS, columns=COLUMNS)
    async with attached(agent, number, kind) as stayed:
        for turn, columns in enumerate((50, 120), 1):
            await reaches(stayed, turn * 100)
            stayed.resize(ROWS, columns)
            stayed.write(b"x")
        await reaches(stayed, 300)
        stayed.resize(ROWS, COLUMNS)
        assert await stayed.has_size(ROWS, COLUMNS, deadline=DEADLINE)
        async with attached(agent, number, kind) as terminal:
            await reaches(terminal, 300)
            assert await terminal.has_size(ROWS, COLUMNS, deadline=DEADLINE)
            assert picture(terminal.emulator) == picture(stayed.emulator)


@pytest.mark.parametrize("kind", EMULATORS)
async def test_old_output_is_not_seen_to_scroll_by(agent: Agent, kind: str) -> None:
    script = """
    stty raw -echo; key() { dd bs=1 count=1 >/dev/null 2>&1; }
    seq 400 | sed 's/$/\r/'; key; seq 401 800 | sed 's/$/\r/'; printf last; read x
    """
    number = await agent.open(script, rows=ROWS, columns=COLUMNS)
    async with attached(agent, number, kind) as stayed:
        shown = partial(screen_has, stayed, "400")
        assert await stayed._changes.until(shown, deadline=DEADLINE)
        stayed.resize(ROWS, 50)
        stayed.write(b"x")
        shown = partial(screen_has, stayed, "last")
        assert await stayed._changes.until(shown, deadline=DEADLINE)
    terminal = await Terminal.open(
        await agent.connect(),
        number,
        rows=ROWS,
        columns=50,
        settings=TerminalSettings(emulator=kind),
    )
    seen: list[bool] = []
    changed = asyncio.Event()

    def look() -> None:
        seen.append(screen_has(terminal, "last"))
        changed.set()

    terminal.subscribe(look)
    running = asyncio.create_task(terminal.run())
    await asyncio.wait_for(changed.wait(), DEADLINE)
    terminal.close()
    await asyncio.gather(running, return_exceptions=True)
    assert seen[0]


def screen_has(terminal: Terminal, text: str) -> bool:
    rows = (terminal.emulator.row(y) for y in range(terminal.emulator.rows))
    return any(text in "".join(run.text for run in row) for row in rows)


@pytest.mark.parametrize("kind", EMULATORS)
async def test_a_replay_leaves_nothing_of_whatever_was_there_before(
    agent: Agent, kind: str
) -> None:
    number = await prints(agent, "plain", b"", b"")
    stream = await agent.attach(number)
    preamble = stream.replay.data
    stream.close()
    dirt = [
        vector
        for area in (AREAS, VT400_AREAS)
        for part in area.values()
        for vector in part
        # What is protected against erasing stays: no program is known to use it.
        if "\x1bV" not in vector.feed
    ]
    fresh = make_emulator(kind, ROWS, COLUMNS)
    fresh.feed(PROBE)
    wanted = picture(fresh)
    for vector in dirt:
        emulator = make_emulator(kind, ROWS, COLUMNS)
        emulator.feed(vector.feed.encode())
        emulator.feed(preamble)
        emulator.feed(PROBE)
        assert picture(emulator) == wanted, vector.about
        emulator.close()
    fresh.close()
