"""A real front and zygote for tests, with a staged core behind them and a small app before it.

Run as ``python -m tests.sshd_support front|zygote DESCRIPTOR… SETTINGS`` for the two processes.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import psutil

from vibetui.core import wire
from vibetui.core.doors import make_door
from vibetui.core.handoff import SWITCHING
from vibetui.errors import CoreUnavailable, Denied, VibeError
from vibetui.events import EventCode
from vibetui.model import Account, Authorities, User
from vibetui.settings import Settings

USER = User("ada000000000", "ada", datetime(2024, 1, 1, tzinfo=UTC))


class StagedFront:
    """Stands in for the core behind a real `FrontClient`: keys, doors and an audit trail.

    There are no passwords, no codes and no certificates, and registration is closed.

    A door that it opens says which user it is for and which number it has.
    """

    def __init__(self, directory: Path) -> None:
        self.keys: dict[str, User] = {}
        self.audited: list[dict[str, Any]] = []
        self.unavailable = False
        self.doors_opened = 0
        listener, self.door = make_door(directory)
        self._server = _HttpServer(self, listener)
        self._door_listener, self._user_door = make_door(directory)
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,)),
            threading.Thread(target=self._greet),
        ]
        for thread in self._threads:
            thread.start()

    def _greet(self) -> None:
        while True:
            try:
                visitor, _ = self._door_listener.accept()
            except OSError:
                return
            with visitor:
                visitor.sendall(f"door {self.doors_opened} of {USER.name}".encode())

    def answer(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer to a request, or a descriptor."""
        if self.unavailable:
            raise CoreUnavailable("The server's core is restarting…", "Try again in a moment.")
        if path == "/v1/front/authenticate":
            user = self.keys.get(body["fingerprint"])
            return wire.account_to_json(None if user is None else Account(user))
        if path in ("/v1/front/account", "/v1/front/check_password"):
            return wire.account_to_json(None)
        if path == "/v1/front/authorities":
            return wire.authorities_to_json(Authorities())
        if path == "/v1/front/check_code":
            return {"right": False}
        if path == "/v1/front/register":
            raise Denied("Nobody can register here.", "Ask the administrator for an account.")
        if path == "/v1/front/logged_in":
            self.audited.append({"code": str(EventCode.LOGIN), **body})
            return {}
        if path == "/v1/front/endings":
            raise CoreUnavailable("Nobody's login ends in this test.")
        if path == "/v1/front/audit":
            self.audited.append(body)
            return {}
        assert path == "/v1/front/doors", path
        assert body["user_id"] == USER.user_id
        self.doors_opened += 1
        return os.dup(self._user_door)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._door_listener.shutdown(socket.SHUT_RDWR)
        self._door_listener.close()
        os.close(self._user_door)
        os.close(self.door)
        for thread in self._threads:
            thread.join(10)


class _HttpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True

    def __init__(self, staged: StagedFront, listener: socket.socket) -> None:
        self.staged = staged
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(self.server, _HttpServer)
        try:
            answer, status = self.server.staged.answer(self.path, body), 200
        except VibeError as error:
            answer, status = error.to_json(), 503
        if isinstance(answer, int):
            socket.send_fds(self.connection, [SWITCHING], [answer])
            os.close(answer)
            self.close_connection = True
            return
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


