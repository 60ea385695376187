"""What a return costs: the reattach, and the agent's carriers beside ``docker exec``.

A real server and a container of its own. Reattaching is measured from asking the core for a
connection to the last byte of the replay in the emulator, with a full ring behind the terminal;
echo and output on plain blocking sockets, a PTY in raw mode behind each, in turns.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import docker
import psutil  # type: ignore[import-untyped]
from docker.models.containers import Container

from bench.agent_channel import Maker, by_exec, by_relay, by_socket
from bench.containers import container_of
from bench.report import Row, arguments, median, percentile, row, show
from tests.server import Server
from vibetui.agent import AgentConnection, TerminalSpec
from vibetui.core.client import CoreClient
from vibetui.sessions.rendezvous import SOCKET_NAME
from vibetui.terminals import Terminal, TerminalSettings

NAME = "bench"
_ROWS, _COLUMNS = 50, 200
_ECHOES = 400
_OUTPUT = 64 << 20
_RAW = "stty raw -echo; printf ready; "
# The PTY itself echoes: what is measured is the way, not a program.
_ECHO = ["sh", "-c", "stty raw echo; printf ready; exec sleep 1000"]
_ZEROS = ["sh", "-c", f"{_RAW}head -c 1 >/dev/null; head -c {_OUTPUT} /dev/zero; printf END; cat"]
_FULL = (
    "i=0; while [ $i -lt 30000 ]; do printf '%d \\033[3%dm a line of a long listing\\n' "
    "$i $((i % 8)); i=$((i + 1)); done"
)


class Samples:
    """Seconds, by what was measured."""

    def __init__(self) -> None:
        self.reattach: dict[str, list[float]] = {"ghostty": [], "pyte": []}
        self.echo: dict[str, list[float]] = {}
        self.output: dict[str, list[float]] = {}


def echoes(make: Maker) -> list[float]:
    """Seconds from a byte typed to the same byte back."""
    times = []
    with make(_ECHO) as way:
        way.wait_for(b"ready")
        for _ in range(_ECHOES):
            began = time.perf_counter()
            way.send(b"x")
            way.receive()
            times.append(time.perf_counter() - began)
    return times[20:]


def output_seconds(make: Maker) -> float:
    """What 64 MiB from a program on a PTY take."""
    with make(_ZEROS) as way:
        way.wait_for(b"ready")
        began = time.perf_counter()
        way.send(b"x")
        way.wait_for(b"END")
        return time.perf_counter() - began


async def reattach(core: CoreClient, session_id: str, terminal: int, emulator: str) -> float:
    """Seconds until a fresh emulator shows what the terminal has."""
    began = time.perf_counter()
    connection = await core.attach(session_id)
    attached = await Terminal.open(
        connection,
        terminal,
        rows=_ROWS,
        columns=_COLUMNS,
        settings=TerminalSettings(emulator),
    )
    shown = asyncio.Event()

    def look() -> None:
        rows = (attached.emulator.row(y) for y in range(_ROWS))
        if any("29999" in run.text for runs in rows for run in runs):
            shown.set()

    attached.subscribe(look)
    running = asyncio.create_task(attached.run())
    await asyncio.wait_for(shown.wait(), 30)
    took = time.perf_counter() - began
    attached.close()
    await asyncio.gather(running, return_exceptions=True)
    return took


async def open_session(core: CoreClient) -> str:
    """A running session; its id."""
    session = await core.create_session(NAME)
    async for _ in core.open_session(session.session_id):
        pass
    return session.session_id


async def full_terminal(core: CoreClient, session_id: str) -> int:
    """A terminal whose ring is full; its number."""
    connection = await core.attach(session_id)
    spec = TerminalSpec(argv=["bash", "-c", _FULL + "; exec cat"], rows=_ROWS, columns=_COLUMNS)
    number = await connection.open_terminal(spec)
    connection.close()
    await _said(core, session_id, {number}, 1 << 20)
    return number


async def _said(core: CoreClient, session_id: str, terminals: set[int], least: int) -> None:
    """Until each of `terminals` has put out so many bytes, and no more comes."""
    connection = await core.attach(session_id)
    before: dict[int, int] = {}
    while True:
        listed = await connection.list_terminals()
        offsets = {one.terminal: one.offset for one in listed if one.terminal in terminals}
        if offsets == before and all(offset >= least for offset in offsets.values()):
            break
        before = offsets
        await asyncio.sleep(0.1)
    connection.close()


async def memory(core: CoreClient, session_id: str, agent: psutil.Process) -> list[Row]:
    """The agent's own memory with 1, 10 and 100 terminals, idle and with full rings."""
    connection = await core.attach(session_id)
    for one in await connection.list_terminals():
        await connection.close_terminal(one.terminal)
    rows: list[Row] = []
    for script, what, least in (("exec cat", "idle", 0), (_FULL + "; exec cat", "full", 1 << 20)):
        opened: set[int] = set()
        for count in (1, 10, 100):
            while len(opened) < count:
                spec = TerminalSpec(argv=["bash", "-c", script])
                opened.add(await connection.open_terminal(spec))
            await _said(core, session_id, opened, least)
            used = agent.memory_full_info().uss / (1 << 20)
            rows.append(row(f"agent with {count} {what} terminals", used, "MiB"))
        await _close_all(connection, opened)
    connection.close()
    return rows


