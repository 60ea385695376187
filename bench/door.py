"""What the front door costs, beside OpenSSH's sshd on this machine in the same run.

Both are reached by OpenSSH's own client, with the same key exchange and cipher, in turns: logins,
one after another and eight at a time, each with the cheapest command there is (`whoami` here,
`true` there); bytes to and from a command, which runs in a container here and on the host there.
Idle connections are held by one process of a library's, a thousand to each.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from bench.report import Row, arguments, median, row, show
from tests.server import Server

_SESSION = "bench"
_HOST = "127.0.0.1"
_ALIKE = (
    *("-o", "KexAlgorithms=curve25519-sha256"),
    *("-o", "Ciphers=aes128-gcm@openssh.com"),
    *("-o", "HostKeyAlgorithms=ssh-ed25519"),
)
_AT_ONCE = 8
_ROOM = "5000"
_HOLD = """
import asyncio, sys, asyncssh
async def main(port, user, key, count):
    held, gate = [], asyncio.Semaphore(8)
    async def one():
        async with gate:
            held.append(await asyncssh.connect(
                "127.0.0.1", int(port), username=user, client_keys=[key], known_hosts=None,
                config=None, agent_path=None, login_timeout=120,
                kex_algs=["curve25519-sha256"], encryption_algs=["aes128-gcm@openssh.com"]))
    await asyncio.gather(*(one() for _ in range(int(count))))
    print("held", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main(*sys.argv[1:]))
