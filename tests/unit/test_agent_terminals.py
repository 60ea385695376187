"""Terminals of a real agent: opened, typed into, resized, listed, closed, ended."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent_support import DEADLINE, Agent, read_to_end, read_until, running_agent, wait_for
from vibetui.agent import AgentConnection, AgentRefused, ErrorCode, ExitStatus, TerminalSpec
from vibetui.errors import AgentError


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


async def test_what_is_typed_reaches_the_program_and_its_answer_comes_back(agent: Agent) -> None:
    _, stream = await agent.run("read line; echo got:$line")
    stream.send(b"hello\r")
    await stream.drain()
    assert b"got:hello\r\n" in await read_to_end(stream)
    assert stream.exit == ExitStatus(0, None)


async def test_a_megabyte_is_typed_without_loss(agent: Agent) -> None:
    _, stream = await agent.run("stty raw -echo; echo ready; head -c 1000000 | cksum")
    await read_until(stream, b"ready")
    stream.send(b"0123456789" * 100_000)
    assert b"2881818396 1000000" in await read_to_end(stream)


async def test_the_size_is_there_from_the_start_and_a_resize_is_seen(agent: Agent) -> None:
    _, stream = await agent.run("stty size; read x; stty size", rows=33, columns=111)
    await read_until(stream, b"33 111\r\n")
    stream.resize(50, 200)
    stream.send(b"\r")
    assert b"50 200\r\n" in await read_to_end(stream)


async def test_the_exit_status_is_told_and_kept_until_closed(agent: Agent) -> None:
    number, stream = await agent.run("exit 3")
    await read_to_end(stream)
    assert stream.exit == ExitStatus(3, None)
    connection = await agent.connect()
    (info,) = await connection.list_terminals()
    assert (info.terminal, info.running, info.exit) == (number, False, ExitStatus(3, None))
    again = await agent.attach(number)
    await read_to_end(again)
    assert again.exit == ExitStatus(3, None)
    await connection.close_terminal(number)
    assert await connection.list_terminals() == []
    connection.close()


async def test_a_program_killed_by_a_signal_says_which(agent: Agent) -> None:
    _, stream = await agent.run("kill -9 $$")
    await read_to_end(stream)
    assert stream.exit == ExitStatus(None, signal.SIGKILL)


async def test_the_last_words_of_a_program_are_never_lost(agent: Agent) -> None:
    for _ in range(20):
        _, stream = await agent.run("seq 2000; echo the end")
        assert (await read_to_end(stream)).endswith(b"2000\r\nthe end\r\n")


async def test_a_login_shell_runs_where_nothing_else_is_named(agent: Agent) -> None:
    connection = await agent.connect()
    spec = TerminalSpec(env={"PS1": "$ ", "GREETING": "hi"}, banner=b"welcome\r\n")
    stream = await connection.attach(await connection.open_terminal(spec))
    stream.send(b'echo "[$0|$GREETING|$PWD|$LOGNAME]"; exit\r')
    output = await read_to_end(stream)
    assert b"welcome\r\n" in output
    name = pwd.getpwuid(os.getuid()).pw_name
    assert f"|hi|{agent.workspace}|{name}]".encode() in output
    assert b"[-" in output, "argv[0] of a login shell begins with a hyphen"


async def test_another_user_gets_that_users_home_and_terminal(agent: Agent) -> None:
    script = "id -un; echo $HOME $USER; test -w $(tty) && echo mine"
    _, stream = await agent.run(script, user="games")
    output = await read_to_end(stream)
    assert b"games\r\n/usr/games games\r\nmine\r\n" in output
    _, stream = await agent.run("id -u; echo $HOME", user=(54321, 54321))
    assert f"54321\r\n{agent.workspace}\r\n".encode() in await read_to_end(stream)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (TerminalSpec(argv=["no-such-program"]), b"can't run no-such-program: No such file"),
        (TerminalSpec(argv=["true"], user="nobody-here"), b"there is no user nobody-here"),
    ],
)
async def test_what_cannot_be_run_says_so_on_the_terminal(
    agent: Agent, spec: TerminalSpec, said: bytes
) -> None:
    connection = await agent.connect()
    stream = await connection.attach(await connection.open_terminal(spec))
    assert said in await read_to_end(stream)
    assert stream.exit == ExitStatus(127, None)


async def test_a_working_directory_that_is_gone_becomes_the_root(agent: Agent) -> None:
    _, stream = await agent.run("pwd", cwd="/no/such/place")
    assert b"/\r\n" in await read_to_end(stream)


async def test_signals_are_at_their_defaults_in_a_program(agent: Agent) -> None:
    _, stream = await agent.run("grep -E 'Sig(Blk|Ign)' /proc/self/status")
    output = await read_to_end(stream)
    assert output.count(b"0000000000000000") == 2


async def test_a_program_holds_no_descriptor_but_its_terminal(agent: Agent) -> None:
    await agent.open("sleep 100")
    _, stream = await agent.run("ls /proc/self/fd | wc -l")
    assert b"4\r\n" in await read_to_end(stream), "0, 1, 2 and ls's own"


async def test_titles_and_offsets_are_listed(agent: Agent) -> None:
    number, stream = await agent.run(r"printf '\033]2;caf\303\251\007'; read x")
    await read_until(stream, b"\x07")
    connection = await agent.connect()
    (info,) = await connection.list_terminals()
    assert (info.terminal, info.title, info.offset) == (number, "café", stream.offset)
    assert info.running
    assert info.exit is None
    connection.close()


async def test_closing_a_terminal_hangs_its_programs_up(agent: Agent) -> None:
    number, stream = await agent.run("sleep 1000 & echo pid:$!; wait")
    output = await read_until(stream, b"\r\n")
    pid = int(output.split(b"pid:")[1])
    connection = await agent.connect()
    await connection.close_terminal(number)
    await read_to_end(stream)
    assert stream.exit == ExitStatus(None, signal.SIGHUP)
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the background job is gone")
    connection.close()


async def test_a_terminal_that_does_not_exist_is_refused_and_the_connection_goes_on(
    agent: Agent,
) -> None:
    connection = await agent.connect()
    for request in (connection.attach(77), connection.close_terminal(77)):
        with pytest.raises(AgentRefused) as caught:
            await request
        assert caught.value.number == ErrorCode.NO_TERMINAL
    assert await connection.list_terminals() == []
    connection.close()


async def test_beyond_the_limit_an_ended_terminal_makes_room_and_a_running_one_does_not(
    agent: Agent,
) -> None:
    connection = await agent.connect()
    spec = TerminalSpec(argv=["sleep", "1000"])
    first, stream = await agent.run("exit")
    await read_to_end(stream)
    await stream.wait_closed()
    numbers = [await connection.open_terminal(spec) for _ in range(128)]
    assert first not in [info.terminal for info in await connection.list_terminals()]
    with pytest.raises(AgentRefused) as caught:
        await connection.open_terminal(spec)
    assert caught.value.number == ErrorCode.LIMIT
    await connection.close_terminal(numbers[0])
    connection.close()


async def test_a_greeted_descriptor_is_proven_again_by_whoever_receives_it(agent: Agent) -> None:
    first = await agent.connect()
    assert first.hello.pid == agent.process.pid
    second = await AgentConnection.greet(first.release(), deadline=DEADLINE, ask=True)
    assert second.hello == first.hello
    assert await second.list_terminals() == []
    second.close()


async def test_silence_is_no_greeting() -> None:
    ours, theirs = socket.socketpair()
    with theirs, pytest.raises(AgentError, match=r"within 0\.05 s"):
        await AgentConnection.greet(ours, deadline=0.05)
    assert ours.fileno() == -1


async def test_reading_says_so_when_the_agent_is_killed(agent: Agent, tmp_path: Path) -> None:
    directory = tmp_path / "other"
    directory.mkdir()
    other = Agent(directory)
    _, stream = await other.run("echo hi; read x")
    await read_until(stream, b"hi\r\n")
    reading = asyncio.ensure_future(stream.read())
    other.process.kill()
    other.process.wait()
    with pytest.raises(AgentError, match="broke"):
        await reading
