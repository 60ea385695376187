"""Every route by ssh to somebody else's session: refused, in the trail, and as to a missing one."""

from __future__ import annotations

import json
import re
import shlex
import socket
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.e2e.openssh import add_user, make_session, run, tool, words
from tests.server import Server
from tests.sshd_support import eventually

pytestmark = pytest.mark.e2e

Answer = tuple[bytes, bytes, int]


@dataclass(frozen=True)
class Stranger:
    """Somebody whom nothing is shared with.

    Attributes:
        references: To a session that runs, to one that never has, and to none at all.
    """

    server: Server
    key: Path
    references: tuple[str, ...]

    def ssh(
        self, *rest: str, login: str = "vibe", options: tuple[str, ...] = (), given: bytes = b""
    ) -> Answer:
        line = words(self.server, *rest, login=login, options=options, key=self.key, level="INFO")
        return answer(run(line, given))

    def into(self, reference: str, *rest: str, options: tuple[str, ...] = ()) -> Answer:
        return self.ssh(*rest, login=f"vibe+{reference}", options=options)

    def files(self, program: str, reference: str, *more: str) -> Answer:
        options, host = tool(self.server, f"vibe+{reference}", self.key)
        where = [f"{host}:there", "/dev/null"] if program == "scp" else ["-b", "-", host]
        return answer(run([program, *more, *options, *where], b"pwd\n"))

    def carried(self, reference: str, *program: str, variable: str) -> Answer:
        """A tool that runs ``ssh`` itself."""
        *line, host = words(self.server, login=f"vibe+{reference}", key=self.key, level="INFO")
        environment = {"PATH": "/usr/bin:/bin", variable: shlex.join(line)}
        return answer(run([*program, f"{host}:there"], b"", environment))

    def by_rsync(self, reference: str) -> Answer:
        """Without what rsync adds itself: that depends on how soon it sees that ssh has ended."""
        out, told, status = self.carried(reference, "rsync", variable="RSYNC_RSH")
        lines = [line for line in told.splitlines(True) if not line.startswith(b"rsync")]
        return out, b"".join(lines), int(status != 0)

    def through(self, reference: str, flag: str, to: str, said: bytes = b"") -> Answer:
        """Whatever a connection to a listener of ``ssh -N`` brings, and what ssh says of it."""
        with TemporaryDirectory() as directory:
            path, port = f"{directory}/here", free_port()
            where = str(port) if flag == "-D" else f"{path}:{to}"
            line = words(
                self.server,
                login=f"vibe+{reference}",
                options=("-N", flag, where),
                key=self.key,
                level="INFO",
            )
            client = subprocess.Popen(line, stderr=subprocess.PIPE)
            try:
                place = ("127.0.0.1", port) if flag == "-D" else path
                with reached(place) as sock:
                    sock.sendall(said)
                    with suppress(ConnectionResetError):
                        heard = sock.recv(1000)
            finally:
                client.kill()
                _, told = client.communicate(timeout=20)
        return heard, told, 255


def answer(done: subprocess.CompletedProcess[bytes]) -> Answer:
    return done.stdout, done.stderr, done.returncode


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def reached(place: str | tuple[str, int]) -> Iterator[socket.socket]:
    """A connection to where ``ssh`` is about to listen."""
    family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
    with socket.socket(family) as sock:
        sock.settimeout(20)
        eventually(lambda: sock.connect_ex(place) == 0, "ssh listens")
        yield sock


_SOCKS = b"\x04\x01" + (22).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + b"\0"
_STRICT = ("-o", "ExitOnForwardFailure=yes")

