"""What a process becomes after the zygote's fork: one user's app on one pseudo-terminal."""

from __future__ import annotations

import asyncio
import faulthandler
import fcntl
import io
import os
import random
import select
import signal
import socket
import sys
import termios
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TextIO

import structlog

from sshd.control import ControlChannel, Kind, Message, Reason
from sshd.privileges import signal_on_parent_death
from vibetui.errors import CoreUnavailable, from_json

log = structlog.get_logger(__name__)

_OWN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/"}
_SHUTTING_DOWN = "The server is shutting down; your sessions keep running."
_REBIND_DEADLINE = 20.0
_FAREWELL_DEADLINE_MS = 5000
"""For the front to pass the last output on to the client."""


class App(Protocol):
    """What is needed of a `textual.app.App`."""

    error_console: Any
    bypass: Callable[[], socket.socket | None]
    """Gives a socket to write large amounts to, in the terminal's place, until it is closed."""
    hang_up: Callable[[str], None]
    """Ends the client's connection at once, with these last words."""
    lend_agent: Callable[[str], None]
    """Has the client's ssh-agent answer in a session (its id), if the client offers it."""

    @property
    def return_code(self) -> int | None: ...

    async def run_async(self) -> str | None: ...

    def exit(self, result: str | None = None) -> None: ...


Rebind = Callable[[], Awaitable[int]]
"""Gives a new door where the old one leads to a core that is gone. Raises `CoreUnavailable`."""

MakeApp = Callable[[int, Rebind, str, str | None], AbstractAsyncContextManager[App]]
"""Makes the app on a door, which it owns, inside the running loop, for a client's address and the
session to begin with (its id)."""


class UiProcess:
    """The child's side of a start request.

    Args:
        slave: The pseudo-terminal.
        control: Socket to the front.
        door: Handed to the app.
        log_file: The zygote's log.
        kept: What else is kept of the zygote's descriptors.
    """

    def __init__(
        self, slave: int, control: int, door: int, log_file: TextIO, kept: tuple[int, ...] = ()
    ) -> None:
        self._slave = slave
        self._control = control
        self._door = door
        self._log_file = log_file
        self._kept = kept

    def run(
        self,
        env: Mapping[str, str],
        address: str,
        make_app: MakeApp,
        session_id: str | None = None,
    ) -> int:
        """Run the app to its end. Returns the exit status."""
        _reset_signals()
        self._take_terminal()
        _forget_parent(env)
        faulthandler.enable(self._log_file)
        # The front's copy of the socket stays open until it has passed everything on.
        farewell = socket.socket(fileno=os.dup(self._control))
        status = asyncio.run(self._serve(make_app, address, session_id))
        poll = select.poll()
        poll.register(farewell, 0)  # Only its end: POLLHUP is always told.
        poll.poll(_FAREWELL_DEADLINE_MS)
        return status

    def _take_terminal(self) -> None:
        os.setsid()
        signal_on_parent_death(signal.SIGHUP)
        fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0)
        for number in range(3):
            os.dup2(self._slave, number)
        kept = sorted({0, 1, 2, self._control, self._door, self._log_file.fileno(), *self._kept})
        for low, high in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(low + 1, high)
        sys.stdin = sys.__stdin__ = _standard(0, "r")  # type: ignore[misc]
        sys.stdout = sys.__stdout__ = _standard(1, "w")  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = _standard(2, "w")  # type: ignore[misc]

    async def _serve(self, make_app: MakeApp, address: str, session_id: str | None) -> int:
        link = _FrontLink(socket.socket(fileno=self._control))
        reason, sentence = Reason.CRASHED, ""
        try:
            async with make_app(self._door, link.rebind, address, session_id) as app:
                app.error_console = _quiet_console()
                link.follow(app)
                sentence = await app.run_async() or ""
                if not app.return_code:
                    reason = Reason.SHUTDOWN if link.shutting_down else Reason.EXIT
                else:
                    log.error("ui.failed", exc_info=getattr(app, "_exception", None))
                link.say_bye(reason, sentence)
        except Exception:
            log.exception("ui.failed")
            link.say_bye(Reason.CRASHED, "")
        finally:
            link.close()
        return 0 if reason is not Reason.CRASHED else 1