"""


class Door:
    """A server to log in to.

    Args:
        memory: Bytes that its connections take now.
    """

    def __init__(
        self, port: int, user: str, key: Path, memory: Callable[[], int], *, inside: bool
    ) -> None:
        self.port = port
        self.user = user
        self.key = key
        self.memory = memory
        self.inside = inside

    def line(self, command: str) -> list[str]:
        """`command` in the session, or on the host."""
        return self._line(f"{self.user}+{_SESSION}" if self.inside else self.user, command)

    def cheapest(self) -> list[str]:
        """What takes as good as no time once one is in."""
        return self._line(self.user, "whoami" if self.inside else "true")

    def _line(self, user: str, command: str) -> list[str]:
        return [
            *("ssh", "-F", "/dev/null", "-p", str(self.port), "-i", str(self.key)),
            *("-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            *_ALIKE,
            f"{user}@{_HOST}",
            command,
        ]


def seconds_of_logins(door: Door, count: int, at_once: int) -> float:
    """For each of `count` logins."""
    line = door.cheapest()

    def log_in(_: int) -> None:
        subprocess.run(line, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(log_in, range(count)))
    return (time.perf_counter() - began) / count


def download(door: Door, size: int) -> float:
    """MB/s from a command to the client."""
    began = time.perf_counter()
    line = door.line(f"head -c {size} /dev/zero")
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        heard = 0
        while data := client.stdout.read1(1 << 20):
            heard += len(data)
    assert heard == size, heard
    return size / (time.perf_counter() - began) / 1e6


def upload(door: Door, size: int) -> float:
    """MB/s from the client to a command."""
    began = time.perf_counter()
    source = subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE)
    heard = subprocess.run(
        door.line("wc -c"), stdin=source.stdout, stdout=subprocess.PIPE, check=True
    )
    source.wait()
    assert int(heard.stdout) == size, heard.stdout
    return size / (time.perf_counter() - began) / 1e6


def kib_of_idle(door: Door, count: int) -> float:
    """KiB that each of `count` connections takes which have logged in and do nothing."""
    before = door.memory()
    words = [str(door.port), door.user, str(door.key), str(count)]
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        return (door.memory() - before) / count / 1024
    finally:
        holder.stdin.close()
        holder.wait(60)


@contextmanager
def vibetui(directory: Path) -> Iterator[Door]:
    """This product, with a running session."""
    room = {
        f"VIBETUI_MAX_{what}": _ROOM
        for what in (
            *("UNAUTHENTICATED", "UNAUTHENTICATED_PER_ADDRESS"),
            *("CONNECTIONS_PER_ADDRESS", "CONNECTIONS_PER_USER"),
        )
    }
    server = Server(directory, **room)
    server.start()
    try:
        printed = shlex.split(server.ssh())
        key = Path(printed[printed.index("-i") + 1])
        front = next(
            child
            for child in psutil.Process(server.pid).children(recursive=True)
            if any("front_process" in word for word in child.cmdline())
        )
        door = Door(
            server.port, "vibe", key, lambda: int(front.memory_full_info().uss), inside=True
        )
        for words in (f"new {_SESSION}", f"start {_SESSION}"):
            subprocess.run(door._line("vibe", words), check=True, stdout=subprocess.DEVNULL)
        yield door
    finally:
        server.stop()
        server.remove_everything()


@contextmanager
def sshd(directory: Path, key: Path) -> Iterator[Door]:
    """OpenSSH's, for the account that runs this."""
    host_key, config = directory / "host_key", directory / "sshd_config"
    made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(host_key)]
    subprocess.run(made, check=True)
    public = subprocess.run(["ssh-keygen", "-y", "-f", str(key)], check=True, capture_output=True)
    (directory / "authorized").write_bytes(public.stdout)
    with socket.create_server((_HOST, 0)) as free:
        port = free.getsockname()[1]
    config.write_text(
        f"ListenAddress {_HOST}\nPort {port}\nHostKey {host_key}\nPidFile none\n"
        f"AuthorizedKeysFile {directory / 'authorized'}\nStrictModes no\nUsePAM no\n"
        f"PermitRootLogin yes\nMaxStartups {_ROOM}\nLoginGraceTime 0\nPrintMotd no\n"
    )
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    process = subprocess.Popen(
        ["/usr/sbin/sshd", "-D", "-f", str(config)], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        children = psutil.Process(process.pid).children
        user = psutil.Process().username() if os.getuid() else "root"

        def memory() -> int:
            return sum(each.memory_full_info().pss for each in children(recursive=True))

        yield Door(port, user, key, memory, inside=False)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("sshd doesn't listen")


def measure(ours: Door, theirs: Door, *, repeats: int, quick: bool) -> list[Row]:
    """All rows; what is compared is taken in turns."""
    logins, size, idle = (8, 20 << 20, 50) if quick else (24, 200 << 20, 1000)
    ways: Sequence[tuple[str, Callable[[Door], float]]] = (
        ("login", lambda door: seconds_of_logins(door, logins, 1) * 1e3),
        ("login, 8 at a time", lambda door: 1 / seconds_of_logins(door, logins, _AT_ONCE)),
        ("to the client", lambda door: download(door, size)),
        ("to the server", lambda door: upload(door, size)),
    )
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name, _ in ways}
    for door in (ours, theirs):
        seconds_of_logins(door, 2, 1)
    # First: what other measurements have left free in a process would hide what these take.
    kib = [kib_of_idle(door, idle) for door in (ours, theirs)]
    for _ in range(repeats):
        for name, way in ways:
            for values, door in zip(taken[name], (ours, theirs), strict=True):
                values.append(way(door))
    found = {name: (median(mine), median(peers)) for name, (mine, peers) in taken.items()}
    units = ("ms", "/s", "MB/s", "MB/s")
    rows = [
        row(name, mine, unit, peer=peer)
        for (name, (mine, peer)), unit in zip(found.items(), units, strict=True)
    ]
    return [*rows, row(f"memory of each of {idle} idle", kib[0], "KiB", peer=kib[1])]


def main() -> None:
    """Print the table."""
    options = arguments(__doc__ or "", repeats=5, quick_repeats=1)
    with (
        tempfile.TemporaryDirectory() as ours,
        tempfile.TemporaryDirectory() as theirs,
        vibetui(Path(ours)) as door,
        sshd(Path(theirs), door.key) as peer,
    ):
        rows = measure(door, peer, repeats=options.repeats, quick=options.quick)
    show(rows, as_json=options.json)


if __name__ == "__main__":
    main()
