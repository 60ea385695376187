"""``vibetui serve``: start core, zygote and front, keep them running, and stop them in order.

The two listeners of the core are made here and outlive it: while a core restarts, connections
wait in their backlogs instead of failing.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import structlog

from vibetui.cli.child import Child
from vibetui.cli.first_user import FirstUser, ensure_first_user
from vibetui.cli.greeting import print_greeting
from vibetui.core.doors import make_door
from vibetui.errors import Conflict, VibeError
from vibetui.events import EventCode
from vibetui.logs import configure_logging
from vibetui.settings import Settings

log = structlog.get_logger(__name__)

_RESTART_DELAYS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before the n-th restart in a row; a child that ran for a minute starts afresh."""
_SETTLED = 60.0
_START_DEADLINE = 60.0
_STOP_DEADLINE = 10.0


def run_server(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit status. Raises `VibeError`."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.run_dir.mkdir(mode=0o700, exist_ok=True)
    with _only_server(settings), settings.log_path.open("a") as log_file:
        configure_logging(settings.log_level, log_file)
        return asyncio.run(_serve(settings, log_file))


@contextmanager
def _only_server(settings: Settings) -> Iterator[None]:
    path = settings.run_dir / "serve.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Conflict(
                f"A server is already running on this data directory (pid {lock.read().strip()}).",
                f"Use it, stop it, or set VIBETUI_DATA_DIR; the data are in {settings.data_dir}.",
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


@dataclass(slots=True)
class _Listeners:
    """What must not close while a core restarts."""

    own: socket.socket
    front: socket.socket
    door: int
    """O_PATH descriptor of `front`: what the front gets."""


def _own_socket(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o177)
    try:
        own.bind(str(path))
    finally:
        os.umask(previous)
    own.listen(128)
    return own


async def _serve(settings: Settings, log_file: IO[str]) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    first = await ensure_first_user(settings)
    async with _listeners(settings) as listeners:
        core = _CorePart(settings, listeners, log_file)
        doors = _DoorsPart(settings, listeners, log_file)
        try:
            await _first_of([stopping.wait(), _run(settings, core, doors, first)])
            print("Stopping…", flush=True)
        finally:
            await doors.stop()
            await core.stop()
    log.info(EventCode.SERVER_STOPPED, pid=os.getpid())
    return 0


@asynccontextmanager
async def _listeners(settings: Settings) -> AsyncIterator[_Listeners]:
    own = _own_socket(settings.core_socket)
    front, door = make_door(settings.run_dir)
    try:
        yield _Listeners(own, front, door)
    finally:
        settings.core_socket.unlink(missing_ok=True)
        own.close()
        front.close()
        os.close(door)


class _Part(Protocol):
    """What is kept running."""

    async def wait(self) -> None: ...

    async def restart(self) -> None: ...


class _CorePart:
    """The core process, on listeners that are kept here."""

    def __init__(self, settings: Settings, listeners: _Listeners, log_file: IO[str]) -> None:
        own, front = listeners.own.fileno(), listeners.front.fileno()
        self._child = Child(
            "core",
            [sys.executable, "-m", "vibetui.cli.core_process", str(own), str(front)],
            settings=settings,
            descriptors=(own, front),
            log_file=log_file,
        )

    async def restart(self) -> None:
        await self._child.start(_START_DEADLINE)

    async def wait(self) -> None:
        await self._child.wait()

    async def stop(self) -> None:
        await self._child.stop(_STOP_DEADLINE)


class _DoorsPart:
    """Front and zygote: they share a socket, so they live and die together."""

    def __init__(self, settings: Settings, listeners: _Listeners, log_file: IO[str]) -> None:
        self._settings = settings
        self._listeners = listeners
        self._log_file = log_file
        self._zygote: Child | None = None
        self._front: Child | None = None

    async def start(self) -> int:
        """Start both; returns the port."""
        port = self._settings.listen_port
        front_end, zygote_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with front_end, zygote_end:
            door = self._listeners.door
            self._zygote = Child(
                "zygote",
                [sys.executable, "-m", "vibetui.cli.zygote_process", str(zygote_end.fileno())],
                settings=self._settings,
                descriptors=(zygote_end.fileno(),),
                log_file=self._log_file,
            )
            self._front = Child(
                "front",
                [
                    sys.executable,
                    "-m",
                    "vibetui.cli.front_process",
                    str(door),
                    str(front_end.fileno()),
                ],
                settings=self._settings,
                descriptors=(door, front_end.fileno()),
                log_file=self._log_file,
            )
            reports = await asyncio.gather(
                self._front.start(_START_DEADLINE),
                self._zygote.start(_START_DEADLINE),
                return_exceptions=True,
            )
        for report in reports:
            if isinstance(report, BaseException):
                raise report
            port = int(report.get("port", port))
        # The next start must take the same port, also where the system chose it.
        self._settings = self._settings.model_copy(update={"listen_port": port})
        (self._settings.run_dir / "port").write_text(f"{port}\n")
        return port

    async def wait(self) -> None:
        """Return when either is gone."""
        await _first_of(child.wait() for child in (self._zygote, self._front) if child is not None)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        """The front first: it says goodbye to every client."""
        for child in (self._front, self._zygote):
            if child is not None:
                await child.stop(_STOP_DEADLINE)


async def _run(
    settings: Settings, core: _CorePart, doors: _DoorsPart, first: FirstUser | None
) -> None:
    """Start both and keep them running. Raises `VibeError` when that can't be done."""
    await core.restart()
    port = await doors.start()
    print_greeting(settings, port, first)
    log.info(EventCode.SERVER_STARTED, port=port, pid=os.getpid())
    await _first_of([_keep("core", core), _keep("front", doors)])


async def _first_of(waits: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Return (or raise) with the first of `waits` to end; the others are cancelled and awaited."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _keep(name: str, part: _Part) -> None:
    """Restart `part` whenever it ends. Raises `VibeError` when that keeps failing."""
    failures = 0
    while True:
        since = time.monotonic()
        await part.wait()
        failures = 1 if time.monotonic() - since > _SETTLED else failures + 1
        log.error(EventCode.PROCESS_RESTARTED, process=name, failures=failures)
        if failures >= len(_RESTART_DELAYS):
            raise VibeError(f"The server's {name} process keeps ending.", "The log has the cause.")
        # A bounded back-off for a crash loop; nothing waits for it to be long enough.
        await asyncio.sleep(_RESTART_DELAYS[failures - 1])
        await part.restart()
