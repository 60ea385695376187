"""Connections out of sessions to their users' machines: -R and -A, by a real OpenSSH client."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import socketserver
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import openssh, steps
from tests.e2e.openssh import add_user, make_session, run
from tests.e2e.reach import Reach
from tests.server import Server
from tests.sshd_support import eventually
from tests.tmux import Tmux
from vibetui.core.client import CoreClient
from vibetui.events import EventCode
from vibetui.model import Access

_SAY = """
import socket, sys
where, greeting = sys.argv[1], bytes.fromhex(sys.argv[2])
family = socket.AF_UNIX if where.startswith("/") else socket.AF_INET
sock = socket.socket(family)
sock.connect(where if where.startswith("/") else ("127.0.0.1", int(where)))
if greeting:
    sock.sendall(greeting)
    assert sock.recv(8)[1] == 0x5A
sock.sendall(sys.stdin.buffer.read())
sock.shutdown(socket.SHUT_WR)
while data := sock.recv(65536):
    sys.stdout.buffer.write(data)
"""
"""Connects, greets a proxy where there is one, says its input to the end, and prints the answer."""


class _Shout(socketserver.StreamRequestHandler):
    """Answers in capitals once it has heard all."""

    def handle(self) -> None:
        self.wfile.write(self.rfile.read().upper())


@pytest.fixture(scope="module")
def web(server: Server) -> Reach:
    make_session(server, "web")
    return Reach(server, "web")


@pytest.fixture(scope="module")
def shouting() -> Iterator[int]:
    """The port of a service on the user's own machine."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Shout) as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.05,))
        thread.start()
        yield service.server_address[1]
        service.shutdown()
        thread.join(10)


@dataclass
class Client:
    """An ``ssh -N`` in the background that has said that its forwards are there."""

    process: subprocess.Popen[bytes]
    port: int
    """That the server has chosen; 0 where it had no choice."""


@contextmanager
def forwarding(reach: Reach, *options: str) -> Iterator[Client]:
    chosen = any(option.startswith("0:") for option in options)
    ready = rb"Allocated port (\d+)" if chosen else rb"forward success()"
    exit_on_failure = ("-N", "-v", "-o", "ExitOnForwardFailure=yes")
    line = openssh.words(reach.server, login=reach.login, options=(*exit_on_failure, *options))
    line = [word.replace("LogLevel=ERROR", "LogLevel=DEBUG1") for word in line]
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = b""
    reader: threading.Thread | None = None
    try:
        while (found := re.search(ready, said)) is None:
            piece = process.stderr.readline()
            assert piece, said
            said += piece
        reader = threading.Thread(target=process.stderr.read)
        reader.start()
        yield Client(process, int(found[1] or 0))
    finally:
        process.kill()
        process.wait(10)
        if reader is not None:
            reader.join(10)
        process.stderr.close()


def say(reach: Reach, where: int | str, given: bytes, greeting: bytes = b"") -> bytes:
    """What a program in the session hears where the client's forward listens."""
    script = f"exec python3 -c {shlex.quote(_SAY)} {where} {shlex.quote(greeting.hex())}"
    done = run(reach.openssh(script), given)
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_there(reach: Reach, path: str) -> bool:
    return run(reach.openssh(f"test -e {path}")).returncode == 0


def refused(server: Server, *options: str, login: str = "vibe+web", key: Path | None = None) -> str:
    """All that the client says where a forward isn't to be had."""
    fail = ("-N", "-v", "-o", "ExitOnForwardFailure=yes", *options)
    line = openssh.words(server, login=login, options=fail, key=key, level="DEBUG1")
    done = run(line)
    assert done.returncode == 255, done.stderr
    return done.stderr.decode()


def test_a_chosen_port_leads_to_a_service_of_the_client(web: Reach, shouting: int) -> None:
    given = bytes(range(97, 123)) * 40_000
    with forwarding(web, "-R", f"0:127.0.0.1:{shouting}") as client:
        assert client.port > 0
        assert say(web, client.port, given) == given.upper()
        assert say(web, client.port, b"again") == b"AGAIN"


