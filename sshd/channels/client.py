"""A session channel, from its opening to the work that answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import asyncssh
from typing_extensions import override

from sshd.channels.app import AppWork
from sshd.channels.exec import ExecWork
from sshd.channels.files import FilesWork
from sshd.channels.flow import Outflow
from sshd.channels.lobby import LobbyWork
from sshd.channels.refused import RefusedWork
from sshd.channels.work import SHUTTING_DOWN, Channel, Work
from sshd.route import Request, ToApp, ToFiles, ToLobby, ToRun, route
from sshd.tty import sane_size
from sshd.visit import Visit


def work_for(visit: Visit, request: Request, channel: Channel) -> Work:
    """What answers `request`."""
    target = route(visit.named, request)
    if isinstance(target, ToApp):
        return AppWork(visit, request, channel, target)
    if isinstance(target, ToRun):
        return ExecWork(visit, request, channel, target)
    if isinstance(target, ToLobby):
        return LobbyWork(visit, request, channel, target)
    if isinstance(target, ToFiles):
        return FilesWork(visit, request, channel, target)
    return RefusedWork(visit, request, channel, target)


class ClientSession(Outflow, asyncssh.SSHServerSession[bytes]):
    """Gathers what the client asks for; then everything is its work's."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self._visit = visit
        self._channel: Channel
        self._term: str | None = None
        self._size = sane_size(0, 0)
        self._command: str | None = None
        self._subsystem: str | None = None
        self._work: Work | None = None
        self.finished = asyncio.Event()
        """The channel is gone, or its work has said its last word."""

    @property
    def work(self) -> Work | None:
        return self._work

    @override
    def connection_made(self, chan: Channel) -> None:
        self._channel = chan

    @override
    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        self._term = term_type
        self._size = sane_size(*term_size[:2])
        return True

    @override
    def shell_requested(self) -> bool:
        return True

    @override
    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    @override
    def subsystem_requested(self, subsystem: str) -> bool:
        self._subsystem = subsystem
        return True

    @override
    def session_started(self) -> None:
        request = Request(
            term=self._term,
            size=self._size,
            environment=dict(self._channel.get_environment()),
            command=self._command,
            subsystem=self._subsystem,
        )
        work = self._work = work_for(self._visit, request, self._channel)
        self.finished = work.finished
        if self.held:
            work.pause()
        work.start()

    @override
    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self._work is not None:
            self._work.feed(data)

    @override
    def eof_received(self) -> bool:
        # A client whose input ended still hears the rest: only closing the channel ends it.
        if self._work is not None:
            self._work.feed_eof()
        return True

    @override
    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        self._size = sane_size(width, height)
        if self._work is not None:
            self._work.resized(*self._size)

    @override
    def signal_received(self, signal: str) -> None:
        if self._work is not None:
            self._work.signalled(signal)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._work is None:
            self.finished.set()
        else:
            self._work.client_left()

    @override
    def pause(self) -> None:
        if self._work is not None:
            self._work.pause()

    @override
    def resume(self) -> None:
        if self._work is not None:
            self._work.resume()

    def ask_to_leave(self) -> None:
        """The server shuts down."""
        if self._work is not None:
            self._work.ask_to_leave()

    def abandon(self, why: str = SHUTTING_DOWN) -> None:
        """It ends now, for the reason that the client's user is told."""
        if self._work is not None:
            self._work.abandon(why)