class FrontUnderTest:
    """Front, zygote and staged core, each real processes but the last."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.directory = directory
        self.settings = Settings(
            **{
                "data_dir": directory / "data",
                "host_keys_dir": directory / "host_keys",
                "listen_host": "127.0.0.1",
                "listen_port": 0,
                **settings,
            }
        )
        self.settings.data_dir.mkdir()
        self._log_path = directory / "log"
        self.run_by: tuple[str, ...] = ()
        """What comes before the two processes' command lines."""
        self.port = 0

    def __enter__(self) -> FrontUnderTest:
        self.core = StagedFront(self.directory)
        self.key = self.make_key("ada")
        self.core.keys[fingerprint(self.key)] = USER
        self.start()
        return self

    def start(self) -> None:
        """Start the two processes and wait until clients can connect."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        said, says = os.pipe()
        with ours, theirs, self._log_path.open("ab") as log:
            self.zygote = self._spawn(log, "zygote", theirs.fileno(), says)
            self.front = self._spawn(log, "front", self.core.door, ours.fileno(), says)
        os.close(says)
        with os.fdopen(said) as pipe:
            facts = [pipe.readline() for _ in range(2)]
        ports = [fact.split()[1] for fact in facts if fact.startswith("front ")]
        assert ports, self.log()
        self.port = int(ports[0])

    def _spawn(self, log: Any, role: str, *descriptors: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *self.run_by,
                *(sys.executable, "-m", "tests.sshd_support", role),
                *(str(number) for number in descriptors),
                self.settings.model_dump_json(),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=descriptors,
            start_new_session=True,
            # What a server's own environment might hold: none of it may reach a client's app.
            env=os.environ | {"COLORTERM": "of-the-server", "TERM": "vt52", "SECRET": "server"},
        )

    def stop(self) -> None:
        """As the supervisor does: the front first, then the zygote by itself."""
        self.front.send_signal(signal.SIGTERM)
        self.front.wait(20)
        self.zygote.wait(20)

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self.core.close()

    def make_key(self, name: str) -> Path:
        path = self.directory / name
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
        subprocess.run(words, check=True)
        return path

    def ssh_words(
        self, *words: str, key: Path | None = None, options: tuple[str, ...] = ()
    ) -> list[str]:
        return [
            *("ssh", "-F", "/dev/null", "-p", str(self.port), "-i", str(key or self.key)),
            *(word for option in options for word in ("-o", option)),
            *("-o", "StrictHostKeyChecking=no", "-o", "IdentitiesOnly=yes"),
            *("-o", f"UserKnownHostsFile={self.directory / 'known_hosts'}"),
            *("-o", "LogLevel=ERROR"),
            f"vibe@{self.settings.listen_host}",
            *words,
        ]

    def ssh(self, *words: str, key: Path | None = None, options: tuple[str, ...] = ()) -> str:
        return shlex.join(self.ssh_words(*words, key=key, options=options))

    def ui_processes(self) -> list[psutil.Process]:
        """The zygote's living children."""
        return [
            child
            for child in psutil.Process(self.zygote.pid).children()
            if child.status() != psutil.STATUS_ZOMBIE
        ]

    def log(self) -> str:
        return self._log_path.read_text()


def fingerprint(key: Path) -> str:
    """As ``ssh-keygen -l`` prints it."""
    words = ["ssh-keygen", "-l", "-f", str(key)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()[1]


def eventually(condition: Callable[[], bool], what: str, deadline: float = 10.0) -> None:
    """Poll what no signal tells of."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"waited {deadline:.0f} s: {what}"
        time.sleep(0.02)


def _run_front(core_door: int, zygote: int, says: int, settings: Settings) -> None:
    from sshd.server import run_front
    from vibetui.logs import configure_logging

    configure_logging("INFO")

    def ready(port: int) -> None:
        os.write(says, f"front {port}\n".encode())
        os.close(says)

    sock = socket.socket(fileno=zygote)
    asyncio.run(run_front(settings, core_door=core_door, zygote=sock, ready=ready))


def _run_zygote(sock: int, says: int, settings: Settings) -> None:
    from sshd.zygote import run_zygote

    def ready() -> None:
        os.write(says, b"zygote\n")
        os.close(says)

    run_zygote(settings, socket.socket(fileno=sock), ready=ready, warm=_warm, make_app=_make_app)


def _warm() -> None:
    import textual.drivers.linux_driver  # noqa: F401

    from tests.sshd_app import StandIn

    async def run() -> None:
        async with StandIn(None, None).run_test() as pilot:
            await pilot.pause()

    asyncio.run(run())


@asynccontextmanager
async def _make_app(
    door: int, rebind: Any, _address: str, _session_id: str | None
) -> AsyncIterator[Any]:
    from tests.sshd_app import StandIn

    yield StandIn(door, rebind)


def main() -> None:
    role, *numbers, settings = sys.argv[1:]
    descriptors = [int(number) for number in numbers]
    loaded = Settings.model_validate_json(settings)
    if role == "front":
        _run_front(*descriptors, loaded)
    else:
        _run_zygote(*descriptors, loaded)


if __name__ == "__main__":
    main()