def test_a_named_port_is_the_loopbacks_alone(web: Reach, shouting: int) -> None:
    with forwarding(web, "-R", f"7100:127.0.0.1:{shouting}"):
        assert say(web, 7100, b"hello") == b"HELLO"
        outside = "python3 -c 'import socket; socket.create_connection((socket.gethostbyname("
        done = run(web.openssh(f"{outside}socket.gethostname()), 7100), 5)'"))
        assert b"ConnectionRefusedError" in done.stderr


def test_a_unix_socket_is_listened_on_and_goes_with_a_killed_client(
    web: Reach, shouting: int
) -> None:
    path = "/tmp/of-the-client.sock"
    with forwarding(web, "-R", f"{path}:127.0.0.1:{shouting}") as client:
        assert say(web, path, b"by path") == b"BY PATH"
        client.process.kill()
        eventually(lambda: not is_there(web, path), "the socket is removed")
    with forwarding(web, "-R", f"{path}:127.0.0.1:{shouting}"):
        assert say(web, path, b"once more") == b"ONCE MORE"


def test_without_a_destination_it_is_a_proxy_into_the_clients_network(
    web: Reach, shouting: int
) -> None:
    with forwarding(web, "-R", "7200"):
        socks4 = b"\x04\x01" + shouting.to_bytes(2, "big") + b"\x7f\0\0\x01\0"
        assert say(web, 7200, b"hello", socks4) == b"HELLO"


def test_a_forward_can_be_cancelled_and_asked_for_again(
    web: Reach, shouting: int, tmp_path: Path
) -> None:
    control = ("-o", f"ControlPath={tmp_path / 'control'}")
    with forwarding(web, "-M", *control, "-R", f"7300:127.0.0.1:{shouting}"):
        forward = ("-R", f"7300:127.0.0.1:{shouting}")
        for order in ("cancel", "forward", "cancel"):
            line = openssh.words(
                web.server, login=web.login, options=(*control, "-O", order, *forward)
            )
            assert run(line).returncode == 0, order
            if order == "forward":
                assert say(web, 7300, b"back") == b"BACK"
        with forwarding(web, *forward):
            assert say(web, 7300, b"free for others") == b"FREE FOR OTHERS"


def test_a_service_that_is_not_there_ends_the_connection_and_not_the_forward(
    web: Reach,
) -> None:
    with forwarding(web, "-R", "0:127.0.0.1:1") as client:
        assert say(web, client.port, b"") == b""
        assert say(web, client.port, b"") == b""


def test_what_cannot_be_listened_on_is_refused_with_the_reason_among_the_clients_remarks(
    web: Reach, server: Server, shouting: int
) -> None:
    destination = f"127.0.0.1:{shouting}"
    with forwarding(web, "-R", f"7500:{destination}"):
        assert "in use" in refused(server, "-R", f"7500:{destination}")
    assert "in use" in refused(server, "-R", f"/etc/passwd:{destination}")
    assert "ermission" in refused(server, "-R", f"/etc/own.sock:{destination}")
    assert "slash" in refused(server, "-R", f"./relative.sock:{destination}")
    assert "no address" in refused(server, "-R", f"example.com:0:{destination}")
    many = [word for to in range(17) for word in ("-R", f"0:127.0.0.1:{to + 1}")]
    assert "There are 16 listeners" in refused(server, *many)


def test_a_stranger_hears_that_there_is_no_such_session(server: Server, tmp_path: Path) -> None:
    key = add_user(server, "eve", tmp_path)
    theirs = refused(server, "-R", "0:127.0.0.1:1", login="vibe+ada+web", key=key)
    none = refused(server, "-R", "0:127.0.0.1:1", login="vibe+ada+none", key=key)
    assert "There is no such session." in theirs
    assert "There is no such session." in none


def test_viewers_listen_nowhere(web: Reach, server: Server, tmp_path: Path) -> None:
    key = add_user(server, "bob", tmp_path)
    owner = run(openssh.words(server, "whoami")).stdout.decode().strip()

    async def share() -> None:
        core = CoreClient(server.data_dir / "run" / "core.sock")
        try:
            (session,) = [each for each in await core.list_sessions() if each.name == "web"]
            await core.share_session(session.session_id, "bob", Access.VIEWER)
        finally:
            await core.close()

    asyncio.run(share())
    said = refused(server, "-R", "0:127.0.0.1:1", login=f"vibe+{owner}+web", key=key)
    assert "not allowed" in said


