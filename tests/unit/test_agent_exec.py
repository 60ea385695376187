"""Commands without a PTY: three streams, an exit, and nothing left when the client goes."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.agent_support import DEADLINE, Agent, running_agent, wait_for
from vibetui.agent import (
    AgentRefused,
    ErrorCode,
    ExecSpec,
    ExecStream,
    ExitStatus,
    Out,
    Role,
)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


async def run(agent: Agent, script: str, **spec: object) -> ExecStream:
    connection = await agent.connect()
    return await connection.execute(ExecSpec(["sh", "-c", script], **spec))  # type: ignore[arg-type]


async def finish(stream: ExecStream) -> tuple[bytes, bytes, ExitStatus | None]:
    """Stdout, stderr, and how it ended."""
    out, err = bytearray(), bytearray()
    async with asyncio.timeout(DEADLINE):
        while (piece := await stream.read()) is not None:
            (out if isinstance(piece, Out) else err).extend(piece.data)
        await stream.wait_closed()
    return bytes(out), bytes(err), stream.exit


async def leave(stream: ExecStream) -> None:
    stream.close()
    await stream.wait_closed()


async def first_number(stream: ExecStream) -> int:
    line = b""
    while not line.endswith(b"\n"):
        piece = await stream.read()
        assert isinstance(piece, Out)
        line += piece.data
    return int(line)


def is_gone(pid: int) -> bool:
    """Ended, and reaped."""
    return not Path(f"/proc/{pid}").exists()


async def test_stdout_and_stderr_come_apart_and_the_exit_code_last(agent: Agent) -> None:
    stream = await run(agent, "echo out; echo err >&2; exit 7")
    assert await finish(stream) == (b"out\n", b"err\n", ExitStatus(7, None))


async def test_stdin_is_read_to_its_end(agent: Agent) -> None:
    stream = await run(agent, "cat; echo done")
    stream.send(b"hello\n")
    stream.send_eof()
    assert await finish(stream) == (b"hello\ndone\n", b"", ExitStatus(0, None))


async def test_megabytes_pass_both_ways_at_once_unchanged(agent: Agent) -> None:
    stream = await run(agent, "cat")
    data, digest = os.urandom(1 << 20), hashlib.sha256()

    async def feed() -> None:
        for _ in range(50):
            stream.send(data)
            await stream.drain()
        stream.send_eof()

    feeding = asyncio.create_task(feed())
    while (piece := await stream.read()) is not None:
        digest.update(piece.data)
    await feeding
    assert digest.digest() == hashlib.sha256(data * 50).digest()


async def test_a_client_that_does_not_read_holds_the_command_back(
    agent: Agent, tmp_path: Path
) -> None:
    count = tmp_path / "written"
    script = f"i=0; while :; do printf %065536d 0; i=$((i + 1)); echo $i > {count}; done"
    stream = await run(agent, script)
    await asyncio.wait_for(stream.read(), DEADLINE)
    process = psutil.Process(stream.pid)

    def waits() -> bool:
        return process.status() == psutil.STATUS_SLEEPING and held(process)

    wait_for(waits, "the command waits for room in its pipe", alive=agent.process)
    assert int(count.read_text()) < 64
    stream.close()


def held(process: psutil.Process) -> bool:
    return "pipe_write" in Path(f"/proc/{process.pid}/wchan").read_text() or (
        Path(f"/proc/{process.pid}/syscall").read_text().startswith("1 ")
    )


async def test_a_signal_reaches_the_whole_group(agent: Agent) -> None:
    stream = await run(agent, "sleep 1000 & echo $!; wait")
    piece = await stream.read()
    assert isinstance(piece, Out)
    stream.signal(signal.SIGTERM)
    assert (await finish(stream))[2] == ExitStatus(None, signal.SIGTERM)
    assert not psutil.pid_exists(int(piece.data))


async def test_a_client_that_leaves_hangs_the_program_up_and_spares_its_background(
    agent: Agent,
) -> None:
    stream = await run(agent, "sleep 1000 >/dev/null 2>&1 </dev/null & echo $!; wait")
    background = await first_number(stream)
    await leave(stream)
    wait_for(lambda: is_gone(stream.pid), "the program is gone", alive=agent.process)
    assert not is_gone(background)
    os.kill(background, signal.SIGKILL)
    wait_for(lambda: is_gone(background), "the agent reaps it")


async def test_a_client_that_leaves_at_once_leaves_nothing_running(agent: Agent) -> None:
    for _ in range(20):
        stream = await run(agent, "exec sleep 1000")
        await leave(stream)
        gone = functools.partial(is_gone, stream.pid)
        wait_for(gone, "the command is gone, however early it was hung up")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
async def test_a_signal_sent_at_once_is_not_lost(agent: Agent, number: signal.Signals) -> None:
    for _ in range(20):
        stream = await run(agent, "exec sleep 1000")
        stream.signal(number)
        assert (await finish(stream))[2] == ExitStatus(None, number)


async def test_who_leaves_after_the_program_hangs_up_what_it_left_running(agent: Agent) -> None:
    stream = await run(agent, "sleep 1000 & echo $!")
    child = await first_number(stream)
    wait_for(lambda: is_gone(stream.pid), "the shell has ended")
    await leave(stream)
    wait_for(lambda: is_gone(child), "what it left is gone")


async def test_what_goes_on_without_the_pipes_survives_the_end(agent: Agent) -> None:
    stream = await run(agent, "sleep 1000 >/dev/null 2>&1 </dev/null & echo $!")
    out, _, status = await finish(stream)
    assert status == ExitStatus(0, None)
    await leave(stream)
    assert not is_gone(int(out))
    os.kill(int(out), signal.SIGKILL)
    wait_for(lambda: is_gone(int(out)), "the agent reaps it")


async def test_the_end_is_heard_though_input_is_under_way(agent: Agent) -> None:
    for _ in range(60):
        stream = await run(agent, "echo enough; exit 5")
        for _ in range(20):
            stream.send(b"x" * 100_000)
            await asyncio.sleep(0)
        assert await finish(stream) == (b"enough\n", b"", ExitStatus(5, None))


async def test_the_end_waits_for_who_still_holds_stdout(agent: Agent, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    stream = await run(agent, f"(read x < {gate}; echo late) & echo early")
    first = await stream.read()
    assert first == Out(b"early\n")
    wait_for(lambda: not psutil.pid_exists(stream.pid), "it has ended", alive=agent.process)
    gate.write_text("go\n")
    assert await finish(stream) == (b"late\n", b"", ExitStatus(0, None))


@pytest.mark.parametrize(("name", "code"), [("no-such-program", 127), ("plain", 126)])
async def test_what_cannot_be_run_says_so_on_stderr(
    agent: Agent, tmp_path: Path, name: str, code: int
) -> None:
    (tmp_path / "plain").touch()
    if code == 126:
        name = str(tmp_path / name)
    connection = await agent.connect()
    out, err, status = await finish(await connection.execute(ExecSpec([name])))
    assert (out, status) == (b"", ExitStatus(code, None))
    assert name.encode() in err


async def test_place_and_environment_are_as_asked(agent: Agent) -> None:
    stream = await run(agent, 'pwd; echo "$GREETING $HOME"', cwd="/usr", env={"GREETING": "hi"})
    out, _, _ = await finish(stream)
    assert out.startswith(b"/usr\nhi /")


async def test_a_command_may_open_its_own_stderr_by_name(agent: Agent) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can run it as somebody else")
    stream = await run(agent, "id -u; echo heard > /dev/stderr", user=(1234, 1234))
    assert await finish(stream) == (b"1234\n", b"heard\n", ExitStatus(0, None))


async def test_viewers_run_nothing(agent: Agent) -> None:
    connection = await agent.connect()
    await connection.bind(Role.VIEWER, "bob")
    with pytest.raises(AgentRefused) as refused:
        await connection.execute(ExecSpec(["true"]))
    assert refused.value.number == ErrorCode.DENIED
    assert await connection.list_terminals() == []
    connection.close()


async def test_beyond_the_limit_a_command_is_refused_and_room_comes_back(agent: Agent) -> None:
    streams = [await run(agent, "cat") for _ in range(64)]
    with pytest.raises(AgentRefused) as refused:
        await run(agent, "cat")
    assert refused.value.number == ErrorCode.LIMIT
    streams[0].send_eof()
    await finish(streams[0])
    again = await run(agent, "echo again")
    assert (await finish(again))[0] == b"again\n"
    for stream in streams:
        stream.close()


async def test_commands_end_with_the_agent(agent: Agent) -> None:
    stream = await run(agent, "echo ready; sleep 1000")
    assert await stream.read() == Out(b"ready\n")
    agent.process.send_signal(signal.SIGTERM)
    assert (await finish(stream))[2] == ExitStatus(None, signal.SIGHUP)


async def test_a_signal_that_is_none_is_refused_at_once(agent: Agent) -> None:
    stream = await run(agent, "cat")
    with pytest.raises(ValueError, match="signal"):
        stream.signal(0)
    stream.send_eof()
    assert (await finish(stream))[2] == ExitStatus(0, None)
