"""The agent as a process: its socket's name, its workspace, its end, and as PID 1."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.agent_support import (
    DEADLINE,
    Agent,
    read_to_end,
    read_until,
    running_agent,
    sanitized_agent,
    wait_for,
)
from tests.conftest import BASE_IMAGE
from vibetui.agent import AgentConnection, TerminalSpec, binary_path
from vibetui.agent.build import build


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


def test_whenever_the_sockets_name_is_there_it_can_be_connected(tmp_path: Path) -> None:
    binary, name = sanitized_agent(), tmp_path / "agent.sock"
    for _ in range(10):
        process = subprocess.Popen([binary, "serve", "--socket", name, "--workspace", tmp_path])
        while not name.exists():
            assert process.poll() is None
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(name))
            assert sock.recv(5)[4] == 0x81
        process.terminate()
        assert process.wait(DEADLINE) == 0
        assert list(tmp_path.iterdir()) == [], "the name goes with the agent"


def test_a_name_left_by_a_killed_agent_is_taken_over(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.process.kill()
    agent.process.wait()
    assert agent.socket.exists()
    process = subprocess.Popen([agent.binary, "serve", "--socket", agent.socket])
    try:
        wait_for(lambda: _greets(agent.socket), "the new agent answers under the old name")
    finally:
        process.terminate()
        assert process.wait(DEADLINE) == 0


def _greets(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(OSError):
        sock.connect(str(path))
        return sock.recv(5)[4] == 0x81
    return False


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["serve"],
        ["serve", "--socket"],
        ["fly", "--socket", "x"],
        ["serve", "--socket", "x", "--uid", "1x"],
        ["serve", "--socket", "x", "--history", "99999999"],
    ],
)
def test_a_wrong_command_line_is_explained(words: list[str]) -> None:
    done = subprocess.run(
        [str(sanitized_agent()), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "usage: vibe-agent serve --socket PATH" in done.stderr


def test_a_socket_that_cannot_be_made_is_explained() -> None:
    command = [str(sanitized_agent()), "serve", "--socket", "/proc/no/agent.sock"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("vibe-agent: can't prepare the socket's directory: ")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_workspace_of_roots_is_given_away_once(tmp_path: Path) -> None:
    owners = ["--uid", "4321", "--gid", "4322"]
    with running_agent(tmp_path, *owners) as agent:
        about = agent.workspace.stat()
        assert (about.st_uid, about.st_gid) == (4321, 4322)
    os.chown(agent.workspace, 99, 99)
    with running_agent(tmp_path, *owners):
        assert agent.workspace.stat().st_uid == 99


async def test_being_told_to_end_it_hangs_up_shells_and_is_gone_at_once(agent: Agent) -> None:
    _, stream = await agent.run("trap '' TERM; echo ready; while :; do read x; done")
    await read_until(stream, b"ready")
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 2
    await read_to_end(stream)
    assert stream.exit is not None
    assert stream.exit.signal == signal.SIGHUP


async def test_what_ignores_every_signal_is_killed_after_the_grace(agent: Agent) -> None:
    _, stream = await agent.run("trap '' TERM HUP; echo ready; while :; do sleep 1; done")
    await read_until(stream, b"ready")
    began = time.monotonic()
    assert agent.stop() == 0
    assert 2.5 < time.monotonic() - began < 8


async def test_a_low_limit_of_descriptors_is_the_programs_and_not_the_agents(
    tmp_path: Path,
) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    agent = Agent(tmp_path, run_by=("prlimit", f"--nofile=100:{hard}"))
    connections = [await agent.connect() for _ in range(200)]
    _, stream = await agent.run("ulimit -n")
    assert await read_to_end(stream) == b"100\r\n"
    for connection in connections:
        connection.close()
    assert agent.stop() == 0, agent.log.read_text()


async def test_orphans_are_adopted_and_reaped(agent: Agent) -> None:
    _, stream = await agent.run("(setsid sleep 0.05 & echo pid:$!) ; exit")
    pid = int((await read_to_end(stream)).split(b"pid:")[1])
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "no zombie is left")


def test_both_machines_binaries_are_static_and_up_to_date() -> None:
    build()
    assert build() == [], "nothing is compiled twice"
    for machine, number in (("x86_64", 62), ("aarch64", 183)):
        header = binary_path(machine).read_bytes()
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == number
        assert b"ld-linux" not in header
        assert b"ld-musl" not in header


async def test_an_idle_agent_ends_by_itself_and_not_while_somebody_is_connected(
    tmp_path: Path,
) -> None:
    with running_agent(tmp_path, "--idle", "300") as agent:
        connection = await agent.connect()
        with pytest.raises(subprocess.TimeoutExpired):
            agent.process.wait(1)
        connection.close()
        assert agent.process.wait(DEADLINE) == 0


@pytest.mark.docker
async def test_as_pid_1_it_greets_outsiders_alone_reaps_and_ends_quickly(tmp_path: Path) -> None:
    build([os.uname().machine])
    os.chmod(tmp_path, 0o755)  # noqa: PTH101 (0700 in the product; here the agent must refuse)
    with contextlib.closing(docker.from_env()) as engine:
        container = engine.containers.run(
            BASE_IMAGE,
            entrypoint=["/vibe-agent", "serve", "--socket", "/run/vibetui/agent.sock"],
            name=f"vibetui-test-agent-{uuid.uuid4().hex[:8]}",
            labels={"vibetui.test": "agent"},
            detach=True,
            network_mode="none",
            volumes={
                str(tmp_path): {"bind": "/run/vibetui", "mode": "rw"},
                str(binary_path()): {"bind": "/vibe-agent", "mode": "ro"},
            },
        )
        try:
            name = tmp_path / "agent.sock"
            wait_for(name.exists, "the socket appears")
            await _works_as_pid_1(name)
            began = time.monotonic()
            container.stop(timeout=20)
            assert time.monotonic() - began < 4
            container.reload()
            assert container.attrs["State"]["ExitCode"] == 0
        finally:
            container.remove(force=True, v=True)


async def _works_as_pid_1(name: Path) -> None:
    async def connect() -> AgentConnection:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(name))
        return await AgentConnection.greet(sock, deadline=DEADLINE)

    connection = await connect()
    assert connection.hello.pid == 1
    zombies = "for i in $(seq 30); do (setsid true &); done; echo started"
    count = "while grep -lsw 'State:.Z' /proc/[0-9]*/status; do :; done; echo none left; id -u"
    spec = TerminalSpec(argv=["sh", "-c", f"{zombies}; {count}"])
    stream = await connection.attach(await connection.open_terminal(spec))
    assert (await read_to_end(stream)).endswith(b"none left\r\n1000\r\n")

    knock = (
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/vibetui/agent.sock');"
        "print('type', hex(s.recv(99)[4]))"
    )
    connection = await connect()
    spec = TerminalSpec(argv=["python3", "-c", knock])
    stream = await connection.attach(await connection.open_terminal(spec))
    assert b"type 0x89" in await read_to_end(stream), "inside and not root: ERROR, no HELLO"

    connection = await connect()
    shell = await connection.open_terminal(TerminalSpec())
    assert [info.terminal for info in await connection.list_terminals() if info.running] == [shell]
    connection.close()