def test_a_container_that_stops_takes_its_listener_and_leaves_the_client(
    server: Server, shouting: int
) -> None:
    make_session(server, "other")
    other = Reach(server, "other")
    with forwarding(other, "-R", f"7600:127.0.0.1:{shouting}") as client:
        assert run(openssh.words(server, "stop", "other")).returncode == 0
        eventually(lambda: "listener.ended" in server.log(), "the listener has ended")
        assert client.process.poll() is None
        assert run(openssh.words(server, "start", "other")).returncode == 0
        assert b"t connect" in run(other.openssh("curl -sS 127.0.0.1:7600")).stderr


# The agent


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[dict[str, str]]:
    """An environment with an ssh-agent that has the key of the server's first account."""
    directory = tmp_path_factory.mktemp("agent")
    environment = os.environ | {"SSH_AUTH_SOCK": str(directory / "sock")}
    agent = subprocess.Popen(
        ["ssh-agent", "-D", "-a", environment["SSH_AUTH_SOCK"]], stdout=subprocess.DEVNULL
    )
    try:
        eventually((directory / "sock").exists, "the agent listens")
        key = Reach(server, "web").key
        added = subprocess.run(["ssh-add", "-q", str(key)], env=environment, timeout=20)
        assert added.returncode == 0
        yield environment
    finally:
        agent.terminate()
        agent.wait(10)


def fingerprints(environment: dict[str, str]) -> bytes:
    return subprocess.run(
        ["ssh-add", "-l"], env=environment, capture_output=True, check=True, timeout=20
    ).stdout


@pytest.mark.parametrize("terminal", [(), ("-tt",)], ids=["no terminal", "terminal"])
def test_the_users_own_keys_are_at_hand_inside(
    web: Reach, keyring: dict[str, str], terminal: Sequence[str]
) -> None:
    line = web.openssh("ssh-add -l; stat -c %a $SSH_AUTH_SOCK", options=("-A", *terminal))
    done = run(line, environment=keyring)
    # A terminal is reset before its first byte.
    assert done.stdout.replace(b"\r", b"").endswith(fingerprints(keyring) + b"600\n"), done.stderr


def test_without_being_asked_to_nothing_of_the_agent_is_there(
    web: Reach, keyring: dict[str, str]
) -> None:
    done = run(web.openssh('echo "<$SSH_AUTH_SOCK>"', options=("-a",)), environment=keyring)
    assert done.stdout == b"<>\n"


def test_the_agents_socket_goes_with_the_connection(web: Reach, keyring: dict[str, str]) -> None:
    line = web.openssh("echo $SSH_AUTH_SOCK; exec sleep 60", options=("-A",))
    client = subprocess.Popen(line, env=keyring, stdout=subprocess.PIPE)
    try:
        assert client.stdout is not None
        path = client.stdout.readline().decode().strip()
        assert is_there(web, path)
    finally:
        client.kill()
        client.communicate(timeout=10)
    directory = path.rpartition("/")[0]
    eventually(lambda: not is_there(web, directory), "the agent's directory is removed")


def test_the_apps_terminals_have_it_too_and_again_after_a_new_connection(
    web: Reach, keyring: dict[str, str], tmp_path: Path
) -> None:
    line = f"SSH_AUTH_SOCK={keyring['SSH_AUTH_SOCK']} {web.server.ssh()}".replace("ssh ", "ssh -A ")
    line = line.replace("vibe@", f"{web.login}@")
    fingerprint = re.escape(fingerprints(keyring).decode().split()[1])
    with Tmux(tmp_path, columns=120, rows=24) as terminal:
        terminal.line(line)
        terminal.wait_for_match(steps.PROMPT, 60)
        steps.shell(terminal, "clear; ssh-add -l", f"256 {fingerprint}")
        steps.disconnect(terminal)
        eventually(lambda: not is_there(web, "/tmp/vibe-*/agent.sock"), "the socket is removed")
        terminal.line(line)
        terminal.wait_for(steps.WORKSPACE)
        steps.shell(terminal, "clear; ssh-add -l", f"256 {fingerprint}")
        steps.disconnect(terminal)