async def _close_all(connection: AgentConnection, terminals: set[int]) -> None:
    for terminal in terminals:
        await connection.close_terminal(terminal)


async def measure(server: Server, container: Container, repeats: int) -> list[Row]:
    """Everything, in turns."""
    core = CoreClient(server.data_dir / "run" / "core.sock")
    session_id = next(one.session_id for one in await core.list_sessions())
    path = str(server.data_dir / "run" / session_id / SOCKET_NAME)
    ways: dict[str, Maker] = {
        "socket": lambda argv: by_socket(path, argv),
        "relay": lambda argv: by_relay(container, argv),
        "exec": lambda argv: by_exec(container, argv),
    }
    samples = Samples()
    terminal = await full_terminal(core, session_id)
    for emulator in samples.reattach:
        # A process's first emulator takes half a second; the zygote has that behind it.
        await reattach(core, session_id, terminal, emulator)
    for _ in range(repeats):
        for name, make in ways.items():
            samples.echo.setdefault(name, []).extend(echoes(make))
            samples.output.setdefault(name, []).append(output_seconds(make))
        for emulator, times in samples.reattach.items():
            for _ in range(10):
                times.append(await reattach(core, session_id, terminal, emulator))
    rows = report(samples)
    agent = psutil.Process(docker.from_env().api.inspect_container(container.id)["State"]["Pid"])
    rows += await memory(core, session_id, agent)
    await core.close()
    return rows


def report(samples: Samples) -> list[Row]:
    """The rows; ``docker exec`` is the peer."""
    rows = []
    for emulator, times in samples.reattach.items():
        for fraction, name in ((0.5, "p50"), (0.99, "p99")):
            value = percentile(times, fraction) * 1e3
            rows.append(row(f"reattach, {emulator}, {name}", value, "ms", most=100))
    for name in ("socket", "relay"):
        for fraction, which in ((0.5, "p50"), (0.99, "p99")):
            peer = percentile(samples.echo["exec"], fraction) * 1e6
            value = percentile(samples.echo[name], fraction) * 1e6
            bound = 29 / 172 if (name, which) == ("socket", "p50") else None
            rows.append(row(f"echo by {name}, {which}", value, "us", peer=peer, most_ratio=bound))
        peer = _OUTPUT / 1e6 / median(samples.output["exec"])
        value = _OUTPUT / 1e6 / median(samples.output[name])
        bound = 1.2 if name == "socket" else None
        rows.append(row(f"output by {name}", value, "MB/s", peer=peer, least_ratio=bound))
    return rows


def main() -> None:
    """Print the rows."""
    options = arguments(__doc__ or "", repeats=10, quick_repeats=2)
    with tempfile.TemporaryDirectory(prefix="vibetui-bench-") as directory:
        server = Server(Path(directory))
        server.start()
        try:
            asyncio.run(_session(server))
            with container_of(server.instance(), NAME) as container:
                rows = asyncio.run(measure(server, container, options.repeats))
        finally:
            server.stop()
            server.remove_everything()
    show(rows, as_json=options.json)


async def _session(server: Server) -> None:
    core = CoreClient(server.data_dir / "run" / "core.sock")
    await open_session(core)
    await core.close()


if __name__ == "__main__":
    main()
