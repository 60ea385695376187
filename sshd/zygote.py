"""The zygote: imports and warms the UI once, then forks a process for each client.

It has one thread and no event loop when it forks, so a child starts from a clean state.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import structlog

from sshd.control import ControlError, Kind, Message, receive
from sshd.privileges import drop_root
from sshd.ui_process import MakeApp, UiProcess
from vibetui.logs import configure_logging
from vibetui.settings import Settings

log = structlog.get_logger(__name__)

_END_DEADLINE = 3.0
_OWN_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
"""What importing the UI may see: Textual and Rich settle some of it then (``TEXTUAL_…``)."""


def run_zygote(
    settings: Settings,
    sock: socket.socket,
    *,
    ready: Callable[[], None] = lambda: None,
    warm: Callable[[], None] | None = None,
    make_app: MakeApp | None = None,
) -> None:
    """Serve start requests that come on `sock` until its other end closes.

    Gives root up after warming, which reads files that only root might be able to read.

    Args:
        settings: For the apps, and the account to drop to.
        sock: This end of the SEQPACKET socket to the front.
        ready: Called when the first request can be served.
        warm, make_app: Stand in for the real app in tests.
    """
    log_file = _own_log(settings)
    for name in set(os.environ) - set(_OWN_VARIABLES):
        del os.environ[name]
    if warm is None or make_app is None:
        from sshd import vibe_app

        warm, make_app = warm or vibe_app.warm, make_app or vibe_app.make_app(settings)
    warm()
    _forget_colours()
    kept = drop_root(settings.unprivileged_user)
    gc.collect()
    gc.freeze()
    if (threads := len(list(Path("/proc/self/task").iterdir()))) != 1:
        log.error("zygote.has_threads", threads=threads)
    log.info("zygote.ready", pid=os.getpid())
    ready()
    _Zygote(sock, log_file, kept, make_app).serve()


def _own_log(settings: Settings) -> TextIO:
    """Standard error under another number, for a child whose own becomes the client's screen."""
    log_file = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    configure_logging(settings.log_level, log_file)
    return log_file


def _forget_colours() -> None:
    """Drop what warming has cached for a terminal that is nobody's.

    Rich keeps a style's escape codes for the first colour system it was rendered with.
    """
    if (style := sys.modules.get("rich.style")) is not None:
        for thing in gc.get_objects():
            if isinstance(thing, style.Style):
                thing._ansi = None
    if (rich := sys.modules.get("rich")) is not None:
        rich._console = None  # type: ignore[attr-defined]


class _Zygote:
    def __init__(
        self, sock: socket.socket, log_file: TextIO, kept: tuple[int, ...], make_app: MakeApp
    ) -> None:
        self._sock = sock
        self._log_file = log_file
        self._kept = kept
        self._make_app = make_app
        self._children: set[int] = set()

    def serve(self) -> None:
        self._sock.setblocking(True)
        wake_read, wake_write = socket.socketpair()
        for end in (wake_read, wake_write):
            end.setblocking(False)
        signal.set_wakeup_fd(wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _ignore_but_wake)
        with wake_read, wake_write:
            poll = select.poll()
            poll.register(self._sock, select.POLLIN)
            poll.register(wake_read, select.POLLIN)
            while True:
                ready = {descriptor for descriptor, _ in poll.poll()}
                if wake_read.fileno() in ready:
                    wake_read.recv(4096)
                    self._reap()
                if self._sock.fileno() in ready and not self._serve_one():
                    break
            poll.unregister(self._sock)
            self._end_children(poll)

    def _serve_one(self) -> bool:
        try:
            message = receive(self._sock)
        except ControlError:
            log.exception("zygote.bad_request")
            return True
        if message is None:
            return False
        try:
            self._start(message)
        finally:
            message.close()
        return True

    def _start(self, message: Message) -> None:
        if message.kind is not Kind.START or len(message.descriptors) != 3:
            log.error("zygote.bad_request", kind=message.kind)
            return
        try:
            pid = os.fork()
        except OSError:
            # The front sees the end of the control socket.
            log.exception("zygote.fork_failed")
            return
        if pid == 0:
            self._become_ui(message)
        self._children.add(pid)
        log.debug("ui.started", pid=pid)

    def _become_ui(self, message: Message) -> None:
        """In the child; never returns."""
        status = 70
        try:
            self._sock.detach()
            slave, control, door = message.descriptors
            process = UiProcess(slave, control, door, self._log_file, self._kept)
            session_id = message.body.get("session_id")
            status = process.run(
                message.body["env"],
                str(message.body.get("address", "")),
                self._make_app,
                None if session_id is None else str(session_id),
            )
        except BaseException:
            log.exception("ui.failed")
        finally:
            logging.shutdown()
            os._exit(status)

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._children.discard(pid)
            code = os.waitstatus_to_exitcode(status)
            # A hang-up is how the front ends a UI process whose client has left.
            tell = log.info if code in (0, -signal.SIGHUP) else log.warning
            tell("ui.ended", pid=pid, status=code)

    def _end_children(self, poll: select.poll) -> None:
        """The front is gone and has hung up on them all: see that none stays."""
        end = time.monotonic() + _END_DEADLINE
        while self._children and (left := end - time.monotonic()) > 0:
            poll.poll(left * 1000)
            self._reap()
        for pid in self._children:
            log.error("ui.survived_hangup", pid=pid)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _ignore_but_wake(number: int, frame: object) -> None:
    """SIG_IGN would have the kernel reap the children, and SIG_DFL would not wake the loop."""
    del number, frame