Route = Callable[[Stranger, str], Answer]
ROUTES: dict[str, Route] = {
    "app by login name": lambda who, at: who.into(at, options=("-tt",)),
    "app by command": lambda who, at: who.ssh(at, options=("-tt",)),
    "shell by login name": lambda who, at: who.ssh(login=f"vibe+{at}", given=b"id\n"),
    "shell by command": lambda who, at: who.ssh(at, given=b"id\n"),
    "command by login name": lambda who, at: who.into(at, "id"),
    "command": lambda who, at: who.ssh(at, "--", "id"),
    "command with -t": lambda who, at: who.ssh(at, "--", "id", options=("-tt",)),
    "command with ssh -A": lambda who, at: who.into(at, "id", options=("-A",)),
    "sftp": lambda who, at: who.files("sftp", at),
    "scp": lambda who, at: who.files("scp", at),
    "scp -O": lambda who, at: who.files("scp", at, "-O"),
    "rsync": lambda who, at: who.by_rsync(at),
    "git": lambda who, at: who.carried(at, "git", "ls-remote", variable="GIT_SSH_COMMAND"),
    "-W": lambda who, at: who.into(at, options=("-W", "127.0.0.1:22")),
    "-L": lambda who, at: who.through(at, "-L", "127.0.0.1:22"),
    "-L to a Unix socket": lambda who, at: who.through(at, "-L", "/run/any.sock"),
    "-D": lambda who, at: who.through(at, "-D", "", _SOCKS),
    "-R": lambda who, at: who.into(at, options=("-N", *_STRICT, "-R", "7070:127.0.0.1:1")),
    "-R at a Unix socket": lambda who, at: who.into(
        at, options=("-N", *_STRICT, "-R", "/tmp/any.sock:127.0.0.1:1")
    ),
    "start": lambda who, at: who.ssh("start", at),
    "stop": lambda who, at: who.ssh("stop", at),
    "rm": lambda who, at: who.ssh("rm", at, "--yes"),
    "rename": lambda who, at: who.ssh("rename", at, "mine"),
    "cp": lambda who, at: who.ssh("cp", at, "mine"),
}
ROUTES["-J"] = lambda who, at: answer(
    run(
        [
            *("ssh", "-F", "/dev/null", "-o", "LogLevel=INFO"),
            *("-o", "ProxyCommand=" + shlex.join(_jump(who, at)), "nobody@inside"),
        ]
    )
)


def _jump(who: Stranger, at: str) -> list[str]:
    """What ``ssh -J`` runs, with the options that a test needs."""
    way = ("-W", "[%h]:%p")
    return words(who.server, login=f"vibe+{at}", options=way, key=who.key, level="INFO")


@pytest.fixture(scope="module")
def stranger(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    for name in ("running", "stopped"):
        make_session(server, name)
    assert run(words(server, "start", "running")).returncode == 0
    owner = run(words(server, "whoami")).stdout.decode().strip()
    with closing(sqlite3.connect(server.data_dir / "vibetui.db")) as db:
        ids = [each for (each,) in db.execute("select session_id from sessions")]
    names = [
        *("running", f"{owner}+running", "stopped", f"{owner}+stopped"),
        *(ids[0], f"{owner}+{ids[0]}"),
        *("missing", f"{owner}+missing", "nobody+missing"),
    ]
    key = add_user(server, "stranger", tmp_path_factory.mktemp("keys"))
    return Stranger(server, key, tuple(names))


def refusals(server: Server) -> Counter[str]:
    """Names in the trail that somebody asked for in vain."""
    with closing(sqlite3.connect(server.data_dir / "vibetui.db")) as db:
        rows = db.execute("select detail from audit_events where code = 'access.refused'")
        return Counter(json.loads(detail)["name"] for (detail,) in rows)


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_learns_of_a_foreign_session_by(stranger: Stranger, route: str) -> None:
    before = refusals(stranger.server)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda at: ROUTES[route](stranger, at), stranger.references))

    anonymous = {(out, re.sub(rb"\r", b"", told), status) for out, told, status in answers}
    assert len(anonymous) == 1, anonymous
    ((out, told, status),) = anonymous
    assert status != 0
    if not route.startswith("-R"):  # OpenSSH's client has its own words for those.
        assert b"There is no such session." in out + told
    assert b"uid=" not in out

    asked = Counter(stranger.references)
    eventually(lambda: refusals(stranger.server) - before >= asked, "each is in the trail")


def test_all_of_them_left_everything_as_it_was(stranger: Stranger) -> None:
    listed = json.loads(run(words(stranger.server, "ls", "--json")).stdout)
    assert {each["name"]: each["status"] for each in listed} == {
        "running": "running",
        "stopped": "stopped",
    }
    own = run(words(stranger.server, "ls", "--json", key=stranger.key))
    assert json.loads(own.stdout) == []