def test_git_in_a_session_reaches_a_forge_by_the_users_forward_and_the_users_keys(
    web: Reach, server: Server, keyring: dict[str, str]
) -> None:
    made = run(web.openssh("git init -q --bare /workspace/there.git"))
    assert made.returncode == 0, made.stderr
    forward = ("-A", "-R", f"7700:127.0.0.1:{server.port}")
    ssh = "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    command = (
        f"cd $(mktemp -d) && git init -q . && git config user.email a@b && git config user.name a"
        f" && git commit -q --allow-empty -m first && GIT_SSH_COMMAND='{ssh}'"
        f" git push -q ssh://{web.login}@127.0.0.1:7700/workspace/there.git HEAD:refs/heads/main"
    )
    done = run(web.openssh(command, options=forward), environment=keyring)
    assert done.returncode == 0, done.stderr
    log = run(web.openssh("git -C /workspace/there.git log --format=%s main"))
    assert log.stdout == b"first\n"


def test_listeners_and_what_comes_by_them_are_on_record(
    web: Reach, server: Server, shouting: int, keyring: dict[str, str]
) -> None:
    with forwarding(web, "-R", f"7800:127.0.0.1:{shouting}"):
        say(web, 7800, b"")
    run(web.openssh("ssh-add -l", options=("-A",)), environment=keyring)
    records = [json.loads(line) for line in server.log().splitlines()]
    for code in (EventCode.FORWARD_LISTEN, EventCode.FORWARD):
        listeners = {record.get("listener") for record in records if record.get("event") == code}
        assert {"localhost:7800", "agent"} <= listeners


# Limits and settings

_CROWD = """
import select, socket, sys
port, count, surplus = map(int, sys.argv[1:])
socks = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(count)]
ended = []
while len(ended) < surplus:
    ready, _, _ = select.select([sock for sock in socks if sock not in ended], [], [], 20)
    assert ready
    ended += ready
for sock in socks:
    if sock not in ended:
        sock.sendall(b"heard")
        sock.shutdown(socket.SHUT_WR)
        print(sock.recv(100).decode())
"""
"""Connects so often, waits until so many have been ended, and speaks on the others."""


def test_more_connections_than_a_client_may_have_are_ended_at_once_and_the_others_go_on(
    tmp_path: Path, shouting: int
) -> None:
    narrow = Server(tmp_path / "narrow", VIBETUI_MAX_FORWARDS_PER_CONNECTION="3")
    narrow.start()
    try:
        make_session(narrow, "web")
        web = Reach(narrow, "web")
        with forwarding(web, "-R", f"0:127.0.0.1:{shouting}") as client:
            crowd = f"python3 -c {shlex.quote(_CROWD)} {client.port} 9 6"
            done = run(web.openssh(crowd))
            assert done.stdout == b"HEARD\n" * 3, done.stderr
            eventually(lambda: say(web, client.port, b"room") == b"ROOM", "there is room again")
    finally:
        narrow.stop()
        narrow.remove_everything()


def test_settings_say_no(tmp_path: Path, keyring: dict[str, str], shouting: int) -> None:
    closed = Server(
        tmp_path / "closed",
        VIBETUI_ALLOW_REMOTE_FORWARDING="false",
        VIBETUI_ALLOW_AGENT_FORWARDING="false",
    )
    closed.start()
    try:
        make_session(closed, "web")
        assert "not allowed" in refused(closed, "-R", f"0:127.0.0.1:{shouting}")
        line = Reach(closed, "web").openssh('echo "<$SSH_AUTH_SOCK>"', options=("-A",))
        assert run(line, environment=keyring).stdout == b"<>\n"
        assert closed.log().count(f'"{EventCode.ACCESS_REFUSED}"') == 2
    finally:
        closed.stop()
        closed.remove_everything()