class _FrontLink:
    """The control socket, from the app's side."""

    def __init__(self, sock: socket.socket) -> None:
        self._channel = ControlChannel(sock, self._on_message, self._on_end)
        self._app: App | None = None
        self._door: asyncio.Future[int] | None = None
        self._said_bye = False
        self.shutting_down = False

    def follow(self, app: App) -> None:
        """End `app` when the front says so, and let it go round the PTY."""
        self._app = app
        app.bypass = self.bypass
        app.hang_up = self.hang_up
        app.lend_agent = self.lend_agent
        if self.shutting_down:
            app.exit(_SHUTTING_DOWN)

    async def rebind(self) -> int:
        """A new door from the front. Raises `CoreUnavailable`."""
        if self._door is None:
            self._door = asyncio.get_running_loop().create_future()
            if not self._channel.send(Kind.REBIND):
                self._fail(CoreUnavailable("The server can't be reached.", "Reconnect."))
        asked = self._door
        try:
            async with asyncio.timeout(_REBIND_DEADLINE):
                return await asyncio.shield(asked)
        except TimeoutError:
            raise CoreUnavailable(
                "The server does not answer.", "Try again in a moment, or reconnect."
            ) from None

    def bypass(self) -> socket.socket | None:
        """A way round the PTY, open until it is closed; None where the front is gone."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            if self._channel.send(Kind.BYPASS, [theirs.fileno()]):
                return ours
        ours.close()
        return None

    def lend_agent(self, session_id: str) -> None:
        """Have the client's ssh-agent answer in a session."""
        self._channel.send(Kind.AGENT, session_id=session_id)

    def hang_up(self, sentence: str) -> None:
        """End the client's connection: another has taken over."""
        self.say_bye(Reason.TAKEN_OVER, sentence)

    def say_bye(self, reason: Reason, sentence: str) -> None:
        """Once: the first one counts."""
        if not self._said_bye:
            self._said_bye = True
            self._channel.send(Kind.BYE, reason=reason, sentence=sentence)

    def close(self) -> None:
        self._channel.close()

    def _on_message(self, message: Message) -> None:
        if message.kind is Kind.DOOR and message.descriptors and self._door is not None:
            door, self._door = self._door, None
            door.set_result(message.descriptors[0])
            return
        message.close()
        if message.kind is Kind.FAILED:
            self._fail(from_json(message.body.get("error", {})))
        elif message.kind is Kind.SHUTDOWN:
            self.shutting_down = True
            if self._app is not None:
                self._app.exit(_SHUTTING_DOWN)

    def _fail(self, error: Exception) -> None:
        door, self._door = self._door, None
        if door is not None:
            door.set_exception(error)

    def _on_end(self) -> None:
        # The front is gone or has hung up; SIGHUP is on its way too.
        if self._app is not None:
            self._app.exit("")


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _forget_parent(env: Mapping[str, str]) -> None:
    """The environment, and what the zygote's imports have settled from theirs or by chance."""
    os.environ.clear()
    os.environ.update(_OWN)
    os.environ.update(env)
    random.seed()
    asyncio.set_event_loop_policy(None)
    if (parser := sys.modules.get("textual._xterm_parser")) is not None:
        parser.IS_ITERM = (  # type: ignore[attr-defined]
            env.get("LC_TERMINAL") == "iTerm2" or env.get("TERM_PROGRAM") == "iTerm.app"
        )


def _standard(number: int, mode: str) -> io.TextIOWrapper:
    # Unbuffered output, so that nothing is left behind by the `os._exit` at the end.
    raw = os.fdopen(number, f"{mode}b", buffering=-1 if mode == "r" else 0, closefd=False)
    return io.TextIOWrapper(
        raw, encoding="utf-8", errors="replace", line_buffering=True, write_through=mode == "w"
    )


def _quiet_console() -> Any:
    """Where Textual prints the traceback of an app that failed: nowhere, since it is logged."""
    from rich.console import Console

    return Console(file=io.StringIO())
