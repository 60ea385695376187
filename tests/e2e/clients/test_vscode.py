"""VS Code's Remote-SSH: its sequence of commands, by OpenSSH, with a stand-in for its server."""

from __future__ import annotations

import http.client
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.e2e.clients import vscode
from tests.e2e.openssh import make_session, run, tool
from tests.e2e.reach import HOST, Reach, connected, free_port, running
from tests.server import Server

Lines = list[str]


@pytest.fixture(scope="module")
def code(server: Server) -> Reach:
    """A session of its own, so that what is installed is known."""
    make_session(server, "code")
    return Reach(server, "code")


def streams(ssh: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert ssh.stdin is not None
    assert ssh.stdout is not None
    return ssh.stdin, ssh.stdout


@contextmanager
def script_to_bash(reach: Reach, proxy: int) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """`remote.SSH.useLocalServer` off, as on Windows: the script is bash's whole input."""
    line = reach.openssh("bash", options=("-T", "-D", str(proxy)))
    with running(line) as ssh:
        given, said = streams(ssh)
        given.write(vscode.bootstrap())
        given.close()
        yield given, said


@contextmanager
def dialogue_with_the_shell(reach: Reach, proxy: int) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """`remote.SSH.useLocalServer` on: no command; the login shell is asked one thing at a time."""
    options = ("-v", "-T", "-D", str(proxy), "-o", "ConnectTimeout=15")
    with running(reach.openssh(options=options)) as ssh:
        given, said = streams(ssh)

        def ask(question: str) -> str:
            given.write(f"{question}\n".encode())
            given.flush()
            return said.readline().decode().strip()

        assert ask(f"echo 'ready: {vscode.MARK}'") == f"ready: {vscode.MARK}"
        assert ask("uname -rsv").startswith("Linux ")
        assert ask("echo $SHELL") == "/bin/bash"
        parent = ask("echo $$")
        given.write(b"sh\n")
        given.flush()
        assert ask("echo $$") != parent
        given.write(vscode.bootstrap())
        given.flush()
        yield given, said


Way = Callable[[Reach, int], "contextmanager[tuple[IO[bytes], IO[bytes]]]"]
WAYS = pytest.mark.parametrize("way", [script_to_bash, dialogue_with_the_shell])


def bring_the_server(reach: Reach, lines: Lines, home: Path) -> None:
    """The archive, and then the file that says that it is all there, both by scp."""
    folder = vscode.found(lines, "destFolder")
    options, host = tool(reach.server, reach.login)
    for name, content in (("vscode-server.tar.gz", vscode.server_archive()), ("done", b"")):
        (home / name).write_bytes(content)
    for name, there in (("vscode-server.tar.gz", ""), ("done", "vscode-server.tar.gz.done")):
        done = run(["scp", *options, str(home / name), f"{host}:{folder}/{there}"])
        assert done.returncode == 0, done.stderr


def asked(proxy: int, port: int) -> int:
    """The pid of the editor's server, by the proxy."""
    connection = http.client.HTTPConnection("editor")
    connection.sock = vscode.through_socks(connected(proxy), port)
    connection.request("GET", "/version")
    return int(connection.getresponse().read())


def listening_on(said: IO[bytes]) -> tuple[int, Lines]:
    lines = vscode.said_until(said, f"{vscode.MARK}: end")
    assert vscode.found(lines, "exitCode") == "0"
    return int(vscode.found(lines, "listeningOn")), lines


@WAYS
def test_the_editor_installs_its_server_talks_to_it_and_finds_it_after_a_cut(
    code: Reach, home: Path, way: Way
) -> None:
    run(code.openssh("pkill -f bin/[c]ode-server; rm -rf ~/.vscode-server"))
    proxy = free_port()
    with way(code, proxy) as (_, said):
        trigger = f"{vscode.MARK}:trigger_server_download_end"
        bring_the_server(code, vscode.said_until(said, trigger), home)
        port, _ = listening_on(said)
        server = asked(proxy, port)
    # The client is gone without a word, as when a laptop sleeps or its network changes.
    proxy = free_port()
    with way(code, proxy) as (_, said):
        again, lines = listening_on(said)
        assert "Found running server..." in lines
        assert (again, asked(proxy, again)) == (port, server)


def test_connections_of_the_editor_work_side_by_side(code: Reach, home: Path) -> None:
    proxy = free_port()
    with script_to_bash(code, proxy) as (_, said):
        port, _ = listening_on(said)
        held = [http.client.HTTPConnection("editor") for _ in range(20)]
        for each in held:
            each.sock = vscode.through_socks(connected(proxy), port)
            each.sock.settimeout(30)
        for size in (1, 1 << 17):
            bodies = [b"%d" % number * size for number in range(10, 30)]
            for each, body in zip(held, bodies, strict=True):
                each.request("POST", "/", body)
            assert [each.getresponse().read() for each in held] == bodies
        for each in held:
            each.close()


def test_a_server_on_a_socket_is_reached(code: Reach, home: Path) -> None:
    """`remote.SSH.remoteServerListenOnSocket`."""
    program = (
        "import socket; s=socket.socket(socket.AF_UNIX); s.bind('/tmp/code.sock'); s.listen();"
        "print('listening', flush=True); s.accept()[0].sendall(b'by a socket')"
    )
    local = home / "local.sock"
    line = code.openssh(f'python3 -c "{program}"', options=("-L", f"{local}:/tmp/code.sock"))
    with running(line) as ssh:
        _, said = streams(ssh)
        assert said.readline() == b"listening\n"
        with socket.socket(socket.AF_UNIX) as editor:
            editor.settimeout(30)
            editor.connect(str(local))
            assert editor.recv(64) == b"by a socket"


def test_commands_run_beside_the_proxy_on_one_shared_connection(code: Reach, home: Path) -> None:
    """`ControlMaster`, which many have in their configuration."""
    control = ("-o", f"ControlPath={home / 'master'}")
    proxy = free_port()
    master = code.openssh(options=("-N", "-M", "-D", str(proxy), *control))
    with running(master):
        connected(proxy).close()
        beside = code.openssh("echo beside", options=control)
        done = run(beside)
        assert (done.returncode, done.stdout) == (0, b"beside\n"), done.stderr
        assert run([*beside[:1], "-O", "check", *control, HOST]).returncode == 0
